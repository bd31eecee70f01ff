"""Outgoing webhooks, pure: what can be told, how a delivery is signed, when it is tried again, where it may go."""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any
from urllib.parse import urlsplit

KINDS = (
    "customer.created",
    "customer.changed",
    "customer.merged",
    "customer.erased",
    "purchase.recorded",
    "purchase.refunded",
    "points.changed",
    "tier.changed",
    "voucher.issued",
    "voucher.used",
    "voucher.returned",
    "survey.finished",
    "survey.low",
    "campaign.finished",
)
TEST_KIND = "webhook.test"
"""What ``carebot webhook test`` sends; every endpoint gets it."""

GIVE_UP_AFTER = timedelta(days=3)
_FIRST_PAUSE_S = 10.0
_LONGEST_PAUSE_S = 6 * 3600.0
_LONGEST_HOLD_S = 300.0
_LONGEST_URL = 2000


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where another system hears of what happened. ``kinds`` it wants; none named means all.

    ``failures`` counts tries in a row that found it out of order; nothing is sent to it before ``not_before_at``.
    """

    id: int
    url: str
    kinds: tuple[str, ...]
    active: bool
    allow_private: bool
    created_at: datetime
    failures: int = 0
    failing_since_at: datetime | None = None
    not_before_at: datetime | None = None

    def wants(self, kind: str) -> bool:
        """Return whether this endpoint is to hear of ``kind``."""
        return kind == TEST_KIND or not self.kinds or kind in self.kinds


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened, as other systems are told. ``data`` is ``None`` once its customer was forgotten."""

    id: int
    kind: str
    at: datetime
    data: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event on its way to one endpoint; ``attempts`` tries were made since ``queued_at``."""

    id: int
    event: Event
    attempts: int
    queued_at: datetime


def event_name(event_id: int) -> str:
    """Return the public id of an event, by which receivers know a repeat."""
    return f"evt_{event_id}"


def read_event_name(text: str) -> int | None:
    """Return the event that a public id names, if it can be one."""
    digits = text.strip().removeprefix("evt_")
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= 18 else None


_PUBLIC = {
    "entry_id": "ent",
    "reverses_entry_id": "ent",
    "purchase_id": "pur",
    "refund_id": "ref",
    "voucher_id": "vou",
    "response_id": "res",
}
_PRIVATE = ("customer_id", "duplicate_id")


def public_data(data: dict[str, Any]) -> dict[str, Any]:
    """Return an event's data as others see it: ids as the REST API writes them, customers by their codes alone."""
    told = {}
    for name, value in data.items():
        if name in _PUBLIC and isinstance(value, int):
            told[name.removesuffix("_id")] = f"{_PUBLIC[name]}_{value}"
        elif name not in _PRIVATE:
            told[name.removesuffix("_id") if name in _PUBLIC else name] = value
    return told


def sign(secret: str, timestamp: str, body: bytes) -> str:
    """Return the signature of a delivery: ``v1=`` and the hexadecimal HMAC-SHA256 of ``timestamp.body``."""
    signed = timestamp.encode() + b"." + body
    return f"v1={hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()}"


def pause_after(tries: int, *, share: float) -> timedelta:
    """Return how long to wait after ``tries`` failed ones: thrice as long each time, up to six hours.

    ``share`` from 0 to 1 takes up to a fifth off, so that many do not come back at once.
    """
    pause_s: float = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 3.0 ** min(tries - 1, 10))
    return timedelta(seconds=pause_s * (1 - share / 5))


def hold_after(failures: int, *, share: float) -> timedelta:
    """Return how long an endpoint out of order is left alone: as one delivery waits, but five minutes at most.

    So what comes first is tried first, and one event that an endpoint cannot take does not hold the others for long.
    """
    return min(pause_after(failures, share=share), timedelta(seconds=_LONGEST_HOLD_S))


def is_own_network(host: str) -> bool:
    """Return whether an address, written as such, is of this machine or a private network rather than of the world."""
    try:
        address: IPv4Address | IPv6Address = ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
        if inner is not None:
            return is_own_network(str(inner))
    return not address.is_global or address.is_multicast or address.is_reserved


def fault_of_url(url: str, *, allow_private: bool) -> str | None:
    """Return what is wrong with an endpoint's address, in one line of English, if anything is."""
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        return "not an address; write it as https://shop.example/hooks"
    if parts.scheme not in ("http", "https") or not host or len(url) > _LONGEST_URL or not url.isprintable():
        return "not an address; write it as https://shop.example/hooks"
    if parts.username is not None or parts.password is not None:
        return "holds a password; leave it out, deliveries are signed"
    if " " in url or not url.isascii():
        return "holds signs that an address cannot have; write them percent-encoded"
    if allow_private:
        return None
    if is_own_network(host) or host == "localhost" or host.endswith((".localhost", ".local", ".internal")):
        return "lies in this machine's own network; give --allow-private if that is meant"
    return None
