"""Who brought whom: only somebody new counts, both get their points once, and nobody earns by turning in a circle."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from domain.loyalty import EarningRules, LoyaltyRules, Occasion
from domain.outcomes import Refusal
from domain.people import SYSTEM
from domain.rules import Rules
from services.customers import meet
from services.erasure import erase_customer
from services.merging import merge_customers
from services.purchases import record_purchase
from services.referrals import note_referral, reward_after_purchase
from services.work import Person, Work
from storage.audit import list_of_subject
from storage.referrals import Referral, count_brought, get_of_referred
from tests.services.loyalty import at_once, spendable
from tests.services.shop import Working

RULES = Rules(loyalty=LoyaltyRules(earning=EarningRules(occasions={Occasion.REFERRER: 50, Occasion.REFERRED: 20})))


@pytest.fixture
def inviting(working: Working) -> Working:
    """One transaction's work where bringing somebody is worth points."""

    @asynccontextmanager
    async def open_work(**given: Any) -> AsyncIterator[Work]:
        opened: AbstractAsyncContextManager[Work] = working(**{**given, "rules": RULES})
        async with opened as work:
            yield work

    return open_work


async def comes(work: Work, name: str, *, by: Person | None = None) -> Person:
    """Return somebody who speaks for the first time, perhaps by somebody's link."""
    chat_id = 5000 + sum(map(ord, name))
    person = await meet(work, chat_id=chat_id, name=name, username=None, language_code="en")
    if by is not None:
        assert await note_referral(work, person, f"r-{by.customer.code}")
    return person


async def buys(work: Work, person: Person | int) -> None:
    """Let somebody buy for the first time."""
    await reward_after_purchase(work, person if isinstance(person, int) else person.customer.id, by=SYSTEM)


async def referral_of(work: Work, customer_id: int) -> Referral:
    """Return who brought this customer."""
    found = await get_of_referred(work.tx, customer_id)
    assert found is not None
    return found


async def test_both_get_their_points_once(inviting: Working) -> None:
    """Flo, whom Ann brought, buys; what is told a second time brings nothing more."""
    async with inviting() as work:
        ann = await comes(work, "Ann")
        flo = await comes(work, "Flo", by=ann)
        assert (await spendable(work, ann.customer.id), await count_brought(work.tx, ann.customer.id)) == (0, (1, 0))
        await buys(work, flo)
        await buys(work, flo)
        assert [await spendable(work, each.customer.id) for each in (ann, flo)] == [50, 20]
        assert await count_brought(work.tx, ann.customer.id) == (1, 1)
        found = await referral_of(work, flo.customer.id)
        actions = [row.action for row in await list_of_subject(work.tx, "referral", found.id)]
        assert actions == ["referral.note", "referral.reward"]


async def test_the_first_purchase_of_many_brings_them(inviting: Working) -> None:
    """By the one door through which every purchase comes: for the first one, not for the second."""
    async with inviting() as work:
        ann = await comes(work, "Ann")
        flo = await comes(work, "Flo", by=ann)
        for n in range(2):
            recorded = await record_purchase(
                work,
                flo.customer.id,
                source_key=f"till:{n}",
                bought_at=work.now,
                amount_minor=1000,
                currency="CNY",
                by=SYSTEM,
            )
            assert not isinstance(recorded, Refusal)
        assert [await spendable(work, each.customer.id) for each in (ann, flo)] == [50, 20 + 10 + 10]


async def test_two_purchases_at_once_reward_once(inviting: Working) -> None:
    """Two tills tell of a first purchase at the same moment."""
    async with inviting() as work:
        ann = await comes(work, "Ann")
        flo = await comes(work, "Flo", by=ann)
    await at_once(inviting, *(lambda work: buys(work, flo) for _ in range(3)))
    async with inviting() as work:
        assert [await spendable(work, each.customer.id) for each in (ann, flo)] == [50, 20]


async def test_nobody_is_brought_twice(inviting: Working) -> None:
    """The first link counts."""
    async with inviting() as work:
        ann, bob = await comes(work, "Ann"), await comes(work, "Bob")
        flo = await comes(work, "Flo", by=ann)
        assert not await note_referral(work, flo, f"r-{bob.customer.code}")
        assert (await referral_of(work, flo.customer.id)).referrer_id == ann.customer.id


async def test_only_a_new_person_with_anothers_code_counts(inviting: Working, working: Working) -> None:
    """Not one's own code, not somebody known, not a code of nobody or of another kind."""
    async with inviting() as work:
        ann, bob = await comes(work, "Ann"), await comes(work, "Bob")
        for payload in (f"r-{bob.customer.code}", "r-NOBODY", "r-", f"s-{ann.customer.code}"):
            assert not await note_referral(work, bob, payload)
        assert not await note_referral(work, replace(bob, is_new=False), f"r-{ann.customer.code}")
    async with working() as work:
        assert not await note_referral(work, bob, f"r-{ann.customer.code}")
    async with inviting() as work:
        assert await note_referral(work, bob, f"r-{ann.customer.code.lower()}")


async def merges(work: Work, keep: Person, duplicate: Person) -> None:
    """Find that two records are one person's."""
    refused = await merge_customers(
        work, keep_id=keep.customer.id, duplicate_id=duplicate.customer.id, by=SYSTEM, reason="the same person"
    )
    assert refused is None


async def test_bringing_oneself_under_another_name_is_worth_nothing(inviting: Working) -> None:
    """Flo turns out to be Ann with a second telephone."""
    async with inviting() as work:
        ann = await comes(work, "Ann")
        flo = await comes(work, "Flo", by=ann)
        await merges(work, ann, flo)
        await buys(work, ann)
        assert await spendable(work, ann.customer.id) == 0
        assert (await referral_of(work, ann.customer.id)).void_reason == "self"


async def test_who_was_a_customer_before_was_not_brought(inviting: Working) -> None:
    """Flo came by Ann's link, then proved the number of a record from years ago."""
    async with inviting() as work:
        old = await comes(work, "Old Flo")
    async with inviting(later=timedelta(hours=1)) as work:
        ann = await comes(work, "Ann")
        flo = await comes(work, "Flo", by=ann)
        await merges(work, old, flo)
        await buys(work, old)
        assert [await spendable(work, each.customer.id) for each in (ann, old)] == [0, 0]
        assert (await referral_of(work, old.customer.id)).void_reason == "known"


async def test_a_circle_is_worth_nothing(inviting: Working) -> None:
    """Ann brings Bob, Bob brings Cleo, and Cleo turns out to be Ann: whoever closes the circle gets nothing for it."""
    async with inviting() as work:
        ann = await comes(work, "Ann")
        bob = await comes(work, "Bob", by=ann)
        cleo = await comes(work, "Cleo", by=bob)
        await merges(work, ann, cleo)
        await buys(work, ann)
        assert [await spendable(work, each.customer.id) for each in (ann, bob)] == [0, 0]
        assert (await referral_of(work, ann.customer.id)).void_reason == "loop"
        await buys(work, bob)
        assert [await spendable(work, each.customer.id) for each in (ann, bob)] == [50, 20]


async def test_a_long_chain_is_no_circle(inviting: Working) -> None:
    """Twelve people who bring each other one by one all count."""
    async with inviting() as work:
        people = [await comes(work, "P")]
        for n in range(11):
            people.append(await comes(work, f"P{'x' * (n + 1)}", by=people[-1]))
        await buys(work, people[-1])
        assert [await spendable(work, each.customer.id) for each in people[-3:]] == [0, 50, 20]


async def test_points_go_to_the_record_that_was_kept(inviting: Working) -> None:
    """Ann's two records became one before Flo bought."""
    async with inviting() as work:
        kept, ann = await comes(work, "Ann W."), await comes(work, "Ann")
        flo = await comes(work, "Flo", by=ann)
        await merges(work, kept, ann)
        await buys(work, flo)
        assert await spendable(work, kept.customer.id) == 50


async def test_who_was_forgotten_gets_nothing(inviting: Working) -> None:
    """Ann asked to be forgotten; Flo's purchase brings points to nobody by it."""
    async with inviting() as work:
        ann = await comes(work, "Ann")
        flo = await comes(work, "Flo", by=ann)
        await erase_customer(work, customer_id=ann.customer.id, by=SYSTEM)
    async with inviting() as work:
        await buys(work, flo)
        assert await spendable(work, flo.customer.id) == 0
