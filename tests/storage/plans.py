"""How SQLite means to answer a query."""

from typing import Any

from sqlalchemy import Executable
from sqlalchemy.dialects import sqlite

from storage.database import Database


async def plan_of(database: Database, statement: Executable, parameters: dict[str, Any]) -> str:
    """Return the plan of ``statement``, one line a step."""
    async with database.read() as tx:
        compiled = statement.compile(dialect=sqlite.dialect(paramstyle="named"))  # type: ignore[attr-defined]
        values = {**compiled.params, **parameters}
        bound = {
            name: (processor(values[name]) if (processor := compiled._bind_processors.get(name)) else values[name])
            for name in compiled.params
        }
        rows = await tx.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}", bound)
        return "\n".join(str(row.detail) for row in rows)
