"""The view is disposable: whatever becomes of topics, rights and groups, the desk goes on and heals."""

from tests.e2e.conftest import People, on_sqlite
from tests.e2e.test_desk import complains
from tests.e2e.town import Json, Town


def calls_to_group(town: Town) -> list[str]:
    """Return what the bot asked for in the staff group that counts in its limit, in order."""
    counted = ("createForumTopic", "sendMessage", "editMessageText", "sendPhoto", "reopenForumTopic")
    return [call["method"] for call in town.world.calls() if _in_group(town, call) and call["method"] in counted]


def _in_group(town: Town, call: Json) -> bool:
    return str(call["params"].get("chat_id")) == str(town.group_id)


def texts_in(town: Town, topic: int | None) -> list[str]:
    """Return the words that stand in a topic."""
    return [message["text"] or message["caption"] or "" for message in town.in_group(topic)]


@on_sqlite
async def test_a_first_view_costs_three_calls(town: Town, people: People) -> None:
    """A complaint of three messages is a topic, a card and one message with all words, in which each is found."""
    await town.starts()
    await complains(people.ann, "The zip is broken", "and the lining is torn", "since Monday")
    topic = await town.topic("C-1001")
    await town.settled()
    (card, words) = (m for m in town.in_group(topic) if m["from_bot"] and m["text"])
    assert "C-1001" in card["text"]
    assert words["text"] == "The zip is broken\nand the lining is torn\nsince Monday"
    calls = calls_to_group(town)
    assert calls[calls.index("createForumTopic") :] == ["createForumTopic", "sendMessage", "sendMessage"]

    second = next(m for m in town.world.messages(people.ann.id) if m["text"] == "and the lining is torn")
    people.ann.edits(second["id"], "and the lining is gone")
    head = await town.group_reads("It now reads", topic)
    await town.settled()
    assert head["reply_to"] == words["id"]
    edited = town.in_group(topic)[-1]
    assert edited["text"] == "and the lining is gone"
    people.ben.writes("Which coat is it?", topic, reply_to=edited["id"])
    await people.ann.hears("Which coat")


@on_sqlite
async def test_a_topic_closed_by_hand_is_opened_again_and_the_case_goes_on(town: Town, people: People) -> None:
    """Sue closes the topic: staff read how a case is closed, the topic is open again, Ann's words arrive."""
    await town.starts()
    await complains(people.ann, "The zip is broken")
    topic = await town.topic("C-1001")
    await town.settled()

    town.world.close_topic(town.group_id, topic, people.sue.id)
    await town.group_reads("does not close the case", topic)
    await town.until(lambda: not _closed(town, topic), "the topic to be open again")
    people.ann.says("It is the green one")
    await town.group_reads("It is the green one", topic)
    (case,) = await town.rows("cases")
    assert case.state == "new"


@on_sqlite
async def test_a_closed_topic_we_were_not_told_of_is_opened_by_the_next_words(town: Town, people: People) -> None:
    """Without the right to manage topics the bot is refused in a closed one: it opens the one it made itself."""
    await town.starts()
    await complains(people.ann, "The zip is broken")
    topic = await town.topic("C-1001")
    await town.settled()
    town.world.set_bot_rights(town.group_id, town.token, can_manage_topics=False)
    await town.settled()
    people.ben.writes("/resolve", topic)
    await people.ann.hears("C-1001")
    await town.settled()
    town.world.close_topic(town.group_id, topic, people.sue.id)
    people.ann.says("No, it is still broken")
    await town.group_reads("No, it is still broken", topic)
    assert not _closed(town, topic)
    await town.settled()


@on_sqlite
async def test_a_forum_switched_off_and_on_again(town: Town, people: People) -> None:
    """Without topics the case goes on under its card; once they are back, in its topic, and new cases in theirs."""
    await town.starts()
    await complains(people.ann, "The zip is broken")
    topic = await town.topic("C-1001")
    await town.settled()
    town.world.set_forum(town.group_id, False)
    people.ann.says("It is the green one")
    words = await town.group_reads("It is the green one")
    people.ben.writes("Bring it in", reply_to=words["id"])
    await people.ann.hears("Bring it in")
    cy = town.person("Cy")
    await complains(cy, "The hat is too big")
    await town.group_reads("The hat is too big")
    await town.settled()

    town.world.set_forum(town.group_id, True)
    town.world.jump(700)
    people.ann.says("I am on my way")
    await town.group_reads("I am on my way", topic)
    cy.says("Much too big")
    late = await town.topic("C-1002")
    await town.group_reads("Much too big", late)
    assert any("The hat is too big" in text for text in texts_in(town, late))
    await town.settled()
    to_group = [row for row in await town.rows("outbox") if row.chat_key.startswith("g")]
    assert {row.state for row in to_group} <= {"sent", "dropped"}


@on_sqlite
async def test_supervisors_hear_once_of_a_group_out_of_reach(town: Town, people: People) -> None:
    """The bot is thrown out: Sue gets one message and Ann's words in private, one about its end, and no repetition."""
    ann, sue = people.ann, people.sue
    await town.starts()
    sue.says("/help")
    await complains(ann, "The sleeve is short")
    topic = await town.topic("C-1001")
    await town.settled()
    town.world.leave_group(town.group_id, member=town.token)
    ann.says("And the collar scratches")
    await town.until(lambda: _sent(town, "And the collar scratches") == [], "nothing in the group")
    await _until_unreachable(town)
    for _ in range(4):
        town.world.jump(70)
        await sue.hears("not been able to write")
    await sue.hears("And the collar scratches")
    assert len([text for text in sue.texts() if "not been able to write" in text]) == 1
    assert len([text for text in sue.texts() if "And the collar scratches" in text]) == 1

    town.world.join_group(town.group_id, town.token, "administrator")
    await sue.hears("I can write to the staff group")
    await town.group_reads("And the collar scratches", topic)
    await town.settled()
    assert len([text for text in sue.texts() if "I can write to the staff group" in text]) == 1


@on_sqlite
async def test_a_case_moves_to_another_group_and_a_removed_group_hands_over(town: Town, people: People) -> None:
    """Sue moves a case: it stands in the other group with what was said, the first reads where it went, and back."""
    ann, sue = people.ann, people.sue
    other = int(town.world.add_group("Second desk", forum=True)["id"])
    town.world.join_group(other, town.token, "administrator")
    town.world.join_group(other, sue.id, "administrator")
    program = await town.starts()
    await program.beside("staff", "group", "add", str(other), "Second desk")
    await complains(ann, "The sleeve is short")
    topic = await town.topic("C-1001")
    await town.settled()
    sue.writes("/moveto Second desk", topic)
    await town.group_reads("moved C-1001 to", topic)
    await town.world.wait_message(other, containing="👤 The sleeve is short", timeout_s=15)
    ann.says("And the collar scratches")
    await town.world.wait_message(other, containing="And the collar scratches", timeout_s=15)

    printed = await program.beside("staff", "group", "remove", str(other))
    assert "1 live cases are shown in another group" in printed
    town.world.jump(20)
    again = await town.topic("C-1001", after=topic)
    history = await town.group_reads("👤 And the collar scratches", again)
    assert "👤 The sleeve is short" in history["text"]
    await town.settled()


async def _until_unreachable(town: Town) -> None:
    async def noticed() -> bool:
        (group,) = await town.rows("staff_groups")
        return group.unreachable_since_at is not None

    await town.until(noticed, "the outage to be noticed")


def _sent(town: Town, words: str) -> list[Json]:
    return [message for message in town.in_group() if words in (message["text"] or "")]


def _closed(town: Town, topic: int) -> bool:
    return bool(next(t["closed"] for t in town.world.topics(town.group_id) if t["thread_id"] == topic))
