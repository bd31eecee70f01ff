"""What the configuration says of customers, points, tiers and the contact budget, and how its faults are told."""

from datetime import date, time, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from bot.settings_file import load_settings
from bot.settings_values import parse_thousandths
from domain.loyalty import Bonus, Clawback, CustomField, FieldKind, Occasion, Rounding, Tier
from domain.rules import Rules
from tests.bot.test_settings import _clean_environment, problems, written

__all__ = ("_clean_environment",)

TIERS = "[[loyalty.tiers]]\nkey='guest'\nthreshold=0\n[[loyalty.tiers]]\nkey='gold'\nthreshold={}\n"
BONUS = "[[loyalty.bonuses]]\nname='x'\nfirst_on=2026-12-24\nlast_on=2026-12-26\n"
REWARD = "[[loyalty.rewards]]\nkey='tea'\nprice_points=80\nnames={en='Tea'}\n"
FIELD = "[[customers.fields]]\nkey='shoe'\nkind='choice'\n"


def test_without_a_word_the_rules_are_those_of_the_domain(tmp_path: Path) -> None:
    """The defaults stand once."""
    said, default = load_settings(written(tmp_path, "")).rules(), Rules()
    assert (said.loyalty, said.contact, said.record) == (default.loyalty, default.contact, default.record)


def test_loyalty_says_what_the_file_says(tmp_path: Path) -> None:
    """Thresholds are whole units in the file and minor units inside; points are exact thousandths."""
    text = f"""
    [loyalty]
    currency = "jpy"
    clawback = "negative"
    [loyalty.earning]
    points_per_unit = 0.105
    rounding = "nearest"
    day_cap = 900
    pending_for = "14d"
    expire_after = "never"
    occasions = {{ birthday = 50, referrer = 100 }}
    [loyalty.tiering]
    keep_for = "30d"
    notice_before = "0s"
    [loyalty.notices]
    expiring_before = ["7d", "30d"]
    statement_day = 0
    statement_at = "09:30"
    {TIERS.format(7000)}names = {{ "zh-TW" = "金卡" }}
    {BONUS}percent = 150
    extra = 5
    tiers = ["gold"]
    weekdays = ["sun", "Saturday"]
    """
    loyalty = load_settings(written(tmp_path, text)).rules().loyalty
    assert loyalty.clawback is Clawback.NEGATIVE
    assert loyalty.tiering.tiers == (Tier("guest", 0), Tier("gold", 7000, 100, {"zh_TW": "金卡"}))
    assert loyalty.tiering.keep_for == timedelta(days=30)
    earning = loyalty.earning
    assert (earning.milli_points_per_unit, earning.rounding, earning.day_cap) == (105, Rounding.NEAREST, 900)
    assert (earning.pending_for, earning.expire_after) == (timedelta(days=14), None)
    assert earning.occasions == {Occasion.BIRTHDAY: 50, Occasion.REFERRER: 100}
    assert earning.bonuses == (Bonus("x", date(2026, 12, 24), date(2026, 12, 26), 150, 5, ("gold",), (6, 7)),)
    assert loyalty.notices.expiring_before == (timedelta(days=30), timedelta(days=7))
    assert (loyalty.notices.statement_day, loyalty.notices.statement_at) == (None, time(9, 30))


def test_thresholds_have_the_digits_of_the_currency(tmp_path: Path) -> None:
    """A dinar has a thousand fils."""
    loyalty = load_settings(written(tmp_path, "[loyalty]\ncurrency='KWD'\n" + TIERS.format(50))).rules().loyalty
    assert loyalty.tiering.tiers[1].threshold_minor == 50_000


def test_customers_and_budget_say_what_the_file_says(tmp_path: Path) -> None:
    """No limit is 0 in the file; fields come with their choices and labels."""
    text = f"""
    [care]
    contact_budget = {{ messages = 0, per = "30d", unbudgeted = [] }}
    suppression = {{ open_case = false, low_score_for = "0s", refund_for = "2d" }}
    [customers]
    phone_region = "tw"
    link_code_for = "1d"
    {FIELD}labels = {{ en = "Shoe" }}
    choices = ["S", "M"]
    """
    rules = load_settings(written(tmp_path, text)).rules()
    assert (rules.contact.budget, rules.contact.budget_for, rules.contact.unbudgeted) == (None, timedelta(days=30), ())
    assert not rules.contact.hold_on_open_case
    assert (rules.contact.hold_after_low_score, rules.contact.hold_after_refund) == (timedelta(), timedelta(days=2))
    assert (rules.record.phone_region, rules.record.link_code_for) == ("TW", timedelta(days=1))
    assert rules.record.fields == (CustomField("shoe", FieldKind.CHOICE, {"en": "Shoe"}, ("S", "M")),)


def test_pictures_of_rewards_stand_beside_the_file(tmp_path: Path) -> None:
    """A relative path starts at the configuration, and the file must be there."""
    path = written(tmp_path, REWARD + "picture='tea.png'\nstock=3\nvalid_until='2027-01-31'\n")
    assert f"loyalty.rewards #1.picture: there is no file {tmp_path / 'tea.png'}" in problems(path)[0]
    (tmp_path / "tea.png").touch()
    (seed,) = load_settings(path).rules().loyalty.rewards
    assert (seed.picture, seed.stock, seed.valid_until) == (str(tmp_path / "tea.png"), 3, date(2027, 1, 31))


def test_the_environment_stands_above_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Deep keys and lists can be given there too."""
    monkeypatch.setenv("CAREBOT_LOYALTY__EARNING__POINTS_PER_UNIT", "2.5")
    monkeypatch.setenv("CAREBOT_LOYALTY__EARNING__OCCASIONS__BIRTHDAY", "88")
    monkeypatch.setenv("CAREBOT_LOYALTY__NOTICES__EXPIRING_BEFORE", "60d, 5d")
    loyalty = load_settings(written(tmp_path, "[loyalty.earning]\npoints_per_unit = 1")).rules().loyalty
    assert loyalty.earning.milli_points_per_unit == 2500
    assert loyalty.earning.occasions == {Occasion.BIRTHDAY: 88}
    assert loyalty.notices.expiring_before == (timedelta(days=60), timedelta(days=5))


def test_the_api_listens_nowhere_until_it_is_wanted(tmp_path: Path) -> None:
    """It is off by default, on this machine alone, beside the webhook."""
    api = load_settings(written(tmp_path, "")).api
    assert (api.enabled, api.listen_host, api.listen_port, api.per_minute) == (False, "127.0.0.1", 8082, 120)


BAD = {
    "[loyalty]\ncurrency='RMB'": 'loyalty.currency: unknown currency "RMB"; did you mean CNY?',
    "[loyalty]\ncurrency=7": "write its three letters by ISO 4217",
    "[loyalty]\nclawback='none'": "loyalty.clawback: must be one of zero, negative",
    "[loyalty]\nagent_limit=50\nsupervisor_limit=5": "loyalty.supervisor_limit: must be at least agent_limit, which is",
    "[loyalty]\npoints=5": "loyalty.points: unknown key",
    "[loyalty.earning]\npoints_per_unit=0.0001": "points_per_unit: must be a number from 0 to 999999 with at",
    "[loyalty.earning]\npoints_per_unit=-1": "loyalty.earning.points_per_unit: must be a number from 0",
    "[loyalty.earning]\npoints_per_unit=true": "loyalty.earning.points_per_unit: must be a number from 0",
    "[loyalty.earning]\nday_cap=0": "loyalty.earning.day_cap: must be at least 1",
    "[loyalty.earning]\noccasions={wedding=3}": "loyalty.earning.occasions.wedding: unknown key",
    "[loyalty.earning]\noccasions={birthday=-3}": "loyalty.earning.occasions.birthday: must be at least 0",
    "[loyalty.tiering]\nkeep_for='7d'": "loyalty.tiering.notice_before: must be shorter than keep_for",
    "[loyalty]\ntiers=[]": "loyalty.tiers: must not be empty",
    TIERS.format(0): "loyalty.tiers #2.threshold: must be greater than that of guest, 0; list tiers from the lowest up",
    TIERS.format(10**11): "loyalty.tiers #2.threshold: must be at most 10000000000",
    "[[loyalty.tiers]]\nkey='a'\nthreshold=5": "loyalty.tiers #1.threshold: must be 0; the first tier is that of every",
    TIERS.format(5).replace("gold", "guest"): "loyalty.tiers: key guest is listed twice",
    TIERS.format(5) + "names={fr='Or'}": 'loyalty.tiers #2.names: unknown language "fr"; choose among en, zh_CN',
    TIERS.format(5) + "names='Gold'": 'loyalty.tiers #2.names: must be a text for each language, such as { en = "Gold"',
    TIERS.format(5) + "names={en=' '}": "loyalty.tiers #2.names.en: must not be empty",
    "[business]\nlanguages=['en']\n" + TIERS.format(5) + "names={zh_CN='金'}": (
        "loyalty.tiers #2.names: zh_CN is not among business.languages (en); add it there, or take this text out"
    ),
    TIERS.format(5).replace("gold", "Gold"): 'loyalty.tiers #2.key: "Gold" is no name; begin with a small letter',
    BONUS + "tiers=['glod']": "loyalty.bonuses #1.tiers: unknown tier glod; did you mean gold?",
    BONUS + "weekdays=['caturday']": "loyalty.bonuses #1.weekdays #1: not a day of the week; choose among mon, tue",
    BONUS + "percent=50": "loyalty.bonuses #1.percent: must be at least 100",
    BONUS + "percent=100000": "loyalty.bonuses #1.percent: must be at most 10000",
    BONUS.replace("12-26", "12-20"): "loyalty.bonuses #1.last_on: 2026-12-20 lies before first_on, 2026-12-24",
    BONUS.replace("2026-12-24", "'2026-02-30'"): 'loyalty.bonuses #1.first_on: there is no day "2026-02-30"',
    BONUS.replace("2026-12-24", "20261224"): "loyalty.bonuses #1.first_on: not a day; write year-month-day",
    BONUS + BONUS: "loyalty.bonuses: name x is listed twice",
    REWARD.replace("80", "0"): "loyalty.rewards #1.price_points: must be at least 1",
    REWARD.replace("{en='Tea'}", "{}"): "loyalty.rewards #1.names: must not be empty",
    REWARD + "valid_from=2026-12-02\nvalid_until=2026-12-01": "loyalty.rewards #1.valid_until: 2026-12-01 lies before",
    "[loyalty.notices]\nstatement_day=29": "loyalty.notices.statement_day: must be at most 28",
    "[loyalty.notices]\nexpiring_before=['soon']": "loyalty.notices.expiring_before #1: not a length of time",
    "[customers]\nphone_region='China'": 'customers.phone_region: unknown region "China"; write its two letters',
    FIELD: 'customers.fields #1.choices: missing; kind = "choice" needs what can be chosen',
    FIELD.replace("choice", "text") + "choices=['S']": 'customers.fields #1.choices: only kind = "choice" has them',
    FIELD + "choices=['S','S']": "customers.fields #1.choices: names a choice twice",
    FIELD.replace("'shoe'", "'Shoe size'"): 'customers.fields #1.key: "Shoe size" is no name',
    "[care.contact_budget]\nmessages=-1": "care.contact_budget.messages: must be at least 0",
    "[care.suppression]\nrefund_for=7": "care.suppression.refund_for: not a length of time",
    "[api]\nlisten_port=0": "api.listen_port: must be at least 1",
    "[api]\npublic_url='api.example.com'": "api.public_url: must be the address other systems reach the API at",
    "mode='webhook'\nwebhook={public_url='https://b.example.com'}\n[api]\nenabled=true\nlisten_port=8080": (
        "api.listen_port: telegram.webhook listens there; write another port"
    ),
}


@pytest.mark.parametrize(("text", "line"), BAD.items(), ids=[text.replace("\n", " ")[-60:] for text in BAD])
def test_a_problem_names_the_key_and_the_mend(text: str, line: str, tmp_path: Path) -> None:
    """One clear line each."""
    found = problems(written(tmp_path, text))
    assert len(found) == 1
    assert line in found[0]


def test_a_fault_in_the_business_does_not_hide_behind_others(tmp_path: Path) -> None:
    """Where the languages are wrong, names are not held against them."""
    text = "[business]\nlanguages=['fr']\n" + TIERS.format(5) + "names={en='Gold'}"
    (line,) = problems(written(tmp_path, text))
    assert "business.languages #1" in line


@pytest.mark.parametrize(("written_as", "number"), [(1, "1"), (0.1, "0.1"), ("2.50", "2.50"), (0.115, "0.115")])
def test_points_are_read_as_they_are_written(written_as: object, number: str) -> None:
    """No binary fraction slips in."""
    assert parse_thousandths(written_as) == Decimal(number)
