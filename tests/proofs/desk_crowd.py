"""A busy desk: agents, a supervisor and the owner who claim, hand up, take and pass on, several of them at once."""

from random import Random

from domain.people import Role
from simulator import ControlError
from tests.e2e.town import Json, Resident, Town
from tests.proofs.crowd import Crowd, buttons_of

_NEWEST = 6


class DeskCrowd(Crowd):
    """The crowd of the foundation's storm, with more hands at the desk; every reason anybody gives is another."""

    def __init__(self, town: Town, random: Random, *, guests: int) -> None:
        super().__init__(town, random, guests=guests)
        self.chiefs = [town.hires("Sue", Role.SUPERVISOR), town.hires("Olga", Role.ADMIN)]
        self.handed_up: list[str] = []
        self.double_takings = 0

    def figures(self) -> Json:
        """Return what several did at once, in numbers."""
        both = {"handed up": len(self.handed_up), "both have it": self.double_takings}
        return {**super().figures(), **both}

    def _staff_acts(self) -> None:
        chance = self.random.random()
        if chance < 0.6:
            super()._staff_acts()
        elif chance < 0.75:
            self._hands_up()
        else:
            self._two_have_it()

    def _hands_up(self) -> None:
        topics = [topic["thread_id"] for topic in self.town.world.topics(self.town.group_id) if not topic["deleted"]]
        if topics:
            reason = f"reason {len(self.handed_up) + 1} of the storm"
            self.random.choice(self.staff).writes(f"/escalate {reason}", self.random.choice(topics))
            self.handed_up.append(reason)

    def _two_have_it(self) -> None:
        """Let both chiefs say *I have it* to what they were told last, in the same moment when both were told."""
        tapped = 0
        for member in self.chiefs:
            found = buttons_of(self._private(member), ("k:ack:",))
            if found:
                message_id, data = found[-1]
                try:
                    self.town.world.tap(member.id, None, message_id, data=data)
                    tapped += 1
                except ControlError:
                    pass  # the button went away under the finger
        self.double_takings += tapped > 1

    def _private(self, member: Resident) -> list[Json]:
        return member.heard()[-_NEWEST:]
