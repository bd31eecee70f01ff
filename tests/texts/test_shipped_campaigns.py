"""The campaigns that come with the program could go out as they are, and read as a shop person would write them."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import opencc
import pytest

from domain.campaigns import ButtonKind, Campaign, OccasionKind
from domain.campaigns.holidays import HOLIDAYS, REGIONS
from domain.languages import LANGUAGES
from domain.loyalty import CustomField, FieldKind
from domain.people import ConsentClass
from domain.rules import Rules
from domain.segments import Vocabulary
from domain.segments import parse as parse_segment
from domain.surveys import Words
from services.campaigns.document import parse_canonical, read_toml
from services.campaigns.faults import faults_of, warnings_of
from services.campaigns.templates import render_text
from services.campaigns.variables import sample_context
from texts.campaigns import shipped_campaign_files

FILES = dict(shipped_campaign_files())
CHINESE = ("zh_CN", "zh_TW")
PROMISED = {
    *("birthday", "birthday_voucher", "anniversary", "welcome", "points_expiring", "voucher_expiring", "tier_up"),
    *("follow_up", "usage_tip", "new_product", "renewal", "maintenance", "appointment", "payment_due", "ready_for_you"),
    *("invitation", "invitation_reminder"),
    *("winback_90", "winback_price", "winback_fault", "winback_rival", "winback_natural"),
}
LONGEST = {"en": 330, "zh_CN": 130, "zh_TW": 130}
"""Letters as they are read, so that a message is a few lines on a phone."""
FIELDS = ("renewal_on", "maintenance_on", "appointment_on", "payment_due_on")
RULES = replace(Rules(), record=replace(Rules().record, fields=tuple(CustomField(f, FieldKind.DATE) for f in FIELDS)))

MACHINE_SPEAK = {
    "en": r"valued|dear customer|kindly (note|be|find)|\bplease be informed|customer|exclusive|don't miss|hurry",
    "zh_CN": "尊敬|客户|用户|敬请|贵宾|亲爱的|特惠|限时|抢购|惊爆|点击|[。！>]亲[,，]",
    "zh_TW": "尊敬|客戶|用戶|敬請|貴賓|親愛的|特惠|限時|搶購|點擊|咱",
}
NOT_SAID_IN_TAIWAN = "質量|信息|消息|反饋|默認|點擊|用戶|積分|網絡|視頻|質素|聯系|短信|通過|发送|兌換碼"
CHEER = "快乐|快樂|开心|開心|祝福|恭喜|愉快|喜|节日|佳節|happy|wonderful|enjoy|gift|offer|cheer|celebrat"

EXAMPLES: Mapping[str, str] = {}
"""Nothing but the examples of the variables."""


@pytest.fixture(params=FILES, ids=lambda name: name.removesuffix(".toml"))
def campaign(request: pytest.FixtureRequest) -> Campaign:
    """Each campaign."""
    return shipped(request.param)


def shipped(name: str) -> Campaign:
    """Return one campaign by its file's name."""
    return read_toml(FILES[name], name=name).campaign()


def all_words(campaign: Campaign) -> Iterator[tuple[str, Words]]:
    """Yield every text of a campaign with what it is."""
    yield "title", campaign.title
    yield from (("text", variant.text) for variant in campaign.variants)
    for button in campaign.buttons:
        yield "label", button.label
        yield from [("reply", button.reply)] if button.reply else ()
    if campaign.task is not None:
        yield "task", campaign.task.title
    if campaign.invitation is not None:
        yield "place", campaign.invitation.place


def read_by(campaign: Campaign, language: str, known: Mapping[str, str] = EXAMPLES, *, empty: bool = False) -> str:
    """Return the message as somebody reads it, without its tags."""
    context = sample_context(campaign, FIELDS, empty=empty) | dict(known)
    html = render_text(campaign.variants[0].text[language], context)
    return re.sub("<[^>]+>", "", html)


def test_all_that_are_promised_are_there() -> None:
    """Each file is called as the campaign in it; besides those promised there are fourteen holidays and more."""
    campaigns = [shipped(name) for name in FILES]
    assert [f"{campaign.key}.toml" for campaign in campaigns] == list(FILES)
    holidays = {campaign.when.holiday for campaign in campaigns if campaign.when.kind is OccasionKind.HOLIDAY}
    assert {campaign.key for campaign in campaigns} - holidays == PROMISED
    assert len(holidays) >= 14


def test_each_passes_the_lint_where_it_is_kept(campaign: Campaign) -> None:
    """No line of fault, with everything known of a person or nothing; a holiday in a region that keeps it."""
    holiday = HOLIDAYS.get(campaign.when.holiday or "")
    region = next(region for region in REGIONS if holiday is None or holiday.rule_in(region) is not None)
    rules = replace(RULES, campaigns=replace(RULES.campaigns, region=region))
    assert faults_of(campaign, rules, languages=LANGUAGES) == []
    assert [line for line in warnings_of(campaign) if not line.startswith("personal:")] == []
    if campaign.segment is not None:
        parse_segment(campaign.segment, Vocabulary.of(rules))


def test_every_text_is_there_in_every_language(campaign: Campaign) -> None:
    """Whoever reads zh_TW never meets an English button."""
    for what, words in all_words(campaign):
        assert set(words) == set(LANGUAGES), (what, words)


def test_kept_and_read_again_it_is_the_same(campaign: Campaign) -> None:
    """What the database keeps is the campaign of the file."""
    assert parse_canonical(read_toml(FILES[f"{campaign.key}.toml"], name="").canonical()) == campaign


@pytest.mark.parametrize("language", LANGUAGES)
def test_messages_are_short_and_whole(campaign: Campaign, language: str) -> None:
    """Known or unknown, a person reads a few lines without gaps, doubled signs or a sign left over."""
    for empty in (False, True):
        text = read_by(campaign, language, empty=empty)
        assert len(text) <= LONGEST[language], text
        assert not re.search(r"  |，，|。。|,,|\( ?\)|（）|“”|「」| [,.!，。！]|None|\{|\}", text), text
        assert not re.search("—|–|--|\\.\\.|;|；", text), text
        for paragraph in text.split("\n\n"):
            assert paragraph == paragraph.strip(), text


@pytest.mark.parametrize("language", LANGUAGES)
def test_sentences_begin_and_end_as_sentences_do(campaign: Campaign, language: str) -> None:
    """Each paragraph below the head ends with its sign, and an English one begins with a capital, name or no name."""
    for known in (EXAMPLES, {"name": ""}):
        head, *body = read_by(campaign, language, known).split("\n\n")
        signs = ".?!" if language == "en" else "。？！"
        assert all(paragraph[-1] in signs or paragraph.startswith(("🗓", "📍")) for paragraph in body), body
        if language == "en":
            for paragraph in (head, *body):
                first = re.sub(r"^[^\w“/]+", "", paragraph)[0]
                assert first.isupper() or first.isdigit() or first == "“", paragraph


def test_nobody_is_talked_to_like_a_number(campaign: Campaign) -> None:
    """A shop person neither values customers nor shouts of bargains."""
    for what, words in all_words(campaign):
        for language, text in words.items():
            if what not in ("title", "task"):
                assert not re.search(MACHINE_SPEAK[language], text, re.IGNORECASE), text


def test_chinese_is_chinese_of_its_own_place(campaign: Campaign) -> None:
    """Signs are Chinese ones, 您 is said throughout, each letter is of its own script, Taiwan's words are Taiwan's."""
    scripts = {"zh_CN": opencc.OpenCC("t2s"), "zh_TW": opencc.OpenCC("s2tw")}
    for _, words in all_words(campaign):
        for language in CHINESE:
            text = re.sub(r"\{\{.*?\}\}|\{%.*?%\}|<[^>]+>", "", words[language])
            assert not re.search(r"[\u4e00-\u9fff][,.?!:()]|你", text), text
            assert not re.search(r"[\u4e00-\u9fff][A-Za-z0-9]|[A-Za-z0-9][\u4e00-\u9fff]", text), text
            assert scripts[language].convert(text) == text
        assert not re.search(NOT_SAID_IN_TAIWAN, words["zh_TW"])
        assert not re.search("[「」]", words["zh_CN"])
        assert not re.search("[“”]", words["zh_TW"])


@pytest.mark.parametrize("language", CHINESE)
def test_values_stand_apart_from_chinese_as_they_want(campaign: Campaign, language: str) -> None:
    """A Latin name or a number has a gap to the Chinese around it, a Chinese one has none."""
    days = {"date": "12月31日", "voucher_until": "12月31日"}
    latin = read_by(campaign, language, days)
    latin = re.sub(r"\d+月\d+日", lambda day: day[0][0], latin)
    assert not re.search(r"[\u4e00-\u9fff][A-Za-z0-9]|[A-Za-z][\u4e00-\u9fff]", latin), latin
    known = {"name": "小林", "business": "柳巷茶铺", "owner": "阿敏", "tier": "银卡", "branch": "总店", "place": "二楼"}
    chinese = read_by(campaign, language, {"product": "茶具", **days, **known})
    assert not re.search(r"[\u4e00-\u9fff] [\u4e00-\u9fff]", chinese), chinese


def test_solemn_days_know_no_cheer() -> None:
    """Qingming and the Ghost Festival bring quiet words: no sign of joy, no gift, no button, nothing to buy."""
    solemn = [campaign for name in FILES if (campaign := shipped(name)).solemn]
    assert {campaign.key for campaign in solemn} == {"qingming", "ghost_festival"}
    for campaign in solemn:
        assert (campaign.gift, campaign.buttons, campaign.consent) == (None, (), ConsentClass.CARE)
        for _, words in all_words(campaign):
            assert not any(
                re.search(CHEER, text, re.IGNORECASE) or re.search("[!！🌸-🧿]", text) for text in words.values()
            )


def test_every_answer_is_answered() -> None:
    """A tap on an answer brings a word back, in every language."""
    for name in FILES:
        for button in shipped(name).buttons:
            assert button.kind not in (ButtonKind.ANSWER, ButtonKind.RSVP) or set(button.reply) == set(LANGUAGES)


def test_what_asks_for_business_asks_for_the_right_yes() -> None:
    """Offers go to those who want offers, news of points to those who want these, reminders to those served."""
    asked = {name.removesuffix(".toml"): shipped(name).consent for name in FILES}
    assert {key for key, consent in asked.items() if consent is ConsentClass.OFFERS} == {
        *("new_product", "winback_price", "invitation")
    }
    assert {key for key, consent in asked.items() if consent is ConsentClass.POINTS} == {
        *("points_expiring", "voucher_expiring", "tier_up")
    }
    assert {key for key, consent in asked.items() if consent is ConsentClass.SERVICE} == {
        *("renewal", "maintenance", "appointment", "payment_due", "ready_for_you", "invitation_reminder")
    }


def test_every_reason_to_leave_has_its_own_answer() -> None:
    """Each reason is in one win-back and no more, those who are not to be won back are in none."""
    campaigns = [shipped(f"winback_{reason}.toml") for reason in ("price", "fault", "rival", "natural")]
    meant = [
        re.search(r"lost_reason (?:= |in \()([a-z_, ]+?)\)? and", campaign.segment or "") for campaign in campaigns
    ]
    reasons = [reason for found in meant if found for reason in found[1].split(", ")]
    assert sorted(reasons) == sorted(
        {"moved", "rival", "product", "service", "price", "complaint", "lost_interest", "natural", "other"}
    )
    assert all("not tag = fraud" in (campaign.segment or "") for campaign in campaigns)
    fault = campaigns[1]
    assert fault.gift is not None
    assert fault.task is not None
    assert "sorry" in fault.variants[0].text["en"]


def test_an_invitation_is_by_the_clock_of_the_shop() -> None:
    """The invitation that comes along is an example in the future, with its three answers."""
    campaign = shipped("invitation.toml")
    assert campaign.invitation is not None
    assert campaign.invitation.at.replace(tzinfo=ZoneInfo("UTC")) > datetime(2026, 12, 1, tzinfo=UTC)
    assert {button.key for button in campaign.buttons} == {"yes", "no", "maybe"}
    assert shipped("invitation_reminder.toml").when.invitation == campaign.key
