"""The days campaigns hang on, against another library's calendars, published dates and the sun itself."""

from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import pairwise
from math import radians, sin
from zoneinfo import ZoneInfo

import holidays
import pytest
from borax.calendars.lunardate import LunarDate
from dateutil.easter import easter as easter_by_dateutil  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import strategies as st

from domain.campaigns.holidays import HOLIDAYS, REGIONS, days_of, easter, is_solemn, next_day, occasions_of

YEARS = range(2026, 2032)
CHINESE = ("CN", "TW", "HK", "MO", "SG", "MY")
CALLED = {
    "Chinese New Year's Eve": "spring_festival_eve",
    "Chinese New Year": "spring_festival",
    "Chinese New Year (Spring Festival)": "spring_festival",
    "Chinese New Year's Day": "spring_festival",
    "New Year's Day": "new_year",
    "Founding Day of the Republic of China": "new_year",
    "Peace Memorial Day": "peace_memorial",
    "Tomb-Sweeping Day": "qingming",
    "Children's Day": "childrens_day",
    "Good Friday": "good_friday",
    "Labor Day": "labour_day",
    "Dragon Boat Festival": "dragon_boat",
    "Mid-Autumn Festival": "mid_autumn",
    "Confucius' Birthday": "teachers_day",
    "National Day": "national_day",
    "National Day of the People's Republic of China": "national_day",
    "Independence Day": "national_day",
    "Double Ninth Festival": "double_ninth",
    "Memorial Day": "memorial_day",
    "Thanksgiving Day": "thanksgiving",
    "Winter Solstice": "winter_solstice",
    "Vesak Day": "vesak",
    "Eid al-Fitr": "hari_raya_puasa",
    "Eid al-Adha": "hari_raya_haji",
    "Diwali": "deepavali",
    "Christmas Eve": "christmas_eve",
    "Christmas Day": "christmas",
}
"""What the other library calls the days off that the table has too."""


@cache
def days_off(region: str, year: int) -> frozenset[tuple[str, date]]:
    """Return key and date of each day off that the other library knows and the table has, without days in lieu."""
    categories = ("public", "optional") if region in ("HK", "MO") else ("public",)
    found = holidays.country_holidays(
        region,
        subdiv="ENG" if region == "GB" else None,
        years=[year],
        language="en_GB" if region == "GB" else "en_US",
        categories=categories,
        observed=False,
    )
    named = ((name.removesuffix(" (estimated)"), on) for on in found for name in found.get_list(on))
    return frozenset((CALLED[name], on) for name, on in named if name in CALLED)


def first_only(days: frozenset[tuple[str, date]]) -> set[tuple[str, date]]:
    """Return the first day of each run of days off of one name: a Spring Festival of three days is one festival."""
    return {(key, on) for key, on in days if key == "spring_festival_eve" or (key, on - timedelta(days=1)) not in days}


@pytest.mark.parametrize("region", REGIONS)
@pytest.mark.parametrize("year", YEARS)
def test_days_off_are_those_of_another_calendar(region: str, year: int) -> None:
    """Every day off in the table is one in the other library, and the other way round."""
    ours = {(kept.key, kept.on) for kept in occasions_of(year, region) if kept.public}
    theirs = first_only(days_off(region, year))
    if region == "TW":  # an eve of two days off: the last one is the eve itself
        eves = sorted(pair for pair in theirs if pair[0] == "spring_festival_eve")
        theirs -= set(eves[:-1])
    if region == "HK":  # on a Sunday, which is a day off anyhow, another day stands in
        ours = {pair for pair in ours if pair[1].isoweekday() != 7}
        theirs = {pair for pair in theirs if pair[1].isoweekday() != 7}
    assert ours == theirs


PUBLISHED = [
    ("spring_festival_eve", "CN", (date(2024, 2, 9), date(2025, 1, 28), date(2026, 2, 16), date(2027, 2, 5))),
    ("spring_festival", "CN", (date(2024, 2, 10), date(2025, 1, 29), date(2026, 2, 17), date(2027, 2, 6))),
    ("lantern", "TW", (date(2024, 2, 24), date(2025, 2, 12), date(2026, 3, 3), date(2027, 2, 20))),
    ("qingming", "TW", (date(2024, 4, 4), date(2025, 4, 4), date(2026, 4, 5), date(2027, 4, 5))),
    ("dragon_boat", "HK", (date(2024, 6, 10), date(2025, 5, 31), date(2026, 6, 19), date(2027, 6, 9))),
    ("qixi", "CN", (date(2024, 8, 10), date(2025, 8, 29), date(2026, 8, 19), date(2027, 8, 8))),
    ("ghost_festival", "TW", (date(2024, 8, 18), date(2025, 9, 6), date(2026, 8, 27), date(2027, 8, 16))),
    ("mid_autumn", "CN", (date(2024, 9, 17), date(2025, 10, 6), date(2026, 9, 25), date(2027, 9, 15))),
    ("double_ninth", "HK", (date(2024, 10, 11), date(2025, 10, 29), date(2026, 10, 18), date(2027, 10, 8))),
    ("winter_solstice", "CN", (date(2024, 12, 21), date(2025, 12, 21), date(2026, 12, 22), date(2027, 12, 22))),
    ("mothers_day", "CN", (date(2024, 5, 12), date(2025, 5, 11), date(2026, 5, 10), date(2027, 5, 9))),
    ("mothers_day", "GB", (date(2024, 3, 10), date(2025, 3, 30), date(2026, 3, 15), date(2027, 3, 7))),
    ("fathers_day", "CN", (date(2024, 6, 16), date(2025, 6, 15), date(2026, 6, 21), date(2027, 6, 20))),
    ("fathers_day", "TW", (date(2024, 8, 8), date(2025, 8, 8), date(2026, 8, 8), date(2027, 8, 8))),
    ("teachers_day", "CN", (date(2024, 9, 10), date(2025, 9, 10), date(2026, 9, 10), date(2027, 9, 10))),
    ("teachers_day", "TW", (date(2024, 9, 28), date(2025, 9, 28), date(2026, 9, 28), date(2027, 9, 28))),
    ("teachers_day", "SG", (date(2024, 9, 6), date(2025, 9, 5), date(2026, 9, 4), date(2027, 9, 3))),
    ("childrens_day", "SG", (date(2024, 10, 4), date(2025, 10, 3), date(2026, 10, 2), date(2027, 10, 1))),
    ("vesak", "SG", (date(2024, 5, 22), date(2025, 5, 12), date(2026, 5, 31), date(2027, 5, 20))),
    ("hari_raya_puasa", "SG", (date(2024, 4, 10), date(2025, 3, 31), date(2026, 3, 21), date(2027, 3, 10))),
    ("hari_raya_haji", "MY", (date(2024, 6, 17), date(2025, 6, 7), date(2026, 5, 27), date(2027, 5, 17))),
    ("deepavali", "SG", (date(2024, 10, 31), date(2025, 10, 20), date(2026, 11, 8), date(2027, 10, 28))),
    ("deepavali", "MY", (date(2024, 10, 31), date(2025, 10, 20), date(2026, 11, 8), date(2027, 10, 28))),
    ("thanksgiving", "US", (date(2024, 11, 28), date(2025, 11, 27), date(2026, 11, 26), date(2027, 11, 25))),
    ("memorial_day", "US", (date(2024, 5, 27), date(2025, 5, 26), date(2026, 5, 25), date(2027, 5, 31))),
    ("remembrance_sunday", "GB", (date(2024, 11, 10), date(2025, 11, 9), date(2026, 11, 8), date(2027, 11, 14))),
]


@pytest.mark.parametrize(
    ("key", "region", "dates"), PUBLISHED, ids=lambda value: value if isinstance(value, str) else ""
)
def test_days_are_those_published(key: str, region: str, dates: tuple[date, ...]) -> None:
    """The dates stand in printed calendars of the place."""
    assert tuple(on for year in range(2024, 2028) for on in days_of(key, year, region)) == dates


@given(year=st.integers(1902, 2099), region=st.sampled_from(CHINESE))
def test_new_years_eve_is_the_day_before_new_year(year: int, region: str) -> None:
    """Whether the last month has 29 days or 30, its last one is the eve."""
    (eve,), (first,) = days_of("spring_festival_eve", year, region), days_of("spring_festival", year, region)
    assert eve == first - timedelta(days=1)
    lunar = LunarDate.from_solar_date(eve.year, eve.month, eve.day)
    assert (lunar.month, lunar.day) in ((12, 29), (12, 30))


def test_the_eve_falls_on_the_29th_in_five_years_running() -> None:
    """From 2025 to 2029 there is no 30th of the last month, as was in the news; in 2024 and 2030 there is one."""
    eves = [days_of("spring_festival_eve", year, "CN")[0] for year in range(2024, 2031)]
    assert [LunarDate.from_solar_date(*eve.timetuple()[:3]).day for eve in eves] == [30, 29, 29, 29, 29, 29, 30]


@given(year=st.integers(1902, 2099))
def test_lunar_days_are_those_of_the_lunar_calendar(year: int) -> None:
    """Each is on its lunar day and never in a leap month; one a solar year, but for those of the last month."""
    for key, month, day in (("lantern", 1, 15), ("dragon_boat", 5, 5), ("qixi", 7, 7), ("double_ninth", 9, 9)):
        (on,) = days_of(key, year, "CN")
        lunar = LunarDate.from_solar_date(on.year, on.month, on.day)
        assert (lunar.year, lunar.month, lunar.day, lunar.leap) == (year, month, day, 0)


def test_a_lunar_day_of_winter_comes_twice_or_not_at_all_in_some_years() -> None:
    """Laba of the year before can fall into January, and this year's into December or the next January."""
    assert days_of("laba", 2025, "CN") == (date(2025, 1, 7),)
    assert days_of("laba", 2026, "CN") == (date(2026, 1, 26),)
    counts = {year: len(days_of("laba", year, "CN")) for year in range(1902, 2099)}
    assert set(counts.values()) == {0, 1, 2}
    every = [on for year in counts for on in days_of("laba", year, "CN")]
    assert all(350 < (later - earlier).days < 390 for earlier, later in pairwise(every))


def suns_longitude(at: datetime) -> float:
    """Return the apparent longitude of the sun in degrees, to about a hundredth. Source: Meeus, chapter 25."""
    delta_t_s = 69 + (at.year - 2015) * 0.5
    centuries = ((at - datetime(2000, 1, 1, 12, tzinfo=UTC)).total_seconds() + delta_t_s) / 86400 / 36525
    mean = 280.46646 + 36000.76983 * centuries + 0.0003032 * centuries**2
    anomaly = radians(357.52911 + 35999.05029 * centuries - 0.0001537 * centuries**2)
    centre = (
        (1.914602 - 0.004817 * centuries) * sin(anomaly)
        + (0.019993 - 0.000101 * centuries) * sin(2 * anomaly)
        + 0.000289 * sin(3 * anomaly)
    )
    node = radians(125.04 - 1934.136 * centuries)
    return (mean + centre - 0.00569 - 0.00478 * sin(node)) % 360


@pytest.mark.parametrize(("key", "longitude"), [("qingming", 15), ("winter_solstice", 270)])
def test_solar_terms_are_where_the_sun_is(key: str, longitude: int) -> None:
    """By Chinese time, the sun has not come to the term's place when the day begins, and has when it ends.

    A day whose border is nearer than half an hour (0.02 degrees) is left to the printed almanacs.
    """
    near = 0
    for year in range(1950, 2070):
        (on,) = days_of(key, year, "CN")
        begins = datetime.combine(on, datetime.min.time(), ZoneInfo("Asia/Shanghai")).astimezone(UTC)
        before, after = (
            (suns_longitude(at) - longitude + 180) % 360 - 180 for at in (begins, begins + timedelta(days=1))
        )
        near += before > -0.02 or after < 0.02
        assert before < 0.02, year
        assert after > -0.02, year
    assert near < 10


@given(year=st.integers(1583, 4099))
def test_easter_is_that_of_another_reckoning(year: int) -> None:
    """A Sunday from 22 March to 25 April, the same as dateutil's."""
    on = easter(year)
    assert on == easter_by_dateutil(year)
    assert on.isoweekday() == 7
    assert date(year, 3, 22) <= on <= date(year, 4, 25)


def test_easter_comes_at_its_earliest_and_latest() -> None:
    """22 March 1818 and 25 April 2038 are the ends; 1981 and 2049 are where simple reckonings fail."""
    assert [easter(year) for year in (1818, 2038, 1981, 2049)] == [
        date(1818, 3, 22),
        date(2038, 4, 25),
        date(1981, 4, 19),
        date(2049, 4, 18),
    ]


def test_a_feast_by_the_moon_alone_comes_twice_in_some_years() -> None:
    """The end of the fast comes in January and December of 2000, and on a day of another name as well in 2030."""
    assert days_of("hari_raya_puasa", 2000, "SG") == (date(2000, 1, 8), date(2000, 12, 27))
    assert days_of("hari_raya_puasa", 2030, "SG") == (date(2030, 2, 4),)
    assert days_of("hari_raya_puasa", 2030, "CN") == ()


def test_a_day_is_not_kept_everywhere() -> None:
    """Thanksgiving is not Taiwan's, the Dragon Boat Festival not Britain's; elsewhere only the world's own days are."""
    assert days_of("thanksgiving", 2027, "TW") == ()
    assert days_of("dragon_boat", 2027, "GB") == ()
    assert next_day("dragon_boat", date(2027, 1, 1), "GB") is None
    assert {kept.key for kept in occasions_of(2027, "FR")} == {
        *("new_year", "valentines", "womens_day", "halloween", "christmas_eve", "christmas", "new_years_eve")
    }
    with pytest.raises(KeyError):
        days_of("pancake_day", 2027, "GB")


@given(
    key=st.sampled_from(sorted(HOLIDAYS)),
    after=st.dates(date(2020, 1, 1), date(2090, 1, 1)),
    region=st.sampled_from(REGIONS),
)
def test_the_next_day_is_the_first_one_after(key: str, after: date, region: str) -> None:
    """Strictly after the day asked about, and none between."""
    every = [on for year in range(after.year, after.year + 3) for on in days_of(key, year, region) if on > after]
    assert next_day(key, after, region) == (min(every) if every else None)


@pytest.mark.parametrize("region", REGIONS)
def test_a_years_occasions_are_in_order_and_all_of_them(region: str) -> None:
    """The list of a year is what asking for each day gives, from January to December."""
    kept = occasions_of(2027, region)
    assert list(kept) == sorted(kept)
    assert {(one.key, one.on) for one in kept} == {(key, on) for key in HOLIDAYS for on in days_of(key, 2027, region)}


def test_solemn_days_are_few_and_of_the_place() -> None:
    """Tombs are swept in Taipei, not in London; New Year is a day like others."""
    assert is_solemn(date(2027, 4, 5), "TW")
    assert not is_solemn(date(2027, 4, 5), "GB")
    assert is_solemn(date(2027, 8, 16), "CN")
    assert not is_solemn(date(2027, 1, 1), "CN")
    assert {kept.key for kept in occasions_of(2027, "TW") if kept.solemn} == {
        *("peace_memorial", "qingming", "ghost_festival")
    }
