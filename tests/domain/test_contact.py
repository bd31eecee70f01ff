"""The contact question: allowed or not, why, and until when."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.calendars import QuietHours
from domain.contact import FOR_GOOD, SUPPRESSED, Facts, Hold, Verdict, judge
from domain.loyalty import ContactRules
from domain.people import UNASKED, Consent, ConsentClass, Reach

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
DAY = timedelta(days=1)
MS = timedelta(milliseconds=1)
UTC_ZONE = ZoneInfo("UTC")
NIGHT = QuietHours(time(21), time(8))
NEVER_QUIET = QuietHours(time(0), time(0))
CARE, POINTS, SERVICE = ConsentClass.CARE, ConsentClass.POINTS, ConsentClass.SERVICE
RULES = ContactRules()
YES = {kind: Consent(kind, True) for kind in ConsentClass}


def ask(facts: Facts, kind: ConsentClass = CARE, *, at: datetime = NOON, **how: object) -> Verdict:
    """Ask by day, under the usual rules, about a person who said yes."""
    facts = facts if facts.consent else replace(facts, consent=YES[kind])
    given: dict[str, object] = {"rules": RULES, "quiet": NIGHT, **how}
    return judge(facts, kind, at=at, **given)  # type: ignore[arg-type]  # any of its options


ANN = Facts(zone=UTC_ZONE)


def test_who_said_yes_may_be_written_to_by_day() -> None:
    """Nothing holds."""
    assert all(ask(ANN, kind) == Verdict(True) for kind in ConsentClass)


@pytest.mark.parametrize("kind", UNASKED)
def test_never_asked_is_a_no(kind: ConsentClass) -> None:
    """Silence is no consent; only an answer changes that. What was asked for needs none."""
    assert judge(ANN, kind, at=NOON, rules=RULES, quiet=NIGHT) == Verdict(False, Hold.NO_CONSENT, None)
    assert judge(ANN, SERVICE, at=NOON, rules=RULES, quiet=NIGHT) == Verdict(True)


def test_a_snooze_ends_by_itself_on_its_instant() -> None:
    """Until just before it is a no that names its end; from then on a yes."""
    end = NOON + 7 * DAY
    snoozed = replace(ANN, consent=Consent(CARE, False, end))
    assert ask(snoozed) == Verdict(False, Hold.SNOOZED, end)
    assert ask(snoozed, at=end - MS) == Verdict(False, Hold.SNOOZED, end)
    assert ask(snoozed, at=end) == Verdict(True)


def test_quiet_hours_are_the_persons_own() -> None:
    """Noon in London is night in Auckland; it ends at eight there."""
    sam = replace(ANN, zone=ZoneInfo("Pacific/Auckland"))
    assert ask(sam) == Verdict(False, Hold.QUIET_HOURS, datetime(2026, 11, 22, 19, tzinfo=UTC))


def test_an_open_complaint_holds_care_but_not_points() -> None:
    """News about one's own points is no cheer."""
    angry = replace(ANN, open_complaint=True, low_score_at=NOON, refund_at=NOON)
    assert ask(angry).why is Hold.OPEN_CASE
    assert ask(angry).until is None
    assert ask(angry, POINTS) == Verdict(True)
    assert ask(angry, SERVICE) == Verdict(True)
    assert ask(replace(ANN, open_complaint=True), rules=replace(RULES, hold_on_open_case=False)) == Verdict(True)


def test_any_open_case_holds_surveys_and_nothing_else() -> None:
    """Who waits for an answer to a question is not asked how content they are; a birthday wish may come."""
    waits = replace(ANN, open_case=True)
    assert ask(waits, ConsentClass.SURVEYS) == Verdict(False, Hold.OPEN_CASE, None)
    assert all(ask(waits, kind) == Verdict(True) for kind in ConsentClass if kind is not ConsentClass.SURVEYS)
    assert ask(waits, ConsentClass.SURVEYS, rules=replace(RULES, hold_on_open_case=False)) == Verdict(True)


def test_whether_a_case_was_made_good_is_asked_of_those_who_were_unhappy() -> None:
    """A low score holds every survey but the one about the solved case; all else holds that one, too."""
    hurt = replace(ANN, low_score_at=NOON)
    assert ask(hurt, ConsentClass.SURVEYS).why is Hold.LOW_SCORE
    assert ask(hurt, ConsentClass.SURVEYS, about_case=True) == Verdict(True)
    waits = replace(hurt, open_case=True)
    assert ask(waits, ConsentClass.SURVEYS, about_case=True).why is Hold.OPEN_CASE


def test_a_low_score_and_a_refund_release_after_their_time() -> None:
    """The longer of the two is named; each ends on its instant."""
    hurt = replace(ANN, low_score_at=NOON, refund_at=NOON)
    assert ask(hurt) == Verdict(False, Hold.LOW_SCORE, NOON + 14 * DAY)
    assert ask(replace(ANN, refund_at=NOON)) == Verdict(False, Hold.REFUND, NOON + 7 * DAY)
    assert ask(replace(ANN, refund_at=NOON), at=NOON + 7 * DAY) == Verdict(True)


def test_the_budget_frees_up_when_enough_is_old_enough() -> None:
    """Four in seven days: the fifth waits until the first is seven days old; six make it wait for the third."""
    told = tuple(NOON - nth * DAY for nth in range(1, 5))
    full = replace(ANN, told_at=told)
    assert ask(full) == Verdict(False, Hold.BUDGET, NOON + 3 * DAY)
    assert ask(full, at=NOON + 3 * DAY) == Verdict(True)
    assert ask(replace(ANN, told_at=told[:3])) == Verdict(True)
    over = replace(ANN, told_at=tuple(NOON - nth * DAY for nth in range(6)))
    assert ask(over).until == NOON - 3 * DAY + 7 * DAY
    assert ask(full, campaign="birthday") == Verdict(True)
    assert ask(full, SERVICE) == Verdict(True)
    assert ask(full, rules=replace(RULES, budget=None)) == Verdict(True)


def test_a_budget_of_nothing_never_frees_up() -> None:
    """Nothing unasked but what is not budgeted."""
    none = replace(RULES, budget=0)
    assert ask(ANN, rules=none) == Verdict(False, Hold.BUDGET, None)
    assert ask(ANN, rules=none, campaign="birthday") == Verdict(True)


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        (replace(ANN, gone=True, reach=None, open_complaint=True), Hold.ERASED),
        (replace(ANN, reach=None, consent=Consent(CARE, False)), Hold.NO_CONTACT),
        (replace(ANN, reach=Reach.BLOCKED, consent=Consent(CARE, False)), Hold.NO_CONSENT),
        (replace(ANN, reach=Reach.BLOCKED, open_complaint=True), Hold.UNREACHABLE),
        (replace(ANN, open_complaint=True, low_score_at=NOON), Hold.OPEN_CASE),
        (replace(ANN, consent=Consent(CARE, False, NOON + 30 * DAY), low_score_at=NOON), Hold.SNOOZED),
    ],
)
def test_the_most_lasting_reason_is_named(facts: Facts, why: Hold) -> None:
    """What nobody can wait out comes before what ends by itself."""
    assert ask(facts).why is why


ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Shanghai", "Australia/Lord_Howe", "Asia/Kathmandu"]
CHANGES = [
    datetime(*change, tzinfo=UTC)
    for change in ((2026, 3, 29, 1), (2026, 10, 25, 1), (2026, 11, 1, 6), (2026, 4, 4, 15))
]
minutes = st.integers(-1500, 1500) | st.integers(-200_000, 200_000)
moments = st.builds(lambda change, off: change + timedelta(minutes=off), st.sampled_from(CHANGES), minutes)
clock = st.times().map(lambda at: at.replace(second=0, microsecond=0))
quiet_hours = st.builds(QuietHours, clock, clock) | st.just(NIGHT)


@st.composite
def situations(draw: st.DrawFn) -> tuple[Facts, ConsentClass, datetime, ContactRules, QuietHours]:
    """A person at a moment, with any of the reasons, often at their very edges."""
    at = draw(moments)
    kind = draw(st.sampled_from(UNASKED))
    rules = ContactRules(budget=draw(st.integers(1, 4)), budget_for=timedelta(days=draw(st.integers(1, 9))))
    edge = st.sampled_from([-MS, timedelta(), MS, timedelta(hours=5)])
    ago = st.builds(lambda days, off: at - timedelta(days=days) - off, st.integers(0, 15), edge)
    later = st.builds(lambda days, off: at + timedelta(days=days) + off, st.integers(-2, 9), edge)
    consent = draw(st.none() | st.builds(Consent, st.just(kind), st.booleans(), st.none() | later))
    facts = Facts(
        zone=ZoneInfo(draw(st.sampled_from(ZONES))),
        gone=draw(st.sampled_from([False] * 9 + [True])),
        reach=draw(st.sampled_from([Reach.REACHABLE] * 9 + [Reach.BLOCKED, None])),
        consent=consent,
        open_complaint=draw(st.sampled_from([False, False, True])),
        low_score_at=draw(st.none() | ago),
        refund_at=draw(st.none() | ago),
        told_at=tuple(draw(st.lists(ago, max_size=6))),
    )
    return facts, kind, at, rules, draw(quiet_hours)


@given(situations())
def test_a_hold_ends_when_it_says(situation: tuple[Facts, ConsentClass, datetime, ContactRules, QuietHours]) -> None:
    """Just before ``until`` it is still a no; by following ``until`` one always comes to a yes or to an event."""
    facts, kind, at, rules, quiet = situation
    verdict = judge(facts, kind, at=at, rules=rules, quiet=quiet)
    for _ in range(4):
        if verdict.until is None:
            break
        assert verdict.until > at
        assert not judge(facts, kind, at=verdict.until - MS, rules=rules, quiet=quiet).allowed
        at = verdict.until
        ended, verdict = verdict, judge(facts, kind, at=at, rules=rules, quiet=quiet)
        assert verdict.why is not ended.why or ended.why is Hold.BUDGET
    assert verdict.allowed == (verdict.why is None)
    assert verdict.until is None


@given(situations())
def test_an_allowed_message_breaks_no_rule(
    situation: tuple[Facts, ConsentClass, datetime, ContactRules, QuietHours],
) -> None:
    """Told plainly, without the machinery: a yes means that none of the reasons is there."""
    facts, kind, at, rules, quiet = situation
    if not judge(facts, kind, at=at, rules=rules, quiet=quiet).allowed:
        return
    assert not facts.gone
    assert facts.reach is Reach.REACHABLE
    assert facts.consent is not None
    assert facts.consent.given or (facts.consent.until_at is not None and facts.consent.until_at <= at)
    assert not quiet.cover(at.astimezone(facts.zone).time())
    assert rules.budget is not None
    assert sum(1 for told_at in facts.told_at if told_at > at - rules.budget_for) < rules.budget
    if kind in SUPPRESSED:
        assert not facts.open_complaint
        assert facts.low_score_at is None or facts.low_score_at + rules.hold_after_low_score <= at
        assert facts.refund_at is None or facts.refund_at + rules.hold_after_refund <= at


def test_what_waiting_does_not_mend_has_no_end() -> None:
    """Feeders drop such a message instead of asking for ever."""
    assert {hold for hold in Hold if hold in FOR_GOOD} == {
        Hold.ERASED,
        Hold.NO_CONTACT,
        Hold.NO_CONSENT,
        Hold.UNREACHABLE,
    }
