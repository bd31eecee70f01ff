"""What the API answers when it cannot do something: problem details (RFC 9457), each with a stable ``code``."""

from collections.abc import Mapping, Sequence
from datetime import date
from http import HTTPStatus
from typing import Any

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field

from console.api.answers import Answer
from domain.outcomes import Refusal
from texts import Texts

PROBLEM = "application/problem+json"
_TYPE = "urn:carebot:problem:"


class Fault(BaseModel):
    """One thing to mend in a request."""

    field: str = Field(description="Where: `body/points`, `query/limit`, `header/Idempotency-Key`.")
    mend: str = Field(description="What it should be instead.")


class Problem(BaseModel):
    """Why a request was not carried out (RFC 9457)."""

    type: str = Field(description="A name of this kind of problem; the same as `code`, as a URN.")
    title: str = Field(description="The kind of problem in a few words.")
    status: int = Field(description="The HTTP status.")
    code: str = Field(description="Stable: what programs should look at.")
    detail: str | None = Field(None, description="What happened this time, in words for people.")
    values: dict[str, str | int] | None = Field(None, description="The figures in `detail`.")
    errors: list[Fault] | None = Field(None, description="For 422: each thing to mend.")


class Halt(Exception):
    """Ends a request before anything was done, with this answer."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


def problem(
    status: int,
    code: str,
    detail: str | None = None,
    *,
    values: Mapping[str, str | int] | None = None,
    errors: Sequence[Fault] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """Return the answer for something that was not done."""
    body = Problem(
        type=f"{_TYPE}{code}",
        title=HTTPStatus(status).phrase,
        status=status,
        code=code,
        detail=detail,
        values=dict(values) if values else None,
        errors=list(errors) if errors else None,
    )
    return Answer(status, body.model_dump(exclude_none=True), dict(headers or {}))


_NOT_FOUND = {
    "record.refused.erased",
    "record.refused.unknown",
    "points.refused.forgotten",
    "points.refused.no_reward",
    "points.refused.no_voucher",
    "purchase.refused.forgotten",
    "purchase.refused.unknown",
    "survey_send.refused.unknown",
    "survey_results.refused.unknown",
    "campaign_control.refused.unknown",
    "campaign_results.refused.unknown",
}
_FORBIDDEN = {"desk.refused.not_allowed", "points.refused.not_allowed", "survey_send.refused.not_allowed"}
_STANDS_AGAINST = {"record.refused.source_key", "record.refused.linked", "record.refused.merged", "record.refused.same"}
_UNUSABLE = {"points.refused.amount", "points.refused.reason", "api.refused.expired"} | {
    f"{family}.refused.{field}"
    for family, fields in {
        "purchase": ("key", "currency", "amount", "cost", "channel", "moment"),
        "survey_send": ("sample", "seed", "past"),
    }.items()
    for field in fields
}


def status_of(key: str) -> int:
    """Return the status of a refusal: 404 what is not there, 403 not allowed, 422 unusable, else 409."""
    if key in _NOT_FOUND:
        return 404
    if key in _FORBIDDEN:
        return 403
    of_a_field = key.startswith("record.refused.") and key not in _STANDS_AGAINST
    return 422 if of_a_field or key in _UNUSABLE else 409


def refused(refusal: Refusal, *, texts: Texts, language: str) -> Answer:
    """Return the answer for a service's refusal: its text key is the code, its text the detail."""
    said = {name: value.isoformat() if isinstance(value, date) else value for name, value in refusal.values.items()}
    figures = {name: value if isinstance(value, int) else str(value) for name, value in said.items()}
    detail = texts.button(refusal.key, language, **said)
    return problem(status_of(refusal.key), refusal.key, detail, values=figures)


def not_found(what: str) -> Answer:
    """Return the answer for a thing that is not there, or not to be seen."""
    return problem(404, f"{what}.unknown", f"There is no such {what}.")


def invalid(errors: Sequence[Mapping[str, Any]]) -> Answer:
    """Return the answer for a request whose parts are not what they should be; nothing given is repeated."""
    faults = [Fault(field=_place(error["loc"]), mend=_mend(error)) for error in errors[:50]]
    return problem(422, "request.invalid", "Some parts of the request cannot be used.", errors=faults)


def of_validation(error: RequestValidationError) -> Answer:
    """Return the answer for what the framework found wrong with a request."""
    return invalid(error.errors())


def _place(location: Sequence[object]) -> str:
    return "/".join(str(part)[:64] for part in location)


def _mend(error: Mapping[str, Any]) -> str:
    if error["type"] == "extra_forbidden":
        return "There is no such field; leave it out"
    if error["type"] == "missing" and error["loc"][:1] == ("header",):
        return "Send this header"
    return str(error["msg"]).removeprefix("Value error, ")
