"""A case worked wholly in private: over real HTTP, with the simulated Telegram's own rules."""

from tests.e2e.conftest import People, on_sqlite
from tests.e2e.test_desk import complains
from tests.e2e.town import Town


@on_sqlite
async def test_ben_works_a_case_in_his_private_chat(town: Town, people: People) -> None:
    """Taken from his list, answered, taken back, left; then the case is about him, and he sees nothing of it."""
    ann, ben, sue = people.ann, people.ben, people.sue
    await town.starts()
    ben.starts()
    sue.starts()
    await ben.hears("on the team")
    await complains(ann, "The zip is broken")
    topic = await town.topic("C-1001")

    ben.says("/cases")
    await ben.taps("k:work")
    await ben.hears("The zip is broken")
    await ben.hears("You are on")
    rash = ben.says("That is your fault")
    await ann.hears("your fault")
    await town.group_reads("That is your fault", topic)
    ann.says("I beg your pardon?")
    await ben.hears("I beg your pardon?")

    await town.settled()  # the sign that it arrived stands under it by now
    ben.says("/delete", reply_to=rash["id"])

    await ben.hears("Deleted at the customer")
    await town.until(lambda: not any("your fault" in text for text in ann.texts()), "the answer to go at Ann's side")
    await town.settled()
    assert {row.state for row in await town.rows("outbox")} <= {"sent", "dropped"}

    sue.writes("/confidential Ben", topic)
    await town.group_reads("worked on elsewhere", topic)
    await sue.hears("complaint about Ben")
    await town.until(lambda: [t for t in town.world.topics(town.group_id) if t["closed"]], "the topic to be closed")
    ann.says("He laughed, too")
    await sue.hears("He laughed, too")
    await town.settled()
    assert not any("He laughed" in text for text in ben.texts())
    assert not any("He laughed" in (message["text"] or "") for message in town.in_group())
    ben.says("/cases")
    await ben.hears("Nothing is waiting")


@on_sqlite
async def test_who_blocks_the_bot_costs_nobody_a_word(town: Town, people: People) -> None:
    """Ben's cases came to his private chat; he blocks the bot: the topic has everything, and no customer is blocked."""
    ann, ben = people.ann, people.ben
    await town.starts()
    ben.says("/desk")
    await ben.hears("private chat")
    await complains(ann, "The zip is broken")
    topic = await town.topic("C-1001")
    await ben.taps("k:take", in_group=True, thread_id=topic)
    await ben.hears("The zip is broken")
    town.world.block(ben.id)
    ann.says("Hello?")
    await town.group_reads("Hello?", topic)
    await town.settled()
    member = (await town.rows("staff_members", user_id=ben.id))[0]
    assert member.reach == "blocked"
    assert [row.reach for row in await town.rows("contact_points")] == ["reachable"]
