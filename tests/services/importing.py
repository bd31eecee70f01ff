"""Files that another system exported, and importing them as the command does."""

import io
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from domain.rules import Rules
from services.imports import Head, Importer, Known, Outcome, Result, Setting, Source, Survey, look_around, run_import
from services.work import Work
from storage.database import Database, Tx
from tests.services.shop import BOT, MORNING
from texts import Texts


@dataclass
class Heard:
    """Keeps what an import tells."""

    outcomes: list[Outcome] = field(default_factory=list)
    head: Head | None = None
    lines_done: int = 0
    last: int = 0

    def begin(self, found: Survey, head: Head, lines_done: int) -> None:
        """Note the head line and where the import begins."""
        self.head, self.lines_done = head, lines_done

    def tell(self, outcomes: Sequence[Outcome], *, bytes_done: int, counts: Counter[str]) -> None:
        """Note what became of some lines."""
        self.last = len(outcomes)
        self.outcomes += outcomes

    def take_back(self) -> None:
        """Forget what was told last."""
        del self.outcomes[len(self.outcomes) - self.last :]

    def finishing(self) -> None:
        """Nothing to note."""

    @property
    def problems(self) -> list[tuple[int, str, str]]:
        """What was bad, as ``(line, column, text)``."""
        return [(o.line, o.column, o.text) for o in self.outcomes if o.result is Result.BAD]


@dataclass
class Office:
    """A back office with a database, that imports files under its rules."""

    database: Database
    texts: Texts
    rules: Rules = field(default_factory=Rules)
    later: timedelta = timedelta()
    heard: Heard = field(default_factory=Heard)

    def work(self, tx: Tx) -> Work:
        """Open a transaction's work."""
        return Work(tx, MORNING + self.later, BOT, self.rules, self.texts)

    async def bring(
        self, make: Callable[[Known], Importer], text: str | bytes, *, dry_run: bool = False, **more: Any
    ) -> dict[str, int]:
        """Import a file and return the counts."""
        self.heard = Heard()

        async def made(work: Work) -> Importer:
            return make(await look_around(work))

        raw = text if isinstance(text, bytes) else text.encode()
        source = Source(make.__name__.lower(), io.BytesIO(raw), **more)
        setting = Setting(self.database, self.work, made, self.heard, dry_run)
        return dict(+await run_import(source, setting))
