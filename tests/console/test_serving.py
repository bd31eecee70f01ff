"""The API over real HTTP on loopback, in the program's own loop, and its end."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import httpx
import pytest
from starlette.types import Message, Scope

from bot.api_server import serve
from domain.errors import SettingsError
from tests.console.shop import Shop, Till

GIFT = {"points": 50, "reason": "Brought a friend"}


@asynccontextmanager
async def serving(shop: Shop, port: int) -> AsyncIterator[asyncio.Task[None]]:
    """Serve, and end as the program does."""
    task = asyncio.create_task(serve(shop.api, host="127.0.0.1", port=port))
    await asyncio.sleep(0)  # it listens from its first step on
    assert await _listens(port)
    try:
        yield task
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


async def test_it_serves_beside_the_rest_and_ends_soon(corner_shop: Shop, corner_till: Till, unused_port: int) -> None:
    """Real requests are answered; a kept-alive connection does not hold up the end; signals stay the program's."""
    before = signal.getsignal(signal.SIGTERM)
    loop = asyncio.get_running_loop()
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{unused_port}") as client:
        async with serving(corner_shop, unused_port):
            answer = await client.get("/v1/customers", headers={"Authorization": f"Bearer {corner_till.key}"})
            assert (answer.status_code, answer.json()["items"]) == (200, [])
            assert answer.headers["cache-control"] == "no-store"
            assert "server" not in answer.headers
            assert signal.getsignal(signal.SIGTERM) is before
            began = loop.time()
        assert loop.time() - began < 3
    assert not await _listens(unused_port)


async def test_a_request_under_way_is_finished_at_the_end(
    corner_shop: Shop, corner_till: Till, unused_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever was being served when the program is asked to end still gets the answer."""
    asked, go_on = asyncio.Event(), asyncio.Event()
    honest = corner_shop.door.admit

    async def slow(self: object, *args: object) -> object:
        asked.set()
        await go_on.wait()
        return await honest(*args)  # type: ignore[arg-type]

    monkeypatch.setattr("console.api.door.Door.admit", slow)
    url, key = f"http://127.0.0.1:{unused_port}/v1/customers", {"Authorization": f"Bearer {corner_till.key}"}
    async with httpx.AsyncClient() as client, serving(corner_shop, unused_port) as task:
        request = asyncio.create_task(client.get(url, headers=key))
        await asked.wait()
        task.cancel()
        await asyncio.sleep(0)
        go_on.set()
        assert (await request).status_code == 200


async def test_a_port_that_is_taken_is_named(corner_shop: Shop, unused_port: int) -> None:
    """One clear line with the key to change."""
    async with serving(corner_shop, unused_port):
        with pytest.raises(SettingsError, match=rf"api\.listen_port: {unused_port}"):
            await serve(corner_shop.api, host="127.0.0.1", port=unused_port)


async def test_an_answer_that_got_lost_is_given_again(shop: Shop, till: Till) -> None:
    """The program dies after the commit and before the answer: the repeat gets the stored answer, nothing is booked."""
    ann = await till.customer()
    path = f"/v1/customers/{ann}/points/earn"
    body = httpx.Request("POST", "http://shop", json=GIFT).content
    scope: Scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [
            (b"authorization", f"Bearer {till.key}".encode()),
            (b"content-type", b"application/json"),
            (b"idempotency-key", b"receipt-1"),
        ],
        "client": ("127.0.0.1", 1),
        "server": ("shop", 80),
    }

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def die(_message: Message) -> None:
        raise SystemExit(9)

    with pytest.raises(SystemExit):
        await shop.api(scope, receive, die)
    again = await till.ask("POST", f"/customers/{ann}/points/earn", GIFT, once="receipt-1")
    assert (again.status_code, again.headers["idempotent-replayed"]) == (201, "true")
    assert (await till.get(f"/customers/{ann}/points"))["spendable"] == 50


@pytest.mark.parametrize("declared", [True, False])
async def test_a_large_body_is_answered_and_not_cut_off(
    corner_shop: Shop, corner_till: Till, unused_port: int, declared: bool
) -> None:
    """Who sends 2 MB, said beforehand or not, and only then reads, still reads why not."""
    head = b"Content-Length: 2000000" if declared else b"Transfer-Encoding: chunked"
    piece = b"x" * 100_000
    async with serving(corner_shop, unused_port):
        reader, writer = await asyncio.open_connection("127.0.0.1", unused_port)
        writer.write(b"POST /v1/customers HTTP/1.1\r\nHost: shop\r\n" + head + b"\r\n\r\n")
        for _ in range(20):
            writer.write(piece if declared else b"186a0\r\n" + piece + b"\r\n")
            await writer.drain()
        writer.write(b"" if declared else b"0\r\n\r\n")
        answer = await reader.read()
        writer.close()
    assert answer.startswith(b"HTTP/1.1 413")
    assert b"body.too_large" in answer


async def test_what_is_endless_is_read_in_bounds(
    corner_shop: Shop, corner_till: Till, unused_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer comes at once; who then sends no more, or never stops, is left."""
    monkeypatch.setattr("console.api.guard._DRAINED_WITHIN_S", 0.1)
    async with serving(corner_shop, unused_port):
        reader, writer = await asyncio.open_connection("127.0.0.1", unused_port)
        writer.write(b"POST /v1/customers HTTP/1.1\r\nHost: shop\r\nContent-Length: 2000000\r\n\r\nx")
        answer = await reader.read()
        writer.close()
    assert answer.startswith(b"HTTP/1.1 413")


async def test_who_never_sends_the_body_is_left(
    corner_shop: Shop, corner_till: Till, unused_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A body that does not come in time is a problem of the sender's, and holds nobody else up."""
    monkeypatch.setattr("console.api.guard._BODY_WITHIN_S", 0.1)
    async with serving(corner_shop, unused_port):
        reader, writer = await asyncio.open_connection("127.0.0.1", unused_port)
        writer.write(b"POST /v1/customers HTTP/1.1\r\nHost: shop\r\nContent-Length: 10\r\n\r\n{")
        head = await reader.readuntil(b"\r\n\r\n")
        writer.close()
    assert head.startswith(b"HTTP/1.1 408")
    assert b"application/problem+json" in head
