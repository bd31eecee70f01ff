"""Texts: parse modes, entities counted in UTF-16, Telegram's complaints."""

import pytest

from simulator.errors import BadRequest
from simulator.text import format_text


def kinds(text: str, mode: str | None = "HTML") -> list[tuple[str, int, int]]:
    """The entities of a text as (type, offset, length)."""
    return [(e["type"], e["offset"], e["length"]) for e in format_text(text, mode)[1]]


def test_offsets_count_utf16_units() -> None:
    """An emoji outside the basic plane counts twice."""
    assert format_text("😀 <b>你好</b>", "HTML") == ("😀 你好", [{"type": "bold", "offset": 3, "length": 2}])


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("<b>x</b>", "bold"),
        ("<strong>x</strong>", "bold"),
        ("<i>x</i>", "italic"),
        ("<u>x</u>", "underline"),
        ("<s>x</s>", "strikethrough"),
        ("<tg-spoiler>x</tg-spoiler>", "spoiler"),
        ('<span class="tg-spoiler">x</span>', "spoiler"),
        ("<code>x</code>", "code"),
        ("<pre>x</pre>", "pre"),
        ("<blockquote>x</blockquote>", "blockquote"),
        ("<blockquote expandable>x</blockquote>", "expandable_blockquote"),
        ('<a href="https://example.com/">x</a>', "text_link"),
    ],
)
def test_html_tags_become_entities(source: str, kind: str) -> None:
    """Each tag Telegram allows becomes its entity over the visible text."""
    assert kinds(source) == [(kind, 0, 1)]


def test_nested_tags_both_count() -> None:
    """Bold italic is two entities, the longer first."""
    assert kinds("<b>a<i>b</i></b>") == [("bold", 0, 2), ("italic", 1, 1)]


def test_html_entities_are_decoded_and_unknown_ones_stay() -> None:
    """The four named and all numeric entities are decoded; others stay as they are."""
    assert format_text("&lt;&amp;&gt;&quot;&#33;&#x41;&nbsp;", "HTML")[0] == '<&>"!A&nbsp;'


def test_a_code_block_has_its_language() -> None:
    """The class of the inner code tag names the language."""
    _, entities = format_text('<pre><code class="language-py">x</code></pre>', "HTML")
    assert entities == [{"type": "pre", "offset": 0, "length": 1, "language": "py"}]


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("<p>x</p>", 'Unsupported start tag "p" at byte offset 0'),
        ("1 < 2", 'Unsupported start tag "" at byte offset 2'),
        ("é<b>x", 'Can\'t find end tag corresponding to start tag "b"'),
        ("é<b>x<i>y</b></i>", 'Unmatched end tag at byte offset 10, expected "</i>", found "</b>"'),
        ("x</b>", "Unexpected end tag at byte offset 1"),
        ("x<b", "Unclosed start tag at byte offset 1"),
        ("<span>x</span>", 'Tag "span" must have class "tg-spoiler"'),
    ],
)
def test_bad_html_is_refused_with_the_byte(source: str, words: str) -> None:
    """What Telegram cannot read it refuses, naming the byte."""
    with pytest.raises(BadRequest) as caught:
        format_text(source, "HTML")
    assert caught.value.description.startswith("Bad Request: can't parse entities: " + words)


def test_markdown_v2() -> None:
    """The marks of MarkdownV2 become entities; escaped signs stay."""
    text, _ = format_text("*b _i_* ~s~ ||p|| `c` [l](https://example.com/) 1\\.", "MarkdownV2")
    assert text == "b i s p c l 1."
    assert kinds("*b _i_* __u__ ~s~", "MarkdownV2") == [
        ("bold", 0, 3),
        ("italic", 2, 1),
        ("underline", 4, 1),
        ("strikethrough", 6, 1),
    ]


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("Done.", "Character '.' is reserved and must be escaped with the preceding '\\'"),
        ("*x", "Can't find end of Bold entity at byte offset 0"),
        ("a `x", "Can't find end of Code entity at byte offset 2"),
        ("*a _b* c_", "Can't find end of Italic entity at byte offset 3"),
    ],
)
def test_bad_markdown_v2_is_refused(source: str, words: str) -> None:
    """Reserved signs and open marks are refused."""
    with pytest.raises(BadRequest) as caught:
        format_text(source, "MarkdownV2")
    assert caught.value.description == "Bad Request: can't parse entities: " + words


def test_old_markdown() -> None:
    """The older Markdown still works, and still trips over a lone underscore."""
    assert kinds("*b* _i_ `c`", "Markdown") == [("bold", 0, 1), ("italic", 2, 1), ("code", 4, 1)]
    with pytest.raises(BadRequest, match="Can't find end of the entity starting at byte offset 1"):
        format_text("a_b", "Markdown")


def test_plain_text_is_searched_for_commands_links_and_names() -> None:
    """Telegram marks commands, mentions, links, addresses and hashtags by itself."""
    text = "/start@care_bot see https://example.com/a, @ann_b #ok a@b.org"
    assert [kind for kind, _, _ in kinds(text, None)] == ["bot_command", "url", "mention", "hashtag", "email"]


def test_a_path_is_no_command() -> None:
    """A slash inside a word or a path begins no command."""
    assert kinds("and/or 1/2 /usr/bin", None) == []


def test_white_space_at_the_ends_is_dropped() -> None:
    """Telegram trims both ends and moves the entities along."""
    assert format_text("\n <b>x </b> \n", "HTML") == ("x", [{"type": "bold", "offset": 0, "length": 1}])


def test_explicit_entities_win() -> None:
    """Given entities are used and the parse mode is not."""
    text, entities = format_text("<b>", "HTML", [{"type": "italic", "offset": 0, "length": 3}])
    assert (text, entities) == ("<b>", [{"type": "italic", "offset": 0, "length": 3}])


def test_unknown_modes_are_refused() -> None:
    """There are three modes and no fourth."""
    with pytest.raises(BadRequest, match="unsupported parse_mode"):
        format_text("x", "BBCode")


def test_markdown_v2_quotes_code_and_links() -> None:
    """Quotes, code blocks with a language, and links are read."""
    text, entities = format_text(">wise\n>words\nplain ```py\nx``` [a](https://example.com/?q=\\))", "MarkdownV2")
    assert text == "wise\nwords\nplain x a"
    assert [(e["type"], e.get("language"), e.get("url")) for e in entities] == [
        ("blockquote", None, None),
        ("pre", "py", None),
        ("text_link", None, "https://example.com/?q=)"),
    ]


@pytest.mark.parametrize("source", ["a]", "[a] b", "a | b", "[a](b", "#1"])
def test_lone_marks_of_markdown_v2_are_refused(source: str) -> None:
    """Brackets and bars must be escaped."""
    with pytest.raises(BadRequest, match=r"reserved|Can't find end"):
        format_text(source, "MarkdownV2")


def test_links_without_a_target_are_text() -> None:
    """A link needs an address; without a scheme it is taken for HTTP."""
    assert kinds("<a>x</a>") == []
    assert format_text('<a href="example.com">x</a>', "HTML")[1][0]["url"] == "http://example.com/"


def test_entities_must_lie_inside_the_text() -> None:
    """An entity beyond the end is refused."""
    with pytest.raises(BadRequest, match="ends after the end"):
        format_text("x", None, [{"type": "bold", "offset": 0, "length": 2}])
