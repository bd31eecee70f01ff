"""In which order the rows of the outbox were committed: PostgreSQL's keys say only in which order they were handed out.

Two transactions that write at once to one chat may commit the other way round than they took their keys; which of
the two is said first is then nobody's fault. On SQLite one transaction writes at a time: there the keys are the order.
"""

from sqlalchemy import text

from storage.database import Database, open_database

_NOTE_COMMITS = (
    "CREATE TABLE outbox_commits (outbox_id bigint PRIMARY KEY, nth bigserial)",
    # The lock is held until the commit is seen by all, so that the numbers are in the order of the commits.
    """CREATE FUNCTION note_commit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        PERFORM pg_advisory_xact_lock(20260304);
        INSERT INTO outbox_commits (outbox_id) VALUES (NEW.id);
        RETURN NULL;
    END $$""",
    """CREATE CONSTRAINT TRIGGER note_commit AFTER INSERT ON outbox DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION note_commit()""",
)
_IN_ORDER = text("SELECT outbox_id, nth FROM outbox_commits ORDER BY nth")


async def note_commits(url: str) -> None:
    """Let a migrated database write down from now on in which order rows of the outbox are committed."""
    database = open_database(url)
    try:
        if database.dialect == "postgresql":
            async with database.write() as tx:
                for statement in _NOTE_COMMITS:
                    await tx.execute(text(statement))
    finally:
        await database.close()


async def order_of_commits(url: str) -> dict[int, int]:
    """Return the place of each noted row of the outbox in the order of commits; empty where its keys are the order."""
    database = open_database(url)
    try:
        return await _read(database) if database.dialect == "postgresql" else {}
    finally:
        await database.close()


async def _read(database: Database) -> dict[int, int]:
    async with database.read() as tx:
        return {row.outbox_id: row.nth for row in await tx.execute(_IN_ORDER)}
