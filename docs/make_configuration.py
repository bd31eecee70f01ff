"""Write ``docs/configuration.md`` from ``config.example.toml``, so that the two cannot differ.

Run it with ``.venv/bin/python docs/make_configuration.py`` after changing a key.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EXAMPLE = ROOT / "config.example.toml"
PAGE = ROOT / "docs" / "configuration.md"
_SECTION = re.compile(r"^#?(\[\[?)([a-z_.]+)\]\]?$")
_LISTS = (
    "staff.groups",
    "staff.members",
    "desk.hours.exceptions",
    "desk.sla.targets",
    "desk.canned",
    "business.branches",
    "customers.fields",
    "loyalty.tiers",
    "loyalty.bonuses",
    "loyalty.rewards",
)
_KEY = re.compile(r"^(#?)([a-z_]+) = (.+)$")

HEAD = """# Configuration

One TOML file, `carebot.toml` in the working folder or the one named with `--config`. Made from
[config.example.toml](../config.example.toml) by `docs/make_configuration.py`; change it there.

Lengths of time: `"90s"`, `"5m"`, `"4h"`, `"7d"`. Times of day: `"21:30"`. Environment variables stand above the file:
`CAREBOT_<SECTION>__<KEY>`, such as `CAREBOT_TELEGRAM__TOKEN` or `CAREBOT_CARE__QUIET_HOURS__START`; lists of tables are
written as JSON. A wrong, unknown or missing key is told in one line that names it, with exit status 2."""


@dataclass
class Key:
    """One key: its dotted path, the value shown, whether that is only an example, and what it means."""

    path: str
    value: str
    example: bool
    meaning: str


@dataclass
class Section:
    """One section: its name as TOML writes it, what stands above it, and its keys."""

    name: str
    meaning: str
    keys: list[Key] = field(default_factory=list)


def read_example(text: str) -> list[Section]:
    """Return the sections of an annotated example file, in its order; of a list of tables the first one."""
    sections: list[Section] = []
    is_another = False
    words: list[str] = []
    for line in text.splitlines():
        if found := _SECTION.match(line):
            brackets, name = found.groups()
            written = f"[[{name}]]" if brackets == "[[" else f"[{name}]"
            is_another = any(section.name == written for section in sections)
            if is_another:
                continue
            sections.append(Section(written, _sentence(words) if sections else ""))
            words = []
        elif is_another and _KEY.match(line):
            continue
        elif found := _KEY.match(line):
            sections[-1].keys.append(_key(sections[-1].name.strip("[]"), found, words))
            words = []
        elif line.startswith("# "):
            words.append(line.removeprefix("# "))
        elif not line and words:
            words.append("")
    return sections


def _key(section: str, found: re.Match[str], words: list[str]) -> Key:
    commented, name, value = found.groups()
    meaning = _sentence(words)
    example = not commented or meaning.endswith("Example:") or section in _LISTS
    return Key(f"{section}.{name}", value, example, meaning.removesuffix("Example:").strip())


def _sentence(words: list[str]) -> str:
    paragraphs = "\n".join(words).strip().split("\n\n")
    return "\n\n".join(" ".join(paragraph.split("\n")) for paragraph in paragraphs)


def page(sections: list[Section]) -> str:
    """Return the page."""
    parts = [HEAD]
    for section in sections:
        parts.append(f"\n## {section.name}\n")
        if section.meaning:
            parts.append(f"{section.meaning.removesuffix('Example:').strip()}\n")
        parts.append("| key | default | meaning |\n| --- | --- | --- |")
        for key in section.keys:
            value = f"for example `{key.value}`" if key.example else f"`{key.value}`"
            meaning = (key.meaning or "See above.").replace("|", "\\|").replace("<", "&lt;").replace("\n\n", " ")
            parts.append(f"| `{key.path}` | {value} | {meaning} |")
    return "\n".join(parts) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(read_example(EXAMPLE.read_text("utf-8"))), "utf-8")
