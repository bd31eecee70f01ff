"""A complaint travels from a customer's chat to the staff group and back."""

from tests.e2e.conftest import People
from tests.e2e.town import Resident, Town


async def test_a_complaint_with_pictures_is_answered_solved_and_confirmed(town: Town, people: People) -> None:
    """Ann complains with a photo and an album; Ben takes it, answers, notes and resolves; Ann confirms."""
    ann, ben = people.ann, people.ben
    await town.starts()
    ann.starts()
    ann.says("/complaint")
    await ann.hears("")
    ann.says("The coat arrived with a torn lining")
    ann.sends("photo", caption="Here it is torn")
    ann.sends_album("Front", "Back", "Label")
    await ann.taps("c:done")
    await ann.taps("c:skip")
    await ann.taps("c:send")
    await ann.hears("C-1001")

    topic = await town.topic("C-1001")
    await town.group_reads("torn lining", topic)
    await town.until(lambda: _photos(town, topic) == ["Here it is torn", "Front", "Back", "Label"], "four photos")

    await ben.taps("k:take", in_group=True, thread_id=topic)
    await town.until(lambda: town.world.callback_answers()[-1:], "an answer to the tap")
    ben.writes("// she is a good customer, be generous", topic)
    ben.writes("We are sorry. A new coat is on its way.", topic)
    answer = await ann.hears("A new coat is on its way")
    assert answer["text"].startswith("Ben\n")

    await ben.taps("k:resolve", in_group=True, thread_id=topic)
    await ann.taps("c:solved")
    await town.group_reads("", topic, after=town.in_group(topic)[-1]["id"])
    await town.settled()

    assert not any("generous" in text for text in ann.texts())
    (case,) = await town.rows("cases")
    assert (case.state, case.number) == ("closed", 1001)
    assert {row.state for row in await town.rows("outbox") if row.purpose != "card"} == {"sent"}
    assert {row.state for row in await town.rows("outbox") if row.purpose == "card"} <= {"sent", "dropped"}
    assert {row.state for row in await town.rows("inbox")} == {"done"}
    assert {row.state for row in await town.rows("media")} == {"stored"}


def _photos(town: Town, topic: int) -> list[str]:
    return [message["caption"] for message in town.in_group(topic) if message["kind"] == "photo"]


async def test_a_corrected_caption_in_an_album_is_corrected_at_the_customer(town: Town, people: People) -> None:
    """Ben sends two pictures in one piece and corrects the second; Ann sees it corrected in its place."""
    ann, ben = people.ann, people.ben
    await town.starts()
    ann.starts()
    ann.says("Which colours are there?")
    await ann.taps("c:draft")
    topic = await town.topic("C-1001")
    pictures = [{"kind": "photo", "caption": caption} for caption in ("Blue", "Gren")]
    sent = town.world.send_album(ben.id, pictures, chat_id=town.group_id, thread_id=topic)
    await town.until(lambda: _captions(ann) == ["Blue", "Gren"], "the album")
    town.world.edit(ben.id, town.group_id, sent[1]["message_id"], caption="Green")
    await town.until(lambda: _captions(ann) == ["Blue", "Green"], "the correction")


def _captions(person: Resident) -> list[str]:
    """Return the captions of the photos a person was sent, without the name above them."""
    return [m["caption"].removeprefix("Ben\n") for m in person.heard() if m["kind"] == "photo"]
