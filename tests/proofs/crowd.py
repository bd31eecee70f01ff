"""A mixed load: a crowd of customers who do everything at once, and staff who work in between, from one seed."""

import asyncio
from collections.abc import Callable
from datetime import date, timedelta
from itertools import islice
from random import Random

from simulator import ControlError
from tests.e2e.town import Json, Resident, Town

_ONWARD = ("c:done", "c:skip", "c:send", "c:star", "c:faspect", "c:fcase", "c:fdone", "c:draft", "c:which", "c:solved")
_ASIDE = ("c:unsolved", "c:more", "c:case:", "c:add", "c:cases", "c:aspect")
_MONTHS = ("January", "February", "March", "April", "May", "June")
_NEAR = 12
"""So many of the newest messages people still look at."""


class Crowd:
    """Customers and staff of a town; every word anybody says is unlike any other."""

    def __init__(self, town: Town, random: Random, *, guests: int) -> None:
        self.town = town
        self.random = random
        self.guests = [town.person(f"Guest {n:02}", random.choice(("en", "zh-hans", "zh-hant"))) for n in range(guests)]
        self.staff = [town.hires(name) for name in ("Ben", "Bea", "Bob")]
        self.double_takes = 0
        self.asleep = False
        self._said: dict[int, list[int]] = {}
        self._words = 0
        self._deeds: list[tuple[int, Callable[[Resident], None]]] = [
            (14, self._says),
            (5, self._complains),
            (40, self._taps),
            (4, self._edits),
            (3, self._sends_album),
            (5, self._sends_something),
            (3, self._gives_feedback),
            (3, self._asks),
            (2, self._reacts),
        ]

    def open_private_chats(self) -> None:
        """Let everybody of the staff say hello to the bot, so that they can be told by name."""
        for member in self.town.staff:
            member.starts()

    def figures(self) -> Json:
        """Return what several did at once, in numbers."""
        return {"double takes": self.double_takes}

    async def run(self, pause_s: float) -> None:
        """Act until cancelled, about every ``pause_s`` seconds unless all are asleep."""
        while True:
            if not self.asleep:
                self.acts()
            await asyncio.sleep(self.random.uniform(0, 2 * pause_s))

    def acts(self) -> None:
        """Have somebody do something."""
        try:
            if self.random.random() < 0.25:
                self._staff_acts()
            else:
                weights = [weight for weight, _ in self._deeds]
                (_, deed) = self.random.choices(self._deeds, weights)[0]
                deed(self.random.choice(self.guests))
        except ControlError:
            pass  # a topic or a button went away under somebody's finger: they do nothing this time

    def _word(self, who: str) -> str:
        self._words += 1
        return f"{who} says number {self._words} & <b>means</b> it, 退款 {self._words}"

    def _note(self, guest: Resident, message: Json) -> None:
        self._said.setdefault(guest.id, []).append(message["id"])

    def _says(self, guest: Resident) -> None:
        for _ in range(self.random.choice((1, 1, 2, 3))):
            self._note(guest, guest.says(self._word(guest.name)))

    def _complains(self, guest: Resident) -> None:
        guest.says("/complaint")
        self._says(guest)

    def _gives_feedback(self, guest: Resident) -> None:
        guest.says("/feedback")

    def _asks(self, guest: Resident) -> None:
        if self.random.random() < 0.3:
            guest.starts()
        else:
            guest.says(self.random.choice(("/help", "/cases", "/privacy", "/language")))

    def _edits(self, guest: Resident) -> None:
        said = self._said.get(guest.id)
        if said:
            guest.edits(self.random.choice(said[-3:]), self._word(f"{guest.name} corrects"))

    def _sends_album(self, guest: Resident) -> None:
        guest.sends_album(*(self._word(guest.name) for _ in range(self.random.randint(2, 4))))

    def _sends_something(self, guest: Resident) -> None:
        kind = self.random.choice(("photo", "voice", "sticker", "location", "document", "video_note", "contact"))
        guest.sends(kind, **({"caption": self._word(guest.name)} if kind in ("photo", "document", "voice") else {}))

    def _reacts(self, guest: Resident) -> None:
        heard = guest.heard()[-_NEAR:]
        if heard:
            emoji = self.random.choice(("👍", "🙏", "🤔"))
            self.town.world.react(guest.id, None, self.random.choice(heard)["id"], emoji)

    def _taps(self, guest: Resident) -> None:
        heard = guest.heard()
        found = buttons_of(heard[-2:], _ONWARD)
        if not found or self.random.random() < 0.2:
            found = buttons_of(heard[-_NEAR:], (*_ONWARD, *_ASIDE))
        if found:
            message_id, data = self.random.choice(found)
            self.town.world.tap(guest.id, None, message_id, data=data)

    def _staff_acts(self) -> None:
        topics = [topic["thread_id"] for topic in self.town.world.topics(self.town.group_id) if not topic["deleted"]]
        if not topics:
            return
        topic, member = self.random.choice(topics[-2 * _NEAR :]), self.random.choice(self.staff)
        chance = self.random.random()
        if chance < 0.4:
            member.writes(self._word(member.name), topic)
        elif chance < 0.5:
            member.writes(f"// {self._word(member.name)}", topic)
        elif chance < 0.65:
            self._taps_card(member, topic, ("k:resolve", "k:reopen"))
        else:
            self._two_take(self.random.sample(topics, min(len(topics), 5)))

    def _two_take(self, topics: list[int]) -> None:
        first, second = self.random.sample(self.staff, 2)
        for topic in topics:
            if self._taps_card(first, topic, ("k:take",)):
                self._taps_card(second, topic, ("k:take",))
                self.double_takes += 1
                return

    def _taps_card(self, member: Resident, topic: int, wanted: tuple[str, ...]) -> bool:
        desk = self.town.world.group(self.town.group_id)
        in_topic = (message for message in desk.messages.values() if message.topic_id == topic)
        first = [{"id": message.id, "raw": message.body} for message in islice(in_topic, 3)]
        found = buttons_of(first, wanted)
        for message_id, data in found[:1]:
            self.town.world.tap(member.id, self.town.group_id, message_id, data=data)
        return bool(found)

    async def all_tell_birthdays(self, first: date, days: int) -> None:
        """Have every guest tell a birthday, spread over ``days`` mornings from ``first`` on."""
        for nth, guest in enumerate(self.guests):
            day = first + timedelta(days=nth % days)
            guest.starts()
            guest.says("/birthday")
            guest.says(f"{day.day} {_MONTHS[day.month - 1]} 1990")
        for guest in self.guests:
            await guest.taps("c:bok")
            await guest.taps("c:zone")

    async def all_complain(self) -> None:
        """Have every guest open a case, so that there is work at the desk."""
        for guest in self.guests:
            self._complains(guest)
        for button in ("c:done", "c:skip", "c:send"):
            for guest in self.guests:
                await guest.taps(button)


def buttons_of(messages: list[Json], wanted: tuple[str, ...]) -> list[tuple[int, str]]:
    """Return the message and data of each button that begins with one of these, oldest first."""
    found = []
    for message in messages:
        for row in message["raw"].get("reply_markup", {}).get("inline_keyboard", ()):
            found += [(message["id"], b["callback_data"]) for b in row if b.get("callback_data", "").startswith(wanted)]
    return found
