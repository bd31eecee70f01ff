"""Every text exists in every language, says the same things, and is used."""

import ast
import re
import string
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

from domain.languages import LANGUAGES
from domain.webhooks import KINDS
from texts import Texts
from texts.catalogue import plain

ROOT = Path(__file__).parent.parent.parent
LOCALE = ROOT / "texts" / "locale"
AREAS = sorted(path.name for path in (LOCALE / "en").glob("*.po"))
SPEAKING_ROOMS = ("bot", "handlers", "campaigns", "services")
_KEY = re.compile(r"[a-z_]+(\.[A-Za-z0-9_]+)+")
_TELEGRAM_TAGS = {"b", "i", "u", "s", "code", "pre", "a", "blockquote", "tg-spoiler"}


def _read(language: str, area: str) -> Catalog:
    with (LOCALE / language / area).open("rb") as file:
        return read_po(file, locale=language)


def _key(message: Message) -> str:
    return message.id if isinstance(message.id, str) else message.id[0]


def _forms(message: Message) -> tuple[str, ...]:
    return (message.string,) if isinstance(message.string, str) else tuple(message.string or ())


def _messages(language: str, area: str) -> dict[str, Message]:
    return {_key(message): message for message in _read(language, area) if message.id}


def _placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("area", AREAS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_translated(language: str, area: str) -> None:
    """No language lacks a text, leaves one empty, or marks one as doubtful."""
    messages, wanted = _messages(language, area), _messages("en", area)
    assert set(messages) == set(wanted)
    for key, message in messages.items():
        assert all(form.strip() for form in _forms(message)), key
        assert not message.fuzzy, key


@pytest.mark.parametrize("area", AREAS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_placeholders_agree(language: str, area: str) -> None:
    """A text names the same values in every language; only a plural form may leave its count out."""
    wanted = _messages("en", area)
    for key, message in _messages(language, area).items():
        expected = _placeholders(_forms(wanted[key])[-1])
        for form in _forms(message):
            assert _placeholders(form) in (expected, expected - {"count"}), key


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in _TELEGRAM_TAGS, tag
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("language", LANGUAGES)
def test_texts_are_telegram_html(language: str) -> None:
    """Every text opens only tags that Telegram knows, and closes them."""
    for area in AREAS:
        for key, message in _messages(language, area).items():
            for form in _forms(message):
                tags = _Tags()
                tags.feed(form)
                assert not tags.open, key


def _strings(tree: ast.AST) -> Iterator[str | re.Pattern[str]]:
    """Give the literal strings of a module, and its f-strings as patterns."""
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            parts = [
                re.escape(str(part.value)) if isinstance(part, ast.Constant) else r"[A-Za-z0-9_.]+"
                for part in node.values
            ]
            yield re.compile("".join(parts))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def _used() -> tuple[set[str], list[re.Pattern[str]]]:
    literals: set[str] = set()
    patterns: list[re.Pattern[str]] = []
    for path in [*(p for room in SPEAKING_ROOMS for p in (ROOT / room).rglob("*.py")), *(ROOT / "texts").glob("*.py")]:
        for found in _strings(ast.parse(path.read_text("utf-8"))):
            if isinstance(found, str):
                literals.add(found)
            elif "." in found.pattern.replace(r"[A-Za-z0-9_.]+", ""):
                patterns.append(found)
    return literals, patterns


def test_every_text_is_used() -> None:
    """A key nobody says is taken out."""
    literals, patterns = _used()
    keys = [key for area in AREAS for key in _messages("en", area)]
    unused = [key for key in keys if key not in literals and not any(p.fullmatch(key) for p in patterns)]
    assert not unused


_AUDITED = {
    f"survey.{deed}"
    for deed in ("add", "version", "switch", "send", "stop_wave", "open_period", "finish", "not_low", "low")
}
"""Audit actions whose first word is that of an area of texts."""


def test_every_key_has_a_text() -> None:
    """What code wants to say stands in the catalogues."""
    literals, _ = _used()
    keys = {key for area in AREAS for key in _messages("en", area)}
    heads = {key.partition(".")[0] for key in keys}
    wanted = {text for text in literals if _KEY.fullmatch(text) and text.partition(".")[0] in heads}
    settings = re.compile(r"(birthday|care|staff|telegram|business|storage|limits|log|demo|retention)\.[a-z_]+")
    missing = {text for text in wanted - keys if not settings.fullmatch(text) and not text.endswith((".py", ".po"))}
    # The name of an audit action or of an event is no text.
    missing -= set(KINDS) | _AUDITED | {text for text in missing if re.fullmatch(r"campaign\.[a-z_]+", text)}
    assert not {text for text in missing if not text.startswith(("case.", "customer.", "contact.", "consent."))}


def test_values_are_only_ever_data() -> None:
    """What people write cannot become markup, a placeholder or a template."""
    texts = Texts()
    hostile = "<b>{number}</b> {{ 7 * 7 }} {% raw %} & ‮"
    said = texts.say("case.words_to", "en", number="C-1001", name=hostile)
    assert "<b>{number}" not in said
    assert hostile in plain(said)


def test_language_without_a_catalogue_speaks_english() -> None:
    """A person with a language we do not offer is still spoken to."""
    texts = Texts()
    assert texts.say("case.words", "fr", number="C-1") == texts.say("case.words", "en", number="C-1")


@pytest.mark.parametrize(
    ("key", "values", "said"),
    [
        ("start.welcome", {"business": "Willow Lane"}, "欢迎来到 <b>Willow Lane</b>！"),
        ("start.welcome", {"business": "柳巷"}, "欢迎来到<b>柳巷</b>！"),
        ("draft.kept", {"moment": "今天 14:01"}, "最晚<b>今天 14:01</b> 前答复您"),
        ("desk.taken", {"number": "C-1", "name": "小雯"}, "C-1 现由小雯负责"),
        ("desk.taken", {"number": "C-1", "name": "Ben"}, "C-1 现由 Ben 负责"),
        ("birthday.kept", {"day": "8月3日"}, "<b>8月3日</b>已记下"),
    ],
)
def test_chinese_keeps_its_distance_from_latin_only(key: str, values: dict[str, str], said: str) -> None:
    """A space stands between Chinese and Latin or numbers, none within Chinese, whatever the value is."""
    assert said in Texts().say(key, "zh_CN", **values)


@pytest.mark.parametrize(("business", "said"), [("Willow Lane", "Willow Lane 全"), ("柳巷", "柳巷全")])
@pytest.mark.parametrize("language", ["zh_CN", "zh_TW"])
def test_a_greeting_keeps_the_same_distance(language: str, business: str, said: str) -> None:
    """The messages of campaigns too."""
    assert said in Texts().render("birthday", language, name="小雯", business=business)
