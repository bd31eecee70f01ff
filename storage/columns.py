"""Column types that mean the same on both engines."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Dialect, Integer
from sqlalchemy.types import TypeDecorator

from domain.instants import from_ms, to_ms

Id = BigInteger().with_variant(Integer, "sqlite")
"""An integer key; SQLite grows only plain INTEGER keys by itself."""


class Instant(TypeDecorator[datetime]):
    """An aware UTC instant, kept as whole milliseconds since 1970; a naive value raises ``ValueError``."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """Turn an instant into what the database keeps."""
        return None if value is None else to_ms(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Turn what the database keeps into an instant."""
        return None if value is None else from_ms(value)
