"""Making the files that services ordered: one table from a file's kind to who makes its bytes."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from bot import pictures
from services.mydata import write_mydata
from storage.database import Database, Tx
from storage.files import FileRow

_DEADLINE_S = 90.0
"""Shorter than a job's lease, so that no two make the same file at once."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A maker to whom the recipe says everything."""

    make: Callable[[dict[str, Any]], Awaitable[bytes]]


@dataclass(frozen=True, slots=True)
class Read:
    """A maker who looks things up, in a transaction that only reads."""

    make: Callable[[dict[str, Any], Tx], Awaitable[bytes]]


MAKERS: dict[str, Drawn | Read] = {
    "voucher_qr": Drawn(pictures.draw_code),
    "statement": Drawn(pictures.draw_statement),
    "survey": Drawn(pictures.draw_survey),
    "campaign": Drawn(pictures.draw_campaign),
    "calendar": Drawn(pictures.draw_calendar),
    "mydata": Read(write_mydata),
}


async def make(file: FileRow, database: Database) -> bytes:
    """Return the bytes of a wanted file. Raises ``KeyError`` for a kind nobody makes, ``TimeoutError`` when stuck."""
    assert file.recipe is not None
    maker, recipe = MAKERS[file.kind], file.recipe["made"]
    async with asyncio.timeout(_DEADLINE_S):
        if isinstance(maker, Drawn):
            return await maker.make(recipe)
        async with database.read() as tx:
            return await maker.make(recipe, tx)
