"""What people write: storable, searchable letter by letter, recognised as thanks."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from domain.words import bare, query_phrases, says_only, says_thanks, search_tokens, storable, visible
from texts import Texts

CLOSING = Texts().phrases("closing")
any_text = st.text(st.characters(codec=None), max_size=60)
chinese = st.text(st.sampled_from("退款我要衣服破了客服问题訂單號碼"), min_size=2, max_size=12)


@given(any_text)
def test_what_is_stored_can_be_kept_by_any_database(text: str) -> None:
    """No NUL and no lone surrogate is left, and what was fine is unchanged."""
    kept = storable(text)
    kept.encode("utf-8")
    assert "\x00" not in kept
    assert len(kept) == len(text)


@given(any_text)
def test_storing_twice_changes_nothing_more(text: str) -> None:
    """What was made storable stays as it is."""
    assert storable(storable(text)) == storable(text)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("  Ann \t\n Lee ", "Ann Lee"),
        ("\u202eeeL nnA\u202c", "eeL nnA"),
        ("An\u200bn\ufeff", "Ann"),
        ("Ann \u200b Lee", "Ann Lee"),
        ("\u202e\u200b\u2060", ""),
        ("\u200d", ""),
        ("A\u200dnn", "Ann"),
        ("👩\u200d🍳 Ann", "👩\u200d🍳 Ann"),
        ("👩🏽\u200d🍳", "👩🏽\u200d🍳"),
        ("🏳\ufe0f\u200d🌈", "🏳\ufe0f\u200d🌈"),
        ("🌈\u200d", "🌈"),
        ("王\x07小明", "王小明"),
    ],
)
def test_names_hold_only_what_is_seen(text: str, line: str) -> None:
    """Signs that show nothing or turn words around are left out; an emoji stays one."""
    assert visible(text) == line


@given(any_text)
def test_what_is_seen_stays_as_it_is(text: str) -> None:
    """Twice is once, and a database keeps it."""
    line = visible(text)
    assert visible(line) == line == storable(line) == line.strip()


def _found(query: str, text: str) -> bool:
    """Return whether all phrases of a query stand in the tokens of a text, as both engines match them."""
    tokens = search_tokens(text).split()
    for phrase, prefix in query_phrases(query):
        wanted = phrase.split()
        spans = (tokens[n : n + len(wanted)] for n in range(len(tokens)))
        hit = any(token.startswith(phrase) for token in tokens) if prefix else any(span == wanted for span in spans)
        if not hit:
            return False
    return True


@given(chinese, chinese, chinese)
def test_any_piece_of_a_chinese_text_finds_it(before: str, piece: str, after: str) -> None:
    """Two letters in the middle of a sentence are enough."""
    assert _found(piece, before + piece + after)


@given(chinese, chinese)
def test_a_chinese_phrase_finds_only_texts_that_hold_it(piece: str, text: str) -> None:
    """The search is exact: what it finds contains what was asked for."""
    assert _found(piece, text) == (piece in text)


def test_full_width_and_case_do_not_matter_for_finding() -> None:
    """ＲＥＦＵＮＤ is found by refund."""
    assert _found("refund", "please ＲＥＦＵＮＤ me")


@given(any_text)
def test_no_text_breaks_the_search(text: str) -> None:
    """Signs, emoji and half characters are at worst found nowhere."""
    assert '"' not in search_tokens(text)
    assert all('"' not in phrase and phrase for phrase, _ in query_phrases(text))


@pytest.mark.parametrize(
    "text",
    [
        "OK",
        "ok!!",
        "好的",
        "好的，谢谢！",
        "謝謝你",
        "Thank you so much 🙏",
        "谢谢啦",
        "👍",
        "🙏🙏",
        "Oh how lovely, thank you!",
        "That's very kind of you 🥰",
        "你们太有心了，谢谢！",
        "您太客氣了",
        "谢谢你们的祝福",
    ],
)
def test_thanks_are_recognised(text: str) -> None:
    """Thanks and consent in any shipped language close a case."""
    assert says_thanks(text, CLOSING)


@pytest.mark.parametrize(
    "text",
    [
        "好的，但是还没收到",
        "thanks but no",
        "谢谢，可是衣服还是破的",
        "not ok",
        "???",
        "",
        "ok where is it",
        "😡",
        "👍😡",
        "还没好",
        "麻烦您了，衣服还是破的",
        "how kind, but where is it",
    ],
)
def test_thanks_with_more_behind_them_are_no_thanks(text: str) -> None:
    """A polite beginning does not close a case that is not solved."""
    assert not says_thanks(text, CLOSING)


@example(["all fine", "了解"])
@given(st.lists(st.sampled_from(sorted(CLOSING)), min_size=1, max_size=4))
def test_thanks_in_a_row_are_thanks(phrases: list[str]) -> None:
    """However many of them: ok thanks great."""
    assert says_only("，".join(phrases), CLOSING)


@given(any_text)
def test_bare_words_hold_only_letters_and_digits(text: str) -> None:
    """Nothing a person decorates words with is left."""
    assert all(c.isalnum() or c.isalpha() or c.isnumeric() for c in bare(text))
