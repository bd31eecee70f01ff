"""Answers as people tap and write them, and where each leads."""

from datetime import UTC, date, datetime

import pytest

from domain.surveys import END, Jump, Option, Question, QuestionKind, Survey
from domain.surveys.answers import (
    Answer,
    chosen_answer,
    is_within,
    read_day,
    read_number,
    tapped_answer,
    typed_answer,
)
from domain.surveys.flow import fits, walk

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
TODAY = date(2026, 11, 22)
OPTIONS = (
    Option("price", {"en": "The price", "zh_CN": "价格"}),
    Option("tea", {"en": "The tea", "zh_CN": "茶"}),
    Option("staff", {"en": "The staff", "zh_CN": "员工"}),
)


def question(kind: QuestionKind, key: str = "q", **more: object) -> Question:
    """Return a question of a kind, with options when it has some."""
    if kind in (QuestionKind.CHOICE, QuestionKind.MULTI_CHOICE):
        more.setdefault("options", OPTIONS)
    return Question(key, kind, {"en": "?"}, **more)  # type: ignore[arg-type]


def number(key: str, value: int) -> Answer:
    """Return an answer that is a number."""
    return Answer(key, QuestionKind.NPS, NOW, number=value)


def typed(asked: Question, words: str) -> Answer | None:
    """Return what words are taken for."""
    return typed_answer(asked, words, at=NOW, today=TODAY, interaction_id=7)


@pytest.mark.parametrize(
    ("kind", "low", "high"),
    [(QuestionKind.NPS, 0, 10), (QuestionKind.CSAT, 1, 5), (QuestionKind.CES, 1, 7)],
)
def test_a_scale_takes_its_ends_and_nothing_beyond(kind: QuestionKind, low: int, high: int) -> None:
    """Each fixed scale has both of its ends; the numbers next to them are no answers, tapped or typed."""
    asked = question(kind)
    for value in (low, high):
        assert tapped_answer(asked, value, at=NOW) == Answer("q", kind, NOW, number=value)
        assert typed(asked, str(value)) == Answer("q", kind, NOW, number=value, interaction_id=7)
    for value in (low - 1, high + 1):
        assert not is_within(asked, value)
        assert tapped_answer(asked, value, at=NOW) is None
        assert typed(asked, str(value)) is None


@pytest.mark.parametrize("value", [True, "4", 4.0, None, "price"])
def test_a_scale_takes_whole_numbers_only(value: object) -> None:
    """What is no whole number counts on no scale, even when it compares like one."""
    assert tapped_answer(question(QuestionKind.CSAT), value, at=NOW) is None


@pytest.mark.parametrize("words", ["４", "4", " 4 ", "٤"])
def test_digits_of_any_keyboard_are_a_score(words: str) -> None:
    """Full-width and Arabic digits, with blanks around them, are a four."""
    found = typed(question(QuestionKind.CSAT), words)
    assert found is not None
    assert found.number == 4


@pytest.mark.parametrize("words", ["4 of 5", "four", "-4", "4.0", "", "4" * 5000])
def test_other_words_are_no_score(words: str) -> None:
    """Words that only hold a digit are words, and thousands of digits are read by nobody."""
    assert typed(question(QuestionKind.CSAT), words) is None


def test_choices_are_tapped_numbered_or_written_out() -> None:
    """One option by its key, number or label in any language; two of one choice are none."""
    asked = question(QuestionKind.CHOICE)
    assert tapped_answer(asked, "tea", at=NOW) == Answer("q", QuestionKind.CHOICE, NOW, choices=("tea",))
    for words in ("2", "the TEA", "茶"):
        found = typed(asked, words)
        assert found is not None
        assert found.choices == ("tea",)
    for words in ("4", "coffee", "1 2"):
        assert typed(asked, words) is None
    assert tapped_answer(asked, "coffee", at=NOW) is None


def test_several_choices_stand_in_the_questions_order() -> None:
    """However they were picked or written; nothing picked, or something unknown, is no answer."""
    asked = question(QuestionKind.MULTI_CHOICE)
    assert chosen_answer(asked, ["staff", "price"], at=NOW) == Answer(
        "q", QuestionKind.MULTI_CHOICE, NOW, choices=("price", "staff")
    )
    assert chosen_answer(asked, [], at=NOW) is None
    assert chosen_answer(asked, ["price", "coffee"], at=NOW) is None
    found = typed(asked, "3、1，1")
    assert found is not None
    assert found.choices == ("price", "staff")


@pytest.mark.parametrize(
    ("text", "decimals", "kept"),
    [
        ("12", 0, 12),
        ("-3", 0, -3),
        ("1,250.50", 2, 125050),
        ("1.250,50", 2, 125050),
        ("1 250,5", 1, 12505),
        ("1'250", 0, 1250),
        ("1.250", 0, 1250),
        ("1,5", 1, 15),
        ("0.125", 3, 125),
        ("１２．５", 1, 125),
        ("30 %", 0, 30),
        ("2.50", 1, 25),
        ("2.55", 1, None),
        ("1.5", 0, None),
        ("1.2.3,4,5", 0, None),
        (".", 0, None),
        ("", 0, None),
        ("ten", 0, None),
        ("1e5", 0, None),
        ("9" * 40, 0, None),
        ("9" * 15, 0, 10**15 - 1),
        ("1" + "0" * 15, 0, None),
        ("⑳" * 3000, 0, None),
    ],
)
def test_numbers_with_either_separator(text: str, decimals: int, kept: int | None) -> None:
    """Numbers are read as they are written here and elsewhere; more decimals than asked for are not rounded away."""
    assert read_number(text, decimals) == kept


def test_a_number_keeps_to_its_bounds() -> None:
    """From 0 to 100 %: 0 and 100 are answers, 101 is none."""
    asked = question(QuestionKind.NUMBER, low=0, high=100)
    assert [found and found.number for found in (typed(asked, words) for words in ("0", "100", "101", "-1"))] == [
        0,
        100,
        None,
        None,
    ]


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-12-05", date(2026, 12, 5)),
        ("2026/12/5", date(2026, 12, 5)),
        ("2026年12月5日", date(2026, 12, 5)),
        ("12月5日", date(2026, 12, 5)),
        ("5 December", date(2026, 12, 5)),
        ("2026-02-30", None),
        ("soon", None),
        ("", None),
    ],
)
def test_days_as_people_write_them(text: str, day: date | None) -> None:
    """Without a year it is one of this year; what the calendar does not have is no day."""
    assert read_day(text, today=TODAY) == day


def test_a_photo_is_answered_by_a_picture_only() -> None:
    """Words are no photo; the caption of one is kept with it."""
    asked = question(QuestionKind.PHOTO)
    assert typed(asked, "the tear") is None
    found = typed_answer(asked, "the tear", at=NOW, today=TODAY, interaction_id=7, is_picture=True)
    assert found == Answer("q", QuestionKind.PHOTO, NOW, text="the tear", interaction_id=7)


def test_the_first_jump_that_fits_is_taken() -> None:
    """A detractor is asked why, a promoter is through, all others go on with the next question."""
    asked = Survey(
        "s",
        {"en": "S"},
        (
            question(QuestionKind.NPS, "nps", jumps=(Jump("why", at_most=6), Jump(END, at_least=9))),
            question(QuestionKind.CSAT, "csat"),
            question(QuestionKind.TEXT, "why"),
        ),
    )
    at = {score: walk(asked, {"nps": number("nps", score)}).at for score in (0, 6, 7, 8, 9, 10)}
    assert {score: found.key if found else None for score, found in at.items()} == {
        0: "why",
        6: "why",
        7: "csat",
        8: "csat",
        9: None,
        10: None,
    }
    start = walk(asked, {})
    assert (start.passed, start.at, start.keys) == ((), asked.questions[0], frozenset())


@pytest.mark.parametrize(
    ("jump", "answer", "taken"),
    [
        (Jump(END), Answer("q", QuestionKind.TEXT, NOW, text="so"), True),
        (Jump(END), Answer("q", QuestionKind.TEXT, NOW, skipped=True), True),
        (Jump(END, skipped=True), Answer("q", QuestionKind.NPS, NOW, skipped=True), True),
        (Jump(END, skipped=True), number("q", 0), False),
        (Jump(END, at_most=6), Answer("q", QuestionKind.NPS, NOW, skipped=True), False),
        (Jump(END, at_least=3, at_most=5), number("q", 5), True),
        (Jump(END, at_least=3, at_most=5), number("q", 2), False),
        (Jump(END, chosen=("tea", "price")), Answer("q", QuestionKind.MULTI_CHOICE, NOW, choices=("tea",)), True),
        (Jump(END, chosen=("price",)), Answer("q", QuestionKind.MULTI_CHOICE, NOW, choices=("tea",)), False),
        (Jump(END, chosen=("price",)), Answer("q", QuestionKind.MULTI_CHOICE, NOW, skipped=True), False),
    ],
)
def test_all_that_a_jump_names_has_to_hold(jump: Jump, answer: Answer, taken: bool) -> None:
    """A skip is no number and no choice; only an unconditional jump, or one for skips, is taken by it."""
    assert fits(jump, answer) is taken
