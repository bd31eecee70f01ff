"""Marks of notes: what carries one never counts as plain, whatever it is dressed in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.marks import Meaning, meaning_of, without_mark
from texts import Texts

MARKS = Texts().phrases("note_marks")
dressing = st.text(st.sampled_from(" \t\n\u200b\u200d\ufeff"), max_size=4)
rest = st.text(max_size=40)


@given(dressing, st.sampled_from(["//", "／／", "/／", "/note ", "/NOTE ", "／note "]), rest)
def test_the_mark_makes_a_note(before: str, mark: str, words: str) -> None:
    """Unseen signs, full width and capitals do not hide the mark."""
    assert meaning_of(before + mark + words, MARKS) is Meaning.NOTE


@given(dressing, st.sampled_from("/\\#!！＃／＼、@＠"), rest)
def test_a_sign_at_the_head_is_never_plain(before: str, sign: str, words: str) -> None:
    """Whatever begins like a command is at least asked about."""
    assert meaning_of(before + sign + words, MARKS) is not Meaning.PLAIN


@given(
    st.text(st.sampled_from(" 【[(（*_~📝👉<「"), max_size=4),
    st.sampled_from(sorted(MARKS)),
    st.sampled_from(" :：-—,，\n]】"),
    rest,
)
def test_a_word_for_notes_at_the_head_is_never_plain(before: str, word: str, sign: str, words: str) -> None:
    """Brackets, emoji and emphasis before the word do not hide it."""
    assert meaning_of(before + word + sign + words, MARKS) is not Meaning.PLAIN


@pytest.mark.parametrize(
    "text",
    [
        "Noted, thanks",
        "Notebooks are in stock",
        "Internalised!",
        "Hello",
        "We will note it",
        "好的，已备注",
        "",
        "👍",
        "50/50",
        "A#1",
    ],
)
def test_ordinary_words_are_plain(text: str) -> None:
    """A shop's daily answers pass without a question."""
    assert meaning_of(text, MARKS) is Meaning.PLAIN


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("//he lies", "he lies"),
        ("／／ he lies", "he lies"),
        ("/note he lies", "he lies"),
        ("/note", ""),
        ("//", ""),
        ("/note@bot x", "x"),
    ],
)
def test_a_note_is_kept_without_its_mark(text: str, words: str) -> None:
    """What is stored is what was meant."""
    assert without_mark(text) == words


@given(st.text(max_size=60))
def test_no_text_breaks_the_reading_of_marks(text: str) -> None:
    """Whatever is written gets one meaning, and taking off a mark adds nothing."""
    assert meaning_of(text, MARKS) in Meaning
    assert without_mark(text) in text
