"""The tour's chapters about the desk: a case is handed up, taken by tap, made good, solved and scored."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot.tour_screen import Lane
from bot.tour_stage import NotSeen, Persona, Stage
from texts import Texts

TOM = Persona(1003, "Tom", "green")
SUE = Persona(2002, "Sue", "bright_magenta")

_STORY = "My mother's wedding dress came back two sizes smaller. The wedding is on Saturday."
_REASON = "I cannot promise a new dress by Saturday."
_PLAN = "Tom, this is Sue. A seamstress comes to your mother this afternoon, at our cost. She will wear it on Saturday."
_SOON = timedelta(minutes=20)
_GIVEN = 50


async def play_desk(stage: Stage, texts: Texts, *, ben: Persona, branch: str, zone: ZoneInfo) -> None:
    """Play the chapters by the clock of the shop. Raises :class:`NotSeen` at the first claim that does not show."""
    stage.zone = zone
    await _sue_opens_her_chat(stage)
    topic = await _complains(stage, texts, branch)
    await _goes_up(stage, ben, topic)
    await _is_taken(stage, topic)
    await _made_good(stage, ben, topic)
    await _scored(stage, topic)


async def _sue_opens_her_chat(stage: Stage) -> None:
    await stage.chapter("Sue, the supervisor, can be reached in private")
    await stage.enter(SUE, lane=Lane.STAFF)
    await stage.sees(SUE.id, "the bot knows that she works here")


async def _complains(stage: Stage, texts: Texts, branch: str) -> int:
    await stage.chapter("Tom has a bad day")
    await stage.enter(TOM, f"s-{branch}")
    await stage.sees(TOM.id, "he is welcomed", keyboard=texts.button("menu.complaint", "en"))
    await stage.say(TOM, _STORY)
    await stage.sees(TOM.id, "a person is offered", button="c:draft:")
    await stage.tap(TOM, "c:draft:")
    await stage.sees(TOM.id, "he has a number and a promised time", "C-1003")
    topic = await stage.topic("C-1003")
    await stage.sees(stage.desk.chat_id, "staff see what is due, and when", "C-1003", "Tom", thread=topic)
    return topic


async def _goes_up(stage: Stage, ben: Persona, topic: int) -> None:
    await stage.chapter("Ben cannot promise it alone: he hands it up")
    await stage.tap(ben, "k:take:", thread=topic)
    await stage.sees(stage.desk.chat_id, "it is his now", "C-1003", ben.name, thread=topic)
    await stage.tap(ben, "k:escalate:", thread=topic)
    asked = await stage.sees(stage.desk.chat_id, "he is asked why", "Why does C-1003", thread=topic)
    await stage.say(ben, _REASON, thread=topic, reply_to=asked["id"])
    await stage.sees(SUE.id, "Sue is told by name, in private, with the reason", "C-1003", _REASON, button="k:ack:")
    named = [m for m in stage.messages(stage.desk.chat_id, _REASON) if m["from_bot"] and m["thread_id"] == topic]
    await stage.until("… and in the topic, for all to see", lambda: named or _told(stage, topic))


def _told(stage: Stage, topic: int) -> bool:
    return any(m["from_bot"] and m["thread_id"] == topic for m in stage.messages(stage.desk.chat_id, "Sue"))


async def _is_taken(stage: Stage, topic: int) -> None:
    await stage.chapter("“I have it”")
    await stage.tap(SUE, "k:ack:")
    await stage.sees(stage.desk.chat_id, "the topic says who has it", "Sue", "C-1003", thread=topic)
    await stage.sees(SUE.id, "she may make it hers", "Shall it be yours", button="k:ack:")
    now = datetime.fromisoformat(await stage.verbs.now())
    await stage.jump_to(now + _SOON, "Twenty minutes later.")
    calls = len(stage.messages(SUE.id))
    await stage.watch("nobody is called again: she has it", lambda: len(stage.messages(SUE.id)) == calls, seconds=0.8)
    await stage.say(SUE, _PLAN, thread=topic)
    await stage.sees(TOM.id, "Tom hears from her, long before the promised time", "Sue", _PLAN)


async def _made_good(stage: Stage, ben: Persona, topic: int) -> None:
    await stage.chapter("Ben makes it good")
    await stage.say(ben, f"/recover {_GIVEN} for the fright", thread=topic)
    await stage.sees(stage.desk.chat_id, "it is within his limit, and on record", str(_GIVEN), thread=topic)
    await stage.sees(TOM.id, "Tom has points he did not ask for", str(_GIVEN))


async def _scored(stage: Stage, topic: int) -> None:
    await stage.chapter("Solved, and scored")
    await stage.tap(SUE, "k:resolve:", thread=topic)
    await stage.sees(TOM.id, "he is asked whether it is", button="c:solved:")
    await stage.tap(TOM, "c:solved:")
    await stage.sees(TOM.id, "and how it was, in one tap", button="c:sv:")
    await stage.tap(TOM, _five_stars(stage))
    await stage.sees(stage.desk.chat_id, "the score stands with the case, credited to who solved it", "5", thread=topic)


def _five_stars(stage: Stage) -> str:
    """Return the data of the button that gives five."""
    for message in stage.messages(TOM.id):
        for row in message["buttons"]:
            for button in row:
                data = str(button["data"] or "")
                if data.startswith("c:sv:") and data.endswith(":5"):
                    return data
    raise NotSeen("he can give five", "There is no such button.")
