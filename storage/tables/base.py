"""What every table shares: its names, its key, and what becomes of its rows when a customer is forgotten."""

from typing import Any

from sqlalchemy import Column, MetaData, Table

from storage.columns import Id

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

DELETED = "deleted"
EMPTIED = "emptied"
KEPT = "kept"
NOBODYS = "nobodys"
"""Erasure decisions: rows deleted; rows kept with every word and name emptied; rows kept as they are, which hold only
sums and dates of a customer whose own row is emptied; rows about no customer.
"""


def table(name: str, *columns: Any, erasure: str) -> Table:
    """Return a table with its erasure decision in ``info``."""
    return Table(name, metadata, *columns, info={"erasure": erasure}, sqlite_autoincrement=True)


def id_column() -> Column[int]:
    """Return the integer key most tables have."""
    return Column("id", Id, primary_key=True, autoincrement=True)
