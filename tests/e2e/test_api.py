"""The REST API of the real program: killed while tills ask, it books everything once."""

import asyncio
from typing import Any

import httpx

from tests.e2e.conftest import on_sqlite
from tests.e2e.town import Town

TILLS = 12
Answer = dict[str, Any]


@on_sqlite
async def test_a_program_killed_while_tills_ask_books_everything_once(town: Town, unused_port: int) -> None:
    """Whatever each till heard or did not hear: asking again with the same key gives the one answer."""
    program = await town.starts(api={"enabled": True, "listen_port": unused_port})
    key = (await program.beside("api", "key", "create", "--name", "till", "--scope", "all")).strip()
    headers = {"Authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{unused_port}/v1", headers=headers) as client:

        async def listens() -> bool:
            try:
                return (await client.get("/rewards")).status_code == 200
            except httpx.TransportError:
                return False

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

        await town.until(listens, "the API to listen")
        ann = (await client.post("/customers", json={"name": "Ann"})).json()["code"]
        asking = [asyncio.create_task(earn(number)) for number in range(TILLS)]
        await asyncio.wait(asking, return_when=asyncio.FIRST_COMPLETED)
        await program.kill()
        heard = await asyncio.gather(*asking)
        await town.restarts(program)
        await town.until(listens, "the API to listen again")
        again = await asyncio.gather(*(earn(number) for number in range(TILLS)))
        assert [first for first, second in zip(heard, again, strict=True) if first not in (None, second)] == []
        entries = (await client.get(f"/customers/{ann}/points/entries")).json()["items"]
        assert sorted(entry["reason"] for entry in entries) == sorted(f"Gift {number}" for number in range(TILLS))
        assert (await client.get(f"/customers/{ann}/points")).json()["spendable"] == 10 * TILLS
    assert await program.stop() < 10
