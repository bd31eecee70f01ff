"""``carebot campaign watch`` and ``results``: one look at a time, the same words as in the chat, nothing changed."""

import asyncio
from pathlib import Path

import pytest

from bot.commands import campaign_results
from domain.campaigns import CampaignState
from storage.database import open_database
from tests.bot.test_cli import Shop
from tests.services.campaigned import DAY, NOON, Outing


@pytest.fixture
def shop(tmp_path: Path, sqlite_url: str, capsys: pytest.CaptureFixture[str]) -> Shop:
    """An installation on SQLite whose campaign went out."""
    shop = Shop(tmp_path, sqlite_url, capsys)
    asyncio.run(_send(sqlite_url, CampaignState.RUNNING))
    return shop


async def _send(url: str, state: CampaignState) -> None:
    database = open_database(url)
    outing = Outing(database)
    await outing.keeps()
    people = await outing.people(5)
    await outing.plans(people[:3])
    await outing.plans(people[3:4], "skipped", reason="no_consent", due_at=NOON - 2000 * DAY)  # by any clock
    await outing.plans(people[4:], "unknown")
    await outing.taps(people[:1], "answer")
    await outing.stands(state)
    await database.close()


async def _finish(url: str) -> None:
    database = open_database(url)
    await Outing(database).stands(CampaignState.FINISHED)
    await database.close()


def test_a_look_says_every_figure(shop: Shop) -> None:
    """Sent, left out and why, uncertain, answered; the campaign is as it was."""
    code, out, err = shop.run("campaign", "watch", "autumn", "--once")
    assert (code, err) == (0, "")
    assert "Autumn <greeting> · running" in out
    assert "Sent 3 of 5 · on their way 0 · still to come 0" in out
    assert "Left out 1: without a yes to such messages 1" in out
    assert "Answered 1 · opened 0" in out
    assert "uncertain 1" in out
    assert shop.run("campaign", "watch", "autumn", "--once", "--occasion", "2027")[1].count("Sent 0 of 0") == 1


def test_watching_ends_with_the_campaign(shop: Shop, monkeypatch: pytest.MonkeyPatch, sqlite_url: str) -> None:
    """A line whenever something changed, and the whole at the end."""

    class Ends:
        """Lets the campaign end while the command waits."""

        waits = 0

        async def sleep(self, _seconds: float) -> None:
            self.waits += 1
            await _finish(sqlite_url)

    ends = Ends()
    monkeypatch.setattr(campaign_results, "asyncio", ends)
    code, out, _ = shop.run("campaign", "watch", "autumn")
    assert code == 0
    assert ends.waits == 1
    assert out.splitlines()[0] == "autumn: 5 of 5 done; running, sent 3, 0.0/s, unknown 1"
    assert "Autumn <greeting> · finished" in out


def test_results_are_printed_as_plain_lines(shop: Shop) -> None:
    """Head, shares with intervals, what to beware of; no markup."""
    code, out, err = shop.run("campaign", "results", "autumn")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == "Autumn <greeting> (autumn, version 1, running)"
    assert "Reached 3 of 5 it was meant for." in lines
    assert "• answered: 33% (1; likely 6%–79%)" in lines
    assert any("Nobody was left out on purpose" in line for line in lines)
    assert "<b>" not in out


@pytest.mark.parametrize("command", ["watch", "results"])
def test_a_campaign_that_is_not_there_is_named_with_the_mend(shop: Shop, command: str) -> None:
    """One line, exit status 2; what could steer a terminal is left out."""
    code, out, err = shop.run("campaign", command, "win\x1bter")
    assert (code, out) == (2, "")
    assert err == "carebot: there is no campaign win ter; `carebot campaign list` shows them\n"
