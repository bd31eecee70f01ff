"""The days campaigns hang on, at the command line."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.clock import Clock
from tests.bot.test_cli import Shop


@pytest.fixture
def shop(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shop:
    """A configuration; the command opens no database."""
    return Shop(tmp_path, f"sqlite+aiosqlite:///{tmp_path}/none.db", capsys)


def listed(out: str) -> dict[str, list[str]]:
    """Return the cells of each day by its key."""
    rows = [line.split("  ") for line in out.splitlines() if line.startswith("  ")]
    cells = [[cell.strip() for cell in row if cell.strip()] for row in rows]
    return {row[-1]: row[:-1] for row in cells}


def test_a_year_is_shown_by_month_with_lunar_days_and_keys(shop: Shop) -> None:
    """Mia looks up when Mid-Autumn is, what the campaign must call it, and that Qingming is solemn."""
    status, out, err = shop.run("occasions", "--year", "2027", "--region", "CN")
    assert (status, err) == (0, "")
    days = listed(out)
    assert days["mid_autumn"] == ["2027-09-15", "Wed", "Mid-Autumn Festival", "lunar 8/15", "day off"]
    assert days["qingming"] == ["2027-04-05", "Mon", "Qingming", "lunar 2/29", "day off · solemn"]
    assert days["spring_festival_eve"][:1] == ["2027-02-05"]
    assert not {"thanksgiving", "peace_memorial"} & set(days)
    heads = [line for line in out.splitlines() if not line.startswith(" ")]
    assert heads[:2] == ["January 2027", "February 2027"]
    assert "July 2027" not in heads


def test_names_are_those_of_the_language(shop: Shop) -> None:
    """In Taipei the days are Taiwan's, with the names people use there."""
    _, out, _ = shop.run("occasions", "--year", "2027", "--region", "tw", "--language", "zh-Hant")
    days = listed(out)
    assert days["fathers_day"] == ["2027-08-08", "週日", "父親節", "七月初七"]
    assert days["qixi"] == ["2027-08-08", "週日", "七夕", "七月初七"]
    assert days["peace_memorial"] == ["2027-02-28", "週日", "和平紀念日", "正月廿三", "放假 · 莊重"]
    assert out.startswith("2027年1月\n")


def test_a_leap_month_is_named(shop: Shop) -> None:
    """In 2023 the second month came twice; 4 April was in its second coming."""
    _, out, _ = shop.run("occasions", "--year", "2023", "--region", "TW", "--language", "zh_CN")
    assert listed(out)["childrens_day"][3] == "闰二月十四"


def test_year_and_region_are_the_businesss(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without options it is the year that has begun where the business is, and the region it keeps."""
    monkeypatch.setattr(Clock, "now", lambda _self: datetime(2026, 12, 31, 23, 30, tzinfo=UTC))
    text = shop.config.read_text("utf-8") + '\n[campaigns]\nregion = "SG"\n'
    shop.config.write_text(text.replace("[[business", '[business]\ntime_zone = "Asia/Singapore"\n[[business'), "utf-8")
    _, out, _ = shop.run("occasions")
    assert listed(out)["national_day"][0] == "2027-08-09"


def test_a_region_without_days_of_its_own_is_said_so(shop: Shop) -> None:
    """Whoever asks for France is shown the world's days, and told."""
    status, out, err = shop.run("occasions", "--year", "2027", "--region", "FR")
    assert status == 0
    assert "christmas" in listed(out)
    assert err.count("\n") == 1
    assert "no days of FR's own are known" in err


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (("--year", "1900"), "--year: 1900 is not known; choose from 1902 to 2099"),
        (("--year", "2100"), "--year: 2100 is not known; choose from 1902 to 2099"),
        (("--region", "China"), "--region: 'CHINA' is no region; write two letters as ISO 3166 has them, such as CN"),
        (("--region", ""), "--region: '' is no region; write two letters as ISO 3166 has them, such as CN"),
        (("--language", "fr"), "--language: unknown language 'fr'; choose among en, zh_CN, zh_TW"),
    ],
)
def test_what_cannot_be_is_one_clear_line(shop: Shop, asked: tuple[str, str], said: str) -> None:
    """A year before the tables, a country's name, a language that is not spoken."""
    status, out, err = shop.run("occasions", *asked)
    assert (status, out, err) == (2, "", f"carebot: {said}\n")
