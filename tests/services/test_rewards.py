"""Rewards: seeded once, redeemed for points, the last piece to one of two."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from domain.codes import SIGNS
from domain.errors import SettingsError
from domain.loyalty import LoyaltyRules
from domain.outcomes import Refusal
from domain.people import SYSTEM, Actor, ActorKind, Role
from domain.points import Entry
from domain.rewards import Voucher, VoucherState
from domain.rules import Rules
from services.points import spend
from services.rewards import change_reward, list_rewards, redeem, seed_rewards, show_picture
from services.vouchers import list_vouchers, person_of_customer
from services.work import Work
from storage.audit import list_of_subject
from storage.database import Database
from storage.tables import files, outbox
from tests.services.loyalty import COFFEE, RULES, at_once, hire, member_with, on_the_shelf, redeemed, spendable
from tests.services.shop import BOB_CHAT, Working


async def test_rewards_are_seeded_once(working: Working) -> None:
    """What an admin changed afterwards stays, whatever the settings say at the next start."""
    async with working() as work:
        assert await seed_rewards(work, [COFFEE]) == 1
        await change_reward(work, "coffee", by=SYSTEM, active=False, restock=2)
    async with working() as work:
        assert await seed_rewards(work, [replace(COFFEE, price_points=1)]) == 0
        (reward,) = await list_rewards(work)
        assert (reward.price_points, reward.stock, reward.active) == (300, 2, False)
        assert [row.action for row in await list_of_subject(work.tx, "reward", reward.id)] == [
            "reward.seed",
            "reward.change",
        ]


async def test_validity_is_of_local_days(working: Working) -> None:
    """A reward of 23 November begins at midnight in Shanghai, seven hours after our morning in UTC."""
    rules = Rules(zone=ZoneInfo("Asia/Shanghai"))
    one_day = replace(COFFEE, valid_from=date(2026, 11, 23), valid_until=date(2026, 11, 23))
    async with working(rules=rules) as work:
        ann = await member_with(work, 500)
        await on_the_shelf(work, one_day)
    offered = []
    for hours in (6.9, 7, 30.9, 31):
        async with working(rules=rules, later=timedelta(hours=hours)) as work:
            offered.append(len(await list_rewards(work, customer_id=ann)))
    assert offered == [0, 1, 1, 0]


async def test_a_reward_is_redeemed_for_its_price(working: Working) -> None:
    """Ann gives 300 of 500 points and has a voucher nobody can guess, good for whole local days."""
    async with working() as work:
        ann, coffee = await member_with(work, 500), await on_the_shelf(work)
        voucher = await redeemed(work, ann, coffee)
        assert await spendable(work, ann) == 200
        assert (len(voucher.code), set(voucher.code) <= set(SIGNS)) == (12, True)
        assert voucher.expires_at == datetime(2027, 2, 21, tzinfo=UTC)
        assert [reward.stock for reward in await list_rewards(work)] == [4]
        assert [row.action for row in await list_of_subject(work.tx, "voucher", voucher.id)] == ["voucher.issue"]


async def test_the_voucher_is_sent_as_a_picture_with_its_code_and_terms(working: Working, database: Database) -> None:
    """Whichever edge redeemed it, Ann gets the QR code."""
    async with working() as work:
        voucher = await redeemed(work, await member_with(work, 300), await on_the_shelf(work))
    async with database.read() as tx:
        (file,) = (await tx.execute(files.select())).all()
    assert (file.kind, file.recipe["made"]) == ("voucher_qr", {"code": voucher.code})
    caption = file.recipe["sent"]["caption"]
    assert all(words in caption for words in (voucher.shown_code, "A coffee", "Any size", "Feb 20, 2027"))


async def test_a_double_tap_redeems_once(working: Working) -> None:
    """The same question answered twice gives the same voucher, even when both taps come at once."""
    async with working() as work:
        ann, coffee = await member_with(work, 900), await on_the_shelf(work)

    async def tap(work: Work) -> Voucher:
        return await redeemed(work, ann, coffee)

    first, second = await at_once(working, tap, tap)
    assert first == second
    async with working() as work:
        assert (await spendable(work, ann), len(await list_vouchers(work, ann))) == (600, 1)


async def test_of_those_who_want_the_last_pieces_only_so_many_get_one(working: Working) -> None:
    """Five customers want the last two pieces at once; the three others are refused and keep their points."""
    async with working() as work:
        people = [await member_with(work, 300, chat_id=2000 + n, name=f"C{n}") for n in range(5)]
        coffee = await on_the_shelf(work, replace(COFFEE, stock=2))

    def wants(customer_id: int) -> object:
        by = Actor(ActorKind.CUSTOMER, customer_id)
        return lambda work: redeem(work, customer_id, coffee.id, source_key=f"tap:{customer_id}", by=by)

    done = await at_once(working, *(wants(customer_id) for customer_id in people))  # type: ignore[arg-type]
    refused = [each.key for each in done if isinstance(each, Refusal)]
    assert refused == ["points.refused.sold_out"] * 3
    async with working() as work:
        left = [await spendable(work, customer_id) for customer_id in people]
        assert left == [300 if isinstance(each, Refusal) else 0 for each in done]
        assert [reward.stock for reward in await list_rewards(work)] == [0]


async def test_one_balance_pays_for_one_reward_only(working: Working) -> None:
    """Ann wants two rewards at once from two chats; her points reach for one, and the other's piece stays."""
    async with working() as work:
        ann, coffee = await member_with(work, 400), await on_the_shelf(work)
        by = Actor(ActorKind.CUSTOMER, ann)
    done = await at_once(
        working, *(lambda work, n=n: redeem(work, ann, coffee.id, source_key=f"tap:{n}", by=by) for n in (1, 2))
    )
    assert sorted(type(each).__name__ for each in done) == ["Refusal", "Voucher"]
    async with working() as work:
        assert await spendable(work, ann) == 100
        assert [reward.stock for reward in await list_rewards(work)] == [4]


@pytest.mark.parametrize(
    ("changed", "key"),
    [
        ({"stock": 0}, "points.refused.sold_out"),
        ({"price_points": 501}, "points.refused.not_enough"),
        ({"valid_until": date(2026, 11, 21)}, "points.refused.reward_over"),
        ({"valid_from": date(2026, 11, 23)}, "points.refused.reward_early"),
    ],
)
async def test_a_refusal_costs_nothing(working: Working, changed: dict[str, object], key: str) -> None:
    """Whatever the reason, points and stock stay as they were."""
    async with working() as work:
        ann, reward = await member_with(work, 500), await on_the_shelf(work, replace(COFFEE, **changed))  # type: ignore[arg-type]
        done = await redeem(work, ann, reward.id, source_key="tap", by=Actor(ActorKind.CUSTOMER, ann))
        assert isinstance(done, Refusal)
        assert done.key == key
        assert await spendable(work, ann) == 500
        assert await list_rewards(work) == [reward]


async def test_nobody_redeems_with_another_persons_points(working: Working) -> None:
    """Not another customer and not a marketer; an agent may do it for Ann."""
    async with working() as work:
        ann, coffee = await member_with(work, 900), await on_the_shelf(work)
        bob = await member_with(work, 0, chat_id=BOB_CHAT, name="Bob")
        mia, ben = await hire(work, 1, "Mia", Role.MARKETER), await hire(work, 2, "Ben", Role.AGENT)
        for by in (Actor(ActorKind.CUSTOMER, bob), mia):
            done = await redeem(work, ann, coffee.id, source_key="tap", by=by)
            assert done == Refusal("points.refused.not_allowed")
        assert isinstance(await redeem(work, ann, coffee.id, source_key="tap", by=ben), Voucher)


async def test_no_reward_is_redeemed_while_points_are_off(working: Working) -> None:
    """A business that turned points off hands nothing out."""
    async with working(rules=Rules(loyalty=LoyaltyRules(enabled=False))) as work:
        ann, coffee = await member_with(work, 900), await on_the_shelf(work)
        done = await redeem(work, ann, coffee.id, source_key="tap", by=Actor(ActorKind.CUSTOMER, ann))
        assert done == Refusal("points.refused.off")


async def test_a_key_is_for_one_wish(working: Working) -> None:
    """The key of a coffee does not also bring a mug."""
    async with working() as work:
        ann, coffee = await member_with(work, 900), await on_the_shelf(work)
        mug = await on_the_shelf(work, replace(COFFEE, key="mug"))
        await redeemed(work, ann, coffee)
        by = Actor(ActorKind.CUSTOMER, ann)
        done = await redeem(work, ann, mug.id, source_key=f"tap:{ann}", by=by)
        assert done == Refusal("points.refused.key_taken")
        assert [each.state for each in await list_vouchers(work, ann)] == [VoucherState.ISSUED]


async def test_points_that_went_for_something_else_bring_no_voucher(working: Working) -> None:
    """A till paid with 300 points under a key; the same key redeems nothing, though the price is the same."""
    async with working() as work:
        ann, coffee = await member_with(work, 600), await on_the_shelf(work)
        assert isinstance(await spend(work, ann, points=300, source_key="till:1", by=SYSTEM), Entry)
        again = await redeem(work, ann, coffee.id, source_key="till:1", by=SYSTEM)
        assert again == Refusal("points.refused.key_taken")
        assert (await spendable(work, ann), await list_vouchers(work, ann)) == (300, [])
        assert [reward.stock for reward in await list_rewards(work)] == [5]


async def test_a_reward_is_shown_with_its_picture(working: Working, database: Database, tmp_path: Path) -> None:
    """The bytes are taken at seeding and sent from the database."""
    picture = tmp_path / "coffee.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" + b"0" * 20)
    async with working() as work:
        ann = await member_with(work, 0)
        coffee = await on_the_shelf(work, replace(COFFEE, picture=str(picture)))
        picture.unlink()
        person = await person_of_customer(work, ann)
        assert person is not None
        await show_picture(work, person, coffee)
    async with database.read() as tx:
        row = (await tx.execute(outbox.select())).one()
    assert (row.body["content"]["kind"], row.body["extra"]) == ("photo", {"upload": coffee.picture_id})


async def test_a_picture_that_is_none_is_named(working: Working, tmp_path: Path) -> None:
    """One line says which reward and which file."""
    words = tmp_path / "coffee.png"
    words.write_text("not a picture")
    for path in (words, tmp_path / "missing.png"):
        with pytest.raises(SettingsError, match=r"^loyalty\.rewards: the picture of coffee .*\.png"):
            async with working() as work:
                await seed_rewards(work, [replace(COFFEE, picture=str(path))])


async def test_only_an_admin_changes_the_catalogue(working: Working) -> None:
    """Sue may not take the coffee off the shelf; Ada may, and it can have as many pieces as are wanted."""
    async with working(rules=RULES) as work:
        await on_the_shelf(work)
        sue, ada = await hire(work, 1, "Sue", Role.SUPERVISOR), await hire(work, 2, "Ada", Role.ADMIN)
        assert await change_reward(work, "coffee", by=sue, active=False) == Refusal("points.refused.not_allowed")
        assert await change_reward(work, "tea", by=ada, active=False) == Refusal("points.refused.no_reward")
        changed = await change_reward(work, "coffee", by=ada, endless=True)
        assert not isinstance(changed, Refusal)
        assert (changed.stock, changed.active) == (None, True)
