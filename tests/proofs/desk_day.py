"""Three weeks at the desk as one story, by the real program: claims, hand-overs, breaches over a weekend and a holiday.

A shop in Shanghai, open from Monday to Friday, 9 to 12 and 13:30 to 18, that keeps China's public holidays. Sue
supervises, Ben, Bea and Bob are agents, Olga owns the shop. Forty customers complain, ten at a time. An answer is due
within four working hours. What the program counts in the end is the table that was counted by hand.
"""

import json
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from domain.people import Role
from tests.e2e.program import Program
from tests.e2e.town import Json, Resident, Town, open_town

SHANGHAI = ZoneInfo("Asia/Shanghai")
_PATIENCE_S = 60.0
_DAY = ["09:00-12:00", "13:30-18:00"]
HOURS: Json = dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), _DAY)
DESK: Json = {
    "hours": {**HOURS, "holidays_of": "CN"},
    "sla": {"targets": [{"priority": "normal", "resolution": "40h"}]},
    "digest_at": "never",
}


def at(month: int, day: int, clock: str) -> datetime:
    """Return an instant of autumn 2026 by the clocks of the shop."""
    hour, minute = clock.split(":")
    return datetime(2026, month, day, int(hour), int(minute), 30, tzinfo=SHANGHAI)


OPENING = at(9, 30, "09:00")

BY_HAND: Json = {
    "opened": 40,
    "resolved": 42,
    "reopened": 3,
    "ended": {"solved": 30},
    "answers": {"kept": 35, "missed": 8},
    "escalations": [
        {"level": 2, "cause": "breach", "count": 8},
        {"level": 2, "cause": "hand", "count": 1},
        {"level": 3, "cause": "low_score", "count": 2},
        {"level": 3, "cause": "unanswered", "count": 4},
    ],
    "satisfaction": {"answers": 32, "satisfied": 29},
    "first_answers": {
        "Ben": [15] * 2 + [90] * 8,
        "Bea": [60] + [120] * 4 + [90] * 8,
        "Bob": [40] * 8,
        "Sue": [75] + [250] * 4,
        "Olga": [270] * 4,
    },
    "members": {
        "Bea": {"resolved": 22, "scores": [4] * 8 + [5] * 6},
        "Ben": {"resolved": 10, "scores": [5] * 10},
        "Olga": {"resolved": 4, "scores": [2, 4, 5, 5]},
        "Sue": {"resolved": 6, "scores": [1, 3, 4, 5]},
    },
}
"""What happens below, counted by hand: working minutes of first answers by who gave them, and the rest as it reads."""


class Day:
    """The shop with its people, and how to act in it."""

    def __init__(self, town: Town, say: Callable[[str], None]) -> None:
        self.town = town
        self.say = say
        self.program: Program | None = None
        self.ben, self.bea, self.bob = (town.hires(name) for name in ("Ben", "Bea", "Bob"))
        self.sue = town.hires("Sue", Role.SUPERVISOR)
        self.olga = town.hires("Olga", Role.ADMIN)
        self.guests = {nth: town.person(f"Guest {nth:02}") for nth in range(1, 41)}
        self._cases: dict[int, Any] = {}
        self._topics: dict[int, int] = {}

    async def opens(self) -> None:
        """Start the program; everybody of the staff has opened the private chat with the bot."""
        business = {"name": "Lotus Tailors", "time_zone": SHANGHAI.key}
        self.program = await self.town.starts(business=business, desk=DESK)
        for member in self.town.staff:
            member.starts()
        await self.town.settled(_PATIENCE_S)

    async def comes(self, moment: datetime) -> None:
        """Move the clock on, and let everything that is due happen."""
        self.say(f"{moment:%a %d %b %H:%M}")
        await self.town.settled(_PATIENCE_S)
        now = datetime.fromisoformat(self.town.world.now())
        assert moment > now, f"the story is late: {now.astimezone(SHANGHAI)} at {moment}"
        await self.town.jumps_to(moment)
        await self.town.settled(_PATIENCE_S)

    async def complain(self, numbers: Sequence[int]) -> None:
        """Let guests complain, in the order of their numbers."""
        for nth in numbers:
            self.guests[nth].says("/complaint")
            self.guests[nth].says(f"The coat of guest {nth:02} came back torn")
        for button in ("c:done", "c:skip", "c:send"):
            for nth in numbers:
                await self.guests[nth].taps(button)
        for nth in numbers:
            await self.guests[nth].hears("C-")
        names = {row.id: row.name for row in await self.town.rows("customers")}
        for case in await self.town.rows("cases"):
            self._cases[int(names[case.customer_id].split()[1])] = case
        await self.town.settled(_PATIENCE_S)

    def case_id(self, nth: int) -> int:
        """Return the case of a guest."""
        return int(self._cases[nth].id)

    async def topic(self, nth: int, *, anew: bool = False) -> int:
        """Return the topic of a guest's case; ``anew`` when it was deleted and is built again."""
        if nth not in self._topics or anew:
            after = self._topics.get(nth, 0)
            self._topics[nth] = await self.town.topic(f"C-{self._cases[nth].number}", after=after)
        return self._topics[nth]

    async def answer(self, member: Resident, numbers: Sequence[int], words: str = "We look into it at once") -> None:
        """Let somebody answer guests; each hears it."""
        for nth in numbers:
            member.writes(f"{words}, guest {nth:02}", await self.topic(nth))
        for nth in numbers:
            await self.guests[nth].hears(f"{words}, guest {nth:02}")
        await self.town.settled(_PATIENCE_S)

    async def command(self, member: Resident, nth: int, words: str) -> None:
        """Let somebody write a command in the topic of a guest's case."""
        member.writes(words, await self.topic(nth))
        await self.town.settled(_PATIENCE_S)

    async def resolve(self, member: Resident, numbers: Sequence[int]) -> None:
        """Let somebody call cases solved."""
        for nth in numbers:
            member.writes("/resolve", await self.topic(nth))
        for nth in numbers:
            await self._case_is(nth, "resolved")
        await self.town.settled(_PATIENCE_S)

    async def _case_is(self, nth: int, state: str) -> None:
        async def there() -> bool:
            (row,) = await self.town.rows("cases", id=self.case_id(nth))
            return bool(row.state == state)

        await self.town.until(there, f"the case of guest {nth:02} to be {state}", _PATIENCE_S)

    async def confirm(self, scores: dict[int, int]) -> None:
        """Let guests say that it is solved, and how it was."""
        for nth in scores:
            await self.guests[nth].taps(f"c:solved:{self.case_id(nth)}")
        for nth, score in scores.items():
            response = await self._response(nth)
            await self.guests[nth].taps(f"c:sv:{response}:0:{score}")
        await self.town.settled(_PATIENCE_S)

    async def _response(self, nth: int) -> int:
        async def asked() -> Any:
            rows = await self.town.rows("survey_responses", case_id=self.case_id(nth))
            return next((row.id for row in reversed(rows) if row.score is None), None)

        return int(await self.town.until(asked, f"guest {nth:02} to be asked for a score", _PATIENCE_S))

    async def take(self, member: Resident, escalated: Sequence[int]) -> None:
        """Let somebody say *I have it* in private, to what they were told of."""
        for nth in escalated:
            await member.taps(f"k:ack:{self.case_id(nth)}:")
        await self.town.settled(_PATIENCE_S)

    async def told(self, member: Resident, numbers: Sequence[int]) -> None:
        """Wait until somebody was told in private of escalated cases."""
        for nth in numbers:
            await member.hears(f"C-{self._cases[nth].number}")

    async def nobody_is_called(self, what: Callable[[], Awaitable[None]]) -> None:
        """Do something, and see that no escalation comes of it."""
        before = await self._rungs()
        await what()
        assert await self._rungs() == before

    async def _rungs(self) -> int:
        """Return how many rungs were climbed so far; a warning is none."""
        return sum(row.cause != "warning" for row in await self.town.rows("escalations"))


async def play(day: Day) -> None:
    """Play the whole story, from the last day of September to the nineteenth of October."""
    await _first_wave(day)
    await _over_the_holiday(day)
    await _on_a_swapped_saturday(day)
    await _over_a_weekend(day)
    await _solved(day)


async def _first_wave(day: Day) -> None:
    """Claims at once, a transfer, a case handed up by hand, two that nobody answers: up to the top."""
    await day.comes(at(9, 30, "09:05"))
    await day.complain(range(1, 11))
    await day.comes(at(9, 30, "09:20"))
    first = await day.topic(1)
    await day.ben.taps("k:take", in_group=True, thread_id=first)
    await day.bea.taps("k:take", in_group=True, thread_id=first)
    await day.town.settled(_PATIENCE_S)
    (row,) = await day.town.rows("cases", id=day.case_id(1))
    owners = {member.id: member.name for member in await day.town.rows("staff_members")}
    assert owners[row.owner_id] == "Ben"
    for nth in (2, 3, 4):
        await day.command(day.ben, nth, "/take")
    await day.answer(day.ben, (1, 2))
    await day.comes(at(9, 30, "09:30"))
    await day.command(day.ben, 3, "/transfer Bea she knows coats")
    await day.command(day.ben, 4, "/escalate the customer is my cousin")
    await day.told(day.sue, (4,))
    await day.take(day.sue, (4,))
    await day.comes(at(9, 30, "10:05"))
    await day.answer(day.bea, (3,))
    await day.comes(at(9, 30, "10:20"))
    await day.answer(day.sue, (4,))
    await day.comes(at(9, 30, "11:05"))
    await day.answer(day.bea, range(5, 9))
    await day.nobody_is_called(lambda: day.comes(at(9, 30, "13:36")))
    await day.comes(at(9, 30, "14:36"))
    await day.told(day.sue, (9, 10))
    await day.comes(at(9, 30, "14:52"))
    await day.told(day.olga, (9, 10))
    await day.take(day.olga, (9, 10))
    await day.comes(at(9, 30, "15:05"))
    await day.answer(day.olga, (9, 10))


async def _over_the_holiday(day: Day) -> None:
    """What came half an hour before a week of holidays is due on the day after it; then Bob leaves."""
    await day.comes(at(9, 30, "17:30"))
    await day.complain(range(11, 21))
    for when in (at(10, 1, "12:00"), at(10, 4, "09:30"), at(10, 7, "17:59")):
        await day.nobody_is_called(lambda when=when: day.comes(when))  # type: ignore[misc]
    await day.comes(at(10, 8, "09:10"))
    await day.answer(day.bob, range(11, 19))
    await day.comes(at(10, 8, "11:31"))
    await day.comes(at(10, 8, "14:01"))
    await day.told(day.sue, (19, 20))
    await day.take(day.sue, (19, 20))
    await day.comes(at(10, 8, "14:10"))
    await day.answer(day.sue, (19, 20))
    await day.comes(at(10, 8, "16:00"))
    day.sue.writes("/handover Bob Bea")
    await day.town.settled(_PATIENCE_S)
    staff = {row.id: row.name for row in await day.town.rows("staff_members")}
    owners = {row.id: staff.get(row.owner_id) for row in await day.town.rows("cases")}
    assert [owners[day.case_id(nth)] for nth in range(11, 19)] == ["Bea"] * 8


async def _on_a_swapped_saturday(day: Day) -> None:
    """The Saturday that is worked for the holiday counts; a topic is deleted, and nobody notices but the desk."""
    await day.comes(at(10, 9, "17:00"))
    await day.complain(range(21, 31))
    await day.comes(at(10, 10, "09:30"))
    await day.answer(day.ben, range(21, 29))
    await day.comes(at(10, 10, "10:00"))
    day.town.world.delete_topic(day.town.group_id, await day.topic(21))
    day.guests[21].says("It is the blue one")
    again = await day.topic(21, anew=True)
    await day.town.group_reads("blue one", again)
    await day.comes(at(10, 10, "10:30"))
    await day.answer(day.ben, (21,), "The blue one it is")
    await day.nobody_is_called(lambda: day.comes(at(10, 10, "12:15")))
    await day.comes(at(10, 10, "13:32"))
    await day.told(day.sue, (29, 30))
    await day.comes(at(10, 10, "13:49"))
    await day.told(day.olga, (29, 30))
    await day.take(day.olga, (29, 30))
    await day.comes(at(10, 10, "14:00"))
    await day.answer(day.olga, (29, 30))


async def _over_a_weekend(day: Day) -> None:
    """What came on a Friday evening is due on Monday at noon."""
    await day.comes(at(10, 16, "17:00"))
    await day.complain(range(31, 41))
    await day.nobody_is_called(lambda: day.comes(at(10, 18, "12:00")))
    await day.comes(at(10, 19, "09:30"))
    await day.answer(day.bea, range(31, 39))
    await day.comes(at(10, 19, "13:32"))
    await day.told(day.sue, (39, 40))
    await day.comes(at(10, 19, "13:35"))
    await day.take(day.sue, (39, 40))
    await day.comes(at(10, 19, "13:40"))
    await day.answer(day.sue, (39, 40))


async def _solved(day: Day) -> None:
    """All are called solved; most guests agree, one does not, two are unhappy and are heard again."""
    await day.comes(at(10, 19, "15:00"))
    await day.resolve(day.ben, [1, 2, *range(21, 29)])
    await day.resolve(day.bea, [3, *range(5, 9), *range(11, 19), *range(31, 39)])
    await day.resolve(day.sue, [4, 19, 20, 39, 40])
    await day.resolve(day.olga, [9, 10, 29, 30])
    scores = dict.fromkeys(range(1, 11), 5) | dict.fromkeys(range(11, 19), 4) | dict.fromkeys(range(21, 29), 5)
    await day.confirm({**scores, 19: 3, 20: 1, 29: 2, 30: 4})
    await day.guests[31].taps(f"c:unsolved:{day.case_id(31)}")
    await day.town.settled(_PATIENCE_S)
    await day.comes(at(10, 19, "15:05"))
    await day.answer(day.bea, (31,), "I am sorry, tell me what is left")
    await day.answer(day.sue, (20,), "I am sorry, I have called the workshop")
    await day.comes(at(10, 19, "16:00"))
    await day.resolve(day.bea, (31,))
    await day.resolve(day.sue, (20,))
    await day.confirm({31: 5, 20: 4})


async def figures_of(day: Day) -> Json:
    """Return what the program counts, in the form of the table counted by hand."""
    assert day.program is not None
    since, until = OPENING.date().isoformat(), "2026-10-19"
    counted = json.loads(await day.program.beside("figures", "--json", "--since", since, "--until", until))
    clocks = counted["clocks"]
    answers = [clocks[kind] for kind in ("first_response", "next_response") if kind in clocks]
    staff = {row.id: row.name for row in await day.town.rows("staff_members")}
    first: dict[str, list[int]] = {}
    seen = set()
    for row in await day.town.rows("sla_results", kind="first_response"):
        if row.case_id not in seen:
            seen.add(row.case_id)
            first.setdefault(staff[row.member_id], []).append(round(row.worked_s / 60))
    satisfaction = counted["satisfaction"]
    satisfied = round((satisfaction["satisfied_share"] or 0) * satisfaction["answers"])
    return {
        "opened": counted["opened"],
        "resolved": counted["resolved"],
        "reopened": counted["reopened"],
        "ended": counted["ended"],
        "answers": {what: sum(clock[what] for clock in answers) for what in ("kept", "missed")},
        "escalations": counted["escalations"],
        "satisfaction": {"answers": satisfaction["answers"], "satisfied": satisfied},
        "first_answers": first,
        "members": {
            one["name"]: {"resolved": one["resolved"], "scores": sorted(one["scores"])}
            for one in counted["members"]
            if one["resolved"]
        },
    }


async def run(url: str, folder: Path, say: Callable[[str], None]) -> Json:
    """Play the story in a town of its own and return what the program counts."""
    async with open_town(url, folder, start=OPENING - timedelta(minutes=5)) as town:
        town.opens_desk()
        day = Day(town, say)
        try:
            await day.opens()
            await play(day)
            return await figures_of(day)
        except BaseException:
            print(town.output())
            raise
