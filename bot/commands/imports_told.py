"""What an import tells while it is at work and at its end: on the screen, and line by line in files beside."""

import csv
import os
import sys
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from bot.commands.common import printable, say_error
from services.imports import Head, Outcome, Result, Survey
from services.review import cell

_SHOWN = 20
_VALUE_LETTERS = 40
_SAID_EVERY_S = 10.0
_KEPT_AT_ONCE = 1000
_HEADS = {"errors": ("line", "column", "value", "problem"), "dry-run": ("line", "would be", "what")}


class Told:
    """Tells a person how an import of ``path`` goes."""

    def __init__(self, path: Path, *, dry_run: bool) -> None:
        self._dry_run = dry_run
        self._errors = _Beside(path, "errors")
        self._plan = _Beside(path, "dry-run") if dry_run else None
        self._progress = _Bar(path.name) if sys.stderr.isatty() else _Lines(path.name)

    def begin(self, found: Survey, head: Head, lines_done: int) -> None:
        """Say what is left out, and where an import that was stopped goes on."""
        if head.unknown:
            say_error(f"ignored columns: {printable(', '.join(head.unknown))}")
        if head.consents:
            names = printable(", ".join(head.consents))
            say_error(f"left out: {names}; consent is asked by the bot, never imported")
        if lines_done:
            say_error(f"goes on behind line {lines_done}, where it was stopped")
        self._errors.open(lines_done)
        if self._plan:
            self._plan.open(0)
        self._progress.begin(found.size)

    def tell(self, outcomes: Sequence[Outcome], *, bytes_done: int, counts: Counter[str]) -> None:
        """Keep what became of some lines."""
        self._errors.write([(o.line, o.column, o.value, o.text) for o in outcomes if o.result is Result.BAD])
        if self._plan:
            self._plan.write([(o.line, o.result.value, o.text) for o in outcomes])
        self._progress.show(bytes_done, counts)

    def take_back(self) -> None:
        """Forget what was told last: it was not stored, and will be worked out again."""
        self._errors.take_back()

    def finishing(self) -> None:
        """Say that all lines are stored."""
        self._progress.finish()

    def end(self) -> None:
        """Take the progress from the screen and close the files."""
        self._progress.end()
        self._errors.close()
        if self._plan:
            self._plan.close()

    def report(self, counts: Counter[str]) -> None:
        """Say how it went: the first problems, where all of them stand, and the counts."""
        for line, column, value, text in self._errors.first:
            where = f"line {line}" + (f", {column}" if column else "")
            shown = f'"{printable(value)[:_VALUE_LETTERS]}" ' if value else ""
            say_error(f"{where}: {shown}{text}")
        if self._errors.count:
            more = self._errors.count - _SHOWN
            say_error(f"{f'… and {more} more; ' if more > 0 else ''}all of them: {self._errors.where}")
        if self._plan:
            say_error(f"line by line: {self._plan.where}")
        if not sum(counts.values()):
            say_error("there is no line below the head line; nothing to import")
        would = "would be " if self._dry_run else ""
        new, changed, same, bad = (counts[result.value] for result in Result)
        print(f"{would}new: {new}, {would}changed: {changed}, same: {same}, bad lines: {bad}")


class _Beside:
    """A CSV file beside the imported one, safe to open in a spreadsheet; made when there is something to write."""

    def __init__(self, path: Path, kind: str) -> None:
        self._path = path.with_name(f"{path.name}.{kind}.csv")
        self._head = _HEADS[kind]
        self._file: TextIO | None = None
        self._fault = ""
        self._before: tuple[int, int, int] = (0, 0, 0)
        self.first: list[tuple[Any, ...]] = []
        self.count = 0

    @property
    def where(self) -> str:
        """Where the file is, or why there is none."""
        return self._fault or str(self._path)

    def open(self, lines_done: int) -> None:
        """Begin anew, or behind what an import that was stopped had told of the first ``lines_done`` lines."""
        if lines_done and self._path.is_file():
            self._go_on(lines_done)
        else:
            with suppress(OSError):
                self._path.unlink(missing_ok=True)

    def _go_on(self, lines_done: int) -> None:
        """Take over what was told of those lines, in a new file that then takes the old one's place."""
        with self._path.open(encoding="utf-8-sig", errors="replace", newline="") as told:
            self._make(self._path.with_name(f"{self._path.name}.part"))
            kept: list[tuple[Any, ...]] = []
            for row in csv.reader(told):
                if len(row) == len(self._head) and row[0].isdecimal() and int(row[0]) <= lines_done:
                    kept.append((int(row[0]), *row[1:]))
                if len(kept) == _KEPT_AT_ONCE:
                    self.write(kept)
                    kept = []
            self.write(kept)
        if self._file is not None:
            os.replace(self._file.name, self._path)

    def write(self, rows: Sequence[tuple[Any, ...]]) -> None:
        """Add rows; they are the system's before this returns, so that they outlive the program."""
        if self._file is None and rows and not self._fault:
            self._make(self._path)
        self._before = (self._file.tell() if self._file else 0, len(self.first), self.count)
        if self._file is not None:
            self._keep(rows)
        self.first += rows[: max(0, _SHOWN - len(self.first))]
        self.count += len(rows)

    def _make(self, path: Path) -> None:
        try:
            self._file = path.open("w", encoding="utf-8-sig", newline="")
            csv.writer(self._file).writerow(self._head)
        except OSError as error:
            self._fault = f"{self._path} could not be written: {(error.strerror or 'error').lower()}"

    def _keep(self, rows: Sequence[tuple[Any, ...]]) -> None:
        assert self._file
        try:
            csv.writer(self._file).writerows([cell(value) for value in row] for row in rows)
            self._file.flush()
        except OSError as error:
            self._fault = f"{self._path} is not complete: {(error.strerror or 'error').lower()}"
            self.close()

    def take_back(self) -> None:
        """Take away what was written last."""
        at, shown, self.count = self._before
        del self.first[shown:]
        if self._file is not None:
            self._file.seek(at)
            self._file.truncate()

    def close(self) -> None:
        """Close the file, and take one away that holds nothing."""
        if self._file is not None:
            with suppress(OSError):
                self._file.close()
                if not self.count:
                    self._path.unlink(missing_ok=True)
            self._file = None


class _Bar:
    """Progress by bytes, for a person at the screen."""

    def __init__(self, name: str) -> None:
        columns = ("{task.description}", "{task.fields[rate]:,.0f} lines/s")
        self._progress = Progress(
            TextColumn(columns[0]),
            BarColumn(),
            TaskProgressColumn(),
            TextColumn(columns[1]),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._name = name
        self._began = 0.0
        self._lines_before: int | None = None

    def begin(self, size: int) -> None:
        self._began = time.monotonic()
        self._task = self._progress.add_task(printable(self._name)[:40], total=size, rate=0.0)
        self._progress.start()

    def show(self, bytes_done: int, counts: Counter[str]) -> None:
        lines = sum(counts.values())
        if self._lines_before is None:
            self._lines_before = lines
        rate = (lines - self._lines_before) / max(time.monotonic() - self._began, 0.1)
        self._progress.update(self._task, completed=bytes_done, rate=rate)

    def finish(self) -> None:
        self._progress.update(self._task, description="finishing", total=None)

    def end(self) -> None:
        self._progress.stop()


class _Lines:
    """Progress as a line now and then, for a file or a pipe."""

    def __init__(self, name: str) -> None:
        self._name = printable(name)
        self._size = 0
        self._began = self._said = 0.0
        self._before: tuple[int, int] | None = None

    def begin(self, size: int) -> None:
        self._size = size
        self._began = self._said = time.monotonic()

    def show(self, bytes_done: int, counts: Counter[str]) -> None:
        now, lines = time.monotonic(), sum(counts.values())
        if self._before is None:
            self._before = (lines, bytes_done)
        if now - self._said < _SAID_EVERY_S:
            return
        self._said = now
        rate = (lines - self._before[0]) / (now - self._began)
        left_s = (self._size - bytes_done) * (now - self._began) / max(bytes_done - self._before[1], 1)
        done = f"{lines:,} lines, {100 * bytes_done // max(self._size, 1)} %"
        say_error(f"{self._name}: {done}, {rate:,.0f} lines a second, about {left_s:,.0f} s left")

    def finish(self) -> None:
        """Nothing to say: the report comes next."""

    def end(self) -> None:
        """Nothing to take away."""
