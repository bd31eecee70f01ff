"""Running an import: slice by slice, each its own short transaction, going on where a run was stopped."""

import asyncio
import hashlib
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from typing import BinaryIO, Protocol

from domain.errors import BadInput
from services.imports.columns import Head, Layout, Row, read_choices, read_head, read_record
from services.imports.outcomes import Outcome, Result
from services.imports.reading import Broken, Record, Records, Survey, survey
from services.work import Work
from storage.database import Database, Tx, is_transient
from storage.imports import Run, SeenKeys, get_run, is_conflict, mark_lines_done, open_run

_HELD_S = 0.05
"""How long a slice is meant to hold the writer; another program waits hardly longer."""
_GAP_S = 0.012
"""How long the writer is left alone between slices: another program tries to take it every 10 ms."""
_LARGEST_SLICE = 1000
_LEAST_FINISHED = 25
_TRIES = 10
"""How often a slice is tried while others write what it would write: each time fewer of its keys are new."""


class Importer(Protocol):
    """One kind of import, made for one run."""

    layout: Layout
    least: int
    """So many lines are stored at once even by a machine that is busy with other things."""

    async def store(self, work: Work, rows: Sequence[Row], *, dry_run: bool) -> list[Outcome]:
        """Store the rows of one slice and say what became of each; with ``dry_run`` nothing is written."""
        ...

    async def finish(self, work: Work, run: Run, *, after_id: int, limit: int) -> int | None:
        """Do a part of what is left when all lines are stored, behind ``after_id``; returns where to go on, if."""
        ...

    def close(self) -> None:
        """Let go of what was kept meanwhile."""


class Teller(Protocol):
    """Hears how an import goes, and tells a person."""

    def begin(self, found: Survey, head: Head, lines_done: int) -> None:
        """The file was understood; ``lines_done`` lines were done by a run that was stopped."""

    def tell(self, outcomes: Sequence[Outcome], *, bytes_done: int, counts: Counter[str]) -> None:
        """A slice is worked out; what is told must be kept before this returns, for it is stored next."""

    def take_back(self) -> None:
        """What was told last was not stored; it is worked out and told again."""

    def finishing(self) -> None:
        """All lines are stored; what is reckoned at the end is at work."""


@dataclass(frozen=True, slots=True)
class Source:
    """A file to import and how it is to be read."""

    kind: str
    file: BinaryIO
    encoding: str | None = None
    choices: tuple[str, ...] = ()
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Setting:
    """Where an import works: the database, a transaction's work, the importer, who is told; or only a trial."""

    database: Database
    open_work: Callable[[Tx], Work]
    make: Callable[[Work], Awaitable[Importer]]
    teller: Teller
    dry_run: bool = False


async def run_import(source: Source, setting: Setting) -> Counter[str]:
    """Import a file, from where an earlier run of it was stopped; returns how many lines are new, changed, same, bad.

    Nothing is done twice: a slice and the note that it is done are one transaction. A run that was finished begins
    again and finds everything the same. Raises :class:`BadInput` when the file cannot be used.
    """
    found = survey(source.file, source.encoding)
    fingerprint = _fingerprint(source, found)
    async with setting.database.read() as tx:
        importer = await setting.make(setting.open_work(tx))
        resumed = None if setting.dry_run else await get_run(tx, kind=source.kind, fingerprint=fingerprint)
    with closing(importer), closing(Records(source.file, found.encoding)) as records, SeenKeys() as seen:
        chosen = read_choices(source.choices, importer.layout)
        lines = _Lines(records, importer.layout, chosen, seen, guessed=source.encoding is None)
        setting.teller.begin(found, lines.head, resumed.lines_done if resumed else 0)
        if setting.dry_run:
            return await _try(lines, importer, setting, source.file)
        return await _store(lines, importer, setting, source, fingerprint)


def _fingerprint(source: Source, found: Survey) -> str:
    how = (source.kind, found.sha256, found.encoding, *sorted(source.choices), "", *source.options)
    return hashlib.sha256("\0".join(how).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class _Slice:
    """Some lines read: good rows, what is wrong with the others, and the last line of all."""

    rows: list[Row]
    bad: list[Outcome]
    last_line: int


class _Lines:
    """The lines of a file below its head line, read in slices; a key that stands there twice is told."""

    def __init__(
        self, records: Records, layout: Layout, chosen: dict[str, str], seen: SeenKeys, *, guessed: bool
    ) -> None:
        self._records = iter(records)
        self._layout = layout
        self._seen = seen
        first = next(self._records, None)
        if not isinstance(first, Record):
            fault = f"line {first.line}: {first.text}" if first else "the file holds nothing but empty lines"
            raise BadInput(fault)
        self.head = read_head(first.cells, layout, chosen, guessed=guessed)

    def take(self, size: int) -> _Slice | None:
        """Read up to ``size`` records; ``None`` at the end of the file."""
        part = _Slice([], [], 0)
        last = 0
        for record in islice(self._records, size):
            last = record.last_line
            found = self._read(record)
            if isinstance(found, Row):
                part.rows.append(found)
            else:
                part.bad.extend(found)
        return _Slice(part.rows, part.bad, last) if last else None

    def pass_over(self, lines_done: int) -> None:
        """Read the lines up to ``lines_done`` for their keys alone."""
        while lines_done and (record := next(self._records, None)):
            self._read(record)
            if record.last_line >= lines_done:
                break

    def _read(self, record: Record | Broken) -> Row | list[Outcome]:
        found = read_record(record, self.head, self._layout)
        if not isinstance(found, Row):
            return [Outcome(p.line, Result.BAD, p.text, p.column, p.value) for p in found]
        line = self._seen.first_line(found.key, found.line)
        if line != found.line:
            text = f"stands in line {line} already; keep one of the two"
            return [Outcome(found.line, Result.BAD, text, self._layout.key, found.key)]
        return found


async def _try(lines: _Lines, importer: Importer, setting: Setting, file: BinaryIO) -> Counter[str]:
    """Find out what would become of every line; nothing is written."""
    counts: Counter[str] = Counter()
    while part := lines.take(_LARGEST_SLICE):
        async with setting.database.read() as tx:
            outcomes = await importer.store(setting.open_work(tx), part.rows, dry_run=True)
        _tell(part, outcomes, counts, setting.teller, file)
    return counts


async def _store(lines: _Lines, importer: Importer, setting: Setting, source: Source, fingerprint: str) -> Counter[str]:
    async with setting.database.write() as tx:
        now = setting.open_work(tx).now
        run = await open_run(tx, kind=source.kind, fingerprint=fingerprint, now=now)
    lines.pass_over(run.lines_done)
    pace = _Pace(importer.least)
    while part := lines.take(pace.size):
        await pace.leave_gap()
        run = await _store_slice(part, run, importer, setting, source.file, pace)
    setting.teller.finishing()
    pace = _Pace(_LEAST_FINISHED)
    after: int | None = 0
    while after is not None:
        await pace.leave_gap()
        after = await _finish_part(run, importer, setting, after, pace)
    return Counter(run.counts)


async def _store_slice(
    part: _Slice, run: Run, importer: Importer, setting: Setting, file: BinaryIO, pace: "_Pace"
) -> Run:
    """Store one slice and note that it is done; what somebody else wrote in the same moment is looked at again."""
    for nth in range(1, _TRIES + 1):
        counts = Counter(run.counts)
        is_told = False
        try:
            async with setting.database.write() as tx:
                pace.begin()
                outcomes = await importer.store(setting.open_work(tx), part.rows, dry_run=False)
                await tx.flush()  # what fails here is not told
                _tell(part, outcomes, counts, setting.teller, file)
                is_told = True
                done = await mark_lines_done(tx, run, lines_done=part.last_line, counts=dict(counts))
                if done is None:
                    raise BadInput("this file is being imported by another carebot; let it end, or stop it")
                pace.worked(len(part.rows) + len(part.bad))
            pace.end()
            return done
        except Exception as error:
            if is_told:
                setting.teller.take_back()
            if nth == _TRIES or not (is_transient(error) or is_conflict(error)):
                raise
        await asyncio.sleep(nth * _GAP_S)
    raise AssertionError("unreachable")


async def _finish_part(run: Run, importer: Importer, setting: Setting, after: int, pace: "_Pace") -> int | None:
    async with setting.database.write() as tx:
        pace.begin()
        work = setting.open_work(tx)
        left = await importer.finish(work, run, after_id=after, limit=pace.size)
        if left is None:
            await mark_lines_done(tx, run, lines_done=run.lines_done, counts=run.counts, ended_at=work.now)
        await tx.flush()
        pace.worked(pace.size)
    pace.end()
    return left


def _tell(part: _Slice, outcomes: list[Outcome], counts: Counter[str], teller: Teller, file: BinaryIO) -> None:
    told = sorted([*part.bad, *outcomes], key=lambda outcome: outcome.line)
    before = 0
    for outcome in told:
        counts[outcome.result.value] += outcome.line != before  # one line may have several faults
        before = outcome.line
    teller.tell(told, bytes_done=file.tell(), counts=counts)


class _Pace:
    """How many lines a slice may have, so that nobody waits long for the writer."""

    def __init__(self, least: int) -> None:
        self.size = self._least = least
        self._began = self._ended = time.monotonic()

    def begin(self) -> None:
        """The writer is ours."""
        self._began = time.monotonic()

    def worked(self, lines: int) -> None:
        """So many lines are written, but for the commit, which takes as long for few: the next slice is made to fit."""
        fitting = int(lines * _HELD_S / max(time.monotonic() - self._began, 0.001))
        self.size = max(self._least, min(fitting, 2 * self.size, _LARGEST_SLICE))

    def end(self) -> None:
        """The writer is free again."""
        self._ended = time.monotonic()

    async def leave_gap(self) -> None:
        """Let others have the writer for a moment, unless reading the lines took that long anyhow."""
        await asyncio.sleep(max(0.0, self._ended + _GAP_S - time.monotonic()))
