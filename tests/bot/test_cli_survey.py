"""Surveys at the command line: added from files, listed, drawn, checked, switched; one clear line for what is wrong."""

from pathlib import Path

import pytest

from tests.bot.test_cli import Shop
from tests.services.papers import CHOICE, CSAT, HEAD, NUMBER, WORDS, jump

EVERY_LANGUAGE = 'fallback = "en"\n'
AFTER_CASE = '[when]\nafter_case = "any"\n'


@pytest.fixture
def shop(tmp_path: Path, database_url: str, capsys: pytest.CaptureFixture[str]) -> Shop:
    """An installation on each engine."""
    return Shop(tmp_path, database_url, capsys)


@pytest.fixture
def file_shop(tmp_path: Path, sqlite_url: str, capsys: pytest.CaptureFixture[str]) -> Shop:
    """An installation on SQLite."""
    return Shop(tmp_path, sqlite_url, capsys)


def paper(shop: Shop, text: str, name: str = "tea.toml") -> Path:
    """Write a survey's file."""
    path = shop.folder / name
    path.write_text(EVERY_LANGUAGE + text, encoding="utf-8")
    return path


def test_a_survey_is_added_changed_and_switched(shop: Shop) -> None:
    """Each step says what came of it; adding the same again says that nothing did."""
    path = paper(shop, HEAD + CSAT)
    assert shop.run("survey", "list")[1].startswith("no surveys; `carebot survey add FILE`")
    added = "added tea, version 1; it is off; `carebot survey on tea` switches it on\n"
    assert shop.run("survey", "add", path) == (0, added, "")
    assert shop.run("survey", "add", path)[1] == "tea says the same as version 1; nothing was added; it is off\n"
    assert shop.run("survey", "on", "tea") == (0, "tea is asked from now on; what was due before is not\n", "")
    assert shop.run("survey", "on", "tea")[1] == "tea is on already\n"
    paper(shop, HEAD + CSAT + WORDS)
    changed = "tea is now version 2; it is on; answers to older versions stay as they are\n"
    assert shop.run("survey", "add", path)[1] == changed
    assert shop.run("survey", "list")[1] == "tea\ton\t2\tyou\t2\twhen it is sent by hand\tTea\n"
    assert shop.run("survey", "off", "tea")[1] == "tea is not asked any more; who was asked may still answer\n"
    assert shop.run("survey", "close", "tea")[1] == "tea is not asked any more, and takes no answers\n"


def test_a_second_survey_about_cases_is_refused(file_shop: Shop) -> None:
    """One line with the name of the other and the command; nothing was stored."""
    assert file_shop.run("survey", "add", paper(file_shop, HEAD + AFTER_CASE + CSAT), "--on")[0] == 0
    other = paper(file_shop, HEAD.replace("tea", "cake") + AFTER_CASE + CSAT, "cake.toml")
    line = (
        "carebot: cake: tea is asked on the same occasion already; switch it off first, with `carebot survey off tea`\n"
    )
    assert file_shop.run("survey", "add", other, "--on") == (2, "", line)
    assert "cake" not in file_shop.run("survey", "list")[1]


def test_every_fault_is_a_line_and_nothing_is_stored(file_shop: Shop) -> None:
    """Exit status 2, and no survey afterwards."""
    path = paper(file_shop, HEAD + CSAT + jump('to = "csat"') + CSAT + "tekst = 1\n")
    status, out, err = file_shop.run("survey", "add", path)
    assert (status, out) == (2, "")
    assert err == f"carebot: {path}: questions #2.tekst: unknown key; did you mean text?\n"
    paper(file_shop, HEAD + CSAT + jump('to = "nowhere"') + CSAT)
    status, _, err = file_shop.run("survey", "add", path)
    assert [line.split(": ")[2] for line in err.splitlines()] == ["questions #2.key", "questions #1.jumps #1.to"]
    assert file_shop.run("survey", "list")[1].startswith("no surveys")


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"key = 'tea'\ntitle.en = 'T\xff'\n", "line 2, byte 14: not UTF-8; save the file as UTF-8"),
        (b"key = \n", "line 1, column 7: not valid TOML: invalid value; write it as in docs/survey-format.md"),
        (b"#" * 300_000, "the file is longer than 256 KiB; a survey is far shorter"),
        ("😀".encode() * 70_000, "the file is longer than 256 KiB; a survey is far shorter"),
    ],
)
def test_a_file_that_is_no_text_is_refused(file_shop: Shop, raw: bytes, why: str) -> None:
    """With the place."""
    path = file_shop.folder / "tea.toml"
    path.write_bytes(raw)
    assert file_shop.run("survey", "add", path) == (2, "", f"carebot: {path}: {why}\n")


def test_files_are_checked_without_a_database(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Good ones, warned about ones, bad ones and missing ones: all are told, the exit status is 2."""
    shop = Shop(tmp_path, f"sqlite+aiosqlite:///{tmp_path}/none.db", capsys)
    good = paper(shop, HEAD + CSAT)
    hidden = paper(shop, HEAD.replace("tea", "milk") + CSAT + jump('to = "end"') + WORDS, "milk.toml")
    twin = paper(shop, HEAD + CSAT, "twin.toml")
    bad = paper(shop, HEAD.replace("tea", "Tea") + CSAT, "bad.toml")
    segment = "[when]\nevery = 'year'\ncadence = '9d'\nsegment = '{}'\n"
    typo = paper(shop, HEAD.replace("tea", "a") + segment.format("teir = gold") + CSAT, "typo.toml")
    named = paper(shop, HEAD.replace("tea", "b") + segment.format('segment("x")') + CSAT, "named.toml")
    gone, folder = tmp_path / "gone.toml", tmp_path
    status, out, err = shop.run("survey", "check", good, hidden, twin, bad, typo, named, gone, folder, good)
    assert status == 2
    assert out.splitlines() == [
        f"{good}: tea can be added; 1 question",
        f"{hidden}: milk can be added; 2 questions",
        f"{named}: b can be added; 1 question",
    ]
    assert err.splitlines() == [
        f"carebot: warning: {hidden}: questions #2: no answer leads to words; "
        "mend the jumps before it, or leave it out",
        f"carebot: {named}: when.segment: saved segments were not looked up: "
        f"storage.url: there is no database {tmp_path}/none.db yet; run `carebot migrate`",
        f"carebot: {twin}: key: tea is the key of {good} too; change one",
        f'carebot: {bad}: key: "Tea" is no key; begin with a small letter, then up to 23 of a-z, 0-9 and _',
        f"carebot: {typo}: when.segment: column 1: there is no field `teir`; did you mean `tier`?",
        f"carebot: {gone}: there is no such file; look at its name and folder",
        f"carebot: {folder}: cannot be read: is a directory; name a TOML file",
    ]
    assert not (tmp_path / "none.db").exists()


def test_files_are_checked_without_a_configuration(
    file_shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says what it could not look at."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "tea.toml"
    path.write_text(HEAD + CSAT, encoding="utf-8")
    file_shop.config.unlink()
    status, out, err = file_shop.run_bare("survey", "check", path)
    assert (status, out) == (0, f"{path}: tea can be added; 1 question\n")
    assert err == "carebot: there is no configuration here, so the languages of the business were not looked for\n"


def test_a_survey_is_drawn(file_shop: Shop) -> None:
    """Questions one below the other, options, where each answer leads, and what is said at the end."""
    when = "[when]\nevery = 'quarter'\nday = 5\nat = '10:30'\nsample = 0.25\ncadence = '80d'\nremind_after = 'never'\n"
    text = (
        HEAD
        + 'intro.en = "Hello"\n'
        + when
        + CSAT
        + 'required = true\naspect = "service"\nlow_label.en = "bad"\nhigh_label.en = "good"\n'
        + jump('to = "n"', "at_most = 2")
        + CHOICE
        + jump('to = "end"', 'chosen = ["price", "taste"]')
        + jump('to = "words"', "skipped = true")
        + NUMBER
        + "low = 0.5\nhigh = 10\ndecimals = 1\n"
        + jump('to = "end"', "at_least = 9.5")
        + WORDS
        + '[[thanks]]\nat_least = 4\nrefer = true\ntext.en = "Great"\n[[thanks]]\ntext.en = "Thanks"\n'
    )
    assert file_shop.run("survey", "add", paper(file_shop, text), "--on")[0] == 0
    status, out, _ = file_shop.run("survey", "show", "tea", "--language", "zh-tw")
    assert status == 0
    head, *lines = out.splitlines()
    assert head.startswith("tea, version 1 (on since 20")
    assert lines == [
        "Tea",
        "  asked: on day 5 of each quarter",
        "  at: 10:30 local time",
        "  sample: 25 %",
        "  again: not within 80d",
        "  waits: not asked more than 7d late; not reminded, ends after 14d",
        "  score: by csat; a low answer opens a case",
        "",
        "  Hello",
        "  │",
        "  1 csat (csat, 1 to 5, required, about service)",
        "  │ How was it?",
        "  │   bad … good",
        "  ├─ 2 or less ─▶ 3 n",
        "  2 what (choice)",
        "  │ What?",
        "  │   ○ The price (price)",
        "  │   ○ The taste (taste)",
        "  ├─ price or taste ─▶ end",
        "  ├─ skipped ─▶ 4 words",
        "  3 n (number, 0.5 to 10.0)",
        "  │ How many?",
        "  ├─ 9.5 or more ─▶ end",
        "  4 words (text)",
        "  │ Why?",
        "  ▼",
        "  end",
        "      score 4 or more: Great + referral link",
        "      to everybody else: Thanks",
    ]


def test_what_is_not_there_is_said(file_shop: Shop) -> None:
    """A survey, a version, a language: one line each, with the mend."""
    file_shop.run("survey", "add", paper(file_shop, HEAD + CSAT))
    nothing = "carebot: there is no survey 'cake'; `carebot survey list` shows them\n"
    assert file_shop.run("survey", "show", "cake") == (2, "", nothing)
    assert file_shop.run("survey", "on", "cake") == (2, "", nothing)
    line = "carebot: --version: tea has the versions 1 to 1; name one of them\n"
    assert file_shop.run("survey", "show", "tea", "--version", "2") == (2, "", line)
    assert file_shop.run("survey", "show", "tea", "--language", "fr")[2].startswith("carebot: --language: unknown")


def test_who_switched_all_surveys_off_is_told(file_shop: Shop) -> None:
    """A survey that is on and yet asks nobody would be a riddle."""
    file_shop.config.write_text(file_shop.config.read_text("utf-8") + "[surveys]\nenabled = false\n", encoding="utf-8")
    status, _, err = file_shop.run("survey", "add", paper(file_shop, HEAD + CSAT), "--on")
    assert (status, err) == (
        0,
        "carebot: warning: surveys.enabled is false in the configuration, so nobody is asked anything\n",
    )
