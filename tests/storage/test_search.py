"""Search finds exactly what was said, Chinese of any length included, and executes nothing."""

from datetime import UTC, datetime

import pytest

from domain.interactions import Content, Direction, Kind, Visibility
from domain.people import Actor, ActorKind
from storage.database import Database, Tx
from storage.interactions import add_interaction
from storage.people import add_customer
from storage.search import search_interactions

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
SAID = [
    "我要退款，谢谢",
    "退货还是退 款？",
    "款退了吗",
    "退",
    "Please refund my order-17",
    "REFUNDED already",
    "Ｒｅｆｕｎｄ 退款",
    "iPhone 15 Pro 坏了，要退款！",
    "naïve café",
    "안녕하세요",
    '100% "sure" AND (NOT) NEAR/2 * ^x',
]


async def keep(tx: Tx) -> None:
    """Let Ann say everything in ``SAID``."""
    ann = await add_customer(tx, name="Ann", language="zh_CN", source=None, branch_id=None, now=NOW)
    for words in SAID:
        await add_interaction(
            tx,
            bot_id=1,
            at=NOW,
            author=Actor(ActorKind.CUSTOMER, ann.id),
            direction=Direction.IN,
            visibility=Visibility.CUSTOMER,
            content=Content(Kind.TEXT, words),
            customer_id=ann.id,
        )


@pytest.fixture
async def said(database: Database) -> Database:
    """A database that holds what Ann said."""
    async with database.write() as tx:
        await keep(tx)
    return database


async def found(database: Database, query: str, *, limit: int = 50) -> list[str]:
    """Return the words found, newest first."""
    async with database.read() as tx:
        return [hit.text for hit in await search_interactions(tx, query, limit=limit)]


CASES = {
    "退款": ["iPhone 15 Pro 坏了，要退款！", "Ｒｅｆｕｎｄ 退款", "我要退款，谢谢"],
    "款退": ["款退了吗"],
    "退货": ["退货还是退 款？"],
    "要退款": ["iPhone 15 Pro 坏了，要退款！", "我要退款，谢谢"],
    "退": [
        "iPhone 15 Pro 坏了，要退款！",
        "Ｒｅｆｕｎｄ 退款",
        "退",
        "款退了吗",
        "退货还是退 款？",
        "我要退款，谢谢",
    ],
    "谢": ["我要退款，谢谢"],
    "吗": ["款退了吗"],
    "refund": ["Ｒｅｆｕｎｄ 退款", "Please refund my order-17"],
    "refund 退款": ["Ｒｅｆｕｎｄ 退款"],
    "iphone退款": ["iPhone 15 Pro 坏了，要退款！"],
    "CAFÉ": ["naïve café"],
    "하세": ["안녕하세요"],
    "order-17": ["Please refund my order-17"],
    "退貨": [],
    "款谢": [],
}


async def test_search_finds_exactly_what_holds_the_words(said: Database) -> None:
    """Two letters, one, three, mixed with Latin words, full-width ones, with accents."""
    assert {query: await found(said, query) for query in CASES} == CASES


SYNTAX = ["a OR b", "NEAR(退 款)", "-退款 AND", "(退款", "words:退款", "退款'; DROP TABLE x", "退款:*", "!退款 <-> &|"]
NO_WORDS = ["", "   ", "?!", "，。", '"', "'", "*", "%", "\\", "^", ":*", "<->"]


async def test_a_query_is_words_and_never_syntax(said: Database) -> None:
    """What would be an operator elsewhere is looked for, or ignored; nothing breaks."""
    for query in SYNTAX:
        assert set(await found(said, query)) <= set(SAID), query
    assert await found(said, "退款:*") == CASES["退款"]
    assert await found(said, '"sure" AND (NOT)') == [SAID[-1]]


async def test_without_words_nothing_is_found(said: Database) -> None:
    """An empty question has no answer."""
    assert [await found(said, query) for query in NO_WORDS] == [[] for _ in NO_WORDS]


async def test_the_newest_come_first_and_no_more_than_asked(said: Database) -> None:
    """A limit cuts off the oldest."""
    assert await found(said, "退", limit=2) == CASES["退"][:2]
