"""What is wrong with a survey's document as a whole, and what may be meant but is worth a second look."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from domain.surveys import END, SCALES, Every, Jump, Question, QuestionKind, Survey, SurveyRules, Thanks, Words
from services.document_parts import MOST_DECIMALS, hint, shown
from services.surveys.shape import DocumentPart, JumpPart, QuestionPart, ThanksPart, WhenPart, scale_of

MOST_QUESTIONS = 50
MOST_OPTIONS = 20
MOST_JUMPS = 20
MOST_THANKS = 10
MESSAGE_LETTERS = 3500
"""Of the 4096 that Telegram shows in one message; the rest is for the words around the question."""
BUTTON_LETTERS = 64
TITLE_LETTERS = 64
_DAYS = {Every.WEEK: 7, Every.MONTH: 31, Every.QUARTER: 92, Every.YEAR: 366}
_CHOICES = (QuestionKind.CHOICE, QuestionKind.MULTI_CHOICE)
_BOUNDED = (QuestionKind.RATING, QuestionKind.NUMBER)
_LABELLED = (*SCALES, QuestionKind.RATING)
_COUNTED = (*_LABELLED, QuestionKind.NUMBER)
_HIGHEST_RATING = 10


def faults_of(document: DocumentPart, languages: Sequence[str] = ()) -> list[str]:
    """Return a line ``key: what; mend`` for each thing that cannot be; every text must be in each of ``languages``."""
    return [
        *_whole(document),
        *_texts(document, languages),
        *_when(document.when),
        *(fault for nth in range(len(document.questions)) for fault in _question(document, nth)),
        *_thanks(document),
    ]


def letters(text: str) -> int:
    """Return how long a text is as Telegram counts: in UTF-16 units, so that an emoji is two."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _whole(document: DocumentPart) -> Iterator[str]:
    if not document.questions:
        yield "questions: there are none; begin each question with [[questions]]"
    if len(document.questions) > MOST_QUESTIONS:
        yield f"questions: there are more than {MOST_QUESTIONS}; leave some out, people answer a handful"
    yield from _doubles([question.key for question in document.questions], "questions")
    for nth, question in enumerate(document.questions, 1):
        if question.key == END:
            yield f'questions #{nth}.key: "{END}" is where a jump ends the survey; name the question otherwise'
    scored = [question.key for question in document.questions if question.kind in SCALES]
    if document.score_by is not None and document.score_by not in scored:
        choices = f"choose {' or '.join(scored)}" if scored else "add one, or leave score_by out"
        yield f"score_by: {shown(document.score_by)} is no question of kind nps, csat or ces; {choices}"


def _doubles(keys: Sequence[str], place: str) -> Iterator[str]:
    first: dict[str, int] = {}
    for nth, key in enumerate(keys, 1):
        if key in first:
            yield f'{place} #{nth}.key: "{key}" is the key of #{first[key]} already; give it one of its own'
        first.setdefault(key, nth)


# Texts


def _texts(document: DocumentPart, languages: Sequence[str]) -> Iterator[str]:
    fallback = document.fallback
    needed = [language for language in languages if fallback is None] or ([fallback] if fallback else [])
    for place, words, must in _all_words(document):
        if not words:
            if must:
                yield f'{place}: is in no language; write it, such as {place.rpartition(".")[2]}.en = "…"'
            continue
        for language in needed:
            if language not in words:
                key = f"{place}.{language}"
                mend = "the fallback needs every text" if fallback else 'write it, or name a fallback = "en"'
                yield f"{key}: missing; {mend}"
    yield from _lengths(document)


def _all_words(document: DocumentPart) -> Iterator[tuple[str, dict[str, str], bool]]:
    """Yield each text with its place, and whether it must be there."""
    yield "title", document.title, True
    yield "intro", document.intro, False
    for nth, question in enumerate(document.questions, 1):
        place = f"questions #{nth}"
        yield f"{place}.text", question.text, True
        yield f"{place}.low_label", question.low_label, False
        yield f"{place}.high_label", question.high_label, False
        for number, option in enumerate(question.options, 1):
            yield f"{place}.options #{number}.label", option.label, True
    for nth, thanks in enumerate(document.thanks, 1):
        yield f"thanks #{nth}.text", thanks.text, True


def _lengths(document: DocumentPart) -> Iterator[str]:
    """Yield what is longer than Telegram shows, in any language; the intro stands above the first question."""
    for language, title in document.title.items():
        yield from _too_long(f"title.{language}", letters(title), TITLE_LETTERS, "the title")
    for nth, question in enumerate(document.questions, 1):
        for language in sorted({*question.text, *(document.intro if nth == 1 else ())}):
            parts = [question.text, question.low_label, question.high_label, *([document.intro] if nth == 1 else [])]
            length = sum(letters(part.get(language, "")) for part in parts)
            what = "the question with its labels" if nth > 1 or not document.intro else "intro and question together"
            yield from _too_long(f"questions #{nth}.text.{language}", length, MESSAGE_LETTERS, what)
        for number, option in enumerate(question.options, 1):
            for language, label in option.label.items():
                place = f"questions #{nth}.options #{number}.label.{language}"
                yield from _too_long(place, letters(label), BUTTON_LETTERS, "the button")
                if "\n" in label:
                    yield f"{place}: a button has one line; take the line break out"
    for nth, thanks in enumerate(document.thanks, 1):
        for language, text in thanks.text.items():
            yield from _too_long(f"thanks #{nth}.text.{language}", letters(text), MESSAGE_LETTERS, "it")


def _too_long(place: str, length: int, most: int, what: str) -> Iterator[str]:
    if length > most:
        yield f"{place}: {length} letters are too long for Telegram; shorten {what} to {most}"


# When


def _when(when: WhenPart) -> Iterator[str]:
    given = when.model_fields_set
    if when.every is None and "day" in given:
        yield 'when.day: is the day of a period, and there is none; write every = "quarter" too, or leave it out'
    elif when.every is not None and not 1 <= when.day <= _DAYS[when.every]:
        yield f"when.day: a {when.every} has the days 1 to {_DAYS[when.every]}; write one of them"
    if when.after_event is None and "event_delay" in given:
        yield "when.event_delay: counts from an event, and there is none; write after_event too, or leave it out"
    if "remind_after" in given and when.remind_after is not None and when.remind_after >= when.expires_after:
        yield 'when.remind_after: the survey has ended by then; write a shorter time than expires_after, or "never"'
    if when.segment is not None and when.every is None:
        yield 'when.segment: says whom a period asks, and there is none; write every = "month" too, or leave it out'
    elif when.segment is not None and not when.segment.strip():
        yield "when.segment: is empty; write a rule such as tier = gold, or leave it out"


# Questions


def _question(document: DocumentPart, nth: int) -> Iterator[str]:
    question, place = document.questions[nth], f"questions #{nth + 1}"
    yield from _options(question, place)
    yield from _scale(question, place)
    for name in ("low_label", "high_label"):
        if getattr(question, name) and question.kind not in _LABELLED:
            yield f"{place}.{name}: a question of kind {question.kind} has no scale; leave it out"
    if len(question.jumps) > MOST_JUMPS:
        yield f"{place}.jumps: there are more than {MOST_JUMPS}; join some of them"
    later = [one.key for one in document.questions[nth + 1 :]]
    earlier = [one.key for one in document.questions[:nth]]
    for number, jump in enumerate(question.jumps, 1):
        where = f"{place}.jumps #{number}"
        yield from _target(question, jump.to, where, later, earlier)
        yield from _condition(question, jump, where)


def _options(question: QuestionPart, place: str) -> Iterator[str]:
    if question.kind not in _CHOICES:
        if question.options:
            mend = "leave them out, or make it a choice or multi_choice"
            yield f"{place}.options: a question of kind {question.kind} has none; {mend}"
        return
    if len(question.options) < 2:
        mend = "begin each with [[questions.options]]"
        yield f"{place}.options: a {question.kind} needs at least two; {mend}"
    if len(question.options) > MOST_OPTIONS:
        yield f"{place}.options: there are more than {MOST_OPTIONS}; leave some out, or ask in two questions"
    yield from _doubles([option.key for option in question.options], f"{place}.options")


def _scale(question: QuestionPart, place: str) -> Iterator[str]:
    kind, (low, high) = question.kind, scale_of(question)
    if kind is not QuestionKind.NUMBER and question.decimals:
        yield f"{place}.decimals: only a number has them; leave it out"
    if not 0 <= question.decimals <= MOST_DECIMALS:
        yield f"{place}.decimals: must be from 0 to {MOST_DECIMALS}"
    for name in ("low", "high"):
        bound: Decimal | None = getattr(question, name)
        if bound is None:
            continue
        if kind in SCALES:
            if bound != SCALES[kind][name == "high"]:
                yield f"{place}.{name}: the scale of {kind} is {SCALES[kind][0]} to {SCALES[kind][1]}; leave it out"
        elif kind not in _BOUNDED:
            yield f"{place}.{name}: a question of kind {kind} has no scale; leave it out"
        elif _digits(bound) > question.decimals:
            yield f"{place}.{name}: {bound:f} has more digits after the point than decimals = {question.decimals}"
    if low is None or high is None or kind in SCALES:
        return
    if low >= high:
        yield f"{place}.low: {low:f} is not below high = {high:f}; let the scale go up"
    elif kind is QuestionKind.RATING and (low < 0 or high > _HIGHEST_RATING):
        yield f"{place}.high: a rating has the steps 0 to {_HIGHEST_RATING} at most, a button each; make it a number"


def _digits(number: Decimal) -> int:
    exponent = number.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _target(question: QuestionPart, to: str, place: str, later: list[str], earlier: list[str]) -> Iterator[str]:
    if to == END or to in later:
        return
    if to == question.key:
        yield f'{place}.to: leads to its own question, in a loop; name a later one, or "{END}"'
    elif to in earlier:
        yield f'{place}.to: leads back to "{to}", in a loop; name a later question, or "{END}"'
    else:
        mend = hint(to, [*later, END]) or (
            f"; name one of {', '.join([*later, END])}" if later else f'; none comes later, so write "{END}"'
        )
        yield f"{place}.to: there is no question {shown(to)}{mend}"


def _condition(question: QuestionPart, jump: JumpPart, place: str) -> Iterator[str]:
    kind = question.kind
    bounds = [bound for bound in (jump.at_least, jump.at_most) if bound is not None]
    if bounds and kind not in _COUNTED:
        name = "at_least" if jump.at_least is not None else "at_most"
        yield f"{place}.{name}: an answer of kind {kind} is no number; leave it out"
    elif bounds:
        yield from _bounds(question, jump, place)
    if jump.chosen and kind not in _CHOICES:
        yield f"{place}.chosen: a question of kind {kind} has no options; leave it out"
    elif jump.chosen:
        known = [option.key for option in question.options]
        for key in jump.chosen:
            if key not in known:
                mend = hint(key, known) or f"; name one of {', '.join(known)}"
                yield f"{place}.chosen: there is no option {shown(key)}{mend}"
    if jump.skipped and question.required:
        yield f"{place}.skipped: a required question is never skipped; leave it out"
    if jump.skipped and (bounds or jump.chosen):
        yield f"{place}.skipped: what is skipped has no answer; write a jump of its own for it"


def _bounds(question: QuestionPart, jump: JumpPart, place: str) -> Iterator[str]:
    low, high = scale_of(question)
    for name, bound in (("at_least", jump.at_least), ("at_most", jump.at_most)):
        if bound is None:
            continue
        if _digits(bound) > question.decimals:
            yield f"{place}.{name}: {bound:f} has more digits after the point than an answer; round it"
        elif (low is not None and bound < low) or (high is not None and bound > high):
            scale = " to ".join(f"{end:f}" if end is not None else "any" for end in (low, high))
            yield f"{place}.{name}: {bound:f} is off the scale, {scale}; write a number on it"
    if jump.at_least is not None and jump.at_most is not None and jump.at_least > jump.at_most:
        yield f"{place}.at_least: {jump.at_least:f} is above at_most = {jump.at_most:f}; swap them"


# Thanks


def _thanks(document: DocumentPart) -> Iterator[str]:
    if len(document.thanks) > MOST_THANKS:
        yield f"thanks: there are more than {MOST_THANKS}; join some of them"
    kinds = {question.key: question.kind for question in document.questions if question.kind in SCALES}
    kind = kinds.get(document.score_by or next(iter(kinds), ""))
    for nth, thanks in enumerate(document.thanks, 1):
        yield from _thanks_bounds(thanks, f"thanks #{nth}", kind)


def _thanks_bounds(thanks: ThanksPart, place: str, kind: QuestionKind | None) -> Iterator[str]:
    for name, bound in (("at_least", thanks.at_least), ("at_most", thanks.at_most)):
        if bound is None:
            continue
        if kind is None:
            yield f"{place}.{name}: no question makes a score; ask one of kind nps, csat or ces, or leave it out"
        elif not SCALES[kind][0] <= bound <= SCALES[kind][1]:
            low, high = SCALES[kind]
            yield f"{place}.{name}: {bound} is off the scale of {kind}, {low} to {high}; write a score on it"
    if thanks.at_least is not None and thanks.at_most is not None and thanks.at_least > thanks.at_most:
        yield f"{place}.at_least: {thanks.at_least} is above at_most = {thanks.at_most}; swap them"


# Warnings


def warnings_of(survey: Survey, rules: SurveyRules) -> tuple[str, ...]:
    """Return a line ``key: what; mend`` for each thing that may be meant, but that people should know."""
    return (*_long(survey, rules), *_unreachable(survey), *_never_fits(survey), *_when_warnings(survey))


def _long(survey: Survey, rules: SurveyRules) -> Iterator[str]:
    count = len(survey.questions)
    if count > rules.most_questions:
        yield f"questions: {count} are many; people finish surveys of up to {rules.most_questions}"


def _unreachable(survey: Survey) -> Iterator[str]:
    """Yield the questions that no answer leads to."""
    keys = [question.key for question in survey.questions]
    reached = {keys[0]} if keys else set()
    for nth, question in enumerate(survey.questions):
        following = keys[nth + 1] if nth + 1 < len(keys) else END
        if question.key in reached:
            reached |= targets(question, following)
        else:
            yield f"questions #{nth + 1}: no answer leads to {question.key}; mend the jumps before it, or leave it out"


def targets(question: Question, following: str) -> set[str]:
    """Return where a question's answers may lead; where they are too many to try, every jump counts."""
    found: set[str] = set()
    if not question.required:
        found.add(next((jump.to for jump in question.jumps if jump.skipped or _always(jump)), following))
    if question.kind in _LABELLED and question.low is not None and question.high is not None:
        for answer in range(question.low, question.high + 1):
            fits = (j.to for j in question.jumps if not j.skipped and not j.chosen and _holds(j, answer))
            found.add(next(fits, following))
        return found
    if question.kind is QuestionKind.CHOICE:
        for option in question.options:
            fits = (j.to for j in question.jumps if not j.skipped and (not j.chosen or option.key in j.chosen))
            found.add(next(fits, following))
        return found
    for jump in question.jumps:
        if not jump.skipped:
            found.add(jump.to)
        if _always(jump):
            return found
    return found | {following}


def _always(jump: Jump) -> bool:
    return jump.at_least is None and jump.at_most is None and not jump.chosen and not jump.skipped


def _holds(jump: Jump, answer: int) -> bool:
    return (jump.at_least is None or answer >= jump.at_least) and (jump.at_most is None or answer <= jump.at_most)


def _never_fits(survey: Survey) -> Iterator[str]:
    """Yield jumps and thanks that stand behind one that always fits."""
    for nth, question in enumerate(survey.questions, 1):
        always = next((number for number, jump in enumerate(question.jumps) if _always(jump)), None)
        if always is not None and always + 1 < len(question.jumps):
            place = f"questions #{nth}.jumps #{always + 2}"
            yield f"{place}: never fits, since the one before it always does; put that one last"
    everybody = next((nth for nth, thanks in enumerate(survey.thanks) if _for_all(thanks)), None)
    if everybody is not None and everybody + 1 < len(survey.thanks):
        yield f"thanks #{everybody + 2}: never said, since the one before it is for everybody; put that one last"


def _for_all(thanks: Thanks) -> bool:
    return thanks.at_least is None and thanks.at_most is None


def _when_warnings(survey: Survey) -> Iterator[str]:
    when = survey.when
    again = when.after_purchase is not None or when.after_event or when.every
    if again and when.cadence is None:
        yield 'when.cadence: there is none, so people are asked each time; write how long they rest, such as "90d"'


def languages_missing(survey: Survey, languages: Sequence[str]) -> list[str]:
    """Return the languages in which some text of a kept survey is not there."""
    return [language for language in languages if not all(language in words for words in _words_of(survey) if words)]


def _words_of(survey: Survey) -> Iterator[Words]:
    yield from (survey.title, survey.intro, *(thanks.text for thanks in survey.thanks))
    for question in survey.questions:
        yield from (question.text, question.low_label, question.high_label)
        yield from (option.label for option in question.options)
