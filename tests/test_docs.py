"""The pages of the repository hold together."""

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LINK = re.compile(
    r"(?<!!)\[[^\]]*\]\((?!https?:|mailto:)([^)#\s]*)(?:#([^)\s]+))?\)|!\[[^\]]*\]\((?!https?:)([^)\s]+)\)"
)
CODE = re.compile(r"^```.*?^```|`[^`\n]*`", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#+ +(.+?) *$", re.MULTILINE)


def pages() -> list[Path]:
    """Return the Markdown pages of the root and of ``docs``."""
    return [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("**/*.md"))]


def anchors(page: Path) -> set[str]:
    """Return the anchors that the headings of ``page`` get."""
    titles = HEADING.findall(page.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def broken_links(page: Path) -> Iterator[str]:
    """Yield the links of ``page`` that lead nowhere."""
    words = CODE.sub("", page.read_text(encoding="utf-8"))
    for path, anchor, picture in LINK.findall(words):
        target = (page.parent / (path or picture)) if path or picture else page
        if not target.exists():
            yield f"{page.relative_to(ROOT)}: {path or picture}"
        elif anchor and target.suffix == ".md" and anchor not in anchors(target):
            yield f"{page.relative_to(ROOT)}: {path}#{anchor}"


def test_every_link_between_pages_leads_somewhere() -> None:
    """A link to a page, a heading or a picture of the repository finds it."""
    assert pages()
    assert [link for page in pages() for link in broken_links(page)] == []
