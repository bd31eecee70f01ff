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
        # a command nobody knows, a mark with a slip in it
        "/notte he lies", "/ note he lies", "\\note he lies", "／ note he lies", "/退款 20", "/refund", "/", "／",
        "/ /he lies", "/ / he lies", "\\\\he lies", "＼＼he lies", "⁄⁄he lies", "∕note he lies",
        "、、他说谎", "、备注 他说谎",
        "://he lies", "=// he lies", "1//he lies", "1. // he lies", "a//he lies",
        ".//he lies", "(/note he lies)", "📝/note he lies", "- /note he lies", "「/note」he lies",
        "\u2067/nóte x", "/(unknown) x",
        # a label, in three languages, one slip away from it in English
        "note: he lies", "Note：he lies", "NOTE - he lies", "notte: he lies", "ntoe: he lies", "nte: he lies",
        "n0te: he lies", "noté: he lies", "nоte: he lies",
        "interal: he lies", "internl： he lies", "memmo : he lies", "#note he lies", "# 备注 他说谎", "*note* he lies",
        "备注：他说谎", "备注:他说谎", "備註：他說謊", "備註 他說謊", "內部：x", "内部，别说", "【内部】x", "筆記：x",
        "僅內部", "同事看：他说谎", "别告诉客户，他说谎", "不要告訴客戶：x", "!x", "！x", "@ben look", "＠ben 看",
    ],
)  # fmt: skip
def test_what_may_have_been_meant_for_colleagues_is_never_plain(text: str) -> None:
    """A slip of the finger or of the keyboard's language costs one tap, never a leak."""
    assert meaning_of(text, MARKS) is Meaning.DOUBTFUL


@pytest.mark.parametrize(
    "text",
    [
        "1/2", "50/50", "1/2 is yours", "3/11 at five", "2026/11/22", "11/22（周日）", "http://example.org/a",
        "https://a.b//c", "$20", "¥20/件", "￥1,280", "NT$ 300／個", "-20%", "+886 912 345 678", "AB/12-3 is in stock",
        "货号 AB/12",
        "貨號：AB／12", "and/or", "c/o Ann", "24/7", "A#1", "No. #5", ":/ sorry", "=/ oh", "😀!", "Yes!", "好的！",
        "Date: 3 May", "Price: 20", "Time: five", "Vote for us", "Not today", "Nothing: all good", "说明：请看图",
        "地址：中山路 1 号", "日期：11/22", "外部：x", "内衣有货", "备货中", "注意：明天休息", "好的，内部处理",
    ],
)  # fmt: skip
def test_prices_dates_links_and_codes_are_plain(text: str) -> None:
    """A shop writes slashes, signs and colons all day; none of that is held back."""
    assert meaning_of(text, MARKS) is Meaning.PLAIN


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
