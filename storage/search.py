"""Search over all words people said: exact for Chinese words of any length, on both engines.

The index is a view of ``interactions``: FTS5 on SQLite, a ``tsvector`` on PostgreSQL, both over the tokens of
``domain.words``.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import column, select, table, text

from domain.words import query_phrases, search_tokens
from storage.confidential import in_the_open
from storage.database import Tx
from storage.tables import cases, customers, interactions

_INDEX = {
    "sqlite": text("INSERT INTO search_words (rowid, words) VALUES (:interaction_id, :words)"),
    "postgresql": text(
        "INSERT INTO search_words (interaction_id, words) VALUES (:interaction_id, to_tsvector('simple', :words))"
    ),
}
_SEARCH_WORDS = {
    "sqlite": table("search_words", column("rowid")),
    "postgresql": table("search_words", column("interaction_id")),
}


@dataclass(frozen=True, slots=True)
class Found:
    """One interaction that a search found."""

    interaction_id: int
    at: datetime
    customer: str
    case_id: int | None
    case_number: int | None
    author: str
    text: str


def index_words(tx: Tx, *, interaction_id: int, text: str) -> None:
    """Make the words of an interaction searchable with the next bulk write."""
    tokens = search_tokens(text)
    if tokens:
        tx.later(_INDEX[tx.dialect], interaction_id=interaction_id, words=tokens)


async def forget_words(tx: Tx, interaction_ids: Any) -> None:
    """Take the interactions that a query of ids finds out of the index."""
    index = _SEARCH_WORDS[tx.dialect]
    (key,) = index.columns
    await tx.execute(index.delete().where(key.in_(interaction_ids)))


async def tidy(tx: Tx) -> None:
    """Rewrite the index without what was taken out of it: SQLite only marks it until then."""
    if tx.dialect == "sqlite":
        await tx.execute(text("INSERT INTO search_words (search_words) VALUES ('optimize')"))


async def search_interactions(tx: Tx, query: str, *, limit: int) -> list[Found]:
    """Return the newest interactions that hold every word or phrase of ``query``; no words, nothing found.

    What was said in confidential cases is left out: nobody knows who searches.
    """
    phrases = query_phrases(query)
    if not phrases:
        return []
    ids = _sqlite_match(phrases) if tx.dialect == "sqlite" else _postgresql_match(phrases)
    statement = (
        select(
            interactions.c.id,
            interactions.c.at,
            customers.c.name,
            interactions.c.case_id,
            cases.c.number,
            interactions.c.author_kind,
            interactions.c.text,
        )
        .select_from(interactions)
        .outerjoin(customers, customers.c.id == interactions.c.customer_id)
        .outerjoin(cases, cases.c.id == interactions.c.case_id)
        .where(interactions.c.id.in_(ids), in_the_open(interactions.c.case_id))
        .order_by(interactions.c.id.desc())
        .limit(limit)
    )
    return [Found(row[0], row[1], row[2] or "", *row[3:]) for row in await tx.execute(statement)]


def _sqlite_match(phrases: list[tuple[str, bool]]) -> Any:
    expression = " AND ".join(f'"{phrase}"' + ("*" if prefix else "") for phrase, prefix in phrases)
    matched = text("SELECT rowid FROM search_words WHERE search_words MATCH :query")
    return matched.bindparams(query=expression).columns(interactions.c.id).scalar_subquery()


def _postgresql_match(phrases: list[tuple[str, bool]]) -> Any:
    conditions, parameters = [], {}
    for i, (phrase, prefix) in enumerate(phrases):
        parameters[f"p{i}"] = f"{phrase}:*" if prefix else phrase
        function = "to_tsquery" if prefix else "phraseto_tsquery"
        conditions.append(f"words @@ {function}('simple', :p{i})")
    matched = text(f"SELECT interaction_id FROM search_words WHERE {' AND '.join(conditions)}")
    return matched.bindparams(**parameters).columns(interactions.c.id).scalar_subquery()
