"""The surveys that come with the program can be asked as they are, and read as a shop person would say them."""

import re
import unicodedata
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import opencc
import pytest

from domain.languages import LANGUAGES
from domain.records import LostReason
from domain.surveys import Every, Question, QuestionKind, Survey, SurveyRules, Words
from domain.surveys.answers import Answer, bounds_of
from domain.surveys.flow import walk
from services.surveys.document import parse_canonical, read_toml
from services.surveys.faults import warnings_of
from texts.surveys import shipped_survey_files

FILES = dict(shipped_survey_files())
KEYS = ("after_case", "after_purchase", "pulse", "recovery", "relationship", "relationship_study", "satisfaction")
CHINESE = ("zh_CN", "zh_TW")
MOMENT = datetime(2026, 11, 22, 9, tzinfo=UTC)

STUDY = "relationship_study"
LONGEST_WAY = {STUDY: 8}
"""So many questions at most on any way through, the yearly study's; of the others no more than five."""
LONGEST_QUESTION = {"en": 120, "zh_CN": 56, "zh_TW": 56}
"""Letters, so that a question is read at one look."""
WIDEST_BUTTON = 30
WIDEST_END = 20
"""Columns (a Chinese letter takes two) that a phone shows of a button in its row, and of the end of a scale."""

SURVEY_SPEAK = {
    "en": r"surve|questionnaire|respondent|participat|feedback|\brate\b|\bscale\b|satisf|valued|kindly|customer",
    "zh_CN": "问卷|调查|调研|评分|打分|受访|反馈|填写|参与|满意度|尊敬|客户|用户|敬请",
    "zh_TW": "問卷|調查|調研|評分|打分|受訪|回饋|填寫|參與|滿意度|尊敬|客戶|用戶|敬請",
}
NOT_SAID_IN_TAIWAN = "質量|信息|消息|反饋|默認|點擊|用戶|積分|網絡|視頻|質素|咱"
HOW_MANY = {
    "en": r"\b(one|two|three|four|five|six|seven|eight)\b",
    "zh_CN": "[一两三四五六七八]|点一下",
    "zh_TW": "[一兩三四五六七八]|點一下",
}


@pytest.fixture(params=FILES, ids=lambda name: name.removesuffix(".toml"))
def survey(request: pytest.FixtureRequest) -> Survey:
    """Each survey, read with every language demanded."""
    return read_toml(FILES[request.param], name=request.param, languages=LANGUAGES).survey()


def all_words(survey: Survey) -> Iterator[tuple[str, Words]]:
    """Yield every text of a survey with what it is."""
    yield "title", survey.title
    if survey.intro:
        yield "intro", survey.intro
    for question in survey.questions:
        yield "question", question.text
        yield from (("end", words) for words in (question.low_label, question.high_label) if words)
        yield from (("option", option.label) for option in question.options)
    yield from (("thanks", thanks.text) for thanks in survey.thanks)


def width(text: str) -> int:
    """Return how many columns a text takes: two for a Chinese letter."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def answers_to(question: Question) -> Iterator[Answer]:
    """Yield an answer of each sort that a jump could tell apart, and the skip."""
    low, high = bounds_of(question)
    if low is not None and high is not None:
        yield from (Answer(question.key, question.kind, MOMENT, number=number) for number in range(low, high + 1))
    elif question.options:
        yield from (Answer(question.key, question.kind, MOMENT, choices=(one.key,)) for one in question.options)
    else:
        yield Answer(question.key, question.kind, MOMENT, text="Fine", on=date(2026, 11, 1), interaction_id=1)
    if not question.required:
        yield Answer(question.key, question.kind, MOMENT, skipped=True)


def ways(survey: Survey, answers: dict[str, Answer] | None = None) -> Iterator[tuple[str, ...]]:
    """Yield the keys of the questions on each way through a survey, each way once."""
    answers = answers or {}
    at = walk(survey, answers).at
    if at is None:
        yield tuple(question.key for question in walk(survey, answers).passed)
        return
    different = {}
    for answer in answers_to(at):
        onward = walk(survey, {**answers, at.key: answer}).at
        different[onward.key if onward else None] = answer
    for answer in different.values():
        yield from ways(survey, {**answers, at.key: answer})


def after(survey: Survey, **given: int | str | None) -> str | None:
    """Return which question follows these answers; ``None`` for a skip."""
    answers = {}
    for key, value in given.items():
        kind = next(question.kind for question in survey.questions if question.key == key)
        number, choices = (value, ()) if isinstance(value, int) else (None, (value,) if value else ())
        answers[key] = Answer(key, kind, MOMENT, number=number, choices=choices, skipped=value is None)
    at = walk(survey, answers).at
    return at.key if at else None


def shipped(key: str) -> Survey:
    """Return one survey."""
    return read_toml(FILES[f"{key}.toml"], name=key).survey()


def test_all_that_are_promised_are_there() -> None:
    """Each file is called as the survey in it, and none is missing."""
    assert tuple(name.removesuffix(".toml") for name in FILES) == KEYS
    assert all(shipped(key).key == key for key in KEYS)


def test_every_text_is_there_in_every_language(survey: Survey) -> None:
    """A customer who reads zh_TW never meets an English button."""
    for what, words in all_words(survey):
        assert set(words) == set(LANGUAGES), (what, words)


def test_kept_and_read_again_it_is_the_same(survey: Survey) -> None:
    """What the database keeps is the survey of the file."""
    assert parse_canonical(read_toml(FILES[f"{survey.key}.toml"], name="").canonical()) == survey


def test_nothing_in_it_needs_a_second_look(survey: Survey) -> None:
    """None has a question nobody comes to, or words nobody hears; only the study is long, which is said."""
    warnings = warnings_of(survey, SurveyRules())
    assert [line.partition(":")[0] for line in warnings] == (["questions"] if survey.key == STUDY else [])


def test_every_way_through_is_short_and_ends(survey: Survey) -> None:
    """Whatever is answered or skipped, thanks come after a handful of questions; every question is on some way."""
    found = list(ways(survey))
    assert found
    assert max(len(way) for way in found) <= LONGEST_WAY.get(survey.key, 5)
    assert {key for way in found for key in way} == {question.key for question in survey.questions}


def test_nobody_is_made_to_answer(survey: Survey) -> None:
    """Every question can be skipped."""
    assert not any(question.required for question in survey.questions)


def test_texts_are_short_enough_for_a_phone(survey: Survey) -> None:
    """Questions are read at one look, buttons are not cut off."""
    for what, words in all_words(survey):
        for language, text in words.items():
            if what == "question":
                assert len(text) <= LONGEST_QUESTION[language], text
            elif what in ("option", "end"):
                assert width(text) <= (WIDEST_BUTTON if what == "option" else WIDEST_END), text
                assert text[-1] not in ".。!！?？", text


def test_questions_are_sentences(survey: Survey) -> None:
    """What is said ends as a sentence does; emojis may follow."""
    for what, words in all_words(survey):
        if what in ("intro", "question", "thanks"):
            for language, text in words.items():
                ending = text.rstrip("🌷 ")[-1]
                assert ending in (".?!" if language == "en" else "。？！"), text


def test_nothing_is_survey_speak(survey: Survey) -> None:
    """A shop person asks how it was; they do not ask customers to take part in a questionnaire."""
    for _, words in all_words(survey):
        for language, text in words.items():
            assert not re.search(SURVEY_SPEAK[language], text, re.IGNORECASE), text
            assert not re.search("—|–|--|\\.\\.|;|；|/", text), text


def test_chinese_is_chinese_of_its_own_place(survey: Survey) -> None:
    """No English is left over, signs are Chinese ones, 您 is said throughout, each letter is of its own script."""
    to_simplified, to_traditional = opencc.OpenCC("t2s"), opencc.OpenCC("s2tw")
    for _, words in all_words(survey):
        for language in CHINESE:
            text = words[language]
            assert not re.search("[A-Za-z]", text), text
            assert not re.search(r"[,.?!:()\"']", text), text
            assert "你" not in text, text
            assert not re.search(r"[\u4e00-\u9fff]\d|\d[\u4e00-\u9fff]", text), text
            convert = to_simplified if language == "zh_CN" else to_traditional
            assert convert.convert(text) == text
        assert not re.search(NOT_SAID_IN_TAIWAN, words["zh_TW"])


def test_who_is_asked_out_of_the_blue_is_told_how_much_it_is(survey: Survey) -> None:
    """The words above the first question say how many taps or questions come; after a case they are not needed."""
    if survey.when.after_case is not None:
        assert not survey.intro
        return
    for language, text in survey.intro.items():
        assert re.search(HOW_MANY[language], text, re.IGNORECASE), text


def test_everybody_is_thanked(survey: Survey) -> None:
    """There are thanks for who gave no score, and sorry is said to who is not content."""
    general = [thanks for thanks in survey.thanks if thanks.at_least is None and thanks.at_most is None]
    assert general == [survey.thanks[-1]]
    lowest = survey.thanks_for(1)
    assert lowest is not None
    assert lowest is not survey.thanks[-1]


def test_nobody_is_asked_the_same_too_soon(survey: Survey) -> None:
    """Each but those about a case has a cadence, so short that an asking held back does not cost the next period."""
    when = survey.when
    if when.after_case is not None:
        return
    assert when.cadence is not None
    period = (
        {Every.QUARTER: timedelta(days=90), Every.YEAR: timedelta(days=365)}.get(when.every) if when.every else None
    )
    assert period is None or when.cadence + when.late_after < period


def test_rarer_ones_go_first() -> None:
    """The longest cadence goes first: the study, then the relationship, then purchases, then the month."""
    cadences = [shipped(key).when.cadence for key in (STUDY, "relationship", "after_purchase", "pulse")]
    assert cadences == sorted(cadences, reverse=True, key=lambda span: span or timedelta())
    assert len(set(cadences)) == len(cadences)


@pytest.mark.parametrize(
    ("key", "given", "then"),
    [
        ("after_case", {"csat": 2}, "words"),
        ("after_case", {"csat": 3}, "ces"),
        ("after_case", {"csat": 3, "ces": 1}, "words"),
        ("recovery", {"csat": 1}, "words"),
        ("recovery", {"csat": 4, "settled": "yes"}, None),
        ("recovery", {"csat": 4, "settled": "partly"}, "words"),
        ("after_purchase", {"csat": 3}, "reason"),
        ("after_purchase", {"csat": 4}, "words"),
        ("after_purchase", {"csat": None}, "words"),
        (STUDY, {"again": "often"}, "needs"),
        (STUDY, {"again": "no"}, "leaving"),
        (STUDY, {"again": "no", "leaving": "price"}, "nps"),
        (STUDY, {"again": "no", "leaving": "price", "nps": 6}, "words"),
        (STUDY, {"again": "no", "leaving": "price", "nps": 7}, None),
    ],
    ids=lambda value: "-".join(f"{key}={answer}" for key, answer in value.items()) if isinstance(value, dict) else None,
)
def test_an_answer_leads_where_a_person_would_go_on(key: str, given: dict[str, int | str | None], then: str) -> None:
    """Who is not content is asked why, who has left is asked what for, who is content is let go."""
    assert after(shipped(key), **given) == then


def test_the_study_asks_for_every_sign_of_loyalty() -> None:
    """Repurchase, needs, rivals, price, faults, share of wallet (per cent), and why somebody leaves."""
    study = shipped(STUDY)
    kinds = {question.key: question.kind for question in study.questions}
    assert list(kinds)[:7] == ["again", "needs", "rivals", "price", "faults", "share", "leaving"]
    share, leaving = study.question("share"), study.question("leaving")
    assert share is not None
    assert (share.kind, bounds_of(share)) == (QuestionKind.NUMBER, (0, 100))
    assert leaving is not None
    assert {option.key for option in leaving.options} <= set(LostReason)


def test_satisfaction_asks_each_aspect_once() -> None:
    """A low answer opens a case about what it is about."""
    asked = [question for question in shipped("satisfaction").questions if question.kind is QuestionKind.CSAT]
    assert [question.aspect for question in asked] == ["quality", "price", "service", "after_sales"]
