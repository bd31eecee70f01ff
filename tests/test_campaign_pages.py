"""The page about the file of a campaign says what the program takes: every key, its default, every variable."""

import re
import tomllib
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from pathlib import Path

import pytest
from pydantic.fields import FieldInfo

from domain.campaigns import ButtonKind, Measure, OccasionKind
from domain.rules import Rules
from services.campaigns.document import read_toml, read_values
from services.campaigns.faults import faults_of
from services.campaigns.shape import (
    ButtonPart,
    CampaignPart,
    GiftPart,
    InvitationPart,
    LearningPart,
    TaskPart,
    VariantPart,
    WhenPart,
)
from services.campaigns.templates import FILTERS
from services.campaigns.variables import VARIABLES
from services.document_parts import Part

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs" / "campaign-format.md").read_text("utf-8")
PARTS: dict[str, type[Part]] = {
    "The campaign": CampaignPart,
    "[when]": WhenPart,
    "[[variants]]": VariantPart,
    "[[buttons]]": ButtonPart,
    "[gift]": GiftPart,
    "[task]": TaskPart,
    "[invitation]": InvitationPart,
    "[learning]": LearningPart,
}


def section(heading: str) -> str:
    """Return what stands under a heading of the page."""
    _, _, below = PAGE.partition(f"\n## {heading}\n")
    return below.partition("\n## ")[0]


def rows(heading: str) -> dict[str, tuple[str, str]]:
    """Return for each key of a section's table what holds without it, and its example."""
    found = re.findall(r"^\| `(\w+)` \| .+ \| ([^|]+) \| (?:`(.+)`)? ?\|$", section(heading), re.MULTILINE)
    return {key: (without, example) for key, without, example in found}


def written(field: FieldInfo) -> str:
    """Return a default as the page writes it."""
    if field.is_required():
        return "needed"
    default = field.get_default(call_default_factory=True)
    if isinstance(default, timedelta):
        hours = int(default.total_seconds() // 3600)
        return '`"0s"`' if not default else f'`"{hours // 24}d"`' if hours % 24 == 0 else f'`"{hours}h"`'
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    if isinstance(default, StrEnum):
        return f'`"{default.value}"`'
    if isinstance(default, int | Decimal):
        return f"`{default}`"
    return '`""`' if default == "" else "–"


@pytest.mark.parametrize(("heading", "part"), PARTS.items(), ids=list(PARTS))
def test_every_key_of_a_campaign_is_on_the_page(heading: str, part: type[Part]) -> None:
    """Each key the program takes stands in its table with what holds without it; the page knows no others."""
    said = {key: without for key, (without, _) in rows(heading).items()}
    assert said == {key: written(field) for key, field in part.model_fields.items()}


@pytest.mark.parametrize(("heading", "part"), PARTS.items(), ids=list(PARTS))
def test_every_example_of_a_key_is_read(heading: str, part: type[Part]) -> None:
    """What a table shows can be written so; only what else is needed may be missing."""
    for key, (_, example) in rows(heading).items():
        if example:
            field = tomllib.loads(example, parse_float=Decimal)
            assert list(field) == [key]
            whole = {name: value for name, value in _LEAST[part].items() if name != key} | field
            part.model_validate(whole)


_WORDS = {"en": "Words"}
_LEAST: dict[type[Part], dict[str, object]] = {
    CampaignPart: {"key": "k", "title": _WORDS, "when": {"occasion": "date"}},
    WhenPart: {"occasion": "date"},
    VariantPart: {"key": "a", "text": _WORDS},
    ButtonPart: {"key": "a", "kind": "answer", "label": _WORDS},
    GiftPart: {},
    TaskPart: {"title": _WORDS},
    InvitationPart: {"at": "2027-03-20T18:00"},
    LearningPart: {},
}


def test_every_variable_occasion_button_and_filter_is_on_the_page() -> None:
    """With the example that previews of nobody in particular show."""
    said = dict(re.findall(r"^\| `(\w+)` \| ([^|]+) \|$", section("The message"), re.MULTILINE))
    assert said == dict(VARIABLES)
    for kind in OccasionKind:
        assert f"`{kind.value}`" in section("[when]"), kind
    for name in (*ButtonKind, *Measure, *FILTERS):
        assert f"`{name}`" in PAGE, name


def test_the_smallest_campaign_is_one() -> None:
    """What the page begins with can be kept."""
    [smallest] = re.findall(r"```toml\n(.+?)```", PAGE, re.DOTALL)
    campaign = read_toml(smallest, name="smallest.toml").campaign()
    assert faults_of(campaign, Rules(), languages=("en", "zh_CN", "zh_TW")) == []
    assert read_values(tomllib.loads(smallest), name="again").campaign() == campaign
