"""Who is meant by a segment: the same people whatever the engine, and whoever works it out."""

import asyncio
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from sqlalchemy.dialects import postgresql, sqlite

from domain.rules import Rules
from domain.segments import Segment, format_segment, parse
from domain.segments.moments import Today
from storage.database import Database, open_database
from storage.segments import count_members, members_query, sample_members
from tests.segments import VOCABULARY, edge_segments, made_segments
from tests.storage.population import NOW, ZONE, Facts, Judge, make_people, settle

TODAY = Today(NOW, ZONE)


class Settled:
    """A town in a database, asked from tests that are no coroutines."""

    def __init__(self, runner: asyncio.Runner, database: Database, people: list[Facts]) -> None:
        self.runner = runner
        self.database = database
        self.people = people

    def members(self, segment: Segment) -> set[int]:
        """Return whom the database means."""
        return self.runner.run(self._members(segment))

    async def _members(self, segment: Segment) -> set[int]:
        query = members_query(segment, today=TODAY, vocabulary=VOCABULARY)
        async with self.database.read() as tx:
            return set((await tx.execute(query)).scalars())

    def judged(self, segment: Segment) -> set[int]:
        """Return whom the judge means."""
        return {person.id for person in self.people if Judge(person).is_member(segment)}

    @property
    def living(self) -> set[int]:
        """Everybody who may be a member of anything."""
        return {person.id for person in self.people if not (person.erased or person.merged)}

    def found(self, expression: str) -> set[int]:
        """Return whom an expression means, in the database."""
        return self.members(parse(expression, VOCABULARY))


async def _settle(database: Database, people: list[Facts]) -> None:
    async with database.write() as tx:
        await settle(tx, people)


@pytest.fixture
def town(database_url: str) -> Iterator[Settled]:
    """A town of people of every kind, on each engine."""
    with asyncio.Runner() as runner:
        database = open_database(database_url)
        people = make_people(60)
        runner.run(_settle(database, people))
        yield Settled(runner, database, people)
        runner.run(database.close())


def test_the_database_means_whom_the_judge_means(town: Settled) -> None:
    """Random segments over every field and comparison: the same members by SQL and by plain Python."""
    sizes: list[int] = []

    @given(made_segments())
    @settings(max_examples=120, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    def agree(segment: Segment) -> None:
        found = town.members(segment)
        assert found == town.judged(segment)
        sizes.append(len(found))

    agree()
    assert sum(0 < size < 50 for size in sizes) > 15, "hardly any segment told people apart"


def test_every_comparison_agrees_on_its_edges(town: Settled) -> None:
    """Every field with an order, compared in every way with values at which somebody stands, to the millisecond."""
    made = edge_segments()
    assert len(made) > 250
    wrong = [format_segment(segment) for segment in made if town.members(segment) != town.judged(segment)]
    assert wrong == []


def test_known_and_unknown_are_everybody(town: Settled) -> None:
    """Each field can be asked whether it is known, and nobody falls between the two."""
    for name in VOCABULARY.names():
        known, unknown = town.found(f"{name} is known"), town.found(f"{name} is unknown")
        assert known | unknown == town.living
        assert not known & unknown


def test_the_unknown_matches_nothing_and_not_means_all_the_others(town: Settled) -> None:
    """Whoever never bought neither bought before nor after a day; not takes them in, unlike != or <=."""
    never = town.found("last_purchase is unknown")
    assert never
    assert not never & (town.found("last_purchase > 30d") | town.found("last_purchase <= 30d"))
    assert never <= town.found("not last_purchase > 30d")
    assert not town.found("branch is unknown") & town.found("branch != main")
    for expression in ("last_purchase > 30d", "score <= 3", "branch = main and age > 20", "not custom.club"):
        assert town.found(expression) | town.found(f"not ({expression})") == town.living


def test_no_value_is_ever_taken_for_sql(town: Settled) -> None:
    """What is written never stands in the statement; quotation marks, per cent signs and backslashes are letters."""
    query = members_query(parse('name = "\'; DROP TABLE customers; --"'), today=TODAY, vocabulary=VOCABULARY)
    assert "DROP" not in str(query.compile(dialect=sqlite.dialect()))
    assert "DROP" not in str(query.compile(dialect=postgresql.dialect()))  # type: ignore[no-untyped-call]
    assert town.found('name = "\'; DROP TABLE customers; --"') == set()
    for sign, written in (("%", "%"), ("_", "_"), ("\\", "\\\\"), ("'", "'"), ('"', '\\"')):
        meant = {person.id for person in town.people if sign in person.name} & town.living
        assert town.found(f'name contains "{written}"') == meant


def test_the_sample_is_of_members_and_always_the_same(town: Settled) -> None:
    """A preview shows the same people when it is looked at twice."""
    query = members_query(parse("language = en"), today=TODAY, vocabulary=VOCABULARY)

    async def look() -> tuple[int, list[tuple[int, str]]]:
        async with town.database.read() as tx:
            return await count_members(tx, query), await sample_members(tx, query, limit=3)

    (count, sample), again = town.runner.run(look()), town.runner.run(look())
    assert (count, sample) == again
    members = town.found("language = en")
    assert count == len(members)
    assert {customer_id for customer_id, _ in sample} <= members


def test_the_vocabulary_is_that_of_the_rules() -> None:
    """Tiers, languages, currency and own fields come from the business's settings."""
    found = type(VOCABULARY).of(Rules())
    assert (found.tiers[0], found.currency, dict(found.custom)) == ("new", "CNY", {})
