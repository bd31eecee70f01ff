"""Mia, who makes campaigns at the staff's desk by buttons."""

from typing import Any

from services.campaigns import book
from services.campaigns.book import Kept
from tests.handlers.harness import Said
from tests.handlers.staff.desk import MIA, Desk, Heard


def buttons_of(said: list[Said]) -> dict[str, str]:
    """Return the data of buttons by their words."""
    return {label: data for one in said for label, data in one.buttons}


def words_of(heard: Heard) -> str:
    """Return everything that was said to staff."""
    return "\n".join(said.text for said in heard.staff)


class Mia:
    """The marketer in the group, who presses buttons by their words."""

    def __init__(self, desk: Desk, user_id: int = MIA) -> None:
        self.desk, self.user_id = desk, user_id
        self.heard = Heard([], [], [])

    async def writes(self, text: str, **where: Any) -> "Mia":
        """Write a command or words."""
        self.heard = await self.desk.writes(self.user_id, text, **where)
        return self

    async def presses(self, *labels: str) -> "Mia":
        """Press buttons one after the other, each on what came of the one before."""
        for label in labels:
            there = buttons_of(self.heard.staff)
            found = [data for words, data in there.items() if label in words]
            assert found, f"no button {label} among {list(there)}"
            self.heard = await self.desk.taps(self.user_id, found[0])
        return self

    async def answers(self, text: str) -> "Mia":
        """Answer the question that was asked last."""
        [question] = [said for said in self.heard.staff if said.message_id]
        return await self.writes(text, reply_to=question.message_id)

    @property
    def read(self) -> str:
        """What was said last."""
        return words_of(self.heard)


async def kept_campaign(desk: Desk, key: str) -> Kept:
    """Return a campaign as it is kept."""
    async with desk.town.work() as work:
        kept = await book.get_campaign(work, key)
    assert kept is not None
    return kept
