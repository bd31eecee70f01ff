"""The tour's chapter about surveys: many are asked at once, and a low answer becomes a case with a name and a time."""

from datetime import datetime, timedelta

from bot.tour_screen import Lane
from bot.tour_stage import NotSeen, Persona, Stage

MIA = Persona(2003, "Mia", "bright_cyan")

_TITLE = "How we are doing"
_ASKED = "recommend us"
_LOW = ":0:3"
_SOON = timedelta(minutes=2)
_REASON = "The coat is lovely, but mending it took four weeks."


async def play_surveys(stage: Stage, *, ann: Persona) -> None:
    """Play the chapter. Raises :class:`NotSeen` at the first claim that does not show."""
    await stage.chapter("Ann may be asked how we are doing")
    await stage.say(ann, "/privacy")
    await stage.sees(ann.id, "each kind of message is a choice of its own", button="c:wishes")
    await stage.tap(ann, "c:wishes")
    await stage.sees(ann.id, "surveys too", button="c:consent:surveys:on")
    await stage.tap(ann, "c:consent:surveys:on")
    await stage.sees(ann.id, "her yes can be taken back with the same tap", button="c:consent:surveys:off")
    await _sends(stage)
    await _answers(stage, ann)
    await _reads(stage)


async def _sends(stage: Stage) -> None:
    await stage.chapter("Mia asks everybody who may be asked")
    await stage.enter(MIA, lane=Lane.STAFF)
    await stage.sees(MIA.id, "the bot knows that she works here")
    survey = await _opens(stage)
    await stage.tap(MIA, f"k:surveyset:0:{survey}:on")
    await stage.sees(MIA.id, "it is on from now", _TITLE, "on")
    await _opens(stage)
    await stage.tap(MIA, f"k:surveysend:0:{survey}")
    await stage.sees(MIA.id, "everybody, or a segment?", button=f"k:surveysend:0:{survey}:0")
    await stage.tap(MIA, f"k:surveysend:0:{survey}:0")
    await stage.sees(MIA.id, "how many that is, and why others are not asked", button=f"k:surveysend:0:{survey}:0:go")
    await stage.tap(MIA, f"k:surveysend:0:{survey}:0:go")
    await stage.sees(MIA.id, "it is on its way", _TITLE)


async def _opens(stage: Stage) -> str:
    """Let Mia look at the survey; returns its id, as its buttons name it."""
    await stage.say(MIA, "/surveys")
    listed = await stage.sees(MIA.id, "she sees which surveys there are", _TITLE, button="k:survey:0:")
    for row in listed["buttons"]:
        for button in row:
            if button["text"] == _TITLE:
                await stage.tap(MIA, button["data"])
                await stage.sees(MIA.id, "… and what this one says so far", _TITLE, button="k:surveywords:0:")
                return str(button["data"]).rpartition(":")[2]
    raise NotSeen("she can look at one", "There is no such button.")


async def _answers(stage: Stage, ann: Persona) -> None:
    await stage.chapter("Ann answers with a three")
    now = datetime.fromisoformat(await stage.verbs.now())
    await stage.jump_to(now + _SOON, "Two minutes later.")
    asked = await stage.sees(ann.id, "one question, one tap; one tap ends it for good", _ASKED, button="c:sv:")
    three = next(b["data"] for row in asked["buttons"] for b in row if str(b["data"]).endswith(_LOW))
    await stage.tap(ann, three)
    await stage.sees(ann.id, "an apology, a number, a name and a time", "sorry", "C-1004", button="c:sv")
    topic = await stage.topic("C-1004")
    await stage.sees(stage.desk.chat_id, "staff have a case with her answer on its card", "C-1004", "3", thread=topic)
    await stage.say(ann, _REASON)
    await stage.sees(ann.id, "thanks that do not gush", "Thank you")
    await stage.sees(stage.desk.chat_id, "her reason stands in the same topic", exactly=_REASON, thread=topic)


async def _reads(stage: Stage) -> None:
    await stage.chapter("Mia looks at the result")
    await _opens(stage)
    await stage.until("… with a picture, and how little one answer says", lambda: _pictures(stage), patience_s=20.0)


def _pictures(stage: Stage) -> int:
    return sum(message["kind"] == "photo" for message in stage.messages(MIA.id))
