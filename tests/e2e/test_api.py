"""The REST API of the real program: killed while tills ask, it books everything once."""

import asyncio
import json
import socket
from typing import Any

import httpx
from aiohttp import web

from domain.webhooks import sign
from tests.e2e.conftest import on_sqlite
from tests.e2e.town import Town

TILLS = 12
Answer = dict[str, Any]


async def _listens(client: httpx.AsyncClient) -> bool:
    try:
        return (await client.get("/rewards")).status_code == 200
    except httpx.TransportError:
        return False


@on_sqlite
async def test_a_program_killed_while_tills_ask_books_everything_once(town: Town, unused_port: int) -> None:
    """Whatever each till heard or did not hear: asking again with the same key gives the one answer."""
    program = await town.starts(api={"enabled": True, "listen_port": unused_port})
    key = (await program.beside("api", "key", "create", "--name", "till", "--scope", "all")).strip()
    headers = {"Authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{unused_port}/v1", headers=headers) as client:

        async def earn(number: int) -> Answer | None:
            body = {"points": 10, "reason": f"Gift {number}"}
            try:
                answer = await client.post(
                    f"/customers/{ann}/points/earn", json=body, headers={"Idempotency-Key": f"gift-{number}"}
                )
            except httpx.TransportError:
                return None
            assert answer.status_code == 201, answer.text
            return dict(answer.json())

        await town.until(lambda: _listens(client), "the API to listen")
        ann = (await client.post("/customers", json={"name": "Ann"})).json()["code"]
        asking = [asyncio.create_task(earn(number)) for number in range(TILLS)]
        await asyncio.wait(asking, return_when=asyncio.FIRST_COMPLETED)
        await program.kill()
        heard = await asyncio.gather(*asking)
        await town.restarts(program)
        await town.until(lambda: _listens(client), "the API to listen again")
        again = await asyncio.gather(*(earn(number) for number in range(TILLS)))
        assert [first for first, second in zip(heard, again, strict=True) if first not in (None, second)] == []
        entries = (await client.get(f"/customers/{ann}/points/entries")).json()["items"]
        assert sorted(entry["reason"] for entry in entries) == sorted(f"Gift {number}" for number in range(TILLS))
        assert (await client.get(f"/customers/{ann}/points")).json()["spendable"] == 10 * TILLS
    assert await program.stop() < 10


@on_sqlite
async def test_another_system_hears_at_once_of_what_a_till_tells(town: Town, unused_port: int) -> None:
    """A gift told over the API goes out, signed, by the running program."""
    heard: list[tuple[dict[str, str], bytes]] = []
    arrived = asyncio.Event()

    async def hear(request: web.Request) -> web.Response:
        heard.append((dict(request.headers), await request.read()))
        arrived.set()
        return web.Response(status=204)

    application = web.Application()
    application.router.add_post("/hooks", hear)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    listening = socket.create_server(("127.0.0.1", 0))
    await web.SockSite(runner, listening).start()
    url = f"http://127.0.0.1:{listening.getsockname()[1]}/hooks"
    program = await town.starts(api={"enabled": True, "listen_port": unused_port})
    key = (await program.beside("api", "key", "create", "--name", "till", "--scope", "all")).strip()
    secret = (await program.beside("webhook", "add", url, "--kind", "points.changed", "--allow-private")).strip()
    client = httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{unused_port}/v1", headers={"Authorization": f"Bearer {key}"}
    )
    async with client, asyncio.timeout(15):
        await town.until(lambda: _listens(client), "the API to listen")
        ann = (await client.post("/customers", json={"name": "Ann"})).json()["code"]
        gift, once = {"points": 10, "reason": "A gift"}, {"Idempotency-Key": "gift"}
        await client.post(f"/customers/{ann}/points/earn", json=gift, headers=once)
        await arrived.wait()
    await program.stop()
    await runner.cleanup()
    [(headers, body)] = heard
    assert headers["Carebot-Signature"] == sign(secret, headers["Carebot-Timestamp"], body)
    told = json.loads(body)
    assert (told["customer"], told["data"]["points"]) == (ann, 10)
