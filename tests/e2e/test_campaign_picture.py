"""A campaign with a picture and a task, by the real program: uploaded once, in one piece with its words and buttons."""

import base64
from pathlib import Path

from domain.outcomes import Refusal
from domain.people import SYSTEM
from services.campaigns import control
from services.campaigns.book import add_campaign
from services.campaigns.document import read_toml
from services.campaigns.pictures import keep_pictures
from storage.database import open_database
from tests.e2e.test_campaign_limits import all_sent, crowd, work_of
from tests.e2e.town import Json, Town

PEOPLE = 12
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
PAPER = """
key = "{key}"
consent = "care"
fallback = "en"
picture = "tea.png"
title.en = "New tea"
when.occasion = "date"
text.en = "The <b>new tea</b> is here, {{{{ name }}}}."
[[buttons]]
key = "nice"
kind = "answer"
label.en = "How nice!"
[task]
title.en = "Keep a cup for {{{{ name }}}}"
within = "2d"
"""


async def launches(town: Town, key: str, folder: Path) -> None:
    """Start a campaign with its picture beside the running program."""
    (folder / "tea.png").write_bytes(PNG)
    database = open_database(town.url)
    async with database.write() as tx:
        work = work_of(town, tx)
        document = await keep_pictures(work, read_toml(PAPER.format(key=key), name=f"{key}.toml"), folder=folder)
        assert not isinstance(await add_campaign(work, document, by=SYSTEM), Refusal)
        assert not isinstance(await control.launch(work, key, by=SYSTEM), Refusal)
    await database.close()


def pictured(town: Town) -> list[Json]:
    """Return the calls that sent the picture."""
    return [call for call in town.world.calls("sendPhoto") if "new tea" in str(call["params"].get("caption"))]


def uploads(town: Town) -> int:
    """Count how often its bytes were sent, not the name Telegram has given it."""
    return sum("Upload(" in str(call["params"]["photo"]) for call in pictured(town))


async def test_a_picture_is_uploaded_once_and_known_after_a_restart(lone_town: Town, tmp_path: Path) -> None:
    """Twelve people see it with its words and can tap; it was uploaded with the first of them, and never again."""
    town = lone_town
    program = await town.starts()
    people = await crowd(town, PEOPLE)
    await launches(town, "tea", tmp_path)
    await town.until(lambda: all_sent(town, PEOPLE), "all of them")
    for one in people:
        said = await one.hears("new tea")
        picture = town.world.files.find(said["raw"]["photo"][-1]["file_id"])
        assert picture is not None
        assert (picture.content, said["caption"]) == (PNG, f"The new tea is here, {one.name}.")
    assert (len(pictured(town)), uploads(town)) == (PEOPLE, 1)
    assert sorted(row.text for row in await town.rows("tasks")) == sorted(f"Keep a cup for {p.name}" for p in people)
    await people[0].taps("c:cp:")
    await people[0].hears("hank")
    await program.kill()
    await town.restarts(program)
    await launches(town, "more", tmp_path)
    await town.until(lambda: all_sent(town, 2 * PEOPLE), "all of them again")
    assert (len(pictured(town)), uploads(town)) == (2 * PEOPLE, 1)
