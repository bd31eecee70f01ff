"""What guests make of a survey, made up from a seed, and what comes of it by the rules: kept, refused, made good."""

from collections.abc import Callable, Iterator
from random import Random
from typing import Any

from tests.proofs.survey_ledger import SKIPPED, Act, Affair, Life, Reply, Value
from tests.proofs.survey_world import DAY, HOUR, Deed

LOW = {"nps": 6, "csat": 2, "ces": 2}
"""So low an answer is made good."""


class Answering:
    """The guests' side. ``takes`` says whether a survey takes answers, ``tell`` hears what the program is told."""

    def __init__(self, seed: int, takes: Callable[[Reply, int], bool], tell: Callable[[Act], None]) -> None:
        self._seed = seed
        self._open = takes
        self._heard = tell

    def _tell(self, guest: int, what: str, **more: Any) -> None:
        self._heard(Act(guest, what, **more))

    def mood(
        self, reply: Reply, now: int, chance: Random, *, again: bool
    ) -> Iterator[tuple[int, Reply, tuple[str, ...]]]:
        """Yield what a guest will do with an asking that arrived, and when."""
        soon = now + chance.choice((2, 20, 3 * HOUR, 11 * HOUR, DAY, 2 * DAY))
        later = soon + chance.choice((5 * HOUR, 3 * DAY, 7 * DAY, 13 * DAY))
        mood = chance.random()
        if again:
            if mood < 0.4:
                yield soon, reply, ("through",)
            elif mood < 0.45:
                yield soon, reply, ("stop",)
        elif mood < 0.50:
            return
        elif mood < 0.72:
            yield soon, reply, ("through",)
        elif mood < 0.78:
            yield soon, reply, ("range", "next")
        elif mood < 0.85:
            yield soon, reply, ("range", "next", "stale")
            yield later, reply, ("through", "stale")
        elif mood < 0.88:
            yield soon, reply, ("next", "stop", "next")
        elif mood < 0.93:
            yield soon, reply, ("next", "back", "next", "next", "back")
            yield later, reply, ("back", "through", "back")
        elif mood < 0.95:
            yield soon, reply, ("next", "next", "next", "back", "back", "back", "through")
        elif mood < 0.97:
            yield soon, reply, ("double", "range", "skip")
            yield later, reply, ("through", "next")
        else:
            yield soon, reply, ("skip", "skip", "next", "stop")

    def replies(self, life: Life, now: int) -> None:
        while life.moods and life.moods[0][0] <= now:
            _, reply, kinds = life.moods.pop(0)
            for kind in kinds:
                chance = Random(f"{self._seed}|{now}|{kind}|{reply.guest}|{reply.paper.key}|{reply.occasion}")
                many = 12 if kind == "through" else 1
                while many and self._reacts(life, reply, kind, chance, now) and kind == "through":
                    many -= 1

    def _reacts(self, life: Life, reply: Reply, kind: str, chance: Random, now: int) -> bool:
        """Do one thing; returns whether something came of it."""
        at = reply.at
        takes = self._open(reply, now)
        question = at or reply.paper.questions[-1]["key"]
        if kind in ("through", "next", "double"):
            value = _value(reply.paper.question(question), chance)
            if kind == "through" and not takes:
                return False
            what = "double" if kind == "double" and takes else "answer"
            self._tell(life.guest.id, what, reply=reply, question=question, value=value, accepted=takes)
            if takes:
                self._keep(life, reply, question, value, now)
            return takes
        if kind == "stale":
            passed = [key for key in reply.answers if key != at]
            if passed:
                value = _value(reply.paper.question(passed[0]), chance)
                self._tell(life.guest.id, "answer", reply=reply, question=passed[0], value=value, accepted=False)
            return False
        if kind == "range":
            if reply.paper.question(question)["kind"] in LOW:
                self._tell(life.guest.id, "answer", reply=reply, question=question, value=11, accepted=False)
            return False
        if kind == "skip":
            may = takes and not reply.paper.question(question).get("required", False)
            self._tell(life.guest.id, "skip", reply=reply, question=question, accepted=may)
            if may:
                self._keep(life, reply, question, SKIPPED, now)
            return may
        if kind == "back":
            return self._goes_back(life, reply, question, takes)
        assert kind == "stop"
        self._tell(life.guest.id, "stop", reply=reply, question=question, accepted=takes)
        if takes:
            reply.state, reply.ended, reply.remind = "stopped", now, None
        return takes

    def _goes_back(self, life: Life, reply: Reply, question: str, takes: bool) -> bool:
        passed, _ = reply.paper.walk(reply.answers)
        before = passed[passed.index(question) - 1 :][:1] if question in passed[1:] else passed[-1:]
        if question in passed[:1]:
            before = []
        may = takes and bool(before)
        self._tell(life.guest.id, "back", reply=reply, question=question, accepted=may)
        if may:
            reply.step = before[0]
        return may

    def _keep(self, life: Life, reply: Reply, question: str, value: Value, now: int) -> None:
        """Keep an answer, go on, and make good what was low."""
        reply.answers[question] = value
        reply.step = None
        if value != SKIPPED:
            reply.started = reply.started or now
        lows = [key for key, given in reply.counting().items() if _is_low(reply, key, given)]
        reply.low = (reply.low or now) if lows else None
        if _is_low(reply, question, value) and reply.paper.acts and reply.opened is None:
            self._makes_good(life, reply, now)
        if reply.at is None:
            reply.state, reply.ended, reply.remind = "finished", now, None

    def _makes_good(self, life: Life, reply: Reply, now: int) -> None:
        chance = Random(f"{self._seed}|good|{reply.guest}|{reply.paper.key}|{reply.occasion}")
        earlier = next((one for one in life.affairs.values() if one.live and one.loop), None)
        if reply.case is not None:
            affair = life.affairs[reply.case]
            affair.live, affair.resolved, affair.loop = True, None, True
        elif earlier is not None:
            reply.opened = earlier.key
            return
        else:
            affair = Affair(f"low:{reply.guest}/{reply.paper.key}/{reply.occasion}", complaint=True, loop=True)
            life.affairs[affair.key] = affair
        reply.opened = affair.key
        life.todo.append((now + chance.randrange(HOUR, 6 * DAY), Deed("solved", affair.key)))
        life.todo.sort(key=lambda one: one[0])


def _is_low(reply: Reply, key: str, value: Value) -> bool:
    kind = reply.paper.question(key)["kind"]
    return value != SKIPPED and kind in LOW and value <= LOW[kind]


def _value(question: dict[str, Any], chance: Random) -> Value:
    """Return an answer, more often a good one than a bad one."""
    kind = question["kind"]
    if kind == "nps":
        return chance.choice((0, 3, 6, 7, 8, 9, 9, 10, 10, 10))
    if kind == "csat":
        return chance.choice((1, 2, 3, 4, 4, 5, 5, 5, 5))
    if kind == "ces":
        return chance.choice((1, 3, 4, 5, 6, 7, 7))
    keys = [option["key"] for option in question.get("options", ())]
    if kind == "choice":
        return chance.choice(keys)
    if kind == "multi_choice":
        return tuple(key for key in keys if chance.random() < 0.5) or (keys[0],)
    assert kind == "text", kind
    return chance.choice(("All good", "等了太久", "The parcel was late", "謝謝"))
