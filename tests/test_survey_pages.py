"""The pages about surveys say what the program takes: every key, its default, and examples that are right."""

import re
import tomllib
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pydantic.fields import FieldInfo

from domain.languages import LANGUAGES
from domain.surveys import QuestionKind, SurveyRules
from services.document_parts import Part
from services.surveys.document import read_toml
from services.surveys.faults import warnings_of
from services.surveys.shape import DocumentPart, JumpPart, OptionPart, QuestionPart, ThanksPart, WhenPart
from texts.surveys import shipped_survey_files

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs" / "survey-format.md").read_text("utf-8")
EXAMPLE = ROOT / "examples" / "surveys" / "tasting.toml"
PARTS: dict[str, type[Part]] = {
    "The survey": DocumentPart,
    "[when]": WhenPart,
    "[[questions]]": QuestionPart,
    "[[questions.options]]": OptionPart,
    "[[questions.jumps]]": JumpPart,
    "[[thanks]]": ThanksPart,
}
_TEXT = {"en": "Words", "zh_CN": "字", "zh_TW": "字"}
_LEAST: dict[type[Part], dict[str, Any]] = {
    DocumentPart: {"key": "k", "title": _TEXT, "questions": [{"key": "q", "kind": "csat", "text": _TEXT}]},
    WhenPart: {},
    QuestionPart: {"key": "q", "kind": "csat", "text": _TEXT},
    OptionPart: {"key": "o", "label": _TEXT},
    JumpPart: {"to": "end"},
    ThanksPart: {"text": _TEXT},
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
        return f'`"{default.days}d"`' if default else '`"0s"`'
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    if isinstance(default, int | Decimal):
        return f"`{default}`"
    return '`""`' if default == "" else "–"


@pytest.mark.parametrize(("heading", "part"), PARTS.items(), ids=list(PARTS))
def test_every_key_of_a_survey_is_on_the_page(heading: str, part: type[Part]) -> None:
    """Each key the program takes stands in its table with what holds without it; the page knows no others."""
    said = {key: without for key, (without, _) in rows(heading).items()}
    wanted = {key: written(field) for key, field in part.model_fields.items()}
    wanted |= {"score_by": "the first of these kinds"} if "score_by" in wanted else {}
    assert said == wanted


@pytest.mark.parametrize(("heading", "part"), PARTS.items(), ids=list(PARTS))
def test_every_example_of_a_key_is_right(heading: str, part: type[Part]) -> None:
    """What a table shows can be written so, and says what the key is about."""
    for key, (_, example) in rows(heading).items():
        if not example:
            assert key in ("questions", "when", "thanks", "options", "jumps")
            continue
        given = tomllib.loads(example, parse_float=Decimal)
        assert list(given) == [key]
        part.model_validate(_LEAST[part] | given)


def test_every_kind_of_question_is_on_the_page() -> None:
    """Each with how it is answered and what is counted."""
    found = re.findall(r"^\| `(\w+)` \| [^|]+ \| [^|]+ \|$", section("[[questions]]"), re.MULTILINE)
    assert found == [kind for kind in found if kind in set(QuestionKind)]
    assert set(found) == set(QuestionKind)


def test_the_whole_surveys_on_the_page_can_be_added() -> None:
    """Each of them, as it stands there."""
    blocks = re.findall(r"^```toml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    assert len(blocks) == 3
    for block in blocks:
        read_toml(block, name="docs/survey-format.md", languages=LANGUAGES)


def test_the_example_can_be_added() -> None:
    """The shop's own survey under examples is right, in three languages, and nothing in it needs a second look."""
    survey = read_toml(EXAMPLE.read_text("utf-8"), name=EXAMPLE.name, languages=LANGUAGES).survey()
    assert survey.key == EXAMPLE.stem
    assert warnings_of(survey, SurveyRules()) == ()


def test_the_page_for_shop_people_names_every_shipped_survey() -> None:
    """Each with what it asks and when; and no others."""
    page = (ROOT / "docs" / "surveys.md").read_text("utf-8")
    table = page.partition("\n## What there is\n")[2].partition("\n## ")[0]
    named = re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)
    assert sorted(named) == sorted(name.removesuffix(".toml") for name, _ in shipped_survey_files())
