"""The pictures of campaigns: uploaded with the first message, named by Telegram's id of them ever after."""

import asyncio
import base64
from collections import defaultdict
from typing import Any

from telegram import InputFile
from telegram.error import BadRequest

from bot.calls import Call
from bot.transport import TelegramApi
from storage.campaigns import get_picture, name_picture
from storage.database import Database

_UNKNOWN_FILE = ("wrong file", "wrong remote file", "file reference", "file_id")
"""How Telegram says that it does not know an id, such as after the bot was given another token."""


class Pictures:
    """Sends pictures; of many messages with a new one, one uploads it and the others wait for its id."""

    def __init__(self, database: Database, api: TelegramApi) -> None:
        self._database = database
        self._api = api
        self._file_ids: dict[str, str] = {}
        self._doors: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def call(self, call: Call) -> Any:
        """Make a call with a stored picture. Raises what the transport raises."""
        assert call.picture is not None
        name, key = call.picture
        file_id = self._file_ids.get(key)
        if file_id is None:
            async with self._doors[key]:
                file_id = self._file_ids.get(key)
                if file_id is None:
                    return await self._first(call, name, key)
        try:
            return await self._api.call(call.method, {**call.params, name: file_id})
        except BadRequest as error:
            if not any(words in error.message.lower() for words in _UNKNOWN_FILE):
                raise
        self._file_ids.pop(key, None)
        return await self._upload(call, name, key)

    async def _first(self, call: Call, name: str, key: str) -> Any:
        """Make the first call since the program started: Telegram may know the picture from before."""
        async with self._database.read() as tx:
            picture = await get_picture(tx, key)
        if picture is not None and picture[1] is not None:
            try:
                answer = await self._api.call(call.method, {**call.params, name: picture[1]})
            except BadRequest as error:
                if not any(words in error.message.lower() for words in _UNKNOWN_FILE):
                    raise
            else:
                self._file_ids[key] = picture[1]
                return answer
        return await self._upload(call, name, key)

    async def _upload(self, call: Call, name: str, key: str) -> Any:
        async with self._database.read() as tx:
            picture = await get_picture(tx, key)
        if picture is None:
            raise BadRequest("the bytes of the picture are no longer kept")
        content = base64.b64decode(picture[0])
        file = InputFile(content, filename="picture.png" if content.startswith(b"\x89PNG") else "picture.jpg")
        answer = await self._api.call(call.method, call.params, files={name: file})
        sizes = answer.get(name) if isinstance(answer, dict) else None
        if sizes:
            self._file_ids[key] = sizes[-1]["file_id"]
            async with self._database.write() as tx:
                await name_picture(tx, key, file_id=self._file_ids[key])
        return answer
