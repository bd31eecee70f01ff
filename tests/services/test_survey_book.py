"""The book of surveys: versions that never change, who may write in it, what comes with the program."""

import asyncio
import json
from collections.abc import Sequence
from datetime import timedelta
from importlib import import_module

import pytest
from sqlalchemy import func, select, update

from domain.errors import BadSurvey, SettingsError
from domain.outcomes import Refusal
from domain.people import SYSTEM, Actor, ActorKind, Role
from domain.rules import Rules
from domain.surveys import AfterCase, SurveyRules, SurveyState
from services import segments
from services.surveys import book
from services.surveys.book import Added, Kept
from services.surveys.document import Document, canonical_of, read_toml
from services.work import Work
from storage import surveys as rows
from storage.audit import list_of_subject
from storage.database import Database, open_database
from storage.staff import insert_missing_member, load_staff
from storage.tables import survey_versions, surveys
from tests.services.papers import CSAT, HEAD, WORDS
from tests.services.shop import BOT, MORNING, Working
from texts import Texts

RULES = Rules(languages=("en",))
ON = SurveyState.ON


def tea(more: str = "", *, key: str = "tea", when: str = "") -> Document:
    """Return a survey about the tea."""
    return read_toml(HEAD.replace("tea", key) + f"[when]\n{when}\n" + CSAT + more, name=f"{key}.toml")


async def add(work: Work, document: Document, *, state: SurveyState | None = None, by: Actor = SYSTEM) -> Added:
    """Add a survey that is taken."""
    added = await book.add_survey(work, document, by=by, state=state)
    assert isinstance(added, Added), added
    return added


async def get(work: Work, key: str = "tea", version: int | None = None) -> Kept:
    """Return a survey that is there."""
    kept = await book.get_survey(work, key, version=version)
    assert kept is not None
    return kept


async def test_a_new_survey_is_off_and_its_next_version_leaves_the_old_one(working: Working) -> None:
    """Who answered the first version finds it as it was."""
    async with working(rules=RULES) as work:
        first = await add(work, tea())
        assert (first.is_new, first.is_new_version, first.kept.version, first.kept.state) == (True, True, 1, "off")
    async with working(rules=RULES, later=timedelta(days=1)) as work:
        second = await add(work, tea(WORDS))
        assert (second.is_new, second.is_new_version, second.kept.version) == (False, True, 2)
        assert [len(kept.survey.questions) for kept in await book.list_versions(work, "tea")] == [1, 2]
        assert (await get(work, version=1)).survey == tea().survey()
        assert (await get(work)).survey == tea(WORDS).survey()
        assert await book.get_survey(work, "tea", version=3) is None
        assert await book.get_survey(work, "coffee") is None


async def test_the_same_content_changes_nothing(working: Working) -> None:
    """Adding a file again makes no version and no line in the audit."""
    async with working(rules=RULES) as work:
        first = await add(work, tea())
    async with working(rules=RULES, later=timedelta(days=1)) as work:
        again = await add(work, tea("low = 1\nrequired = false\n"))
        assert (again.is_new, again.is_new_version, again.kept) == (False, False, first.kept)
        assert [row.action for row in await list_of_subject(work.tx, "survey", first.kept.id)] == ["survey.add"]


async def test_since_when_it_is_on_is_kept(working: Working) -> None:
    """A new version does not move it, switching on anew does; each deed is in the audit."""
    async with working(rules=RULES) as work:
        assert (await add(work, tea(), state=ON)).kept.on_at == MORNING
    async with working(rules=RULES, later=timedelta(hours=1)) as work:
        assert (await add(work, tea(WORDS))).kept.on_at == MORNING
        assert (await book.switch_survey(work, "tea", ON, by=SYSTEM)) == await get(work)
    async with working(rules=RULES, later=timedelta(hours=2)) as work:
        off = await book.switch_survey(work, "tea", SurveyState.OFF, by=SYSTEM)
        assert isinstance(off, Kept)
        assert (off.state, off.on_at) == ("off", MORNING)
    async with working(rules=RULES, later=timedelta(hours=3)) as work:
        on = await book.switch_survey(work, "tea", ON, by=SYSTEM)
        assert isinstance(on, Kept)
        assert on.on_at == MORNING + timedelta(hours=3)
        trail = await list_of_subject(work.tx, "survey", on.id)
        assert [row.action for row in trail] == ["survey.add", "survey.version", "survey.switch", "survey.switch"]


async def test_one_survey_is_on_for_cases_and_one_for_recoveries(working: Working) -> None:
    """The second is refused with the name of the first, whether it is switched on or added on."""
    async with working(rules=RULES) as work:
        await add(work, tea(when='after_case = "any"'), state=ON)
        await add(work, tea(key="mend", when='after_case = "recovery"'), state=ON)
        refused = await book.add_survey(work, tea(key="cake", when='after_case = "any"'), by=SYSTEM, state=ON)
        assert refused == Refusal("survey_book.refused.other_on", {"survey": "cake", "other": "tea"})
        assert await book.get_survey(work, "cake") is None
        await add(work, tea(key="cake", when='after_case = "any"'))
        assert isinstance(await book.switch_survey(work, "cake", ON, by=SYSTEM), Refusal)
        await book.switch_survey(work, "tea", SurveyState.CLOSED, by=SYSTEM)
        assert isinstance(await book.switch_survey(work, "cake", ON, by=SYSTEM), Kept)
        found = [await book.survey_after_case(work, after) for after in AfterCase]
        assert [kept.key if kept else None for kept in found] == ["cake", "mend"]


async def test_a_version_that_comes_to_be_asked_where_another_is_is_refused(working: Working) -> None:
    """The survey stays at the version it had."""
    async with working(rules=RULES) as work:
        await add(work, tea(when='after_case = "any"'), state=ON)
        await add(work, tea(key="cake"), state=ON)
        refused = await book.add_survey(work, tea(key="cake", when='after_case = "any"'), by=SYSTEM)
        assert isinstance(refused, Refusal)
        assert (await get(work, "cake")).version == 1


@pytest.mark.parametrize(("role", "may"), [(Role.AGENT, False), (Role.MARKETER, True)])
async def test_only_who_runs_campaigns_writes_in_the_book(working: Working, role: Role, may: bool) -> None:
    """Ben may not, Mia may; the reader of the audit sees that it was her."""
    async with working(rules=RULES) as work:
        await insert_missing_member(work.tx, user_id=7, name="Somebody", role=role, language="en")
        member = (await load_staff(work.tx, bot_id=BOT)).members[7]
        somebody = Actor(ActorKind.STAFF, member.id)
        added = await book.add_survey(work, tea(), by=somebody)
        assert isinstance(added, Added) is may
        if isinstance(added, Added):
            [row] = await list_of_subject(work.tx, "survey", added.kept.id)
            assert (row.actor_kind, row.actor_id) == ("staff", member.id)
        else:
            await add(work, tea())
        switched = await book.switch_survey(work, "tea", ON, by=somebody)
        assert isinstance(switched, Kept) is may


async def test_what_this_business_cannot_ask_is_not_kept(working: Working) -> None:
    """A language it speaks is missing, the segment names nothing: lines, and no row."""
    wrong = tea(when="every = 'month'\nsegment = 'teir = gold'")
    unknown = tea(when="every = 'month'\ncadence = '9d'\nsegment = 'segment(\"regulars\")'")
    async with working(rules=Rules(languages=("en", "zh_TW"))) as work:
        with pytest.raises(BadSurvey) as caught:
            await book.add_survey(work, wrong, by=SYSTEM)
        assert caught.value.faults == (
            'tea.toml: title.zh_TW: missing; write it, or name a fallback = "en"',
            'tea.toml: questions #1.text.zh_TW: missing; write it, or name a fallback = "en"',
            "tea.toml: when.segment: column 1: there is no field `teir`; did you mean `tier`?",
        )
    async with working(rules=RULES) as work:
        with pytest.raises(BadSurvey, match="regulars"):
            await book.add_survey(work, unknown, by=SYSTEM)
        assert await book.list_surveys(work) == []
        await segments.save(work, name="regulars", expression="purchases > 3", by=SYSTEM)
        assert (await add(work, unknown)).warnings == ()


async def test_a_question_that_changes_its_kind_is_warned_about(working: Working) -> None:
    """It is added, since nobody but the shop knows what it means by it."""
    async with working(rules=RULES) as work:
        await add(work, tea())
        [warning] = (await add(work, read_toml(HEAD + CSAT.replace('"csat"\ntext', '"ces"\ntext'), name="x"))).warnings
        assert warning.startswith("questions: csat was of kind csat and is ces now; ")


async def _row(database: Database) -> tuple[int, int]:
    """Return the current version of the tea survey, and how many versions there are."""
    async with database.read() as tx:
        current = (await tx.execute(select(surveys.c.version).where(surveys.c.key == "tea"))).scalar_one()
        return current, (await tx.execute(select(func.count()).select_from(survey_versions))).scalar_one()


async def test_adding_at_the_same_moment_loses_no_version(database: Database) -> None:
    """Two programs add eight different versions of a survey that none of them knew: eight there are, in a row."""
    programs = [open_database(database.url) for _ in range(2)]
    texts = Texts()

    async def put(nth: int) -> Added:
        async with programs[nth % 2].write() as tx:
            document = tea(WORDS.replace("Why?", f"Why {nth}?"))
            return await add(Work(tx, MORNING, BOT, RULES, texts), document)

    done = await asyncio.gather(*(put(nth) for nth in range(8)))
    for program in programs:
        await program.close()
    assert sorted(added.kept.version for added in done) == list(range(1, 9))
    assert sum(added.is_new for added in done) == 1
    assert await _row(database) == (8, 8)


async def test_two_surveys_switched_on_at_the_same_moment_are_not_both_on(database: Database) -> None:
    """Neither program sees the other's survey when it begins, and still only one is asked after a case."""
    programs = [open_database(database.url) for _ in range(2)]
    texts = Texts()

    async def put(nth: int) -> Added | Refusal:
        async with programs[nth].write() as tx:
            work = Work(tx, MORNING, BOT, RULES, texts)
            await book.list_surveys(work)
            document = tea(key=f"tea{nth}", when='after_case = "any"')
            return await book.add_survey(work, document, by=SYSTEM, state=ON)

    done = await asyncio.gather(put(0), put(1))
    for program in programs:
        await program.close()
    assert sorted(type(one).__name__ for one in done) == ["Added", "Refusal"]


# What comes with the program


@pytest.fixture
def shipped(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """The files that come with the program: a survey after cases, and a pulse."""
    files = [
        ("after_case.toml", HEAD.replace("tea", "after_case") + '[when]\nafter_case = "any"\n' + CSAT),
        ("pulse.toml", HEAD.replace("tea", "pulse") + CSAT),
    ]
    monkeypatch.setattr(book, "shipped_survey_files", lambda: tuple(files))
    return files


def rules_of(*names: str) -> Rules:
    """Return rules under which these shipped surveys are on from the start."""
    return Rules(languages=("en",), surveys=SurveyRules(shipped=names))


async def states(work: Work) -> Sequence[tuple[str, str, int, bool]]:
    """Return key, state, version and whether it is the program's own, of each survey."""
    return [(kept.key, kept.state, kept.version, kept.shipped) for kept in await book.list_surveys(work)]


async def test_shipped_surveys_are_seeded_once(working: Working, shipped: list[tuple[str, str]]) -> None:
    """Those of the configuration are on, since the seeding; a second start finds nothing to do."""
    async with working(rules=rules_of("after_case")) as work:
        assert await book.seed_shipped(work) == 2
        assert await states(work) == [("after_case", "on", 1, True), ("pulse", "off", 1, True)]
        assert (await get(work, "after_case")).on_at == MORNING
    async with working(rules=rules_of("after_case"), later=timedelta(days=1)) as work:
        assert await book.seed_shipped(work) == 0


async def test_a_newer_program_brings_newer_versions(working: Working, shipped: list[tuple[str, str]]) -> None:
    """Of what nobody changed; what somebody changed stays theirs, and what is off stays off."""
    async with working(rules=rules_of("after_case")) as work:
        await book.seed_shipped(work)
        await book.switch_survey(work, "after_case", SurveyState.OFF, by=SYSTEM)
        await add(work, tea(WORDS, key="pulse"))
    shipped[:] = [(name, f"{text}\n{WORDS}") for name, text in shipped]
    shipped[1] = ("pulse.toml", shipped[1][1].replace("Why?", "Why so?"))
    async with working(rules=rules_of("after_case"), later=timedelta(days=1)) as work:
        assert await book.seed_shipped(work) == 1
        assert await states(work) == [("after_case", "off", 2, True), ("pulse", "off", 2, False)]


async def test_a_database_that_came_forward_gets_the_newer_survey(working: Working) -> None:
    """What the migration made of the scores of cases stays version 1, and the shipped survey is version 2, still on."""
    first = import_module("storage.migrations.versions.0004_surveys")._FIRST
    document = json.dumps(first, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    async with working() as work:
        await rows.insert_survey(
            work.tx,
            key="after_case",
            document=document,
            state="on",
            on_at=MORNING,
            shipped=True,
            by=SYSTEM,
            now=MORNING,
        )
        await book.seed_shipped(work)
        kept = await get(work, "after_case")
        assert (kept.version, kept.state, kept.shipped, kept.on_at) == (2, "on", True, MORNING)
        assert [question.key for question in kept.survey.questions] == ["csat", "ces", "words"]
        old = (await get(work, "after_case", 1)).survey
        assert [question.key for question in old.questions] == ["csat", "words"]
        assert canonical_of(old) == document


async def test_a_shipped_survey_is_off_where_the_business_asks_its_own(
    working: Working, shipped: list[tuple[str, str]]
) -> None:
    """It is there all the same, to be switched on when the other is off."""
    async with working(rules=rules_of("after_case")) as work:
        await add(work, tea(when='after_case = "any"'), state=ON)
        assert await book.seed_shipped(work) == 2
        assert await states(work) == [
            ("after_case", "off", 1, True),
            ("pulse", "off", 1, True),
            ("tea", "on", 1, False),
        ]


async def test_a_shipped_survey_that_is_not_there_is_said(working: Working, shipped: list[tuple[str, str]]) -> None:
    """The configuration names it, so the program does not start, and says which there are."""
    async with working(rules=rules_of("after_cake")) as work:
        with pytest.raises(SettingsError, match=r"surveys\.shipped: .*after_cake.*after_case, pulse"):
            await book.seed_shipped(work)


async def test_programs_that_start_together_seed_once(database: Database) -> None:
    """Two replicas seed what really is shipped; each survey has one version."""
    programs = [open_database(database.url) for _ in range(2)]
    texts = Texts()

    async def start(program: Database) -> int:
        async with program.write() as tx:
            return await book.seed_shipped(Work(tx, MORNING, BOT, Rules(), texts))

    done = await asyncio.gather(*(start(program) for program in programs))
    for program in programs:
        await program.close()
    async with database.read() as tx:
        kept = await book.list_surveys(Work(tx, MORNING, BOT, Rules(), texts))
    assert sorted(done) == [0, len(kept)]
    assert {one.version for one in kept} == {1}
    assert [one.key for one in kept if one.state is ON] == ["after_case", "recovery"]


async def test_a_stored_version_is_read_without_being_judged_anew(working: Working) -> None:
    """What an older program let through is still asked, even if a newer one would not take it."""
    async with working(rules=RULES) as work:
        await add(work, tea())
        document = tea().canonical().replace("How was it?", "x" * 4000)
        await work.tx.execute(update(survey_versions).values(document=document))
        assert (await get(work)).survey.questions[0].text == {"en": "x" * 4000}
