"""Whose words these are, as the first line of what is passed on."""

from dataclasses import replace

from domain.interactions import Content, Kind

TEXT_LIMIT = 4096
CAPTION_LIMIT = 1024


def utf16_length(text: str) -> int:
    """Return the length of ``text`` as Telegram counts it."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def signed(content: Content, name: str) -> Content:
    """Return ``content`` with the speaker's name as a bold first line, where Telegram has room for it."""
    if content.kind is not Kind.TEXT and not (content.text and content.media):
        return content
    head = f"{name}\n"
    limit = TEXT_LIMIT if content.kind is Kind.TEXT else CAPTION_LIMIT
    if utf16_length(head) + utf16_length(content.text) > limit:
        return content
    shift = utf16_length(head)
    bold = {"type": "bold", "offset": 0, "length": utf16_length(name)}
    moved = tuple({**entity, "offset": entity["offset"] + shift} for entity in content.entities)
    return replace(content, text=head + content.text, entities=(bold, *moved))
