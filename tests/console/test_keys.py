"""Who may ask: keys, scopes, limits."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from domain.api_keys import Scope
from domain.people import SYSTEM
from services import api_keys
from storage.tables import api_keys as key_rows
from storage.tables import audit
from tests.console.shop import Shop, Till


@pytest.mark.parametrize(
    "shown",
    ["", "cb_00000000_" + "x" * 43, "Bearer", "nonsense", "cb_ÿÿ"],
    ids=["none", "well written", "word", "nonsense", "not ascii"],
)
async def test_a_stranger_learns_nothing(corner_shop: Shop, shown: str) -> None:
    """Cy without a valid key gets the same 401 for what is there and what is not."""
    ann = await (await corner_shop.key()).customer()
    cy = Till(corner_shop, "", 0)
    given = {"Authorization": f"Bearer {shown}".encode()} if shown else {}
    answers = [await cy.ask("GET", path, headers=given) for path in (f"/customers/{ann}", "/customers/NOBODY")]
    assert [answer.status_code for answer in answers] == [401, 401]
    assert answers[0].text == answers[1].text
    assert answers[0].headers["content-type"] == "application/problem+json"
    assert answers[0].headers["www-authenticate"].startswith("Bearer")


async def test_the_head_of_a_key_alone_opens_nothing(corner_shop: Shop, corner_till: Till) -> None:
    """What lists show of a key, with a secret made up, is nobody's."""
    mark, prefix, secret = corner_till.key.split("_", 2)  # the secret itself may hold underscores
    forged = Till(corner_shop, f"{mark}_{prefix}_{'x' * len(secret)}", 0)
    assert (await forged.ask("GET", "/customers")).status_code == 401


async def test_a_revoked_key_opens_nothing_from_the_next_request_on(shop: Shop, till: Till) -> None:
    """Revoking needs no restart."""
    assert (await till.ask("GET", "/customers")).status_code == 200
    async with shop.working() as work:
        await api_keys.revoke_key(work, till.key_id, by=SYSTEM)
    assert (await till.ask("GET", "/customers")).status_code == 401


async def test_a_key_does_only_what_its_scopes_say(corner_shop: Shop) -> None:
    """A key that reads customers neither writes them nor sees their points, whether or not they are there."""
    ann = await (await corner_shop.key()).customer()
    reader = await corner_shop.key(Scope.CUSTOMERS_READ)
    assert (await reader.ask("GET", f"/customers/{ann}")).status_code == 200
    for method, path in (("PATCH", f"/customers/{ann}"), ("GET", f"/customers/{ann}/points")):
        refused = await reader.ask(method, path, {} if method == "PATCH" else None)
        unknown = await reader.ask(method, path.replace(ann, "NOBODY"), {} if method == "PATCH" else None)
        assert (refused.status_code, refused.json()["code"]) == (403, "key.not_allowed")
        assert refused.json() == unknown.json()


async def test_a_key_is_kept_as_a_hash(corner_shop: Shop, corner_till: Till) -> None:
    """Whoever reads the database cannot ask in its name."""
    async with corner_shop.working() as work:
        row = (await work.tx.execute(select(key_rows))).one()
    secret = corner_till.key.split("_", 2)[2]  # which may hold underscores itself
    assert len(row.key_hash) == 64
    assert all(secret not in str(value) for value in row)


async def test_every_change_names_the_key(corner_shop: Shop, corner_till: Till) -> None:
    """The audit says which system did it."""
    await corner_till.customer()
    async with corner_shop.working() as work:
        done = (await work.tx.execute(select(audit).where(audit.c.action == "customer.create"))).one()
    assert (done.actor_kind, done.actor_id) == ("api", corner_till.key_id)


async def test_the_last_use_is_noted_about_once_an_hour(corner_shop: Shop, corner_till: Till) -> None:
    """Reading does not write each time."""

    async def noted() -> object:
        async with corner_shop.working() as work:
            return (await work.tx.execute(select(key_rows.c.last_used_at))).scalar_one()

    assert await noted() is None
    await corner_till.get("/customers")
    first = await noted()
    corner_shop.later(timedelta(minutes=59))
    await corner_till.get("/customers")
    assert await noted() == first
    corner_shop.later(timedelta(minutes=1))
    await corner_till.get("/customers")
    assert await noted() != first


async def test_a_key_that_asks_too_often_is_told_when_to_come_back(corner_shop: Shop) -> None:
    """A minute's worth at once, then evenly; another key is not held up."""
    hasty, other = await corner_shop.key(per_minute=2), await corner_shop.key(per_minute=2)
    first, second, third = [await hasty.ask("GET", "/customers") for _ in range(3)]
    assert [first.status_code, second.status_code, third.status_code] == [200, 200, 429]
    assert first.headers["ratelimit-limit"] == "2"
    assert (first.headers["ratelimit-remaining"], second.headers["ratelimit-remaining"]) == ("1", "0")
    assert third.headers["retry-after"] == "30"
    assert third.json()["code"] == "key.too_often"
    assert (await other.ask("GET", "/customers")).status_code == 200
    corner_shop.later(timedelta(seconds=30))
    assert (await hasty.ask("GET", "/customers")).status_code == 200
    assert (await hasty.ask("GET", "/customers")).status_code == 429


async def test_a_clock_that_goes_back_does_not_lock_a_key_out(corner_shop: Shop) -> None:
    """The bucket neither fills nor empties by it."""
    hasty = await corner_shop.key(per_minute=2)
    await hasty.get("/customers")
    corner_shop.later(timedelta(days=-300))
    await hasty.get("/customers")
    corner_shop.later(timedelta(seconds=30))
    await hasty.get("/customers")
