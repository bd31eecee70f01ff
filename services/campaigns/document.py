"""A campaign's document: read from TOML, checked, kept as canonical JSON, and made into what is sent."""

import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import time, timedelta
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from typing import Any

from pydantic import PrivateAttr, ValidationError

from domain.campaigns import (
    Campaign,
    CampaignButton,
    Gift,
    Invitation,
    Learning,
    TaskPlan,
    Variant,
    When,
)
from domain.errors import BadCampaign
from domain.languages import LANGUAGES
from domain.surveys import Words
from services.campaigns.shape import CampaignPart, LearningPart, WhenPart
from services.document_parts import line_of
from services.surveys.document import span_of

MOST_BYTES = 256 * 1024
ONLY = "a"
"""The key of the one message of a campaign that tries none against each other."""
_MANY_FAULTS = 50
_MISSING = {
    "key": 'give it a key of its own, such as key = "mid_autumn"',
    "title": 'write its name for staff, such as title.en = "Mid-Autumn"',
    "when": 'write what it hangs on, such as [when] occasion = "birthday"',
    "occasion": 'write what it hangs on, such as occasion = "birthday"',
    "text": 'write what is said, such as text.en = "Happy birthday!"',
    "label": 'write what stands on the button, such as label.en = "Thank you"',
}


class Document(CampaignPart):
    """A campaign's document whose keys could be read; ``read_toml`` gives one that was checked as a whole."""

    _name: str = PrivateAttr("")

    @property
    def name(self) -> str:
        """The file it was read from."""
        return self._name

    def campaign(self) -> Campaign:
        """Return the campaign it describes, with everything that is left out filled in."""
        variants = tuple(
            Variant(one.key, self._words(one.text), one.weight, one.picture or self.picture) for one in self.variants
        )
        return Campaign(
            key=self.key,
            title=self._words(self.title),
            when=_when(self.when),
            variants=variants or (Variant(ONLY, self._words(self.text), 1, self.picture),),
            consent=self.consent,
            segment=self.segment,
            priority=self.priority,
            solemn=self.solemn,
            personal=self.personal,
            paid=self.paid,
            buttons=tuple(
                CampaignButton(one.key, one.kind, self._words(one.label), one.url, one.ref, self._words(one.reply))
                for one in self.buttons
            ),
            gift=Gift(self.gift.reward, self.gift.points, self.gift.cost_minor) if self.gift else None,
            task=TaskPlan(self._words(self.task.title), self.task.within, self.task.alone) if self.task else None,
            invitation=Invitation(self.invitation.at, self._words(self.invitation.place), self.invitation.capacity)
            if self.invitation
            else None,
            learning=_learning(self.learning),
            fallbacks={name: self._words(words) for name, words in sorted(self.fallbacks.items())},
            seed=self.seed,
        )

    def canonical(self) -> str:
        """Return it as JSON that is the same for every way of writing the same campaign."""
        return canonical_of(self.campaign())

    def _words(self, words: Words) -> Words:
        """Return a text with the fallback language standing in where one is missing."""
        if self.fallback is None or self.fallback not in words:
            return dict(sorted(words.items()))
        return {language: words.get(language, words[self.fallback]) for language in sorted(LANGUAGES)}


def _when(part: WhenPart) -> When:
    given = {name: getattr(part, name) for name in WhenPart.model_fields if name not in ("occasion", "silence")}
    given["weekdays"] = tuple(sorted(set(part.weekdays)))
    return When(kind=part.occasion, silence_days=part.silence, **given)


def _learning(part: LearningPart) -> Learning:
    return Learning(int(part.holdout * 1000), part.measure, part.attribution, part.decide_after, float(part.hours))


def read_toml(text: str, *, name: str) -> Document:
    """Return the document that a TOML file holds; ``name`` is the file, as messages name it.

    Raises :class:`BadCampaign` with a line for each fault.
    """
    if len(text.encode("utf-8", "surrogatepass")) > MOST_BYTES:
        raise BadCampaign((f"{name}: the file is longer than {MOST_BYTES // 1024} KiB; a campaign is far shorter",))
    try:
        values = tomllib.loads(text.removeprefix("\ufeff"), parse_float=Decimal)
    except RecursionError:
        raise BadCampaign(
            (f"{name}: brackets are nested too deep; a campaign needs no more than two levels",)
        ) from None
    except tomllib.TOMLDecodeError as error:
        why = str(error)[:160]
        raise BadCampaign((f"{name}: not valid TOML: {why}; write it as in docs/campaign-format.md",)) from None
    except (ValueError, ArithmeticError):
        raise BadCampaign((f"{name}: a number in it is far too long; shorten it",)) from None
    return read_values(values, name=name)


def read_values(values: Mapping[str, Any], *, name: str) -> Document:
    """Return the document that values make, as TOML or JSON has them. Raises :class:`BadCampaign`."""
    try:
        document = Document.model_validate(values)
    except ValidationError as error:
        found = [line_of(one, CampaignPart, _MISSING) for one in error.errors(include_url=False)]
        raise bad_campaign(name, found) from None
    document._name = name
    return document


def bad_campaign(name: str, faults: Sequence[str]) -> BadCampaign:
    """Return the error of a document with these faults, each ``key: what; mend``."""
    lines = [f"{name}: {fault}" for fault in dict.fromkeys(faults)]
    if len(lines) > _MANY_FAULTS:
        lines = [*lines[:_MANY_FAULTS], f"{name}: and {len(lines) - _MANY_FAULTS} more; mend these first"]
    return BadCampaign(tuple(lines))


@lru_cache(maxsize=512)
def parse_canonical(json_text: str) -> Campaign:
    """Return the campaign of a stored version. What was stored is not judged anew by rules that came later."""
    return Document.model_validate(json.loads(json_text, parse_float=Decimal)).campaign()


def canonical_of(campaign: Campaign) -> str:
    """Return a campaign as JSON without what is default, keys sorted: equal campaigns have equal texts."""
    return json.dumps(_shape_of(campaign), ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _shape_of(campaign: Campaign) -> dict[str, Any]:
    shape = _given(campaign, "when", "variants", "buttons", "gift", "task", "invitation", "learning")
    shape["when"] = _when_shape(campaign.when)
    only = campaign.variants[0]
    if len(campaign.variants) == 1 and only.key == ONLY and only.weight == 1:
        shape["text"] = dict(only.text)
        shape |= {"picture": only.picture} if only.picture else {}
    else:
        shape["variants"] = [{"key": one.key, **_given(one, "key")} for one in campaign.variants]
    if campaign.buttons:
        shape["buttons"] = [_given(one) for one in campaign.buttons]
    for name in ("gift", "invitation"):
        part = getattr(campaign, name)
        if part is not None:
            shape[name] = _given(part)
    if campaign.task is not None:
        shape["task"] = _given(campaign.task)
    learning = _given(campaign.learning, "holdout_permille")
    if campaign.learning.holdout_permille:
        learning["holdout"] = campaign.learning.holdout_permille / 1000
    return shape | ({"learning": learning} if learning else {})


def _when_shape(when: When) -> dict[str, Any]:
    shape = _given(when, "kind", "silence_days", "weekdays")
    shape["occasion"] = when.kind.value
    if when.silence_days is not None:
        shape["silence"] = when.silence_days
    if when.weekdays:
        shape["weekdays"] = [("mon", "tue", "wed", "thu", "fri", "sat", "sun")[day - 1] for day in when.weekdays]
    return shape


def _given(part: Any, *without: str) -> dict[str, Any]:
    """Return what a dataclass says that is not its default, as JSON values."""
    found = {}
    for field in fields(part):
        value = getattr(part, field.name)
        if field.name in without or value is None or value == field.default or value in ("", (), {}):
            continue
        found[field.name] = _json(value)
    return found


def _json(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, timedelta):
        return span_of(value)
    if isinstance(value, time):
        return value.isoformat("minutes")
    if isinstance(value, Mapping):
        return {name: _json(inner) for name, inner in value.items()}
    return value.isoformat() if hasattr(value, "isoformat") else value
