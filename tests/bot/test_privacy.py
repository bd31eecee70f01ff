"""What an operator does by hand when somebody asks for their data, or to be forgotten."""

import asyncio
import json
import stat
from pathlib import Path

import pytest

from storage.database import open_database
from storage.tables import customers, erasures
from tests.bot.test_cli import Shop


@pytest.fixture
def shop(tmp_path: Path, database_url: str, capsys: pytest.CaptureFixture[str]) -> Shop:
    """An installation on each engine in which Ann has spoken."""
    opened = Shop(tmp_path, database_url, capsys)
    opened.live()
    return opened


async def _ask(url: str, statement: object) -> list[tuple[object, ...]]:
    database = open_database(url)
    async with database.write() as tx:
        done = await tx.execute(statement)  # type: ignore[arg-type]  # statements of several kinds
        rows = [tuple(row) for row in done] if done.returns_rows else []
    await database.close()
    return rows


def ask(shop: Shop, statement: object) -> list[tuple[object, ...]]:
    """Run one statement in the shop's database."""
    return asyncio.run(_ask(shop.url, statement))


def code_of_ann(shop: Shop) -> str:
    """Return Ann's member number as she would read it aloud."""
    ((code,),) = ask(shop, customers.select().with_only_columns(customers.c.code))
    return f"{str(code)[:5].lower()}-{str(code)[5:]}"


def test_a_customers_data_is_written_to_a_file(shop: Shop) -> None:
    """The file holds what she said; a number nobody has is one clear line."""
    out = shop.folder / "ann.json"
    status, told, _ = shop.run("mydata", code_of_ann(shop), "--out", out)
    assert (status, "keep a letter" in told) == (0, True)
    assert json.loads(out.read_text("utf-8"))["conversation"][0]["text"].startswith("我要退款")
    status, _, err = shop.run("mydata", "NOBODY", "--out", out)
    assert (status, err.count("\n")) == (2, 1)
    assert "member number" in err


def test_the_file_is_for_its_owner_alone(shop: Shop) -> None:
    """Also when somebody made it before, for all to read and longer."""
    new, old = shop.folder / "new.json", shop.folder / "old.json"
    old.write_bytes(b"x" * 1_000_000)
    old.chmod(0o644)
    for out in (new, old):
        assert shop.run("mydata", code_of_ann(shop), "--out", out)[0] == 0
        assert stat.S_IMODE(out.stat().st_mode) == 0o600
        assert len(json.loads(out.read_text("utf-8"))) > 0


def test_a_file_that_cannot_be_written_is_one_line(shop: Shop) -> None:
    """The operator reads which file, and no traceback."""
    status, _, err = shop.run("mydata", code_of_ann(shop), "--out", shop.folder)
    assert (status, err.count("\n")) == (2, 1)
    assert "--out" in err


def test_forgetting_asks_and_can_be_told_not_to(shop: Shop) -> None:
    """Without anybody to ask it refuses; with --yes it is done, and is on the list."""
    code = code_of_ann(shop)
    status, _, err = shop.run("forget", code)
    assert (status, "--yes" in err) == (2, True)
    assert shop.run("forget", code, "--yes")[0] == 0
    assert ask(shop, customers.select().with_only_columns(customers.c.name)) == [("",)]
    assert shop.run("erasures", "list")[1].startswith("1\t")
    assert shop.run("forget", code, "--yes")[0] == 2


def test_whoever_a_backup_brought_back_is_forgotten_again(shop: Shop) -> None:
    """By what the backup itself knows, and by the list that was kept beside it."""
    listed = shop.folder / "erasures.txt"
    listed.write_text("1\t2099-11-22T09:00:00+00:00\n99\t2099-11-22T09:00:00+00:00\n", "utf-8")
    assert shop.run("erasures", "replay")[1].startswith("forgotten again: 0")
    assert shop.run("erasures", "replay", "--also", listed)[1].startswith("forgotten again: 1")
    assert ask(shop, customers.select().with_only_columns(customers.c.name)) == [("",)]
    assert ask(shop, erasures.select().with_only_columns(erasures.c.customer_id)) == [(1,)]


def test_a_number_given_out_again_after_a_restore_is_somebody_else(shop: Shop) -> None:
    """Whoever came after the moment on the list is not the one who was forgotten then."""
    listed = shop.folder / "erasures.txt"
    listed.write_text("1\t2001-11-22T09:00:00+00:00\n", "utf-8")
    assert shop.run("erasures", "replay", "--also", listed)[1].startswith("forgotten again: 0")
    assert ask(shop, customers.select().with_only_columns(customers.c.name)) == [("Ann",)]


def test_a_list_that_is_none_is_refused_by_its_line(shop: Shop) -> None:
    """Nothing is erased by a file read wrongly."""
    listed = shop.folder / "erasures.txt"
    listed.write_text("1\nAnn\n", "utf-8")
    status, _, err = shop.run("erasures", "replay", "--also", listed)
    assert (status, "line 2" in err) == (2, True)
    assert ask(shop, customers.select().with_only_columns(customers.c.name)) == [("Ann",)]
