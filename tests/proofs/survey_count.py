"""Surveys counted by hand: whom the rules let be asked, when, and what comes of the answers, one guest after another.

It shares no line with the program: the clocks of the zones are written down in the world, quiet hours are waited out
minute by minute, paths are walked over the file as it was written, and each guest keeps a list of what they were told.
"""

from collections import defaultdict
from datetime import date
from functools import cache
from hashlib import sha256
from random import Random
from typing import Any

from tests.proofs.survey_answers import Answering
from tests.proofs.survey_ledger import Act, Affair, Life, Paper, Reply, Slip, Step, Wave
from tests.proofs.survey_world import DAY, HOUR, Deed, World, awake_at, date_of, local, shown_at

BUDGET, BUDGET_FOR = 2, 7 * DAY
REST = 3 * DAY
AFTER_LOW, AFTER_REFUND = 5 * DAY, 4 * DAY
ASK_AFTER, REOPEN_WITHIN, STALE = 24 * HOUR, 7 * DAY, 3 * DAY
BIRTHDAY_AT, BIRTHDAY_LATE = 9 * HOUR, 12 * HOUR
_GONE = ("no_consent", "unreachable")
_HEAVY = ("no_consent", "unreachable", "banned", "open_case", "snoozed", "low_score", "refund", "budget", "quiet_hours")
"""Of two reasons that last equally long the one that stands first is named."""


class Count:
    """The whole shop, counted."""

    def __init__(self, world: World, papers: dict[str, list[str]]) -> None:
        self.world = world
        self.shelf = {key: [Paper(text, nth) for nth, text in enumerate(texts, 1)] for key, texts in papers.items()}
        self.paper = {key: versions[0] for key, versions in self.shelf.items()}
        self.state = dict.fromkeys(papers, "on")
        self.on_at = dict.fromkeys(papers, world.plan.begins)
        self.waves: dict[tuple[str, str], Wave] = {}
        self.lives = {guest.id: Life(guest, list(guest.deeds)) for guest in world.guests}
        self.shop = list(world.shop)
        self.steps: list[Step] = []
        self._nth = 0
        self._hand = 0
        self._not_over = (world.plan.begins - 12 * HOUR) // DAY
        self._acts: list[Act] = []
        self._guests = Answering(world.plan.seed, self._takes, lambda act: self._acts.append(act))

    def _takes(self, reply: Reply, now: int) -> bool:
        """Tell whether somebody may still answer."""
        return reply.state == "open" and now < reply.expires and self.state[reply.paper.key] != "closed"

    # --- telling the story

    def run(self) -> "Count":
        """Live through every moment."""
        for tick, people in self.world.moments:
            self._look(tick)
            self._act(people)
        return self

    def _act(self, now: int) -> None:
        self._acts = []
        while self.shop and self.shop[0][0] <= now:
            self._runs_shop(self.shop.pop(0)[1], now)
        for life in self.lives.values():
            if not life.present and life.guest.joins <= now:
                self._joins(life, now)
            while life.present and life.todo and life.todo[0][0] <= now:
                self._does(life, life.todo.pop(0)[1], now)
            if life.moods and not life.blocked and (life.banned_until or 0) <= now:
                self._guests.replies(life, now)
        self.steps.append(Step(now, tuple(self._acts)))

    def _tell(self, guest: int, what: str, **more: Any) -> None:
        self._acts.append(Act(guest, what, **more))

    def _runs_shop(self, deed: Deed, now: int) -> None:
        """Switch a survey, write it anew, or send it by hand."""
        key = deed.key
        if deed.what in ("on", "off", "closed"):
            if deed.what == "on" and self.state[key] != "on":
                self.on_at[key] = now
            self.state[key] = deed.what
        elif deed.what == "version":
            self.paper[key] = self.shelf[key][self.paper[key].version]
        elif deed.what == "wave":
            self._hand += 1
            paper = self.paper[key]
            late = paper.span("late_after", "7d")
            assert late is not None
            wave = Wave(paper, f"hand{self._hand}", deed.at, 9 * HOUR + 15, late, 1000, "", "zh_TW")
            self.waves[key, wave.occasion] = wave
        self._tell(0, deed.what, deed=deed)

    def _joins(self, life: Life, now: int) -> None:
        guest = life.guest
        life.present = True
        if guest.surveys is not None:
            life.consent = (guest.surveys, guest.snoozed_until)
        self._tell(guest.id, "joins")

    def _does(self, life: Life, deed: Deed, now: int) -> None:
        guest, key = life.guest.id, deed.key
        affair = life.affairs.get(key)
        if deed.what == "buys":
            life.purchases[key] = (now, deed.at)
        elif deed.what == "refund":
            life.refund = now
        elif deed.what in ("complains", "asks"):
            life.affairs[key] = Affair(key, deed.what == "complains", loop=False)
        elif deed.what == "solved":
            if affair is None or not affair.live:
                return
            affair.live, affair.resolved, affair.resolutions = False, now, affair.resolutions + 1
        elif deed.what == "reopens":
            if affair is None or affair.live or affair.resolved is None or now > affair.resolved + REOPEN_WITHIN:
                return
            affair.live, affair.resolved = True, None
        elif deed.what == "notice":
            slip = Slip(guest, "points", f"n{key}", now, now + DAY, state="sent", queued=now)
            life.slips.append(slip)
        elif deed.what == "stars":
            life.low = now
        elif deed.what == "banned":
            life.banned_until = max(deed.at, now + 1)
            deed = Deed("banned", at=life.banned_until)
        elif deed.what == "blocks":
            life.blocked = True
            return
        elif deed.what == "returns":
            was, life.blocked, life.known_blocked = life.known_blocked, False, False
            if not was:
                return
        elif deed.what == "consent":
            life.consent = (deed.given, None if deed.given or not deed.at else deed.at)
        self._tell(guest, deed.what, deed=deed)

    # --- looking at the clock

    def _look(self, now: int) -> None:
        for life in self.lives.values():
            if life.present:
                self._congratulates(life, now)
        self._not_over = (now - 12 * HOUR) // DAY  # the furthest clocks behind are twelve hours behind
        self._opens_waves(now)
        blocked: set[int] = set()
        lost: set[tuple[int, str, str]] = set()
        for life in self.lives.values():
            if not life.present:
                continue
            self._plans(life, now)
            self._feeds(life, now)
            self._expires(life, now)
            for slip in life.slips:
                if slip.state == "queued":
                    self._arrives(life, slip, now, blocked, lost)
        self.steps.append(Step(now, None, frozenset(blocked), frozenset(lost)))

    def _arrives(self, life: Life, slip: Slip, now: int, blocked: set[int], lost: set[tuple[int, str, str]]) -> None:
        chance = Random(f"{self.world.plan.seed}|{slip.guest}|{slip.campaign}|{slip.occasion}")
        if life.blocked:
            slip.state, slip.reason, life.known_blocked = "failed", "blocked", True
            blocked.add(slip.guest)
        elif slip.campaign.startswith("survey:") and chance.random() < 0.01:
            slip.state = "unknown"
            lost.add((slip.guest, slip.campaign, slip.occasion))
        else:
            slip.state = "sent"
            if slip.about is not None:
                life.moods += self._guests.mood(slip.about, now, chance, again=slip.occasion.startswith("r:"))
                life.moods.sort(key=lambda mood: mood[0])

    def _put(self, life: Life, campaign: str, occasion: str, due: int, late: int, **more: Any) -> Slip:
        self._nth += 1
        slip = Slip(life.guest.id, campaign, occasion, due, late, nth=self._nth, **more)
        life.slips.append(slip)
        return slip

    def _congratulates(self, life: Life, now: int) -> None:
        """Plan a birthday from the day before on, once in this story, and say it when that may be.

        Whoever becomes known after it had begun is planned for it, too, as long as that day is not over everywhere.
        """
        guest = life.guest
        if guest.birthday is None:
            return
        opened = local(self.world.plan.begins, guest.lives_in) // DAY
        today = local(now, guest.lives_in) // DAY
        for day in range(max(self._not_over, opened), today + 2):
            on = date_of(day)
            if (on.month, on.day) != guest.birthday or any(slip.campaign == "birthday" for slip in life.slips):
                continue
            due = awake_at(shown_at(day, BIRTHDAY_AT, guest.lives_in), guest.lives_in)
            slip = self._put(life, "birthday", str(on.year), due, due + BIRTHDAY_LATE)
            if awake_at(now, guest.lives_in) > slip.late:
                slip.state, slip.reason = "skipped", "late"
        for slip in life.slips:
            if slip.campaign == "birthday" and slip.state == "planned" and slip.due <= now:
                holds = self._holds(life, slip, now)
                is_last = any(until is None for _, until in holds) and now + HOUR > slip.late
                if now > slip.late:
                    slip.state, slip.reason = "skipped", "late"
                elif is_last:
                    slip.state, slip.reason = "skipped", max(holds, key=_lasting)[0]
                else:
                    self._settle(slip, holds, now, again=HOUR)

    def _opens_waves(self, now: int) -> None:
        """Open the newest period of each survey that comes round, from when its day begins in the easternmost zone."""
        today = (now + 14 * HOUR) // DAY
        for key, paper in self.paper.items():
            every = paper.when.get("every")
            if every is None or self.state[key] != "on":
                continue
            day = _day_of(every, paper.when.get("day", 1), today)
            begins = day * DAY - 14 * HOUR
            late = paper.span("late_after", "7d")
            assert late is not None
            name = _name(every, date_of(day))
            if begins < self.on_at[key] or now > day * DAY + paper.time + 12 * HOUR + late or (key, name) in self.waves:
                continue
            sample = round(paper.when.get("sample", 1) * 1000)
            wave = Wave(paper, name, day, paper.time, late, sample, paper.when.get("seed", ""))
            self.waves[key, name] = wave
            self._plans_wave(wave, now)
        for wave in self.waves.values():
            if wave.occasion.startswith("hand") and not wave.stopped and now >= wave.day * DAY - 14 * HOUR:
                if self.state[wave.paper.key] == "on":
                    self._plans_wave(wave, now)
                wave.stopped = True  # planned, or never

    def _plans_wave(self, wave: Wave, now: int) -> None:
        for life in self.lives.values():
            guest = life.guest
            if not life.present or (wave.language and guest.language != wave.language):
                continue
            due = shown_at(wave.day, wave.time, guest.lives_in)
            slip = self._put(life, f"survey:{wave.paper.key}", wave.occasion, due, due + wave.late)
            if not _in_sample(wave.seed, wave.paper.key, wave.occasion, guest.id, wave.permille):
                slip.state, slip.reason = "skipped", "not_sampled"
            elif now > slip.late:
                slip.state, slip.reason = "skipped", "late"

    def _plans(self, life: Life, now: int) -> None:
        """Plan after cases, after purchases, and reminders."""
        for key, paper in self.paper.items():
            if self.state[key] != "on":
                continue
            if life.affairs and "after_case" in paper.when:
                self._plans_cases(life, paper, now)
            after = paper.span("after_purchase") if life.purchases else None
            if after is not None:
                self._plans_purchases(life, paper, after, now)
        for reply in life.replies:
            if reply.state == "open" and reply.remind is not None and reply.remind <= now:
                name = f"r:{reply.paper.key}/{reply.occasion}"
                slip = self._put(life, f"survey:{reply.paper.key}", name, reply.remind, reply.expires, about=reply)
                reply.reminded, reply.remind = slip, None
                if now > slip.late:
                    slip.state, slip.reason = "skipped", "late"

    def _plans_cases(self, life: Life, paper: Paper, now: int) -> None:
        known = {slip.occasion for slip in life.slips}
        for affair in life.affairs.values():
            name = f"case:{affair.key}:{affair.resolutions}"
            if affair.live or affair.resolved is None or name in known:
                continue
            if now - REOPEN_WITHIN - STALE < affair.resolved <= now - ASK_AFTER:
                late = affair.resolved + REOPEN_WITHIN + STALE
                self._put(life, f"survey:{paper.key}", name, now, late, case=affair.key)

    def _plans_purchases(self, life: Life, paper: Paper, after: int, now: int) -> None:
        late = paper.span("late_after", "7d")
        assert late is not None
        for key, (_, bought) in sorted(life.purchases.items(), key=lambda one: one[1][1]):
            due = bought + after
            if key in life.planned_purchases or due > now or due < self.on_at[paper.key] or now > due + late:
                continue
            life.planned_purchases.add(key)
            self._put(life, f"survey:{paper.key}", f"p:{key}", due, due + late)

    def _feeds(self, life: Life, now: int) -> None:
        """Judge the one whose turn it is among all that is due; the others wait for it."""
        while due := [
            s for s in life.slips if s.campaign.startswith("survey:") and s.state == "planned" and s.due <= now
        ]:
            first, *others = sorted(due, key=self._turn)
            until = self._judges(life, first, now)
            for other in others:
                other.due = min(max(now + 1, until or 0), other.late)

    def _turn(self, slip: Slip) -> tuple[bool, int, int, int]:
        cadence = self.paper[slip.campaign.removeprefix("survey:")].span("cadence") or 0
        return not slip.occasion.startswith("r:"), -cadence, slip.due, slip.nth

    def _judges(self, life: Life, slip: Slip, now: int) -> int | None:
        """Ask, or not; returns until when it waits."""
        key = slip.campaign.removeprefix("survey:")
        paper, reminder = self.paper[key], slip.occasion.startswith("r:")
        cadence = paper.span("cadence")
        arrived = [reply for reply in life.replies if reply.slip.state not in ("failed", "skipped")]
        never = None
        if self.state[key] != "on":
            never = "off"
        elif reminder and slip.about is not None and slip.about.state != "open":
            never = "answered"
        elif slip.case is not None and self._spoke(life, slip):
            never = "spoken"
        elif not reminder and cadence and any(r.paper.key == key and now < r.asked + cadence for r in arrived):
            never = "cadence"
        if never:
            slip.state, slip.reason = "skipped", never
            return None
        holds = self._holds(life, slip, now)
        if not reminder and slip.case is None:
            rests = [r.asked + REST for r in arrived if r.case is None and now < r.asked + REST]
            if rests:
                holds.append(("rest", max(rests)))
        if self._settle(slip, holds, now, again=HOUR):
            if reminder and slip.about is not None and now >= slip.about.expires:
                slip.state, slip.reason, slip.queued = "skipped", "answered", None
            self._asks(life, slip, paper, now)
            return None
        return slip.due if slip.state == "planned" else None

    def _spoke(self, life: Life, slip: Slip) -> bool:
        assert slip.case is not None
        affair = life.affairs[slip.case]
        return affair.live or slip.occasion != f"case:{affair.key}:{affair.resolutions}"

    def _holds(self, life: Life, slip: Slip, now: int) -> list[tuple[str, int | None]]:
        """Return all that speaks against writing to somebody now, and until when."""
        survey = slip.campaign.startswith("survey:")
        holds: list[tuple[str, int | None]] = []
        consent = life.consent if survey else (life.guest.care, None)
        if consent is None or (not consent[0] and consent[1] is None):
            holds.append(("no_consent", None))
        elif not consent[0] and consent[1] is not None and now < consent[1]:
            holds.append(("snoozed", consent[1]))
        if life.known_blocked:
            holds.append(("unreachable", None))
        if life.banned_until is not None and now < life.banned_until:
            holds.append(("banned", life.banned_until))
        if any(affair.live and (survey or affair.complaint) for affair in life.affairs.values()):
            holds.append(("open_case", None))
        low = max((at for at in (life.low, *(reply.low for reply in life.replies)) if at is not None), default=None)
        if slip.case is None and low is not None and now < low + AFTER_LOW:  # of a case just those are asked
            holds.append(("low_score", low + AFTER_LOW))
        if life.refund is not None and now < life.refund + AFTER_REFUND:
            holds.append(("refund", life.refund + AFTER_REFUND))
        told = sorted(one.queued for one in life.slips if one.queued is not None and _arrived(one))
        counted = [queued for queued in told if queued > now - BUDGET_FOR]
        if survey and len(counted) >= BUDGET:
            holds.append(("budget", counted[-BUDGET] + BUDGET_FOR))
        if awake_at(now, life.guest.lives_in) > now:
            holds.append(("quiet_hours", awake_at(now, life.guest.lives_in)))
        return holds

    def _settle(self, slip: Slip, holds: list[tuple[str, int | None]], now: int, *, again: int) -> bool:
        """Let a slip go out, wait, or be given up; returns whether it goes out."""
        if not holds and now <= slip.late:
            slip.state, slip.queued = "queued", now
            return True
        why, until = max(holds, key=_lasting) if holds else ("late", None)
        if why == "late" or why in _GONE or now >= slip.late or (until is not None and until > slip.late):
            slip.state, slip.reason = "skipped", "late" if why == "quiet_hours" else why
        else:
            slip.due = min(now + again, slip.late) if until is None else until
        return False

    def _asks(self, life: Life, slip: Slip, paper: Paper, now: int) -> None:
        if slip.about is not None:
            return
        occasion = slip.occasion
        reply = Reply(life.guest.id, paper, occasion, now, slip, slip.case)
        remind, expires = paper.span("remind_after", "3d"), paper.span("expires_after", "14d")
        assert expires is not None
        reply.remind = now + remind if remind else None
        reply.expires = now + expires
        slip.about = reply
        life.replies.append(reply)

    def _expires(self, life: Life, now: int) -> None:
        for reply in life.replies:
            if reply.state == "open" and reply.expires <= now:
                reply.state, reply.ended, reply.remind = "expired", now, None

    # --- the sums

    def slips(self) -> list[Slip]:
        """Return every planned message."""
        return [slip for life in self.lives.values() for slip in life.slips]

    def replies(self) -> list[Reply]:
        """Return every asking."""
        return [reply for life in self.lives.values() for reply in life.replies]


def _arrived(slip: Slip) -> bool:
    return slip.state in ("queued", "sent", "unknown")


def _lasting(hold: tuple[str, int | None]) -> tuple[bool, int, int]:
    why, until = hold
    weight = -1 if why == "rest" else len(_HEAVY) - _HEAVY.index(why)
    return until is None, until or 0, weight


def _in_sample(seed: str, survey: str, occasion: str, guest: int, permille: int) -> bool:
    drawn = int(sha256(f"{seed}|{survey}|{occasion}|{guest}".encode()).hexdigest()[:8], 16)
    return drawn % 1000 < permille


@cache
def _day_of(every: str, day: int, today: int) -> int:
    """Return the newest local day of asking that is not after today."""
    found: dict[str, list[int]] = defaultdict(list)
    for one in range(today - 400, today + 370):
        found[_name(every, date_of(one))].append(one)
    return max(chosen for days in found.values() if (chosen := days[min(day, len(days)) - 1]) <= today)


def _name(every: str, on: date) -> str:
    if every == "week":
        return "{}-W{:02}".format(*on.isocalendar())
    if every == "month":
        return f"{on.year}-{on.month:02}"
    return f"{on.year}-Q{(on.month + 2) // 3}" if every == "quarter" else str(on.year)
