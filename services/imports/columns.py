"""Columns of an import file: which column of the file is which, and what stands in a cell."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from domain.errors import BadInput
from domain.words import storable
from services.imports.reading import Broken, Record

KEY_LETTERS = 200
_HEADS_SHOWN = 8
_NAMES_SHOWN = 3
CONSENT = "consent"
"""Stands for every column that claims somebody's consent: consent is asked, never imported."""
_MARKS = {"purchases": {"bought_at", "amount"}, "points": {"points", "reason"}}
_ANYWHERE = {"", "id", "name", "branch"}


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong in one line of the file, and how to mend it."""

    line: int
    column: str
    value: str
    text: str


@dataclass(frozen=True, slots=True)
class Row:
    """One good line. A column that is absent or empty is not in ``values``."""

    line: int
    key: str
    values: dict[str, Any]


class Wrong(ValueError):
    """One cell is wrong; the text says what, and the mend. ``column`` where it is not the one being read."""

    def __init__(self, text: str, column: str = "") -> None:
        super().__init__(text)
        self.column = column


Reader = Callable[[str], dict[str, Any]]
"""Turns the words of a cell, never empty, into values; raises :class:`Wrong`."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns of one kind of file: their readers by name, those that no line may lack, their other names.

    ``aliases`` are other names of columns, casefolded; ``key`` is the column with the key of the other system.
    ``foreign`` are names of columns of other kinds of files: where hardly more is there it is the wrong file.
    ``check`` looks at a line whose cells are good each for itself.
    """

    readers: Mapping[str, Reader]
    needed: tuple[str, ...]
    aliases: Mapping[str, str]
    key: str = "id"
    foreign: Mapping[str, str] = field(default_factory=dict)
    check: Callable[[dict[str, Any]], None] | None = None


@dataclass(frozen=True, slots=True)
class Head:
    """The head line understood: which cell belongs to which column, and which belong to none."""

    width: int
    places: tuple[tuple[int, str], ...]
    unknown: tuple[str, ...] = ()
    consents: tuple[str, ...] = ()


@dataclass(slots=True)
class Lines:
    """Good rows and problems of some lines, in the order of the file."""

    rows: list[Row] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def read_choices(options: Sequence[str], layout: Layout) -> dict[str, str]:
    """Return ``--column NEEDED=HEADER`` options as headers by column. Raises :class:`BadInput`."""
    chosen: dict[str, str] = {}
    for option in options:
        column, sign, header = (part.strip() for part in option.partition("="))
        if not sign or not header or column not in layout.readers:
            known = ", ".join(layout.readers)
            raise BadInput(f"--column: “{option[:40]}” is not COLUMN=HEADER; a column is one of: {known}")
        if column in chosen:
            raise BadInput(f"--column: {column} is named twice; keep one of them")
        chosen[column] = header
    return chosen


def read_head(cells: Sequence[str], layout: Layout, chosen: Mapping[str, str], *, guessed: bool = False) -> Head:
    """Understand a head line; ``guessed`` when its encoding was. Raises :class:`BadInput` when it cannot be used."""
    heads = [cell.strip() for cell in cells]
    columns = [layout.aliases.get(_folded(head), "") for head in heads]
    for column, header in chosen.items():
        places = [i for i, head in enumerate(heads) if _folded(head) == _folded(header)]
        if len(places) != 1:
            fault = "there is no column" if not places else "there is more than one column"
            raise BadInput(f"--column: {fault} {header[:40]} among {_shown(heads)}")
        columns = ["" if name == column else name for name in columns]
        columns[places[0]] = column
    _check(columns, heads, layout, guessed)
    if not chosen and _ANYWHERE.issuperset(columns):
        _check_kind(columns, heads, layout)
    return Head(
        len(heads),
        tuple((i, column) for i, column in enumerate(columns) if column and column != CONSENT),
        tuple(head for head, column in zip(heads, columns, strict=True) if head and not column),
        tuple(head for head, column in zip(heads, columns, strict=True) if column == CONSENT),
    )


def _check(columns: list[str], heads: list[str], layout: Layout, guessed: bool) -> None:
    for column, count in Counter(filter(None, columns)).items():
        if count > 1 and column != CONSENT:
            both = " and ".join(head for head, name in zip(heads, columns, strict=True) if name == column)
            raise BadInput(f"line 1: {both[:60]} are both the {column}; choose one with --column {column}=HEADER")
    for needed in layout.needed:
        if needed not in columns:
            others = [name for name, column in layout.aliases.items() if column == needed and name != needed]
            mend = f"name one of them {needed} (or {', '.join(others[-_NAMES_SHOWN:])})"
            mend += f", or write --column {needed}=HEADER"
            if guessed:
                mend += "; if these are no words, name the file's encoding with --encoding, such as big5"
            raise BadInput(f"line 1: there is no column {needed} among {_shown(heads)}; {mend}")


def _check_kind(columns: list[str], heads: list[str], layout: Layout) -> None:
    strange = {layout.foreign.get(_folded(head)): head for head, name in zip(heads, columns, strict=True) if not name}
    for kind, marks in _MARKS.items():
        if marks <= strange.keys():
            found = " and ".join(sorted(strange[mark][:20] for mark in marks))
            mend = f"use `carebot import {kind}`, or where these are customers say so: --column name=HEADER"
            raise BadInput(f"line 1: with columns {found} this is a file of {kind}; {mend}")


def _shown(heads: Sequence[str]) -> str:
    more = ", …" if len(heads) > _HEADS_SHOWN else ""
    return ", ".join(head[:20] for head in heads[:_HEADS_SHOWN]) + more


def _folded(head: str) -> str:
    return " ".join(head.replace("_", " ").casefold().split())


def aliases_of(columns: Sequence[str], *tables: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Return every name of each column as a head line is looked up, folded: its own, then those of each table."""
    aliases = {_folded(column): column for column in columns}
    for table in tables:
        for name, column in table:
            aliases.setdefault(_folded(name), column)
    return aliases


def read_record(record: Record | Broken, head: Head, layout: Layout) -> Row | list[Problem]:
    """Read one record's cells; returns the row, or everything that is wrong with it."""
    if isinstance(record, Broken):
        return [Problem(record.line, "", record.value, record.text)]
    cells = record.cells
    if len(cells) < head.width or any(map(str.strip, cells[head.width :])):
        text = f"has {len(cells)} cells, the head line has {head.width}; quote cells that hold the separator"
        return [Problem(record.line, "", "", text)]
    values: dict[str, Any] = {}
    problems: list[Problem] = []
    key = ""
    for place, column in head.places:
        cell = storable(cells[place].strip())
        if not cell:
            if column in layout.needed:
                problems.append(Problem(record.line, column, "", f"is empty; every line needs its {column}"))
            continue
        if column == layout.key:
            key = cell
        try:
            values |= layout.readers[column](cell)
        except Wrong as wrong:
            problems.append(Problem(record.line, column, cell, str(wrong)))
    if not problems and layout.check:
        try:
            layout.check(values)
        except Wrong as wrong:
            value = str(values.get(wrong.column, ""))
            problems.append(Problem(record.line, wrong.column, value, str(wrong)))
    return problems or Row(record.line, key, values)


def read_key(cell: str) -> dict[str, Any]:
    """Check a key of the other system."""
    if len(cell) > KEY_LETTERS:
        raise Wrong(f"is longer than {KEY_LETTERS} letters; shorten it")
    return {}
