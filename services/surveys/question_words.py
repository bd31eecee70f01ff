"""How a question stands in a chat: its words with a hint how to answer, and its buttons."""

from collections.abc import Collection

from domain.outgoing import Button, Rows
from domain.surveys.answers import bounds_of, written_number
from domain.surveys.definition import SCALES, Question, QuestionKind, Survey, Words, in_language
from services.work import Work
from texts.catalogue import safe

_MOST_IN_ROW = 6
_NPS_ROW = 6
_HINTS = {
    QuestionKind.MULTI_CHOICE: "survey.hint.multi",
    QuestionKind.DATE: "survey.hint.date",
    QuestionKind.PHOTO: "survey.hint.photo",
}


def words_in(work: Work, words: Words, language: str) -> str:
    """Return a survey's own text in a language, else in the first of the business's that there is."""
    return in_language(words, language, (*work.rules.languages, "en"))


def question_html(work: Work, question: Question, language: str, *, head: str = "") -> str:
    """Return the message that asks a question (Telegram HTML); ``head`` is HTML above it."""
    hint = hint_of(work, question, language)
    return work.texts.say(
        "survey.asked",
        language,
        head=safe(f"{head}\n\n") if head else "",
        question=words_in(work, question.text, language),
        hint=safe(f"\n{hint}") if hint else "",
    )


def hint_of(work: Work, question: Question, language: str) -> str:
    """Return how the question is answered (Telegram HTML): the ends of its scale, or what is to be sent."""
    low, high = bounds_of(question)
    if question.kind in SCALES or question.kind is QuestionKind.RATING:
        labels = [words_in(work, words, language) for words in (question.low_label, question.high_label)]
        if not all(labels):
            return ""
        ends = {"low": low, "high": high, "low_label": labels[0], "high_label": labels[1]}
        return work.texts.say("survey.scale", language, **ends)
    if question.kind is QuestionKind.NUMBER:
        return _number_hint(work, question, language)
    key = _HINTS.get(question.kind)
    return work.texts.say(key, language) if key else ""


def _number_hint(work: Work, question: Question, language: str) -> str:
    low, high = (written_number(bound, question.decimals) if bound is not None else "" for bound in bounds_of(question))
    if low and high:
        return work.texts.say("survey.hint.number_between", language, low=low, high=high)
    if low:
        return work.texts.say("survey.hint.number_from", language, low=low)
    return work.texts.say("survey.hint.number_to" if high else "survey.hint.number", language, high=high)


def question_rows(
    work: Work, survey: Survey, question: Question, language: str, *, response_id: int, picked: Collection[str] = ()
) -> Rows:
    """Return the buttons of a question: its answers, and in one last row skip, back and stop."""
    nth = survey.questions.index(question)
    here = f"{response_id}:{nth}"
    rows = _answer_rows(work, question, language, here, picked)

    def button(name: str, verb: str) -> Button:
        return Button(work.texts.button(f"survey.button.{name}", language), data=f"c:{verb}:{here}")

    last = [button("back", "svb")] if nth else []
    if not question.required and len(survey.questions) > 1:
        last.append(button("skip", "svs"))
    last.append(button("stop" if nth else "not_now", "svx"))
    return (*rows, tuple(last))


def _answer_rows(work: Work, question: Question, language: str, here: str, picked: Collection[str]) -> Rows:
    if question.kind is QuestionKind.CSAT:
        faces = range(1, SCALES[QuestionKind.CSAT][1] + 1)
        return (
            tuple(
                Button(work.texts.button(f"survey.face.{one}", language), data=f"c:sv:{here}:{one}") for one in faces
            ),
        )
    if question.kind in SCALES or question.kind is QuestionKind.RATING:
        low, high = bounds_of(question)
        assert low is not None
        assert high is not None
        numbers = [Button(str(value), data=f"c:sv:{here}:{value}") for value in range(low, high + 1)]
        return _in_rows(numbers, question.kind)
    labels = [words_in(work, option.label, language) for option in question.options]
    if question.kind is QuestionKind.CHOICE:
        return tuple((Button(label, data=f"c:sv:{here}:{nth}"),) for nth, label in enumerate(labels))
    if question.kind is not QuestionKind.MULTI_CHOICE:
        return ()
    marks = ["picked" if option.key in picked else "unpicked" for option in question.options]
    boxes = [
        (Button(work.texts.button(f"survey.button.{mark}", language, label=label), data=f"c:svm:{here}:{nth}"),)
        for nth, (mark, label) in enumerate(zip(marks, labels, strict=True))
    ]
    done = Button(work.texts.button("survey.button.done", language), data=f"c:svd:{here}")
    return (*boxes, (done,))


def _in_rows(numbers: list[Button], kind: QuestionKind) -> Rows:
    if kind is QuestionKind.CES or len(numbers) <= _MOST_IN_ROW + 1:
        return (tuple(numbers),)
    split = _NPS_ROW if kind is QuestionKind.NPS else (len(numbers) + 1) // 2
    return tuple(numbers[:split]), tuple(numbers[split:])
