"""Pictures of campaigns: kept under their bytes, refused with a line that says the mend."""

from base64 import b64decode
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from domain.errors import BadCampaign
from services.campaigns.document import Document, read_toml
from services.campaigns.pictures import MOST_BYTES, keep_pictures
from storage.campaigns import get_picture
from tests.services.shop import Working

PNG = b"\x89PNG\r\n\x1a\n" + b"a" * 20
JPEG = b"\xff\xd8\xff" + b"b" * 20
PAPER = """
key = "tea"
consent = "care"
fallback = "en"
picture = "tea.png"
title.en = "New tea"
when.occasion = "date"
[[variants]]
key = "a"
text.en = "The new tea is here."
[[variants]]
key = "b"
picture = "cup.jpg"
text.en = "Have a cup."
"""


def _document() -> Document:
    return read_toml(PAPER, name="tea.toml")


async def test_pictures_are_kept_under_their_bytes(working: Working, tmp_path: Path) -> None:
    """The one of the campaign and the one of a variant; a variant without one names none; kept twice is once."""
    (tmp_path / "tea.png").write_bytes(PNG)
    (tmp_path / "cup.jpg").write_bytes(JPEG)
    async with working() as work:
        document = await keep_pictures(work, _document(), folder=tmp_path)
        assert await keep_pictures(work, _document(), folder=tmp_path) == document
        keys = [document.picture, *(one.picture for one in document.variants)]
        assert keys == [sha256(PNG).hexdigest(), None, sha256(JPEG).hexdigest()]
        for key, content in ((keys[0], PNG), (keys[2], JPEG)):
            assert key is not None
            found = await get_picture(work.tx, key)
            assert found is not None
            assert b64decode(found[0]) == content


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda cup: cup.unlink(), "variants #2.picture: there is no picture cup.jpg beside the file"),
        (lambda cup: cup.write_bytes(b"GIF89a"), "variants #2.picture: cup.jpg is neither JPEG nor PNG"),
        (lambda cup: cup.write_bytes(JPEG + bytes(MOST_BYTES)), "variants #2.picture: cup.jpg is larger than 5 MB"),
    ],
    ids=["missing", "another kind", "too large"],
)
async def test_a_bad_picture_is_one_line_with_its_place(
    working: Working, tmp_path: Path, spoil: Callable[[Path], object], said: str
) -> None:
    """The line names file, key and picture."""
    (tmp_path / "tea.png").write_bytes(PNG)
    cup = tmp_path / "cup.jpg"
    cup.write_bytes(JPEG)
    spoil(cup)
    async with working() as work:
        with pytest.raises(BadCampaign) as refused:
            await keep_pictures(work, _document(), folder=tmp_path)
    [line] = refused.value.faults
    assert line.startswith(f"tea.toml: {said}")
