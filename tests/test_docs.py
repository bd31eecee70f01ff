"""The pages of the repository hold together."""

import importlib.util
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import typer

from bot.cli import app
from bot.settings_file import known_keys

ROOT = Path(__file__).resolve().parent.parent
LINK = re.compile(
    r"(?<!!)\[[^\]]*\]\((?!https?:|mailto:)([^)#\s]*)(?:#([^)\s]+))?\)|!\[[^\]]*\]\((?!https?:)([^)\s]+)\)"
)
CODE = re.compile(r"^```.*?^```|`[^`\n]*`", re.MULTILINE | re.DOTALL)
FENCED = re.compile(r"^ *```\w*\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
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


def _module(path: Path) -> ModuleType:
    """Return a script of ``docs`` as a module."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def commands() -> dict[str, set[str]]:
    """Return every command of the command line with its options."""
    found: dict[str, set[str]] = {}

    def walk(command: Any, path: str) -> None:
        below = getattr(command, "commands", {})
        for name, inner in below.items():
            walk(inner, f"{path} {name}".strip())
        if not below:
            found[path] = {option for parameter in command.params for option in parameter.opts if option[:2] == "--"}

    walk(typer.main.get_command(app), "")
    return found


def examples(page: Path) -> Iterator[str]:
    """Yield the command lines of ours in the fenced blocks of ``page``, without the word ``carebot``."""
    for block in FENCED.findall(page.read_text("utf-8")):
        for line in block.splitlines():
            if found := re.match(r"\s*(?:\.venv/bin/)?carebot ([a-z].*)$", line):
                yield found[1]


def test_configuration_page_is_made_from_the_example() -> None:
    """What the page says of a key is what config.example.toml says; mend: docs/make_configuration.py."""
    made = _module(ROOT / "docs" / "make_configuration.py")
    assert made.PAGE.read_text("utf-8") == made.page(made.read_example(made.EXAMPLE.read_text("utf-8")))


def test_permissions_page_is_made_from_the_table() -> None:
    """Every deed stands there in plain words, for every role; mend: docs/make_permissions.py."""
    made = _module(ROOT / "docs" / "make_permissions.py")
    assert set(made.WORDS) == set(made.TABLE)
    assert made.PAGE.read_text("utf-8") == made.page()


def test_every_key_is_documented() -> None:
    """Each key the program knows stands on the page, with a meaning; and the page knows no others."""
    text = (ROOT / "docs" / "configuration.md").read_text("utf-8")
    rows = re.findall(r"^\| `([a-z_.]+)` \| .+ \| (.*) \|$", text, re.MULTILINE)
    assert {key for key, _ in rows} == {key for key, section in known_keys().items() if section is None}
    assert [key for key, meaning in rows if not meaning.strip()] == []


def test_every_command_is_documented() -> None:
    """Each command has an example on its page, and each of its options is named there."""
    page = ROOT / "docs" / "commands.md"
    shown, text = list(examples(page)), page.read_text("utf-8")
    assert [name for name in commands() if not any(line.split("#")[0].startswith(name) for line in shown)] == []
    known = {option for options in commands().values() for option in options}
    assert sorted(option for option in known - {"--help"} if option not in text) == []


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_on_the_pages_exist(page: Path) -> None:
    """A command line that a page shows names a command, and options which that command has."""
    known = commands()
    for line in examples(page):
        name = next((name for name in sorted(known, key=len, reverse=True) if line.startswith(name)), None)
        assert name is not None, line
        assert set(re.findall(r"(?<=\s)--[a-z-]+", line)) <= known[name], line


def test_what_the_pages_make_can_be_made() -> None:
    """Each ``make …`` of the pages is a target of the Makefile."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    for page in pages():
        words = page.read_text("utf-8")
        shown = [*re.findall(r"`make ([a-z-]+)", words), *re.findall(r"^\s*make ([a-z-]+)", words, re.MULTILINE)]
        assert set(shown) <= targets, page.name


def test_readme_begins_with_the_two_commands() -> None:
    """A newcomer reads first what to type, and both lead somewhere."""
    first = FENCED.findall((ROOT / "README.md").read_text("utf-8"))[0]
    assert [line.split("#")[0].strip() for line in first.strip().splitlines()] == ["make demo", "make test"]


def test_decisions_named_anywhere_exist() -> None:
    """Each decision is listed among the pages, and a decision that code names as its source is there."""
    listed = (ROOT / "docs" / "README.md").read_text("utf-8")
    assert [path.name for path in (ROOT / "docs" / "adr").glob("*.md") if path.name not in listed] == []
    rooms = ("bot", "handlers", "campaigns", "services", "storage", "domain", "texts")
    for source in (path for room in rooms for path in (ROOT / room).rglob("*.py")):
        for named in re.findall(r"docs/[\w/-]+\.md", source.read_text("utf-8")):
            assert (ROOT / named).exists(), f"{source.relative_to(ROOT)}: {named}"


def test_invariants_name_tests_that_exist() -> None:
    """A test that the table of invariants names is there under that name."""
    text = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    for path, name in re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", text):
        assert re.search(rf"^(async )?def {name}\(", (ROOT / path).read_text("utf-8"), re.MULTILINE), f"{path}::{name}"
