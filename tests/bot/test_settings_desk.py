"""The section of the configuration about the staff desk."""

from datetime import date, time, timedelta
from pathlib import Path

import pytest

from bot.settings_file import load_settings
from domain.cases import Aspect, Priority
from domain.desk import Assigning, CannedSeed, DeskRules, Targets
from tests.bot.test_settings import TOKEN, problems

HEAD = f"[telegram]\ntoken = '{TOKEN}'\n"


def written(folder: Path, text: str) -> Path:
    """Write a configuration with a token."""
    path = folder / "carebot.toml"
    path.write_text(HEAD + text, encoding="utf-8")
    return path


def rules(folder: Path, text: str) -> DeskRules:
    """Return the desk's rules that a configuration gives."""
    return load_settings(written(folder, text)).rules().desk


def test_without_a_word_the_rules_are_those_of_the_domain(tmp_path: Path) -> None:
    """Each default stands in one place only in effect."""
    assert rules(tmp_path, "") == DeskRules()


def test_hours_are_those_of_the_week_with_their_exceptions(tmp_path: Path) -> None:
    """Days left out are days off, midnight may end a day, an exception may last several days."""
    hours = rules(
        tmp_path,
        """
        [desk.hours]
        mon = ["09:00-12:00", "13:30-18:00"]
        sat = ["20:00-24:00"]
        holidays_of = "cn"
        [[desk.hours.exceptions]]
        first_on = 2027-02-05
        last_on = 2027-02-07
        [[desk.hours.exceptions]]
        first_on = 2027-02-09
        hours = ["10:00-12:00"]
        """,
    ).hours
    assert hours.week[0] == ((time(9), time(12)), (time(13, 30), time(18)))
    assert hours.week[1] == ()
    assert hours.week[5] == ((time(20), time(0)),)
    assert hours.region == "CN"
    assert [day.day for day, spans in hours.exceptions.items() if spans == ()] == [5, 6, 7]
    assert hours.exceptions[date(2027, 2, 9)] == ((time(10), time(12)),)


def test_the_rest_says_what_the_file_says(tmp_path: Path) -> None:
    """Targets by priority and tier, what raises a case, the ladder, ready answers, groups."""
    text = """
    [[business.branches]]
    code = "main"
    name = "Main street"
    [[staff.groups]]
    id = -100
    name = "Main"
    takes = { branches = ["main"], aspects = ["price"], languages = ["en"] }
    [desk]
    assigning = "least_loaded"
    digest_at = "never"
    [[desk.sla.targets]]
    priority = "high"
    first_response = "1h"
    [[desk.sla.targets]]
    priority = "high"
    tier = "gold"
    resolution = "16h"
    [desk.priority]
    tiers = { gold = "high" }
    aspects = { after_sales = "high" }
    keywords = { "漏电" = "urgent" }
    [desk.ladder]
    answer_within = "5m"
    [[desk.canned]]
    name = "photo"
    texts = { en = "A photo?" }
    event = "hold"
    """
    settings = load_settings(written(tmp_path, text))
    desk = settings.rules().desk
    assert (desk.assigning, desk.digest_at) == (Assigning.LEAST_LOADED, None)
    assert desk.sla.targets == {Priority.HIGH: Targets(first_response=timedelta(hours=1))}
    assert desk.sla.tiers == {"gold": {Priority.HIGH: Targets(resolution=timedelta(hours=16))}}
    assert (desk.priority.tiers, desk.priority.aspects) == (
        {"gold": Priority.HIGH},
        {Aspect.AFTER_SALES: Priority.HIGH},
    )
    assert desk.priority.keywords == {"漏电": Priority.URGENT}
    assert desk.ladder.answer_within == timedelta(minutes=5)
    assert desk.canned == (CannedSeed("photo", {"en": "A photo?"}, event="hold"),)
    takes = settings.staff.groups[0].takes.seed()
    assert takes == {"branches": ["main"], "aspects": ["price"], "languages": ["en"]}


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[desk.hours]\nmon = ['18:00-09:00']", 'desk.hours.mon: "18:00-09:00" ends before it begins'),
        ("[desk.hours]\nmon = ['09:00-12:00', '11:00-13:00']", "desk.hours.mon: 11:00 begins before 12:00"),
        ("[desk.hours]\nmon = '9 to 5'", 'desk.hours.mon: "9 to 5" is no span of hours'),
        ("[desk.hours]\nholidays_of = 'XX'", 'desk.hours.holidays_of: no public holidays are known of "XX"'),
        ("[desk.hours]\nholidays_of = 'GB-XX'", "desk.hours.holidays_of: GB has no part XX"),
        (
            "[[desk.hours.exceptions]]\nfirst_on = 2027-02-05\nlast_on = 2027-02-01",
            "desk.hours.exceptions #1.last_on: 2027-02-01 lies before first_on",
        ),
        (
            "[[desk.hours.exceptions]]\nfirst_on = 2027-02-05\n[[desk.hours.exceptions]]\nfirst_on = 2027-02-05",
            "desk.hours.exceptions #2.first_on: 2027-02-05 has an exception already",
        ),
        (
            "[[desk.sla.targets]]\npriority = 'high'\ntier = 'golden'",
            "desk.sla.targets #1.tier: there is no tier golden in loyalty.tiers; did you mean gold?",
        ),
        (
            "[[staff.groups]]\nid = -1\nname = 'x'\ntakes = { branches = ['nowhere'] }",
            "staff.groups #1.takes.branches: there is no nowhere here; there are: none yet",
        ),
        (
            "[[staff.groups]]\nid = -1\nname = 'x'\ntakes = { tiers = ['golden'] }",
            "staff.groups #1.takes.tiers: there is no golden here; there are: new, regular, silver, gold, diamond",
        ),
        (
            "[[staff.groups]]\nid = -1\nname = 'x'\ntakes = { languages = ['fr'] }",
            "staff.groups #1.takes.languages: there is no fr here; there are: en, zh_CN, zh_TW",
        ),
        ("[desk.sla]\nwarn_at = 1.0", "desk.sla.warn_at: "),
        ("[desk.priority]\nkeywords = { ' ' = 'high' }", "desk.priority.keywords: a keyword has 1 to 128 letters"),
        ("[desk]\ndigest_at = 'noon'", "desk.digest_at: not a time of day"),
        ("[desk]\nassigning = 'random'", "desk.assigning: "),
        ("[[desk.canned]]\nname = 'a'\ntexts = { fr = 'x' }", "desk.canned #1.texts: "),
    ],
)
def test_a_problem_names_the_key_and_the_mend(tmp_path: Path, text: str, line: str) -> None:
    """One line says what is wrong and how to mend it."""
    found = problems(written(tmp_path, text))
    assert any(one.strip().startswith(line) or line in one for one in found), found
    assert len([one for one in found if one.strip()]) <= 2
