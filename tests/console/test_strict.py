"""What is not strictly a request is refused as a problem, never executed, never an error of ours."""

from typing import Any

import httpx
import pytest

from console.api.application import DESCRIPTION_PATH
from tests.console.shop import Shop, Till

JSON = {"Content-Type": "application/json"}


def is_problem(answer: httpx.Response, status: int, code: str) -> bool:
    """Return whether this is a problem of this kind, as RFC 9457 wants it."""
    body = answer.json()
    as_is = (answer.status_code, answer.headers["content-type"], body["status"], body["code"], body["type"])
    return as_is == (status, "application/problem+json", status, code, f"urn:carebot:problem:{code}")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"name": "Ann", "name": "Bob"}',
        b'{"name": NaN}',
        b'{"name": 1e999}',
        b'{"name": ' + b"9" * 5000 + b"}",
        b'{"name": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"name": ' + b"[" * 30 + b"]" * 30 + b"}",
        b'{"name": "\xff"}',
        b"\xef\xbb\xbf{}",
    ],
    ids=["none", "half", "twins", "nan", "infinite", "long number", "deep", "deeper than wanted", "not utf-8", "mark"],
)
async def test_a_body_that_is_no_strict_json_is_refused(corner_till: Till, body: bytes) -> None:
    """Two readers must not understand it differently."""
    answer = await corner_till.ask("POST", "/customers", content=body, headers=JSON)
    code = "body.unreadable" if body else "request.invalid"
    assert is_problem(answer, 400 if body else 422, code)


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "A\u0000nn"},
        {"name": 5},
        {"name": None},
        {"name": ["Ann"]},
        {"name": ""},
        {"name": "\u202e\u200b"},
        {"name": "x" * 10_000},
        {"name": "Ann", "role": "admin"},
        {"name": "Ann", "birthday": {"month": 2, "day": 2**70}},
        {"name": "Ann", "birthday": {"month": 2, "day": 30}},
        {"name": "Ann", "phone": "12"},
        {"name": "Ann", "language": "tlh"},
        {"name": "Ann", "zone": "Mars/Olympus"},
        {"name": "Ann", "custom": {"nonesuch": 1}},
        {"name": "Ann", "tags": ["a,b"]},
        {"name": "Ann", "tags": "regular"},
    ],
    ids=lambda fields: str(fields)[:40],
)
async def test_a_field_that_cannot_be_is_named(corner_till: Till, fields: dict[str, Any]) -> None:
    """422 with what to mend; what was given is not repeated in the list of errors."""
    answer = await corner_till.ask("POST", "/customers", fields)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["code"].startswith("record.refused.") or body["errors"]
    assert (await corner_till.get("/customers"))["items"] == []


async def test_half_a_surrogate_pair_is_refused(corner_till: Till) -> None:
    """JSON can write it, no database can keep it."""
    answer = await corner_till.ask("POST", "/customers", content=b'{"name": "\\ud800"}', headers=JSON)
    assert is_problem(answer, 422, "request.invalid")


@pytest.mark.parametrize(
    "at", ["9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", "2026-11-22T10:00:00", "2026-02-30T10:00:00Z", "5"]
)
async def test_an_instant_that_cannot_be_is_refused(corner_till: Till, at: str) -> None:
    """Years that no shop has, instants without an offset, days that are none."""
    ann = await corner_till.customer()
    for answer in (
        await corner_till.ask("POST", "/events", {"customer": ann, "name": "visit", "at": at}),
        await corner_till.ask("GET", "/customers", params={"updated_since": at}),
    ):
        assert is_problem(answer, 422, "request.invalid")


@pytest.mark.parametrize("cursor", ["x", "MTIz MTIz", "8J-Zgg", "LTE", "9" * 60, "\x00"])
async def test_a_cursor_that_is_not_ours_is_refused(corner_till: Till, cursor: str) -> None:
    """A page begins only where another ended."""
    ann = await corner_till.customer()
    for path in ("/customers", f"/customers/{ann}/timeline", f"/customers/{ann}/points/entries", "/events"):
        answer = await corner_till.ask("GET", path, params={"cursor": cursor})
        assert is_problem(answer, 422, "request.invalid"), path


async def test_a_body_is_json_and_says_so(corner_till: Till) -> None:
    """Forms and other alphabets are refused."""
    for mime in ("text/plain", "application/x-www-form-urlencoded", "application/json; charset=gbk", ""):
        answer = await corner_till.ask("POST", "/customers", content=b'{"name": "Ann"}', headers={"Content-Type": mime})
        assert is_problem(answer, 415, "body.not_json"), mime


async def test_a_body_is_bounded(corner_till: Till) -> None:
    """More than 1 MB is refused, said beforehand or not."""

    async def pieces() -> Any:
        for _ in range(20):
            yield b"x" * 100_000

    for body in (b"x" * 2_000_000, pieces()):
        answer = await corner_till.ask("POST", "/customers", content=body, headers=JSON)
        assert is_problem(answer, 413, "body.too_large")


async def test_unknown_paths_and_methods_are_problems(corner_till: Till) -> None:
    """Also what the framework answers by itself."""
    assert is_problem(await corner_till.ask("GET", "/nonesuch"), 404, "path.unknown")
    refused = await corner_till.ask("DELETE", "/customers")
    assert is_problem(refused, 405, "method.not_allowed")
    assert "GET" in refused.headers["allow"]
    assert is_problem(await corner_till.ask("GET", "/customers/%00%ff"), 404, "customer.unknown")
    assert is_problem(await corner_till.ask("GET", "/customers/"), 404, "path.unknown")


async def test_no_page_loads_anything_from_elsewhere(corner_till: Till) -> None:
    """The description is there without a key; pages of other hosts' scripts are not."""
    described = await corner_till._client.get(DESCRIPTION_PATH, headers={"Authorization": ""})
    assert described.json()["openapi"] == "3.1.0"
    for path in ("/docs", "/redoc", "/openapi.json"):
        assert (await corner_till._client.get(path)).status_code == 404


async def test_an_error_of_ours_says_nothing_about_anybody(
    corner_shop: Shop, corner_till: Till, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """500 without a traceback or a word of the error, in the answer and in the log."""
    ann = await corner_till.customer()

    async def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("secret words of Ann")

    monkeypatch.setattr("services.records.read_record", fail)
    answer = await corner_till.ask("GET", f"/customers/{ann}")
    assert is_problem(answer, 500, "server.failed")
    printed = capsys.readouterr()
    assert "secret" not in answer.text + printed.out + printed.err
    assert "Traceback" not in answer.text + printed.out + printed.err
    assert corner_shop.faults == ["RuntimeError('secret words of Ann')"]


async def test_a_database_that_is_away_is_said_so(corner_till: Till, monkeypatch: pytest.MonkeyPatch) -> None:
    """503 with a time to ask again: it is nobody's request that is wrong."""

    async def fail(*_: Any, **__: Any) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr("services.api_keys.recognise", fail)
    answer = await corner_till.ask("GET", "/customers")
    assert is_problem(answer, 503, "server.not_ready")
    assert int(answer.headers["retry-after"]) > 0
