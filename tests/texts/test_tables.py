"""The tables of other names lead only to what the program knows, and each name leads to one thing."""

from collections import Counter
from zoneinfo import available_timezones

import pytest

from domain.languages import LANGUAGES
from texts.tables import read_table

COLUMNS = {"id", "name", "call_name", "phone", "language", "zone", "birthday", "tags", "owner", "branch", "preferences"}
PURCHASES = {"id", "customer", "bought_at", "amount", "currency", "cost", "items", "channel", "branch"}
POINTS = {"id", "customer", "points", "reason", "expires"}


@pytest.mark.parametrize(
    ("table", "known"),
    [
        ("columns", COLUMNS | {"consent"}),
        ("columns_purchases", PURCHASES),
        ("columns_points", POINTS),
        ("languages", set(LANGUAGES)),
        ("cities", available_timezones()),
    ],
)
def test_every_name_leads_to_one_known_thing(table: str, known: set[str]) -> None:
    """A slip in a table would be found by a shop only; it is found here."""
    pairs = read_table(table)
    assert pairs
    assert {value for _, value in pairs} <= known
    names = Counter(name for name, _ in pairs)
    assert not [name for name, count in names.items() if count > 1]
    assert all(name == name.casefold() for name in names), "a table is looked up in lower case"
