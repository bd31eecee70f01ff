"""Surveys as their files are written, in parts that stories put together."""

import pytest

from domain.errors import BadSurvey
from services.surveys.document import read_toml

HEAD = 'key = "tea"\ntitle.en = "Tea"\n'
CSAT = '[[questions]]\nkey = "csat"\nkind = "csat"\ntext.en = "How was it?"\n'
WORDS = '[[questions]]\nkey = "words"\nkind = "text"\ntext.en = "Why?"\n'
CHOICE = (
    '[[questions]]\nkey = "what"\nkind = "choice"\ntext.en = "What?"\n'
    '[[questions.options]]\nkey = "price"\nlabel.en = "The price"\n'
    '[[questions.options]]\nkey = "taste"\nlabel.en = "The taste"\n'
)
NUMBER = '[[questions]]\nkey = "n"\nkind = "number"\ntext.en = "How many?"\n'
RATING = '[[questions]]\nkey = "r"\nkind = "rating"\ntext.en = "How good?"\n'


def faults(text: str, languages: tuple[str, ...] = ()) -> list[str]:
    """Return what is said of a file called ``tea.toml``."""
    with pytest.raises(BadSurvey) as caught:
        read_toml(text, name="tea.toml", languages=languages)
    assert str(caught.value).splitlines() == list(caught.value.faults)
    return [line.removeprefix("tea.toml: ") for line in caught.value.faults]


def jump(*lines: str) -> str:
    """Return a jump of the question before it."""
    return "\n".join(["[[questions.jumps]]", *lines, ""])
