"""What is wrong with a survey: every fault in a line with file, key and mend, several at once."""

import pytest

from domain.languages import LANGUAGES
from domain.surveys import SurveyRules
from services.surveys.document import read_toml
from services.surveys.faults import warnings_of
from tests.services.papers import CHOICE, CSAT, HEAD, NUMBER, RATING, WORDS, faults, jump

FAR = "must be within a million millions and have at most 3 digits after the point"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (HEAD, "questions: missing; begin each question with [[questions]]"),
        (HEAD + "questions = []", "questions: there are none; begin each question with [[questions]]"),
        (
            HEAD + CSAT.replace('"csat"\ntext', '"cast"\ntext'),
            'questions #1.kind: "cast" must be one of nps, csat, ces, choice, multi_choice, rating, text, number, '
            "date, photo; did you mean csat?",
        ),
        (HEAD + CSAT + 'tekst = "x"', "questions #1.tekst: unknown key; did you mean text?"),
        (
            HEAD + "[when]\nafter_sale = 1\n" + CSAT,
            "when.after_sale: unknown key; did you mean after_case?",
        ),
        (
            HEAD + CSAT + jump('to = "nowhere"') + WORDS,
            'questions #1.jumps #1.to: there is no question "nowhere"; name one of words, end',
        ),
        (
            HEAD + CSAT + jump('to = "word"') + WORDS,
            'questions #1.jumps #1.to: there is no question "word"; did you mean words?',
        ),
        (
            HEAD + CSAT + jump('to = "csat"'),
            'questions #1.jumps #1.to: leads to its own question, in a loop; name a later one, or "end"',
        ),
        (
            HEAD + CSAT + WORDS + jump('to = "csat"'),
            'questions #2.jumps #1.to: leads back to "csat", in a loop; name a later question, or "end"',
        ),
        (HEAD + CSAT + CSAT, 'questions #2.key: "csat" is the key of #1 already; give it one of its own'),
        (
            HEAD + CHOICE.replace('"taste"', '"price"'),
            'questions #1.options #2.key: "price" is the key of #1 already; give it one of its own',
        ),
        (
            HEAD + CSAT.replace('"csat"\nkind', '"end"\nkind'),
            'questions #1.key: "end" is where a jump ends the survey; name the question otherwise',
        ),
        (
            HEAD + CSAT.replace("text.en", "text.fr"),
            'questions #1.text.fr: unknown language "fr"; choose among en, zh_CN, zh_TW',
        ),
        (
            HEAD + CSAT.replace("text.en", "text.zh-tw"),
            'questions #1.text.zh-tw: unknown language "zh-tw"; did you mean zh_TW?',
        ),
        (HEAD.replace('"Tea"', '" "') + CSAT, "title.en: is empty; write the text, or leave the language out"),
        (
            HEAD + CSAT.replace('text.en = "How was it?"', "text = {}"),
            'questions #1.text: is in no language; write it, such as text.en = "…"',
        ),
        (
            HEAD + CSAT.replace("How was it?", "x" * 3501),
            "questions #1.text.en: 3501 letters are too long for Telegram; "
            "shorten the question with its labels to 3500",
        ),
        (
            HEAD + f'intro.en = "{"x" * 3000}"\n' + CSAT.replace("How was it?", "😀" * 300),
            "questions #1.text.en: 3600 letters are too long for Telegram; shorten intro and question together to 3500",
        ),
        (
            HEAD + CHOICE.replace("The taste", "t" * 65),
            "questions #1.options #2.label.en: 65 letters are too long for Telegram; shorten the button to 64",
        ),
        (
            HEAD + CHOICE.replace('"The taste"', '"""The\ntaste"""'),
            "questions #1.options #2.label.en: a button has one line; take the line break out",
        ),
        (
            HEAD + CHOICE.partition('[[questions.options]]\nkey = "taste"')[0],
            "questions #1.options: a choice needs at least two; begin each with [[questions.options]]",
        ),
        (
            HEAD + CHOICE.replace('"choice"', '"csat"'),
            "questions #1.options: a question of kind csat has none; "
            "leave them out, or make it a choice or multi_choice",
        ),
        (HEAD + NUMBER + "low = 5\nhigh = 5", "questions #1.low: 5 is not below high = 5; let the scale go up"),
        (HEAD + RATING + "low = 7", "questions #1.low: 7 is not below high = 5; let the scale go up"),
        (
            HEAD + RATING + "high = 11",
            "questions #1.high: a rating has the steps 0 to 10 at most, a button each; make it a number",
        ),
        (HEAD + CSAT + "high = 7", "questions #1.high: the scale of csat is 1 to 5; leave it out"),
        (HEAD + WORDS + "low = 1", "questions #1.low: a question of kind text has no scale; leave it out"),
        (
            HEAD + WORDS + 'low_label.en = "bad"',
            "questions #1.low_label: a question of kind text has no scale; leave it out",
        ),
        (HEAD + RATING + "decimals = 1", "questions #1.decimals: only a number has them; leave it out"),
        (HEAD + NUMBER + "decimals = 4", "questions #1.decimals: must be from 0 to 3"),
        (HEAD + NUMBER + "low = 0.5", "questions #1.low: 0.5 has more digits after the point than decimals = 0"),
        (HEAD + NUMBER + 'low = "1"', "questions #1.low: must be a number such as 5 or 0.5, without quotes"),
        (HEAD + NUMBER + "high = inf", "questions #1.high: must be a number such as 5 or 0.5, without quotes"),
        (HEAD + NUMBER + "high = 1e999999999", f"questions #1.high: {FAR}"),
        (HEAD + NUMBER + "high = 0x" + "f" * 5000, f"questions #1.high: {FAR}"),
        (HEAD + CSAT + "required = 1", "questions #1.required: must be true or false, without quotes"),
        (
            HEAD + CSAT + jump('to = "end"', "at_most = 6"),
            "questions #1.jumps #1.at_most: 6 is off the scale, 1 to 5; write a number on it",
        ),
        (
            HEAD + CSAT + jump('to = "end"', "at_least = 4", "at_most = 2"),
            "questions #1.jumps #1.at_least: 4 is above at_most = 2; swap them",
        ),
        (
            HEAD + WORDS + jump('to = "end"', "at_least = 4"),
            "questions #1.jumps #1.at_least: an answer of kind text is no number; leave it out",
        ),
        (
            HEAD + CHOICE + jump('to = "end"', 'chosen = ["prize"]'),
            'questions #1.jumps #1.chosen: there is no option "prize"; did you mean price?',
        ),
        (
            HEAD + CSAT + jump('to = "end"', 'chosen = ["price"]'),
            "questions #1.jumps #1.chosen: a question of kind csat has no options; leave it out",
        ),
        (
            HEAD + CSAT + "required = true\n" + jump('to = "end"', "skipped = true"),
            "questions #1.jumps #1.skipped: a required question is never skipped; leave it out",
        ),
        (
            HEAD + CSAT + jump('to = "end"', "skipped = true", "at_most = 2"),
            "questions #1.jumps #1.skipped: what is skipped has no answer; write a jump of its own for it",
        ),
        (
            'score_by = "words"\n' + HEAD + CSAT + WORDS,
            'score_by: "words" is no question of kind nps, csat or ces; choose csat',
        ),
        (
            HEAD + WORDS + '[[thanks]]\nat_most = 2\ntext.en = "Sorry"',
            "thanks #1.at_most: no question makes a score; ask one of kind nps, csat or ces, or leave it out",
        ),
        (
            HEAD + CSAT + '[[thanks]]\nat_least = 9\ntext.en = "Thanks"',
            "thanks #1.at_least: 9 is off the scale of csat, 1 to 5; write a score on it",
        ),
        (
            HEAD + '[when]\nevery = "week"\nday = 8\n' + CSAT,
            "when.day: a week has the days 1 to 7; write one of them",
        ),
        (
            HEAD + "[when]\nday = 8\n" + CSAT,
            'when.day: is the day of a period, and there is none; write every = "quarter" too, or leave it out',
        ),
        (
            HEAD + '[when]\nsegment = "tier = gold"\n' + CSAT,
            'when.segment: says whom a period asks, and there is none; write every = "month" too, or leave it out',
        ),
        (
            HEAD + '[when]\nafter_purchase = "3 days"\n' + CSAT,
            'when.after_purchase: not a length of time; write it with its unit, in quotes: "90s", "30m", "2h", "3d" or '
            '"2w"',
        ),
        (HEAD + '[when]\nlate_after = "0d"\n' + CSAT, 'when.late_after: must be longer than nothing, such as "3d"'),
        (
            HEAD + '[when]\ncadence = "999999w"\n' + CSAT,
            "when.cadence: is longer than 3660d; write a shorter length of time",
        ),
        (
            HEAD + '[when]\nremind_after = "2w"\n' + CSAT,
            'when.remind_after: the survey has ended by then; write a shorter time than expires_after, or "never"',
        ),
        (
            HEAD + "[when]\nsample = 0\n" + CSAT,
            "when.sample: must be a share above 0 and at most 1, such as 0.2 for one in five",
        ),
        (
            HEAD + '[when]\nat = "25:00"\n' + CSAT,
            'when.at: not a time of day; write hours and minutes in quotes, such as "10:00"',
        ),
        (
            HEAD + '[when]\nafter_event = "Delivered!"\n' + CSAT,
            'when.after_event: "Delivered!" names no event; write the name under which the API is told of it, such as '
            '"order.delivered"',
        ),
        (
            HEAD.replace('"tea"', '"Tea time"') + CSAT,
            'key: "Tea time" is no key; begin with a small letter, then up to 23 of a-z, 0-9 and _',
        ),
        ('title.en = "Tea"\n' + CSAT, 'key: missing; give it a key of its own, such as key = "price"'),
        (
            'key = "tea\n',
            "line 1, column 11: not valid TOML: illegal character '\\n'; write it as in docs/survey-format.md",
        ),
        ("a = 9" + "9" * 5000, "a number in it is far too long; shorten it"),
        ("a = " + "[" * 5000, "brackets are nested too deep; a survey needs no more than two levels"),
        ("#" * 262_145, "the file is longer than 256 KiB; a survey is far shorter"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(text: str, line: str) -> None:
    """The line names the key and the mend, and nothing else is found fault with."""
    assert faults(text) == [line]


def test_several_faults_are_told_at_once() -> None:
    """Nobody has to mend one to hear of the next."""
    found = faults(HEAD + CSAT + jump('to = "nowhere"') + CSAT + '[[thanks]]\ntext.en = "x"\nat_least = 0\n')
    assert [line.partition(":")[0] for line in found] == [
        "questions #2.key",
        "questions #1.jumps #1.to",
        "thanks #1.at_least",
    ]


def test_thousands_of_faults_do_not_flood_the_screen() -> None:
    """The first fifty stand there, and how many more there are."""
    found = faults(HEAD + CSAT + "".join(f"x{nth} = 1\n" for nth in range(500)))
    assert (len(found), found[-1]) == (51, "and 450 more; mend these first")


def test_every_text_is_there_in_every_language_of_the_business() -> None:
    """Each missing text is named with its language; what is not said at all is no fault."""
    assert faults(HEAD + CSAT, ("en", "zh_TW")) == [
        'title.zh_TW: missing; write it, or name a fallback = "en"',
        'questions #1.text.zh_TW: missing; write it, or name a fallback = "en"',
    ]


def test_a_fallback_stands_in_for_missing_languages() -> None:
    """A shop may begin with one language, and that one has to be whole."""
    document = read_toml('fallback = "en"\n' + HEAD + CSAT, name="tea.toml", languages=LANGUAGES)
    assert document.survey().title == {"en": "Tea", "zh_CN": "Tea", "zh_TW": "Tea"}
    half = HEAD.replace("title.en", "title.zh_CN")
    assert faults('fallback = "en"\n' + half + CSAT, LANGUAGES) == ["title.en: missing; the fallback needs every text"]


def test_what_is_seldom_meant_is_a_warning() -> None:
    """It can be added all the same."""
    text = (
        HEAD
        + '[when]\nafter_purchase = "3d"\n'
        + CSAT
        + jump('to = "end"')
        + jump('to = "n"', "at_most = 2")
        + WORDS
        + NUMBER
        + '[[thanks]]\ntext.en = "Thanks"\n[[thanks]]\nat_most = 2\ntext.en = "Sorry"\n'
    )
    survey = read_toml(text, name="tea.toml").survey()
    assert warnings_of(survey, SurveyRules(most_questions=2)) == (
        "questions: 3 are many; people finish surveys of up to 2",
        "questions #2: no answer leads to words; mend the jumps before it, or leave it out",
        "questions #3: no answer leads to n; mend the jumps before it, or leave it out",
        "questions #1.jumps #2: never fits, since the one before it always does; put that one last",
        "thanks #2: never said, since the one before it is for everybody; put that one last",
        'when.cadence: there is none, so people are asked each time; write how long they rest, such as "90d"',
    )
