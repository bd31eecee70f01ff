"""What surveys come to, beside counts made by hand, on both engines."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from domain.cases import CaseKind
from domain.outcomes import Refusal
from domain.people import SYSTEM, Actor, ActorKind, Role, StaffMember
from domain.surveys import QuestionKind
from domain.surveys.results import Part, QuestionResult, Results, Split
from services.cases import open_case
from services.confidential import make_confidential
from services.seeding import seed
from services.surveys.result_words import figure, method, part_name, warned
from services.surveys.results import results, words_of
from services.work import Work
from storage import survey_results as rows
from storage.database import open_database
from storage.staff import load_staff
from storage.survey_results import By, Reader, Scope
from tests.services.shop import BOT, MORNING, Working, arrive
from tests.services.surveyed import CHECK, DAY, OCTOBER, RULES, TITLE, Answered, Asked, checked, keep, words
from texts import Texts


async def _results(work: Work, key: str = "check", **more: Any) -> Results:
    found = await results(work, key, by=more.pop("by", SYSTEM), **more)
    assert isinstance(found, Results), found
    return found


def _question(found: Results, key: str) -> QuestionResult:
    return next(question for question in found.questions if question.key == key)


def _part(found: Results, key: str) -> Part:
    return next(part for part in found.splits if part.key == key)


async def test_the_figures_are_those_counted_by_hand(working: Working) -> None:
    """Eleven asked, ten reached, seven answered: three promoters and two detractors of seven make NPS +14."""
    async with working(rules=RULES) as work:
        await checked(work)
        found = await _results(work)
    assert (found.asked, found.delivered, found.undelivered, found.started) == (11, 10, 1, 7)
    assert (found.finished, found.stopped, found.expired, found.open) == (5, 2, 2, 2)
    assert (found.response_rate.value, found.completion.value) == pytest.approx((0.7, 5 / 7))
    assert (found.score_by, found.score_kind) == ("nps", QuestionKind.NPS)
    assert found.score.value == pytest.approx(100 / 7)
    assert found.score.n == 7
    assert found.bounds is not None
    assert (found.bounds.low, found.bounds.high, found.bounds.silent) == pytest.approx((-20, 40, 3))
    assert found.title["en"] == "Check"


async def test_each_question_counts_who_came_answered_skipped_and_left(working: Working) -> None:
    """Whoever was reached answered, skipped, left or still stands; where a jump leads, there one left."""
    async with working(rules=RULES) as work:
        await checked(work)
        found = await _results(work)
    counts = {q.key: (q.asked, q.answered, q.skipped, q.left_here) for q in found.questions}
    assert counts == {"nps": (10, 7, 1, 1), "why": (5, 3, 0, 2), "words": (6, 4, 1, 1)}
    assert dict(_question(found, "nps").distribution) == {
        **{str(answer): 0 for answer in range(11)}, "0": 1, "3": 1, "7": 1, "8": 1, "9": 2, "10": 1
    }  # fmt: skip
    assert _question(found, "why").distribution == (("price", 2), ("quality", 2))
    assert _question(found, "why").estimate is None
    left = sum(question.left_here for question in found.questions)
    assert left + found.finished + 1 == found.delivered  # one of the open ones has arrived


async def test_months_are_the_business_s_own(working: Working) -> None:
    """Five in the evening of 31 October in UTC is November in Shanghai; a span cuts the months."""
    async with working(rules=RULES) as work:
        shop = await checked(work)
        bob = await arrive(work, chat_id=2, name="Bob")
        border = datetime.fromisoformat("2026-10-31T17:00:00+00:00")
        await shop.asks(bob, Asked({"nps": 6}, at=border))
        found = await _results(work, split=Split.PERIOD)
        october = await _results(work, until=border)
    assert [(point.label, point.score.value, point.score.n) for point in found.trend] == [
        ("2026-10", 0, 2),
        ("2026-11", pytest.approx(0), 6),
    ]
    assert [(part.key, part.asked) for part in found.splits] == [("2026-10", 2), ("2026-11", 10)]
    assert (october.asked, october.score.n) == (2, 2)


async def test_parts_tell_tiers_languages_campaigns_and_versions_apart(working: Working) -> None:
    """Each part has its own people, rate and score, and says when they are too few."""
    async with working(rules=RULES) as work:
        await checked(work)
        tiers = await _results(work, split=Split.TIER)
        campaigns = await _results(work, split=Split.CAMPAIGN)
        languages = await _results(work, split=Split.LANGUAGE)
        versions = await _results(work, split=Split.VERSION)
        names = [
            part_name(work, "en", Split.TIER, tiers.splits[0]),
            part_name(work, "en", Split.CAMPAIGN, _part(campaigns, "hand")),
            part_name(work, "en", Split.CAMPAIGN, _part(campaigns, "Tea")),
            part_name(work, "en", Split.LANGUAGE, _part(languages, "zh_CN")),
            part_name(work, "zh_CN", Split.VERSION, versions.splits[0]),
        ]
    gold, new = _part(tiers, "gold"), _part(tiers, "new")
    assert (gold.asked, gold.response_rate.value, gold.score.value, gold.too_few) == (2, 1, 100, True)
    assert (new.asked, new.response_rate.n) == (9, 8)
    assert new.score.value == pytest.approx(-20)
    assert _part(campaigns, "Tea").score.n == 1
    assert (languages.splits[0].key, languages.splits[1].asked) == ("en", 2)
    assert names == ["New", "sent by hand", "Tea", "简体中文 (Chinese)", "第 1 版"]


async def test_a_score_does_not_move_with_those_who_say_nothing(working: Working) -> None:
    """Twenty more who stay silent, stop or skip leave NPS as it was; the response rate and the bounds show them."""
    async with working(rules=RULES) as work:
        shop = await checked(work)
        before = await _results(work)
        bob = await arrive(work, chat_id=2, name="Bob")
        for nth in range(20):
            answers: dict[str, Any] = {"nps": None} if nth % 2 else {}
            await shop.asks(bob, Asked(answers, ("stopped", "expired", "open")[nth % 3]))
        after = await _results(work)
    assert after.score == before.score
    assert after.response_rate.value == pytest.approx(7 / 30)
    assert after.bounds is not None
    assert (after.bounds.low, after.bounds.high) == pytest.approx((-22 / 30 * 100, 24 / 30 * 100))


async def test_what_to_beware_of_is_said(working: Working) -> None:
    """Too few, too silent, still open, not delivered; enough answers of enough people warn of nothing but the rest."""
    async with working(rules=RULES) as work:
        shop = await checked(work)
        bob = await arrive(work, chat_id=2, name="Bob")
        for _ in range(60):
            await shop.asks(bob, Asked({}, "expired"))
        few = await _results(work)
        said = {language: [warned(work, language, one) for one in few.warnings] for language in work.texts.languages}
        strict = replace(RULES, surveys=replace(RULES.surveys, least_answers=7, least_rate=0.1))
        enough = await _results(replace(work, rules=strict))
    keys = ["few", "rate", "silent", "open", "undelivered"]
    assert [warning.key for warning in few.warnings] == [f"survey_results.warn.{key}" for key in keys]
    assert [warning.key for warning in enough.warnings] == [f"survey_results.warn.{key}" for key in keys[2:]]
    assert said["en"][0] == "Only 7 answers: too few to tell. Wait for 30 before you compare or decide."
    assert said["en"][1].startswith("Only 10% of those asked have answered (below 20%).")
    assert "lie between -89 and +91" in said["en"][2]
    assert "有 63 人收到问卷但没有打分" in said["zh_CN"][2]
    assert (few.too_few, enough.too_few) == (True, False)


async def test_a_question_that_changed_is_not_mixed(working: Working) -> None:
    """Stars of five are not averaged with stars of ten: the older ones are left out, and that is said."""
    stars = f'key = "stars"\n{TITLE}\n[[questions]]\nkey = "q"\nkind = "rating"\nlow = 1\nhigh = %d\n{words("?")}\n'
    extra = f'[[questions]]\nkey = "gone"\nkind = "text"\n{words("Gone?")}\n'
    async with working(rules=RULES) as work:
        await keep(work, stars % 5 + extra)
        await keep(work, stars % 10)
        shop = Answered(work)
        ann = await arrive(work, chat_id=1, name="Ann")
        for version, answer in ((1, 5), (1, 5), (2, 8), (2, 6)):
            answers = {"q": answer, **({"gone": "words"} if version == 1 else {})}
            await shop.asks(ann, Asked(answers, version=version, survey="stars"))
        found = await _results(work, "stars")
        spoken = [warned(work, "en", warning) for warning in found.warnings]
    first, gone = found.questions
    assert first.estimate is not None
    assert (first.estimate.value, first.estimate.n, first.scale) == (7, 2, (1, 10))
    assert (gone.key, gone.answered) == ("gone", 2)
    assert "“q” was asked in another way before: 2 older answers are not counted with the rest." in spoken


async def test_aspects_are_those_of_the_questions(working: Working) -> None:
    """A survey that asks about price and service compares those; each part is of its own question."""
    questions = [
        f'[[questions]]\nkey = "{aspect}"\nkind = "csat"\naspect = "{aspect}"\n{words("?")}\n'
        for aspect in ("price", "service")
    ]
    toml = f'key = "sat"\n{TITLE}\n{"".join(questions)}'
    async with working(rules=RULES) as work:
        await keep(work, toml)
        shop = Answered(work)
        ann = await arrive(work, chat_id=1, name="Ann")
        for price, service in ((1, 5), (2, 4), (4, None)):
            await shop.asks(ann, Asked({"price": price, "service": service}, survey="sat"))
        found = await _results(work, "sat", split=Split.ASPECT)
        name = part_name(work, "en", Split.ASPECT, _part(found, "price"))
    costs, serves = _part(found, "price"), _part(found, "service")
    assert costs.score.value == pytest.approx(1 / 3)
    assert (serves.score.value, serves.score.n, serves.asked) == (1, 2, 3)
    assert (found.score_by, name) == ("price", "Price")


async def test_numbers_have_a_mean_and_ranges(working: Working) -> None:
    """A share of wallet from 0 to 100 is shown in tens; its mean is exact."""
    toml = f'key = "share"\n{TITLE}\n[[questions]]\nkey = "n"\nkind = "number"\nlow = 0\nhigh = 100\n{words("?")}\n'
    async with working(rules=RULES) as work:
        await keep(work, toml)
        shop = Answered(work)
        ann = await arrive(work, chat_id=1, name="Ann")
        for answer in (0, 9, 10, 55, 100):
            await shop.asks(ann, Asked({"n": answer}, survey="share"))
        found = await _results(work, "share")
        estimate = found.questions[0].estimate
        said = figure(work, "en", QuestionKind.NUMBER, estimate, too_few=True) if estimate else ""
    shown = {key: count for key, count in found.questions[0].distribution if count}
    assert shown == {"0–9": 2, "10–19": 1, "50–59": 1, "100": 1}
    assert said == "mean 34.8 (95%: 0.0 to 87.3; n 5), too few to tell"
    assert found.score_by is None


async def _staff(work: Work) -> tuple[StaffMember, StaffMember, StaffMember]:
    await seed(
        work,
        members=[(7, "Ben", Role.AGENT, None), (8, "Sue", Role.SUPERVISOR, None), (9, "Pat", Role.SUPERVISOR, None)],
    )
    staff = await load_staff(work.tx, bot_id=BOT)
    return staff.member(7), staff.member(8), staff.member(9)


def _as(member: StaffMember) -> Actor:
    return Actor(ActorKind.STAFF, member.id)


async def test_what_hangs_on_a_confidential_case_is_for_those_who_supervise(working: Working) -> None:
    """Sue counts all three, Ben two, and Pat, whom the complaint is about, two as well; its words nobody reads here."""
    async with working(rules=RULES) as work:
        ben, sue, pat = await _staff(work)
        await keep(work, CHECK)
        shop = Answered(work)
        ann = await arrive(work, chat_id=1, name="Ann")
        case = await open_case(work, ann, kind=CaseKind.COMPLAINT, interaction_ids=[])
        await make_confidential(work, case_id=case.id, about_id=pat.id, by=SYSTEM)
        await shop.asks(ann, Asked({"nps": 10, "words": "one"}, columns={"member_id": ben.id}))
        await shop.asks(ann, Asked({"nps": 9, "words": "two"}))
        await shop.asks(ann, Asked({"nps": 0, "words": "secret"}, columns={"opened_case_id": case.id}))
        counts = [(await _results(work, by=_as(member))).score.n for member in (ben, sue, pat)]
        api = await _results(work, by=Actor(ActorKind.API, 1))
        said = [await words_of(work, "check", by=by) for by in (_as(sue), SYSTEM)]
        staff = await _results(work, split=Split.STAFF)
    assert counts == [2, 3, 2]
    assert api.score.n == 2
    assert [[one.text for one in words] for words in said if not isinstance(words, Refusal)] == [["two", "one"]] * 2
    assert {part.label: part.asked for part in staff.splits} == {"Ben": 1, "": 2}


async def test_words_come_newest_first_and_page_on(working: Working) -> None:
    """Who said it, when, with which score; older ones before an id; of one question alone."""
    async with working(rules=RULES) as work:
        await checked(work)
        first = await words_of(work, "check", by=SYSTEM, limit=2)
        assert not isinstance(first, Refusal)
        later = await words_of(work, "check", by=SYSTEM, limit=9, before_id=first[-1].id)
        none = await words_of(work, "check", by=SYSTEM, question="why")
    assert [one.text for one in first] == ["so so", "fine"]
    assert not isinstance(later, Refusal)
    assert [one.text for one in later] == ["dear", "good"]
    assert (first[0].name, first[0].question, none) == ("Ann", "words", ())


async def test_who_may_not_read_gets_no_figures(working: Working) -> None:
    """A stranger is refused, and a survey that is not there is named."""
    async with working(rules=RULES) as work:
        await keep(work, CHECK)
        cy = Actor(ActorKind.STAFF, 999)
        refused = [await results(work, "check", by=cy), await words_of(work, "check", by=cy)]
        unknown = await results(work, "nope", by=SYSTEM)
        empty = await _results(work)
    assert refused == [Refusal("desk.refused.not_allowed")] * 2
    assert unknown == Refusal("survey_results.refused.unknown", {"survey": "nope"})
    assert (empty.asked, empty.score.value, empty.trend, empty.warnings) == (0, None, (), ())


async def test_figures_read_well_in_words(working: Working) -> None:
    """A value, its range, how many, and by which method, in each language."""
    async with working(rules=RULES) as work:
        await checked(work)
        found = await _results(work)
        english = figure(work, "en", found.score_kind, found.score, too_few=found.too_few)
        chinese = figure(work, "zh_TW", None, found.response_rate)
        how = method(work, "en", found.score)
    assert english == "NPS +14 (95%: -40 to +60; n 7), too few to tell"
    assert chinese == "70%（95%：40%～89%；n 10）"
    assert how == "Interval of the NPS: adjusted Wald, Rocks (2016)."


async def test_counting_uses_the_indexes(sqlite_url: str, texts: Texts) -> None:
    """No statement reads all responses or answers: others' surveys cost nothing."""
    plans: list[str] = []
    database = open_database(sqlite_url)
    try:
        async with database.write() as tx:
            await checked(Work(tx, MORNING, BOT, RULES, texts))
            execute = tx.execute

            async def explained(statement: Any, parameters: Any = None) -> Any:
                sql = statement.compile(dialect=tx.connection.dialect, compile_kwargs={"literal_binds": True})
                steps = await tx.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}")
                plans.append("\n".join(str(step.detail) for step in steps))
                return await execute(statement, parameters)

            tx.execute = explained  # type: ignore[method-assign]
            scope = Scope("check", Reader(supervises=False), OCTOBER, MORNING + DAY)
            borders = [OCTOBER, MORNING - DAY, MORNING + DAY]
            assert await rows.count_responses(tx, scope, borders=borders, by=By.TIER)
            assert await rows.count_answers(tx, scope, borders=borders, versions=[1], by=By.CASE_ASPECT)
            assert await rows.count_last_answers(tx, scope, places={(1, "nps"): 0}, forks=[(1, "nps")])
    finally:
        await database.close()
    assert len(plans) == 5
    for plan in plans:
        assert "ix_survey_responses_asked" in plan
        assert not [line for line in plan.splitlines() if line.startswith(("SCAN survey", "SCAN deliv", "SCAN case"))]
