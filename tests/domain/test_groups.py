"""Which staff group a case comes to."""

import pytest

from domain.groups import Traits, choose_group
from domain.people import StaffGroup


def group(group_id: int, **takes: list[str]) -> StaffGroup:
    """Return a staff group that asks for such cases; for all without any."""
    return StaffGroup(group_id, 42, -group_id, f"Desk {group_id}", takes=takes or None)


GENERAL, PRICE = group(1), group(2, aspects=["price"])
TAIPEI = group(3, branches=["taipei", "tainan"])
TAIPEI_PRICE, GOLD = group(4, branches=["taipei"], aspects=["price"]), group(5, tiers=["gold"], languages=["zh_TW"])
ALL = [GENERAL, PRICE, TAIPEI, TAIPEI_PRICE, GOLD]


@pytest.mark.parametrize(
    ("traits", "chosen"),
    [
        (Traits(), GENERAL),
        (Traits(aspect="speed"), GENERAL),
        (Traits(aspect="price"), PRICE),
        (Traits(branch="tainan", aspect="price"), PRICE),
        (Traits(branch="taipei"), TAIPEI),
        (Traits(branch="taipei", aspect="price"), TAIPEI_PRICE),
        (Traits(tier="gold", language="en"), GENERAL),
        (Traits(tier="gold", language="zh_TW"), GOLD),
        (Traits("taipei", "price", "gold", "zh_TW"), TAIPEI_PRICE),
    ],
)
def test_the_group_that_asks_for_most_of_it_takes_a_case(traits: Traits, chosen: StaffGroup) -> None:
    """More that fits counts more; of equals the earlier one; what asks for something else does not count."""
    assert choose_group(ALL, traits) == chosen


def test_where_no_group_would_the_first_does() -> None:
    """A case is never without a home while there is a group."""
    assert choose_group([PRICE, TAIPEI], Traits(aspect="staff")) == PRICE
    assert choose_group([], Traits()) is None
