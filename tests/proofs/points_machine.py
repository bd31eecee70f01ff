"""Everything that can happen to points, in any order, done to the ledger and to the model; they agree at each step."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from itertools import count
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from domain.loyalty import Clawback, EarningRules, LoyaltyRules
from domain.outcomes import Refusal
from domain.people import SYSTEM
from domain.points import Entry
from domain.rules import Rules
from services import points as ledger
from services.work import Work
from storage import people as people_rows
from storage.database import Database
from storage.points_check import Slice
from tests.proofs.points_model import Model, Purse
from tests.services.shop import BOT, MORNING, arrive
from texts import Texts

_HOUR = timedelta(hours=1)
_DEFAULT_LIFE = 6 * _HOUR
_NAMES = ("Ann", "Bob", "Cyd")
_SOMEBODY = st.sampled_from(("Ann", "Ann", "Ann", "Bob", "Bob", "Cyd"))
_PAGE = 7
_EVENTS = ("delivered", "reviewed")
_MANY = 1000

Wish = Callable[[Work], Awaitable[Any]]


@dataclass(slots=True)
class Stage:
    """Where a machine plays: a database on a loop of its own, and what was seen in all plays."""

    runner: asyncio.Runner
    database: Database
    texts: Texts
    steps: int = 0
    entries: int = 0
    plays: Any = None

    def __post_init__(self) -> None:
        self.plays = count(1)


def rules_of(policy: Clawback) -> Rules:
    """Return rules under which points last six hours."""
    return replace(Rules(), loyalty=LoyaltyRules(clawback=policy, earning=EarningRules(expire_after=_DEFAULT_LIFE)))


class PointsMachine(RuleBasedStateMachine):
    """Three customers' points in the ledger and in the model."""

    stage: Stage

    @initialize(may_owe=st.sampled_from([True, True, False]))
    def opens(self, may_owe: bool) -> None:
        """Begin with three customers who have nothing; in some plays nobody may ever owe anything."""
        self.play = next(self.stage.plays)
        self.may_owe = may_owe
        self.keys = count(1)
        self.model = Model(MORNING)
        self.ids: dict[str, int] = {}
        self.standing: dict[str, str] = {name: name for name in _NAMES}
        self.forgotten: set[str] = set()
        self.earned: list[tuple[str, str, int, int]] = []
        self.spends: list[tuple[str, int, str]] = []
        self.wishes: list[tuple[Wish, int, str]] = []
        self.changed = set(_NAMES)
        for name in _NAMES:
            self.model.purses[name] = Purse()
        self.does(self._arrive)

    async def _arrive(self, work: Work) -> None:
        for nth, name in enumerate(_NAMES):
            person = await arrive(work, chat_id=self.play * 10 + nth, name=name)
            self.ids[name] = person.customer.id

    def does(self, wish: Wish, *, policy: Clawback = Clawback.ZERO) -> Any:
        """Do something in a transaction of its own, at the model's time."""

        async def work() -> Any:
            async with self.stage.database.write() as tx:
                return await wish(Work(tx, self.model.now, BOT, rules_of(policy), self.stage.texts))

        self.stage.steps += 1
        return self.stage.runner.run(work())

    def key(self) -> str:
        """Return a source key nobody had."""
        return f"{self.play}:{next(self.keys)}"

    def resolves(self, name: str) -> str:
        """Return whose purse it is by now."""
        while self.standing[name] != name:
            name = self.standing[name]
        return name

    def expects(self, result: Any, name: str, wish: Wish, key: str) -> Entry | None:
        """Return the entry that came of a wish, unless its customer is forgotten."""
        if self.resolves(name) in self.forgotten:
            assert result == Refusal("points.refused.forgotten")
            return None
        assert isinstance(result, Entry), result
        assert result.source_key == key
        self.wishes.append((wish, result.id, name))
        self.changed.add(self.resolves(name))
        return result

    @rule(
        name=_SOMEBODY,
        points=st.integers(1, 6),
        after=st.sampled_from([0, 0, 0, 1, 2]),
        lasts=st.sampled_from([None, 1, 2, 3, 6]),
    )
    def earns(self, name: str, points: int, after: int, lasts: int | None) -> None:
        """Somebody earns points, at once or later, for some hours or for ever."""
        key = self.key()
        since = self.model.now + after * _HOUR
        until = since + lasts * _HOUR if lasts else None

        async def wish(work: Work) -> Any:
            return await ledger.earn(
                work,
                self.ids[name],
                points=points,
                source_key=key,
                by=SYSTEM,
                available_at=since if after else None,
                expires_at=until,
            )

        if entry := self.expects(self.does(wish), name, wish, key):
            life = lasts * _HOUR if lasts else None
            self.model.earn(self.resolves(name), key, points, after=after * _HOUR, lasts=life)
            self.earned.append((name, key, entry.id, points))

    @rule(name=_SOMEBODY, points=st.integers(1, 6), event=st.sampled_from(_EVENTS))
    def earns_when(self, name: str, points: int, event: str) -> None:
        """Somebody will have points when something happens; they last six hours from then."""
        key, awaits = self.key(), f"{self.play}:{event}"

        async def wish(work: Work) -> Any:
            return await ledger.earn(work, self.ids[name], points=points, source_key=key, by=SYSTEM, awaits=awaits)

        if entry := self.expects(self.does(wish), name, wish, key):
            self.model.earn(self.resolves(name), key, points, after=None, awaits=awaits, lasts=_DEFAULT_LIFE)
            self.earned.append((name, key, entry.id, points))

    @rule(event=st.sampled_from(_EVENTS), happens=st.booleans())
    def ends_wait(self, event: str, happens: bool) -> None:
        """What was awaited happens, or never will."""
        awaits = f"{self.play}:{event}"
        if happens:
            done = self.does(lambda work: ledger.release(work, awaits))
            assert done == self.model.happen(awaits)
        else:
            done = self.does(lambda work: ledger.cancel_awaited(work, awaits, by=SYSTEM))
            assert done == self.model.call_off(awaits)
        self.changed.update(self.model.purses)

    @rule(name=_SOMEBODY, points=st.integers(1, 9))
    def spends_some(self, name: str, points: int) -> None:
        """Somebody wants something for points."""
        key = self.key()

        async def wish(work: Work) -> Any:
            return await ledger.spend(work, self.ids[name], points=points, source_key=key, by=SYSTEM)

        result = self.does(wish)
        who = self.resolves(name)
        if who not in self.forgotten and not self.model.spend(who, key, points):
            available = max(0, self.model.had(who))
            assert result == Refusal("points.refused.not_enough", {"needed": points, "available": available})
        elif entry := self.expects(result, name, wish, key):
            self.spends.append((name, entry.id, key))

    @rule(pick=st.integers(0, 99))
    def gives_back(self, pick: int) -> None:
        """A redemption is returned; a second time nothing more happens."""
        if not self.spends:
            return
        name, spend_id, spend_key = self.spends[pick % len(self.spends)]
        key = self.key()

        async def wish(work: Work) -> Any:
            return await ledger.give_back(work, spend_id, source_key=key, by=SYSTEM)

        result = self.does(wish)
        if spend_key in self.model.returned and self.resolves(name) not in self.forgotten:
            assert isinstance(result, Entry)
            assert result.reverses_id == spend_id
        elif self.expects(result, name, wish, key):
            self.model.give_back(self.resolves(name), spend_key, key)

    @rule(pick=st.integers(0, 99), part=st.integers(1, 6), may_owe=st.booleans(), is_named=st.booleans())
    def takes_back(self, pick: int, part: int, may_owe: bool, is_named: bool) -> None:
        """A purchase is refunded, in part or to the last point; or points are taken back that nobody named."""
        if not self.earned:
            return
        name, earned, entry_id, points = self.earned[pick % len(self.earned)]
        key, may_owe = self.key(), may_owe and self.may_owe
        policy = Clawback.NEGATIVE if may_owe else Clawback.ZERO

        async def wish(work: Work) -> Any:
            return await ledger.take_back(
                work,
                self.ids[name],
                points=min(part, points),
                source_key=key,
                by=SYSTEM,
                of_entry_id=entry_id if is_named else None,
            )

        if self.expects(self.does(wish, policy=policy), name, wish, key):
            own = earned if is_named else None
            self.model.take_back(self.resolves(name), key, min(part, points), own=own, may_owe=may_owe)

    @rule(name=_SOMEBODY, points=st.integers(-8, 5).filter(bool), may_owe=st.booleans())
    def adjusts(self, name: str, points: int, may_owe: bool) -> None:
        """Somebody changes points by hand."""
        key, may_owe = self.key(), may_owe and self.may_owe
        policy = Clawback.NEGATIVE if may_owe else Clawback.ZERO

        async def wish(work: Work) -> Any:
            return await ledger.adjust(
                work, self.ids[name], points=points, source_key=key, by=SYSTEM, reason="to try it"
            )

        result = self.does(wish, policy=policy)
        who = self.resolves(name)
        if points < 0 and who not in self.forgotten and not self.model.take(who, key, -points, may_owe=may_owe):
            assert isinstance(result, Refusal)
            assert result.key == "points.refused.not_enough"
        elif (entry := self.expects(result, name, wish, key)) and points > 0:
            self.model.earn(who, key, points, kind="adjust", lasts=_DEFAULT_LIFE)
            self.earned.append((name, key, entry.id, points))

    @rule(pick=st.integers(0, 99))
    def asks_again(self, pick: int) -> None:
        """The same wish under the same key gets its first answer and changes nothing, whenever it comes."""
        if self.wishes:
            wish, entry_id, name = self.wishes[pick % len(self.wishes)]
            result = self.does(wish)
            if self.resolves(name) in self.forgotten:
                assert result == Refusal("points.refused.forgotten")
            else:
                assert result.id == entry_id
            self.changed.add(self.resolves(name))

    @rule(
        name=_SOMEBODY,
        points=st.integers(1, 6),
        part=st.integers(1, 6),
        may_owe=st.booleans(),
        minutes=st.sampled_from([0, 60, 90]),
        ticks=st.booleans(),
    )
    def refunds_while_spent(self, name: str, points: int, part: int, may_owe: bool, minutes: int, ticks: bool) -> None:
        """A purchase is refunded while its points are spent; then the redemption is returned, perhaps too late."""
        self.earns(name=name, points=points, after=0, lasts=1)
        self.spends_some(name=name, points=points)
        self.takes_back(pick=-1, part=part, may_owe=may_owe, is_named=True)
        self._lets_pass(minutes, ticks)
        self.gives_back(pick=-1)

    @rule(
        name=_SOMEBODY,
        points=st.integers(2, 6),
        part=st.integers(1, 6),
        may_owe=st.booleans(),
        minutes=st.sampled_from([60, 90]),
        ticks=st.booleans(),
    )
    def refunds_what_expired(self, name: str, points: int, part: int, may_owe: bool, minutes: int, ticks: bool) -> None:
        """A purchase is refunded whose points expired, written off already or not."""
        self.earns(name=name, points=points, after=0, lasts=1)
        self._lets_pass(minutes, ticks)
        self.takes_back(pick=-1, part=part, may_owe=may_owe, is_named=True)

    @rule(name=_SOMEBODY, points=st.integers(1, 9), minutes=st.sampled_from([60, 100, 120, 150]))
    def owes_and_waits(self, name: str, points: int, minutes: int) -> None:
        """What becomes available for a while pays what is owed, though nobody looks meanwhile."""
        self.adjusts(name=name, points=-8, may_owe=True)
        self.earns(name=name, points=points, after=1, lasts=1)
        self.passes_time(minutes=minutes)

    @rule(name=_SOMEBODY, first=st.integers(1, 4), second=st.integers(2, 4), minutes=st.sampled_from([0, 60, 120]))
    def returns_what_came_of_two_lots(self, name: str, first: int, second: int, minutes: int) -> None:
        """A reward paid from several lots is returned, perhaps when some of them have expired."""
        self.earns(name=name, points=first, after=0, lasts=1)
        self.earns(name=name, points=second, after=0, lasts=2)
        self.spends_some(name=name, points=first + 1)
        self._lets_pass(minutes, False)
        self.gives_back(pick=-1)

    @rule(
        pair=st.permutations(_NAMES),
        points=st.integers(1, 9),
        chance=st.integers(0, 2),
        minutes=st.sampled_from([20, 60, 90]),
    )
    def merges_who_owes(self, pair: list[str], points: int, chance: int, minutes: int) -> None:
        """One record owes and the other has points that expire soon; they turn out to be one person's."""
        self.adjusts(name=pair[0], points=-8, may_owe=True)
        self.earns(name=pair[1], points=points, after=0, lasts=1)
        self.merges(pair=pair, chance=chance)
        self.passes_time(minutes=minutes)

    @rule(name=_SOMEBODY, points=st.integers(1, 6), event=st.sampled_from(_EVENTS), happens=st.booleans())
    def waits_for_something(self, name: str, points: int, event: str, happens: bool) -> None:
        """Somebody earns points for an event, and after some time it comes or not."""
        self.earns_when(name=name, points=points, event=event)
        self.passes_time(minutes=120)
        self.ends_wait(event=event, happens=happens)

    def _lets_pass(self, minutes: int, ticks: bool) -> None:
        if minutes:
            self.passes_time(minutes=minutes)
        if ticks:
            self.writes_off()

    @rule(name=_SOMEBODY, pick=st.integers(0, 99))
    def asks_otherwise(self, name: str, pick: int) -> None:
        """Another wish under a key that is taken is refused, whosever it is."""
        if not self.wishes or self.resolves(name) in self.forgotten:
            return
        key = f"{self.play}:{1 + pick % (next(self.keys) - 1)}"
        taken = {line.source_key for name in self.model.purses for line in self.lines(name)}
        if key in taken:
            result = self.does(lambda work: ledger.earn(work, self.ids[name], points=77, source_key=key, by=SYSTEM))
            assert result == Refusal("points.refused.key_taken")

    @rule(minutes=st.sampled_from([20, 60, 60, 120, 180, 400]))
    def passes_time(self, minutes: int) -> None:
        """Points become available and expire; nobody does anything."""
        self.model.pass_time(self.model.now + timedelta(minutes=minutes))
        self.changed.update(self.model.purses)

    @rule()
    def writes_off(self) -> None:
        """The tick runs."""
        while self.does(lambda work: ledger.write_off_expired(work, limit=_MANY)):
            pass
        self.model.write_off()
        self.changed.update(self.model.purses)

    @rule(pair=st.permutations(_NAMES), chance=st.integers(0, 4))
    def merges(self, pair: list[str], chance: int) -> None:
        """Two records turn out to be one person's."""
        gone, kept = self.resolves(pair[0]), self.resolves(pair[1])
        if chance or gone == kept or {gone, kept} & self.forgotten:
            return

        async def merge(work: Work) -> None:
            await ledger.join_accounts(work, from_id=self.ids[gone], to_id=self.ids[kept], by=SYSTEM)
            people_rows.change_customer(work.tx, self.ids[gone], merged_into=self.ids[kept])

        self.does(merge)
        self.model.join(gone, kept)
        self.standing[gone] = kept
        self.changed.add(kept)

    @rule(name=_SOMEBODY, chance=st.integers(0, 19))
    def forgets(self, name: str, chance: int) -> None:
        """Somebody asks to be forgotten."""
        who = self.resolves(name)
        if chance or who in self.forgotten:
            return

        async def forget(work: Work) -> None:
            await ledger.forfeit_all(work, self.ids[who], by=SYSTEM)
            people_rows.change_customer(work.tx, self.ids[who], erased_at=work.now)

        self.does(forget)
        self.model.forget(who)
        assert sum(points for _, points in self.model.history(who)) == 0
        self.forgotten.add(who)
        self.changed.add(who)

    def lines(self, name: str, *, page_of: int = _MANY) -> list[Entry]:
        """Return a customer's whole history, page by page, newest first."""

        async def read() -> list[Entry]:
            found: list[Entry] = []
            async with self.stage.database.read() as tx:
                work = Work(tx, self.model.now, BOT, Rules(), self.stage.texts)
                while page := await ledger.list_history(
                    work, self.ids[name], before_id=found[-1].id if found else None, limit=page_of
                ):
                    found += page
            return found

        return self.stage.runner.run(read())

    @invariant()
    def agrees(self) -> None:
        """Balance, lots and history of everyone to whom something happened are those of the model."""
        changed = self.changed & set(self.model.purses)
        self.changed = set()
        for name in sorted(changed):
            balance = self.stage.runner.run(self._balance(name))
            figures = (balance.available, balance.pending, balance.owed)
            assert figures == self.model.figures(name), name
            lots = [(lot.remaining, lot.available_at, lot.expires_at) for lot in balance.lots]
            assert lots == self.model.open_lots(name), name
            history = self.lines(name)
            assert [(str(line.kind), line.points) for line in history] == self.model.history(name), name
            assert balance.points >= 0 or self.may_owe

    async def _balance(self, name: str) -> Any:
        async with self.stage.database.read() as tx:
            work = Work(tx, self.model.now, BOT, Rules(), self.stage.texts)
            return await ledger.balance_of(work, self.ids[name])

    def teardown(self) -> None:
        """Nothing kept differs from what its entries come to; afterwards everyone is forgotten."""
        if not getattr(self, "ids", None):
            return
        self._adds_up()
        for name in set(self.model.purses) - self.forgotten:
            assert self.lines(name, page_of=_PAGE) == self.lines(name)
            self.does(partial(ledger.forfeit_all, customer_id=self.ids[name], by=SYSTEM))
        self.stage.entries += self._adds_up()

    def _adds_up(self) -> int:
        first = min(self.ids.values())
        checked: Slice = self.does(lambda work: ledger.check_accounts(work, after_id=first - 1))
        assert checked.faults == ()
        return checked.entries


def machine_on(stage: Stage) -> type[PointsMachine]:
    """Return the machine that plays on ``stage``."""
    return type("PointsMachineThere", (PointsMachine,), {"stage": stage})
