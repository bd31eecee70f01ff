"""How updates come in: by webhook and by polling, never lost, never twice, hopeless ones set apart."""

import aiohttp

from bot.intake import SECRET_HEADER
from tests.e2e.conftest import People, on_sqlite
from tests.e2e.town import Town

SECRET = "town-secret_1"


async def test_the_webhook_knows_its_secret_and_no_update_twice(town: Town, people: People, unused_port: int) -> None:
    """Without the secret an update is turned away; with it, it is handled once however often it comes."""
    url = f"http://127.0.0.1:{unused_port}"
    webhook = {"public_url": url, "listen_port": unused_port, "secret_token": SECRET}
    program = await town.starts(telegram={"mode": "webhook", "webhook": webhook})
    people.ann.starts()
    await people.ann.hears("Tailor")
    (known,) = await town.rows("interactions", direction="in")
    forged = {"update_id": 1, "message": {"message_id": 1, "date": 1, "chat": {"id": people.ann.id}, "text": "x"}}

    async with aiohttp.ClientSession() as stranger:
        for headers in ({}, {SECRET_HEADER: "guessed"}):
            async with stranger.post(f"{url}/telegram", json=forged, headers=headers) as answer:
                assert answer.status == 403
        async with stranger.post(f"{url}/telegram", data=b"{", headers={SECRET_HEADER: SECRET}) as answer:
            assert answer.status == 400
    for _ in range(3):
        town.world.repeat_update(known.update_id)
    await town.settled()

    assert len(await town.rows("interactions", direction="in")) == 1
    assert len(await town.rows("inbox", update_id=known.update_id)) == 1
    assert len(people.ann.heard()) == 1
    assert await program.stop() < 5


@on_sqlite
async def test_polling_outlives_another_poller_and_a_bad_gateway(town: Town, people: People) -> None:
    """A conflict and a broken answer are waited out; what was said meanwhile is heard once."""
    town.world.add_fault("409", "getUpdates")
    town.world.add_fault("502", "getUpdates")
    await town.starts()
    people.ann.starts()
    await people.ann.hears("Tailor")
    await town.settled()
    assert len(await town.rows("interactions", direction="in")) == 1


async def test_an_update_that_cannot_be_handled_is_set_apart_aloud(town: Town, people: People) -> None:
    """After three tries it is a dead letter, the person and staff are told, and others were served all the while."""
    ann = people.ann
    program = await town.starts()
    ann.starts()
    await ann.hears("Tailor")
    person = {"id": ann.id, "is_bot": False, "first_name": "Ann"}
    chat = {"id": ann.id, "type": "private", "first_name": "Ann"}
    town.world.push_update(
        {"message": {"message_id": 900, "date": "yesterday", "chat": chat, "from": person, "text": "hello"}}
    )

    async def tried(times: int) -> bool:
        return any(row.attempts >= times for row in await town.rows("inbox"))

    await town.until(lambda: tried(1), "a first try")
    bob = town.person("Bob")
    bob.starts()
    await bob.hears("Tailor")
    town.world.jump(2)
    await town.until(lambda: tried(2), "a second try")
    town.world.jump(6)
    await town.until(lambda: tried(3), "a third try")

    (dead,) = await town.rows("inbox", state="dead")
    await town.group_reads(f"carebot dead show {dead.id}")
    await town.settled()
    assert len(ann.heard()) == 2
    assert str(dead.id) in await program.beside("dead", "list")
    await program.beside("dead", "replay", str(dead.id))
    town.world.jump(10)
    await town.until(lambda: tried(1), "the replay to be tried")
