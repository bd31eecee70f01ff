"""The tour: a complaint, words in Chinese, an answer, stars and a birthday, each step seen or the tour fails."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.tour_desk import SUE, TOM
from bot.tour_stage import Persona, Stage
from bot.tour_surveys import MIA
from texts import Texts
from texts.catalogue import plain

SHOP = "Willow Lane"
ZONE = ZoneInfo("Europe/London")
DESK_ID = -1_002_000_000_042
BRANCH = "window"

ANN = Persona(1001, "Ann", "magenta")
WEN = Persona(1002, "小雯", "cyan", "zh-hans")
BEN = Persona(2001, "Ben", "yellow")

_ANNS_ZONE = ZoneInfo("America/New_York")
_GREETED_ON = time(9)
_GATHERED_AFTER = timedelta(minutes=5, seconds=5)
_BIRTHDAY_IN_DAYS = 3
_WATCHED_S = 1.5


@dataclass(frozen=True, slots=True)
class Power:
    """What the tour may do to the program: kill it without warning, and start it again."""

    kill: Callable[[], Awaitable[None]]
    start: Callable[[], Awaitable[None]]


async def set_scene(stage: Stage, token: str) -> None:
    """Put the people, the bot and the staff group into the simulated Telegram."""
    verbs = stage.verbs
    await verbs.add_bot(token, username="willow_lane_bot", name=SHOP)
    await verbs.add_person("Ann", username="ann_k", language_code=ANN.language, person_id=ANN.id)
    await verbs.add_person("小雯", language_code=WEN.language, person_id=WEN.id)
    await verbs.add_person("Ben", username="ben_at_willow", person_id=BEN.id)
    await verbs.add_person("Tom", language_code=TOM.language, person_id=TOM.id)
    await verbs.add_person("Sue", username="sue_at_willow", person_id=SUE.id)
    await verbs.add_person("Mia", person_id=MIA.id)
    await verbs.add_group("Care desk", forum=True, chat_id=DESK_ID)
    await verbs.join_group(DESK_ID, BEN.id, status="creator")
    await verbs.join_group(DESK_ID, SUE.id, status="administrator")
    await verbs.join_group(DESK_ID, token, status="administrator")


async def play(stage: Stage, power: Power, texts: Texts) -> None:
    """Play every chapter. Raises :class:`bot.tour_stage.NotSeen` at the first claim that does not show."""
    await _arrives(stage, texts)
    await _complains(stage, texts)
    await _changes_her_words(stage)
    await _writes_freely(stage, texts)
    await _works(stage)
    await _answers(stage)
    await _solves(stage)
    await _rates(stage, texts)
    morning = await _tells_her_birthday(stage)
    await _has_birthday(stage, power, morning, texts)


async def _arrives(stage: Stage, texts: Texts) -> None:
    await stage.chapter("Ann taps the link in the shop's window")
    await stage.enter(ANN, f"s-{BRANCH}")
    menu = texts.button("menu.complaint", "en")
    await stage.sees(ANN.id, "she is welcomed, with a menu, before anything is asked of her", SHOP, keyboard=menu)


_STORY = "The left seam of my new coat came open on the second day."
_MENDED_STORY = "The right seam of my new coat came open on the second day."


async def _complains(stage: Stage, texts: Texts) -> None:
    await stage.chapter("She complains, in words and pictures")
    await stage.say(ANN, texts.button("menu.complaint", "en"))
    await stage.sees(ANN.id, "she may tell it in her own way", button="c:done:")
    await stage.say(ANN, _STORY)
    await stage.sees(ANN.id, "her burst is acknowledged once", button="c:done:")
    await stage.send_photos(ANN, "Here it is")
    await stage.send_photos(ANN, "from both sides", "")
    await stage.tap(ANN, "c:done:")
    await stage.sees(ANN.id, "an order number is welcome, not required", button="c:skip:")
    await stage.say(ANN, "WL-20871")
    await stage.sees(ANN.id, "she looks over what will be passed on", _STORY, "WL-20871", "3", button="c:send:")
    await stage.tap(ANN, "c:send:")
    await stage.sees(ANN.id, "she has a number and a promised time", "C-1001")
    topic = await stage.topic("C-1001")
    await stage.sees(
        DESK_ID, "staff see her case in a topic of its own", "C-1001", "Ann", button="k:take:", thread=topic
    )
    await stage.sees(DESK_ID, "… with her words", exactly=_STORY, thread=topic)
    await stage.until("… and all three photos, the album in one piece", lambda: _photos(stage, topic) == 3)


def _photos(stage: Stage, topic: int) -> int:
    return sum(m["kind"] == "photo" and m["thread_id"] == topic for m in stage.messages(DESK_ID))


async def _changes_her_words(stage: Stage) -> None:
    await stage.chapter("She corrects herself")
    topic = await stage.topic("C-1001")
    mine = next(m for m in stage.messages(ANN.id, _STORY) if not m["from_bot"])
    await stage.edit(ANN, mine["id"], _MENDED_STORY)
    await stage.sees(DESK_ID, "staff see the new words", exactly=_MENDED_STORY, thread=topic)
    first = [m for m in stage.messages(DESK_ID, _STORY) if m["thread_id"] == topic and not m["edited"]]
    await stage.until("… and the first version is still there", lambda: first)


async def _writes_freely(stage: Stage, texts: Texts) -> None:
    await stage.chapter("小雯 just writes")
    await stage.enter(WEN, f"s-{BRANCH}")
    menu = texts.button("menu.complaint", "zh_CN")
    await stage.sees(WEN.id, "she is welcomed in her language", SHOP, keyboard=menu)
    await stage.say(WEN, "衣服破了")
    await stage.sees(WEN.id, "free words are understood as wanting help", button="c:draft:")
    now = datetime.fromisoformat(await stage.verbs.now())
    await stage.jump_to(now + _GATHERED_AFTER, "She taps nothing. The clock goes on five minutes.")
    await stage.sees(WEN.id, "her words became a case by themselves", "C-1002")
    topic = await stage.topic("C-1002")
    await stage.sees(DESK_ID, "… and staff have them", exactly="衣服破了", thread=topic)


_NOTE = "Same thread as the March batch. Ask the workshop."


async def _works(stage: Stage) -> None:
    await stage.chapter("Ben takes Ann's case")
    topic = await stage.topic("C-1001")
    await stage.tap(BEN, "k:take:", thread=topic)
    await stage.sees(DESK_ID, "the card says whose it is", "C-1001", "Ben", thread=topic)
    await stage.say(BEN, f"// {_NOTE}", thread=topic)
    await stage.sees(DESK_ID, "his note stays among staff", thread=topic)


_ANSWER = "Hello Ann, I am sorry. We mend it for free: may our courier come tomorrow?"
_REPLY = "Tomorrow after six would be lovely."


async def _answers(stage: Stage) -> None:
    await stage.chapter("He answers, she replies")
    topic = await stage.topic("C-1001")
    answer_id = await stage.say(BEN, _ANSWER, thread=topic)
    await stage.sees(ANN.id, "Ann reads it in her chat, with a name to it", "Ben", _ANSWER)
    await stage.until("Ben sees that it arrived", lambda: _is_marked(stage, answer_id))
    await stage.until("the note is nowhere in Ann's chat", lambda: not stage.messages(ANN.id, "March"))
    await stage.say(ANN, _REPLY)
    await stage.sees(DESK_ID, "her reply stands in the same topic", exactly=_REPLY, thread=topic)
    other = await stage.topic("C-1002")
    answer_id = await stage.say(BEN, "小雯您好，真抱歉！请发一张照片，我们马上给您换一件。", thread=other)
    await stage.sees(WEN.id, "小雯 has her answer, long before the promised time", "Ben", "换一件")
    await stage.until("", lambda: _is_marked(stage, answer_id))


def _is_marked(stage: Stage, message_id: int) -> bool:
    return any(m["id"] == message_id and any(m["reactions"].values()) for m in stage.messages(DESK_ID))


async def _solves(stage: Stage) -> None:
    await stage.chapter("Solved?")
    topic = await stage.topic("C-1001")
    await stage.tap(BEN, "k:resolve:", thread=topic)
    await stage.sees(ANN.id, "Ann is asked whether it is", "C-1001", button="c:solved:")
    await stage.say(ANN, "Yes, thank you so much! 👍")
    await stage.sees(ANN.id, "her thanks close the case", "C-1001")
    card = await stage.sees(
        DESK_ID, "… for staff too; nothing was reopened", "C-1001", button="k:reopen:", thread=topic
    )
    await stage.until("", lambda: not any(b["data"].startswith("k:resolve") for row in card["buttons"] for b in row))


async def _rates(stage: Stage, texts: Texts) -> None:
    await stage.chapter("Five stars")
    await stage.say(ANN, texts.button("menu.feedback", "en"))
    await stage.sees(ANN.id, "three taps are enough", button="c:star:")
    star = next(b["data"] for m in stage.messages(ANN.id) for row in m["buttons"] for b in row if _is_five_stars(b))
    await stage.tap(ANN, star)
    await stage.sees(ANN.id, "the stars are kept at once", "★★★★★", button="c:faspect:")
    aspect = texts.button("aspect.service", "en")
    named = (b for m in stage.messages(ANN.id) for row in m["buttons"] for b in row if b["text"] == aspect)
    await stage.tap(ANN, next(b["data"] for b in named if b["data"].startswith("c:faspect:")))
    await stage.sees(ANN.id, "words may follow", button="c:fdone:")
    await stage.say(ANN, "Ben was quick, and kind about it.")
    await stage.sees(ANN.id, "they are kept with the stars", button="c:fdone:")
    await stage.tap(ANN, "c:fdone:")
    await stage.sees(DESK_ID, "staff read them", "★★★★★", "Ben was quick")


def _is_five_stars(button: dict[str, str]) -> bool:
    return button["data"].startswith("c:star:") and button["data"].endswith(":5")


async def _tells_her_birthday(stage: Stage) -> datetime:
    """Let Ann say when to congratulate her; returns the instant at which it is due."""
    await stage.chapter("She may be congratulated")
    now = datetime.fromisoformat(await stage.verbs.now())
    day: date = (now.astimezone(_ANNS_ZONE) + timedelta(days=_BIRTHDAY_IN_DAYS)).date()
    await stage.say(ANN, "/birthday")
    await stage.sees(ANN.id, "it is asked when it is wanted", button="c:cancel:")
    await stage.say(ANN, f"{day.day} {day:%b}")
    await stage.sees(ANN.id, "her yes is for this, and can be taken back with a tap", button="c:bok:")
    await stage.tap(ANN, "c:bok:")
    await stage.sees(ANN.id, "by whose clock?", button="c:zone:")
    await stage.say(ANN, "New York")
    await stage.sees(ANN.id, "by hers", "New York")
    return datetime.combine(day, _GREETED_ON, _ANNS_ZONE)


async def _has_birthday(stage: Stage, power: Power, morning: datetime, texts: Texts) -> None:
    greeting = plain(texts.render("birthday", "en", name=ANN.name, business=SHOP)).splitlines()[0]
    words = f"The clock goes on to {morning.day} {morning:%B}, 08:59 in New York."
    await stage.jump_to(morning - timedelta(minutes=1), words)
    stage.zone = _ANNS_ZONE
    await stage.chapter("The morning of her birthday")
    still_early = f"in London it is {morning.astimezone(ZONE):%H:%M} already; in New York nobody is woken early"
    await stage.watch(still_early, lambda: not stage.messages(ANN.id, greeting), seconds=_WATCHED_S / 2)
    await stage.jump_to(morning + timedelta(seconds=2), "One minute later.")
    await stage.sees(ANN.id, "at nine by her own clock she is congratulated", greeting, button="c:cm:")

    def once() -> bool:
        return len(stage.messages(ANN.id, greeting)) == 1 and not stage.messages(WEN.id, "🎂")

    await stage.screen.meanwhile("The program is killed (SIGKILL) and started again.")
    await power.kill()
    await power.start()
    await stage.say(ANN, "Thank you so much! 🥰")
    await stage.sees(ANN.id, "it is back, and answers")
    await stage.jump_to(morning + timedelta(hours=2), "Two hours later everything that is due is asked for again.")
    await stage.watch("she was congratulated once, and nobody else was", once, seconds=_WATCHED_S)
