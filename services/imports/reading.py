"""Reading a CSV file of any size in bounded memory: its fingerprint, its encoding, its records one after another."""

import codecs
import csv
import hashlib
import io
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from domain.errors import BadInput

_PIECE = 1 << 18
_FIRST = 4096
_LETTERS = 1 << 16
"""No line and no quoted cell of a shop is longer; a quote that is never closed is noticed after so many letters."""
_SHOWN = 80
_WORKBOOK = b"PK\x03\x04"
_MEND = "save it as “CSV UTF-8” first"
_SURELY_UTF8 = 20
"""So many bytes beyond one a letter, read before the first fault, no text of another encoding has by chance."""


@dataclass(frozen=True, slots=True)
class Survey:
    """What one look through a file tells: its SHA-256, its encoding, its size in bytes."""

    sha256: str
    encoding: str
    size: int


@dataclass(frozen=True, slots=True)
class Record:
    """The cells of one record, and the numbers of its first and last line."""

    line: int
    last_line: int
    cells: list[str]


@dataclass(frozen=True, slots=True)
class Broken:
    """A line that is no record, and why."""

    line: int
    last_line: int
    value: str
    text: str


@dataclass(frozen=True, slots=True)
class _Fault:
    """Where a file stops being text of an encoding; ``is_damage`` when it surely was until there."""

    line: int
    is_damage: bool


def survey(file: BinaryIO, encoding: str | None = None) -> Survey:
    """Look through a file once: UTF-8, else GB18030, unless ``encoding`` names another. Ends at its beginning.

    Raises :class:`BadInput` for anything that is no text.
    """
    first = file.read(_FIRST)
    if not first:
        raise BadInput("the file is empty; its first line names the columns")
    if first.startswith(_WORKBOOK):
        raise BadInput(f"this is a spreadsheet or an archive, not CSV; {_MEND}")
    if encoding is None and b"\x00" in first:
        raise BadInput(f"this is not a text file (or it is UTF-16); {_MEND}")
    found = _read_through(file, encoding or "utf-8-sig")
    if isinstance(found, _Fault) and encoding is None and not found.is_damage:
        other = _read_through(file, "gb18030")
        found = other if isinstance(other, Survey) else found
    file.seek(0)
    if isinstance(found, Survey):
        return found
    if encoding is not None or found.is_damage:
        tried = f"is not {encoding or 'UTF-8 any more'}"
    else:
        tried = "is neither UTF-8 nor GB18030"
    raise BadInput(f"line {found.line}: the text {tried}; {_MEND[:-6]}, or name its encoding with --encoding")


def _read_through(file: BinaryIO, encoding: str) -> Survey | _Fault:
    try:
        "".encode(encoding)  # some codecs are not of text
        decoder = codecs.getincrementaldecoder(encoding)()
    except (LookupError, TypeError):
        raise BadInput(f"--encoding: there is no encoding {encoding[:20]}; try utf-8, gb18030 or big5") from None
    file.seek(0)
    digest, size, line, beyond = hashlib.sha256(), 0, 1, 0
    while True:
        piece = file.read(_PIECE)
        try:
            text = decoder.decode(piece, final=not piece)
        except UnicodeError as error:
            good = piece[: error.start] if isinstance(error, UnicodeDecodeError) else b""
            beyond += len(good) - len(good.decode(encoding, "ignore"))
            return _Fault(line + good.count(b"\n"), encoding == "utf-8-sig" and beyond > _SURELY_UTF8)
        if not piece:
            return Survey(digest.hexdigest(), encoding, size)
        digest.update(piece)
        size += len(piece)
        line += piece.count(b"\n")
        beyond += len(piece) - len(text)


class Records:
    """The records of a file, read as they are asked for; hardly more than one record's letters are held.

    What breaks the rules (a quote without end, a zero byte) is told as :class:`Broken`, and reading goes on with
    the line after the first one of that record. Lines without any words are passed over.
    """

    def __init__(self, file: BinaryIO, encoding: str) -> None:
        self._text = io.TextIOWrapper(file, encoding, newline="")
        head = self._text.readline(_LETTERS)
        self.delimiter = max(",;\t", key=head.count)
        self._waiting: deque[tuple[str, str]] = deque([self._looked_at(head)])
        self._taken: list[tuple[str, str]] = []
        self._letters = 0
        self._line = 0

    def close(self) -> None:
        """Let go of the file without closing it."""
        self._text.detach()

    def __iter__(self) -> Iterator[Record | Broken]:
        reader = csv.reader(self._lines(), delimiter=self.delimiter, strict=True)
        while True:
            first = self._line + 1
            self._taken.clear()
            self._letters = 0
            try:
                cells = next(reader)
            except StopIteration:
                return
            except _NoRecord as fault:
                yield self._broken(first, str(fault))
            except csv.Error as error:
                yield self._broken(first, _plain(str(error)))
            except UnicodeError:
                raise BadInput("the file was changed while it was read; import it again") from None
            else:
                if any(map(str.strip, cells)):
                    yield Record(first, self._line, cells)
                continue
            reader = csv.reader(self._lines(), delimiter=self.delimiter, strict=True)

    def _lines(self) -> Iterator[str]:
        """Yield line by line, remembering those of the record being read."""
        while True:
            taken = self._waiting.popleft() if self._waiting else self._looked_at(self._text.readline(_LETTERS))
            line, fault = taken
            if not line:
                return
            self._line += 1
            self._taken.append(taken)
            self._letters += len(line)
            if fault:
                raise _NoRecord(fault)
            if self._letters > _LETTERS:
                raise _NoRecord(f"a quote is not closed within {_LETTERS:,} letters; close it, or write it twice")
            yield line

    def _looked_at(self, line: str) -> tuple[str, str]:
        """Return a line and what is wrong with it, if anything; the rest of an endless one is passed over."""
        if len(line) >= _LETTERS and line[-1] not in "\r\n":
            rest = line
            while rest and rest[-1] not in "\r\n":
                rest = self._text.readline(_LETTERS)
            return line[:_SHOWN], f"the line is longer than {_LETTERS:,} letters; shorten it"
        if "\x00" in line:
            return line, "holds a zero byte: the file is damaged here; export it again"
        return line, ""

    def _broken(self, first: int, text: str) -> Broken:
        """Tell what is wrong with the first line taken, and let the others be read again."""
        self._waiting.extendleft(reversed(self._taken[1:]))
        self._line = first
        return Broken(first, first, self._taken[0][0].strip()[:_SHOWN], text)


class _NoRecord(ValueError):
    """What was read is no record; the text says why."""


def _plain(error: str) -> str:
    """Return what the reader found, in words of ours."""
    if "end of data" in error:
        return "a quote is opened and never closed; close it, or write it twice"
    if "expected after" in error:
        return "a quote stands inside a quoted cell; write it twice"
    return f"is no CSV: {error}"
