"""The staff group goes through everything groups go through, and no word is lost in it."""

from aiohttp import ClientSession

from tests.e2e.conftest import People, on_sqlite
from tests.e2e.town import Resident, Town


async def complains(ann: Resident, *words: str) -> None:
    """Have a person send a complaint, word by word, and wait for its number."""
    ann.says("/complaint")
    for word in words:
        ann.says(word)
    await ann.taps("c:done")
    await ann.taps("c:skip")
    await ann.taps("c:send")
    await ann.hears("C-")


@on_sqlite
async def test_a_deleted_topic_is_rebuilt_with_its_history(town: Town, people: People) -> None:
    """Somebody deletes the topic: the next words come with everything that was said before."""
    ann, ben = people.ann, people.ben
    await town.starts()
    await complains(ann, "The zip is broken")
    first = await town.topic("C-1001")
    await town.settled()
    ben.writes("Which colour was it?", first)
    await ann.hears("Which colour")
    await town.settled()

    town.world.delete_topic(town.group_id, first)
    ann.says("It was green")

    second = await town.topic("C-1001", after=first)
    history = await town.group_reads("Which colour", second)
    assert "The zip is broken" in history["text"]
    await town.until(lambda: "It was green" in _texts(town, second), "the words that found no topic")
    ben.writes("Green it is", second)
    await ann.hears("Green it is")
    await town.settled()
    assert {row.state for row in await town.rows("outbox")} <= {"sent", "dropped"}


async def test_a_plain_group_works_by_replies(lone_town: Town) -> None:
    """Without topics a case is a card and its replies: answering one of them answers the customer."""
    town = lone_town
    town.opens_desk(forum=False)
    ann, ben = town.person("Ann"), town.hires("Ben")
    await town.starts()
    await complains(ann, "The button is off")
    card = await town.group_reads("C-1001")
    words = await town.until(
        lambda: next((m for m in town.in_group() if m["text"] == "The button is off"), None), "the words"
    )
    assert words["reply_to"] == card["id"]
    assert not any("message_thread_id" in call["params"] for call in town.world.calls("sendMessage"))

    ben.writes("What a day")
    ben.writes("We sew it on again", reply_to=words["id"])
    await ann.hears("We sew it on again")
    ann.says("Thank you so much for the quick help, that is what I needed")
    answer = await town.group_reads("quick help")
    assert answer["reply_to"] == card["id"]
    await town.settled()
    assert not any("What a day" in text for text in ann.texts())


async def test_a_group_that_becomes_a_supergroup_is_followed(lone_town: Town) -> None:
    """The cases of a basic group go on in the supergroup it became."""
    town = lone_town
    old = town.opens_desk(forum=False, kind="group")
    ann, ben = town.person("Ann"), town.hires("Ben")
    await town.starts()
    await complains(ann, "The seam is open")
    await town.group_reads("The seam is open")
    await town.settled()

    town.group_id = town.world.migrate_group(old)
    ann.says("And the collar too")
    words = await town.group_reads("And the collar too")
    await town.group_reads("The seam is open")
    ben.writes("Bring it in", reply_to=words["id"])
    await ann.hears("Bring it in")
    await town.settled()
    (group,) = await town.rows("staff_groups")
    assert group.chat_id == town.group_id


@on_sqlite
async def test_a_group_that_threw_the_bot_out_gets_everything_later(town: Town, people: People) -> None:
    """Customers are served while staff cannot be reached; once the bot is back all words come in their order."""
    ann = people.ann
    await town.starts()
    await complains(ann, "The sleeve is short")
    topic = await town.topic("C-1001")
    await town.settled()

    town.world.leave_group(town.group_id, member=town.token)
    for word in ("one", "two", "three"):
        ann.says(f"More about it: {word}")
    ben = town.person("Bob")
    await complains(ben, "The hat is too big")
    await town.until(lambda: len(town.world.calls("sendMessage")) > 0, "a try")
    town.world.join_group(town.group_id, town.token, "administrator")

    await town.group_reads("More about it: three", topic)
    await town.topic("C-1002")
    await town.settled()
    told = [line for text in _texts(town, topic) for line in text.splitlines() if line.startswith("More about it")]
    assert told == [f"More about it: {word}" for word in ("one", "two", "three")]
    to_group = [row for row in await town.rows("outbox") if row.chat_key.startswith("g")]
    assert {row.state for row in to_group} <= {"sent", "dropped"}


async def test_of_two_who_take_a_case_at_once_one_wins(town: Town, people: People) -> None:
    """Ben and Sue tap "take" in the same moment: one owns the case, the other is told who."""
    await town.starts()
    await complains(people.ann, "The hem is loose")
    topic = await town.topic("C-1001")
    await town.settled()

    ben = await people.ben.taps("k:take", in_group=True, thread_id=topic)
    sue = await people.sue.taps("k:take", in_group=True, thread_id=topic)
    await town.until(lambda: len(town.world.callback_answers()) >= 5, "both to be answered")
    await town.settled()

    answers = {answer["callback_query_id"]: answer for answer in town.world.callback_answers()}
    alerts = [answers[tap["callback_query_id"]]["show_alert"] for tap in (ben, sue)]
    assert sorted(alerts) == [False, True]
    (case,) = await town.rows("cases")
    assert case.owner_id is not None
    assert len(await town.rows("audit", action="case.take")) == 1


def _texts(town: Town, topic: int) -> list[str]:
    return [message["text"] or message["caption"] or "" for message in town.in_group(topic)]


async def test_words_in_a_topic_that_was_forgotten_reach_the_customer(lone_town: Town) -> None:
    """Cut off right after it made a topic, the bot makes another; what Ben writes in the first is not lost."""
    town = lone_town
    town.opens_desk()
    ann, ben = town.person("Ann"), town.hires("Ben")
    await town.starts()
    await complains(ann, "The pocket is sewn shut")
    known = await town.topic("C-1001")
    await town.settled()
    made = {"chat_id": town.group_id, "name": "C-1001 · Ann"}
    async with (
        ClientSession() as bot,
        bot.post(f"{town.base_url}/bot{town.token}/createForumTopic", json=made) as answer,
    ):
        forgotten = (await answer.json())["result"]["message_thread_id"]
    assert forgotten != known

    ben.writes("We open it for you", forgotten)
    await ann.hears("We open it for you")
    await town.settled()


async def test_an_answer_to_our_words_that_belongs_nowhere_is_refused_aloud(lone_town: Town) -> None:
    """In a plain group Ben answers a message of the bot that it does not remember: he is told, not ignored."""
    town = lone_town
    town.opens_desk(forum=False)
    ann, ben = town.person("Ann"), town.hires("Ben")
    await town.starts()
    said = {"chat_id": town.group_id, "text": "said just before the power went"}
    async with ClientSession() as bot, bot.post(f"{town.base_url}/bot{town.token}/sendMessage", json=said) as answer:
        forgotten = (await answer.json())["result"]["message_id"]
    ben.writes("We are on it", reply_to=forgotten)
    await town.group_reads("Which case?")
    ben.writes("Just between colleagues")
    await town.settled()
    assert len([m for m in town.in_group() if m["from_bot"] and "Which case?" in (m["text"] or "")]) == 1
    assert ann.heard() == []
