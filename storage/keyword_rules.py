"""Words that raise a case in which they are said. Removed ones stay, so that a seed does not bring them back."""

from datetime import datetime

from sqlalchemy import select, update

from domain.cases import Priority
from domain.priority import KeywordRule
from storage.database import Tx
from storage.tables import keyword_rules

_KEPT = ("keyword_rules", 0)
_COLUMNS = (keyword_rules.c.id, keyword_rules.c.words, keyword_rules.c.priority)


async def list_rules(tx: Tx) -> list[KeywordRule]:
    """Return the rules in use by their words; asked of the database once a transaction."""
    if _KEPT not in tx.identity:
        statement = select(*_COLUMNS).where(keyword_rules.c.active).order_by(keyword_rules.c.words)
        rows = await tx.execute(statement)
        tx.identity[_KEPT] = [KeywordRule(row.id, row.words, Priority(row.priority)) for row in rows]
    found: list[KeywordRule] = tx.identity[_KEPT]
    return found


async def put_rule(tx: Tx, *, words: str, priority: Priority, now: datetime) -> KeywordRule:
    """Insert a rule, or change and take up again the one with these words."""
    tx.identity.pop(_KEPT, None)
    values = {"priority": priority.value, "active": True, "changed_at": now}
    insert = tx.insert(keyword_rules).values(words=words, **values)
    statement = insert.on_conflict_do_update(index_elements=["words"], set_=values).returning(keyword_rules.c.id)
    return KeywordRule(int((await tx.execute(statement)).scalar_one()), words, priority)


async def insert_missing_rule(tx: Tx, *, words: str, priority: Priority, now: datetime) -> int | None:
    """Insert a rule unless one with these words ever was; returns its id, ``None`` when there was one."""
    tx.identity.pop(_KEPT, None)
    insert = tx.insert(keyword_rules).values(words=words, priority=priority.value, active=True, changed_at=now)
    statement = insert.on_conflict_do_nothing(index_elements=["words"]).returning(keyword_rules.c.id)
    found: int | None = (await tx.execute(statement)).scalar()
    return found


async def remove_rule(tx: Tx, *, now: datetime, words: str | None = None, rule_id: int | None = None) -> str | None:
    """Take a rule out of use; returns its words, ``None`` when none in use was meant."""
    tx.identity.pop(_KEPT, None)
    meant = keyword_rules.c.id == rule_id if rule_id is not None else keyword_rules.c.words == words
    statement = (
        update(keyword_rules)
        .where(meant, keyword_rules.c.active)
        .values(active=False, changed_at=now)
        .returning(keyword_rules.c.words)
    )
    found: str | None = (await tx.execute(statement)).scalar()
    return found
