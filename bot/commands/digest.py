"""``carebot digest``: how the desk stands now."""

from pathlib import Path

from bot.commands.common import printable, run, store, work_of
from services.digest import digest_in_words
from texts.catalogue import plain


def digest(file: Path | None) -> None:
    """Print the digest of the whole desk."""
    run(_digest(file))


async def _digest(file: Path | None) -> None:
    async with store(file) as (settings, database):
        async with database.read() as tx:
            html = await digest_in_words(work_of(settings, tx), "en")
        for line in plain(html).splitlines():
            print(printable(line))
