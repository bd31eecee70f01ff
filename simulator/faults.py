"""Faults on schedule: what goes wrong with which call, and how often."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.errors import ApiError, BadRequest, Conflict, Forbidden, TooMany

DEFAULT_HANG_S = 30.0
KINDS = frozenset({"429", "403", "400", "500", "502", "409", "timeout", "lost_answer", "slow", "garbage"})


class BadGateway(ApiError):
    """A broken answer from somewhere between the bot and Telegram."""

    status = 502
    prefix = "Bad Gateway"


_REFUSALS: dict[str, tuple[type[ApiError], str]] = {
    "400": (BadRequest, "chat not found"),
    "403": (Forbidden, "bot was blocked by the user"),
    "409": (Conflict, "terminated by other getUpdates request"),
    "500": (ApiError, ""),
    "502": (BadGateway, ""),
}


@dataclass(slots=True)
class Fault:
    """A planned fault; ``times=None`` never ends, ``after`` matching calls pass unharmed first."""

    kind: str
    method: str = "*"
    chat_id: int | None = None
    description: str | None = None
    retry_after: int | None = None
    delay_s: float | None = None
    times: int | None = 1
    after: int = 0

    def refusal(self) -> ApiError:
        """Return the error that a refusing fault answers with."""
        if self.kind == "429":
            error: ApiError = TooMany(1 if self.retry_after is None else self.retry_after)
        else:
            cls, detail = _REFUSALS[self.kind]
            error = cls(detail)
        if self.description is not None:
            error.description = self.description
        return error

    @property
    def hang_s(self) -> float:
        """How many seconds the connection hangs before it is closed or answered."""
        if self.delay_s is not None:
            return self.delay_s
        return {"timeout": DEFAULT_HANG_S, "slow": 1.0}.get(self.kind, 0.0)


class FaultPlan:
    """The faults still to come, looked at in the order they were added."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def add(
        self,
        *,
        kind: str,
        method: str = "*",
        chat_id: int | None = None,
        description: str | None = None,
        retry_after: int | None = None,
        delay_s: float | None = None,
        times: int | None = 1,
        after: int = 0,
    ) -> Fault:
        """Plan a fault.

        ``lost_answer``: the call takes effect, then the connection drops (after ``delay_s``).
        ``timeout``: no effect; the connection hangs ``delay_s`` (30 by default) and drops.
        ``garbage``: no effect; status 200 with a body that is no JSON. ``slow``: the answer comes late.
        """
        if kind not in KINDS:
            raise ValueError(f"unknown kind of fault {kind!r}; known: {', '.join(sorted(KINDS))}")
        fault = Fault(kind, method, chat_id, description, retry_after, delay_s, times, after)
        self._faults.append(fault)
        return fault

    def clear(self) -> None:
        """Forget all planned faults."""
        self._faults.clear()

    def take(self, method: str, chat_id: object) -> Fault | None:
        """Return the fault that strikes this call, if any, and count it."""
        for fault in self._faults:
            if fault.method not in ("*", method) or fault.chat_id not in (None, chat_id):
                continue
            if fault.after > 0:
                fault.after -= 1
                continue
            if fault.times is not None:
                fault.times -= 1
                if fault.times <= 0:
                    self._faults.remove(fault)
            return fault
        return None
