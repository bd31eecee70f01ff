"""Instants: aware UTC times, kept to the millisecond."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)


def to_ms(at: datetime) -> int:
    """Return ``at`` as whole milliseconds since 1970-01-01 UTC, rounded down. Raises ``ValueError`` when naive."""
    if at.tzinfo is None or at.utcoffset() is None:
        raise ValueError(f"a naive datetime cannot be an instant: {at!r}")
    return (at - _EPOCH) // _MS


def from_ms(ms: int) -> datetime:
    """Return the UTC instant ``ms`` milliseconds after 1970-01-01."""
    return _EPOCH + ms * _MS


def local_instant(naive_local: datetime, zone: ZoneInfo) -> datetime:
    """Return the UTC instant at which the clocks of ``zone`` show ``naive_local``.

    A time the clocks skip (spring) gives the instant as far after the change as it was wanted after the last
    hour before it; a time they show twice (autumn) gives the first. Raises ``ValueError`` for an aware argument.
    """
    if naive_local.tzinfo is not None:
        raise ValueError("local_instant takes a wall-clock time without a zone")
    return naive_local.replace(tzinfo=zone, fold=0).astimezone(UTC)


def zone_named(name: str | None, otherwise: ZoneInfo) -> ZoneInfo:
    """Return the IANA zone called ``name``; ``otherwise`` without one, and for one that nobody knows."""
    try:
        return _zone(name) if name else otherwise
    except (KeyError, OSError, ValueError):
        return otherwise


@lru_cache(maxsize=1024)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)  # which alone keeps eight of them, and reads the file of each other one again


def clock_change(start: datetime, end: datetime, zone: ZoneInfo) -> datetime | None:
    """Return the instant in (``start``, ``end``] from which the clocks of ``zone`` go otherwise than at ``start``.

    The two lie so near each other that the clocks are changed at most once between them.
    """
    before = start.astimezone(zone).utcoffset()
    if end.astimezone(zone).utcoffset() == before:
        return None
    while end - start > _MS:
        middle = start + (end - start) / 2
        if middle.astimezone(zone).utcoffset() == before:
            start = middle
        else:
            end = middle
    return end.replace(microsecond=0)  # clocks are changed on a full second
