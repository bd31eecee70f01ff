"""The transport against small servers that answer, refuse, hang, break off and talk nonsense."""

import asyncio
import io
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web
from telegram import Bot, InputFile
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
    TimedOut,
)

from bot.transport import AiohttpRequest, TelegramApi, Timeouts
from bot.transport_errors import (
    Declined,
    InvalidAnswer,
    NotSent,
    NotSentInTime,
    TooLarge,
    outcome_of,
    retry_after_s,
)

TOKEN = "12345:not-to-be-seen"
HASTY = Timeouts(connect=0.1, read=0.1, write=0.1, pool=0.05, media_write=0.1)
PATIENT = Timeouts()

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]
RawServer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def api_at(base_url: str, timeouts: Timeouts = PATIENT, **options: Any) -> AsyncIterator[TelegramApi]:
    """Give an api that talks to ``base_url``."""
    async with AiohttpRequest(timeouts=timeouts, **options) as request:
        yield TelegramApi(TOKEN, base_url, request)


@asynccontextmanager
async def answering(answer: Answer, timeouts: Timeouts = PATIENT, **options: Any) -> AsyncIterator[TelegramApi]:
    """Give an api whose server answers every request with ``answer``."""
    app = web.Application(client_max_size=4 * 1024 * 1024)
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        async with api_at(f"http://127.0.0.1:{runner.addresses[0][1]}", timeouts, **options) as api:
            yield api
    finally:
        await runner.cleanup()


@asynccontextmanager
async def raw(serve: RawServer, timeouts: Timeouts = PATIENT) -> AsyncIterator[TelegramApi]:
    """Give an api whose server treats each connection with ``serve``."""
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        async with api_at(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", timeouts) as api:
            yield api
    finally:
        server.close()
        await server.wait_closed()


def saying(status: int, **fields: Any) -> Answer:
    """Answer as the Bot API does, with ``status`` and the given fields."""

    async def answer(_: web.Request) -> web.Response:
        return web.json_response({"ok": status == 200, "error_code": status, **fields}, status=status)

    return answer


def page(status: int) -> Answer:
    """Answer as a proxy does: with a page that quotes the URL, and so the token."""

    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=status, text=f"<h1>{request.url}</h1>", content_type="text/html")

    return answer


async def failure_of(call: Awaitable[Any]) -> TelegramError:
    """Return the error of a call, having seen that no part of it shows the token."""
    with pytest.raises(TelegramError) as caught:
        await call
    seen = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    chain: BaseException | None = caught.value
    while chain is not None:
        seen += repr(chain) + str(chain)
        chain = chain.__cause__ or chain.__context__
    assert TOKEN not in seen
    return caught.value


async def test_call_returns_the_plain_result() -> None:
    """A result comes back as plain JSON, and parameters arrive form-encoded, without those that are None."""
    got: dict[str, Any] = {}

    async def answer(request: web.Request) -> web.Response:
        got.update(path=request.path, **await request.post())
        return web.json_response({"ok": True, "result": {"message_id": 7}})

    async with answering(answer) as api:
        markup = {"inline_keyboard": [[{"text": "好", "callback_data": "ok"}]]}
        result = await api.call(
            "sendMessage", {"chat_id": 5, "text": "你好 & 再见", "reply_markup": markup, "caption": None}
        )
    assert result == {"message_id": 7}
    assert got == {
        "path": f"/bot{TOKEN}/sendMessage",
        "chat_id": "5",
        "text": "你好 & 再见",
        "reply_markup": '{"inline_keyboard": [[{"text": "\\u597d", "callback_data": "ok"}]]}',
    }


@pytest.mark.parametrize("as_stream", [False, True])
async def test_files_travel_as_parts_with_their_names(as_stream: bool) -> None:
    """A file of over a megabyte arrives whole, under its parameter's name and with its own file name."""
    content = bytes(range(256)) * 8192
    got: dict[str, Any] = {}

    async def answer(request: web.Request) -> web.Response:
        form = await request.post()
        got.update(form)
        part = form["document"]
        assert isinstance(part, web.FileField)
        got["content"] = part.file.read()
        return web.json_response({"ok": True, "result": True})

    source = io.BytesIO(content) if as_stream else content
    file = InputFile(source, filename="投诉.txt", read_file_handle=False)
    async with answering(answer) as api:
        assert await api.call("sendDocument", {"chat_id": 5}, files={"document": file}) is True
    assert got["chat_id"] == "5"
    assert got["document"].filename == "投诉.txt"
    assert got["content"] == content


async def test_get_updates_asks_and_returns_raw() -> None:
    """Updates come back unparsed, unknown fields included, and the long poll outlasts the read timeout."""
    got: dict[str, Any] = {}

    async def answer(request: web.Request) -> web.Response:
        got.update(await request.post())
        await asyncio.sleep(0.15)
        return web.json_response({"ok": True, "result": [{"update_id": 1, "of_tomorrow": {}}]})

    async with answering(answer, HASTY) as api:
        updates = await api.get_updates(3, 100, 1, ["message", "callback_query"])
    assert updates == [{"update_id": 1, "of_tomorrow": {}}]
    assert got == {
        "offset": "3",
        "limit": "100",
        "timeout": "1",
        "allowed_updates": '["message", "callback_query"]',
    }


@pytest.mark.parametrize(
    ("status", "fields", "kind"),
    [
        (400, {"description": "Bad Request: chat not found"}, BadRequest),
        (400, {"parameters": {"migrate_to_chat_id": -100}}, ChatMigrated),
        (401, {"description": "Unauthorized"}, InvalidToken),
        (403, {"description": "Forbidden: bot was blocked by the user"}, Forbidden),
        (404, {"description": "Not Found"}, InvalidToken),
        (409, {"description": "Conflict: terminated by other getUpdates request"}, Conflict),
        (413, {"description": "Request Entity Too Large"}, Declined),
        (429, {"parameters": {"retry_after": 17}}, RetryAfter),
        (429, {"description": "Too Many Requests"}, Declined),
    ],
)
async def test_refusals_have_their_types_and_did_nothing(
    status: int, fields: dict[str, Any], kind: type[TelegramError]
) -> None:
    """Each refusal of Telegram raises the library's error, and surely did nothing."""
    async with answering(saying(status, **fields)) as api:
        error = await failure_of(api.call("sendMessage", {"chat_id": 5}))
    assert type(error) is kind
    assert outcome_of(error) == "not_done"


@pytest.mark.parametrize("setting", ["true", "false"])
async def test_the_wait_is_in_seconds_whatever_the_library_is_set_to(
    setting: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wait is a number of seconds, whether the library keeps it as int or as timedelta."""
    monkeypatch.setenv("PTB_TIMEDELTA", setting)
    assert retry_after_s(RetryAfter(timedelta(seconds=2282))) == 2282.0


async def test_an_answer_of_the_server_failing_leaves_it_unknown() -> None:
    """A 500 of Telegram's own may come after the message was sent."""
    async with answering(saying(500, description="Internal Server Error")) as api:
        error = await failure_of(api.call("sendMessage", {}))
    assert type(error) is NetworkError
    assert outcome_of(error) == "unknown"


@pytest.mark.parametrize("status", [500, 502, 504])
async def test_a_failing_gateway_leaves_it_unknown(status: int) -> None:
    """A gateway's 5xx page is unknown, and what it quotes stays out of the error."""
    async with answering(page(status)) as api:
        error = await failure_of(api.call("sendMessage", {}))
    assert type(error) is NetworkError
    assert outcome_of(error) == "unknown"


@pytest.mark.parametrize("status", [302, 400, 403, 404, 407])
async def test_a_firewalls_no_is_not_telegrams(status: int) -> None:
    """A 4xx page of somebody in between did nothing, and does not pass for a blocked bot or a bad token."""
    async with answering(page(status)) as api:
        error = await failure_of(api.call("sendMessage", {}))
    assert type(error) is Declined
    assert outcome_of(error) == "not_done"


@pytest.mark.parametrize("body", ["not JSON", "[]", '{"ok": true}', ""])
async def test_garbage_in_a_success_leaves_it_unknown(body: str) -> None:
    """A 200 without a result says nothing of what was done."""

    async def answer(_: web.Request) -> web.Response:
        return web.Response(text=body)

    async with answering(answer) as api:
        error = await failure_of(api.call("sendMessage", {}))
    assert type(error) is InvalidAnswer
    assert outcome_of(error) == "unknown"


async def test_a_refused_connection_did_nothing(unused_port: int) -> None:
    """Nothing listens: the request was not sent, and the error names the place."""
    async with api_at(f"http://127.0.0.1:{unused_port}") as api:
        error = await failure_of(api.call("sendMessage", {}))
    assert type(error) is NotSent
    assert f"127.0.0.1:{unused_port}" in str(error)
    assert outcome_of(error) == "not_done"


async def test_an_unknown_host_did_nothing() -> None:
    """A name that no one knows: the request was not sent."""
    async with api_at("http://carebot.invalid") as api:
        error = await failure_of(api.call("sendMessage", {}))
    assert type(error) is NotSent
    assert outcome_of(error) == "not_done"


async def test_a_malformed_base_url_did_nothing() -> None:
    """A base URL without a scheme is an error like any other, and silent about the token."""
    async with api_at("127.0.0.1") as api:
        error = await failure_of(api.call("sendMessage", {}))
    assert type(error) is NotSent
    assert outcome_of(error) == "not_done"


async def test_a_full_pool_did_nothing() -> None:
    """A request that got no connection in time was not sent."""
    release = asyncio.Event()

    async def answer(_: web.Request) -> web.Response:
        await release.wait()
        return web.json_response({"ok": True, "result": True})

    timeouts = Timeouts(connect=0.05, pool=0.05)
    async with answering(answer, timeouts, pool_size=1) as api:
        first = asyncio.create_task(api.call("sendMessage", {}))
        await asyncio.sleep(0)
        error = await failure_of(api.call("sendMessage", {}))
        release.set()
        assert await first is True
    assert type(error) is NotSentInTime
    assert isinstance(error, TimedOut)
    assert outcome_of(error) == "not_done"


async def test_a_hanging_server_leaves_it_unknown() -> None:
    """The request was read, the answer did not come in time: it may have been carried out."""
    release = asyncio.Event()

    async def answer(_: web.Request) -> web.Response:
        await release.wait()
        return web.Response()

    async with answering(answer, HASTY) as api:
        error = await failure_of(api.call("sendMessage", {}))
        release.set()
    assert type(error) is TimedOut
    assert outcome_of(error) == "unknown"


async def test_a_call_may_bring_its_own_timeouts() -> None:
    """Timeouts given with a call replace those of the request backend."""
    release = asyncio.Event()

    async def answer(_: web.Request) -> web.Response:
        await release.wait()
        return web.Response()

    async with answering(answer) as api:
        error = await failure_of(api.call("sendMessage", {}, timeouts=HASTY))
        release.set()
    assert type(error) is TimedOut


async def test_a_server_that_reads_nothing_is_not_waited_for_for_ever() -> None:
    """An upload that nobody takes in ends with a timeout."""
    release = asyncio.Event()

    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await release.wait()
        writer.close()

    async with raw(serve, HASTY) as api:
        file = InputFile(bytes(16 * 1024 * 1024), filename="big.bin")
        error = await failure_of(api.call("sendDocument", {}, files={"document": file}))
        release.set()
    assert type(error) is TimedOut
    assert outcome_of(error) == "unknown"


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"])
async def test_a_connection_closed_midway_leaves_it_unknown(said: bytes) -> None:
    """The server read the request and hung up before its answer was whole: unknown."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(said)
        writer.close()

    async with raw(serve) as api:
        error = await failure_of(api.call("sendMessage", {"text": "hello"}))
    assert type(error) is NetworkError
    assert outcome_of(error) == "unknown"


def test_an_error_of_our_own_is_unknown() -> None:
    """What is not known to be harmless counts as unknown."""
    assert outcome_of(ValueError("anything")) == "unknown"


async def test_a_value_without_json_form_is_our_error() -> None:
    """A parameter that cannot be sent raises before anything is sent, and not as an error of the network."""
    async with answering(saying(200, result=True)) as api:
        with pytest.raises(TypeError):
            await api.call("sendMessage", {"chat_id": object()})


async def test_half_a_surrogate_pair_does_not_stop_a_message() -> None:
    """Text that has no form in UTF-8 is sent with a question mark in its place."""
    got: dict[str, Any] = {}

    async def answer(request: web.Request) -> web.Response:
        got.update(await request.post())
        return web.json_response({"ok": True, "result": True})

    async with answering(answer) as api:
        await api.call("sendMessage", {"text": "a\ud83d"})
    assert got == {"text": "a?"}


async def test_download_returns_the_content() -> None:
    """A file is fetched from the file path of the server."""

    async def answer(request: web.Request) -> web.Response:
        return web.Response(body=request.path.encode())

    async with answering(answer) as api:
        assert await api.download("photos/file_1.jpg") == f"/file/bot{TOKEN}/photos/file_1.jpg".encode()


@pytest.mark.parametrize("is_chunked", [False, True])
async def test_download_stops_at_the_limit(is_chunked: bool) -> None:
    """A file over the limit is not kept, whether its length is told before or not."""

    async def answer(request: web.Request) -> web.StreamResponse:
        if not is_chunked:
            return web.Response(body=bytes(2000))
        response = web.StreamResponse()
        response.enable_chunked_encoding()
        await response.prepare(request)
        await response.write(bytes(2000))
        return response

    async with answering(answer, size_limit=1999) as api:
        assert type(await failure_of(api.download("a"))) is TooLarge
    async with answering(answer) as api:
        assert type(await failure_of(api.download("a", max_bytes=1999))) is TooLarge
        assert len(await api.download("a", max_bytes=2000)) == 2000


async def test_a_file_that_is_gone_is_no_bad_token() -> None:
    """A missing file does not pass for a revoked token."""
    async with answering(saying(404, description="Not Found")) as api:
        assert type(await failure_of(api.download("photos/old.jpg"))) is BadRequest


async def test_neither_api_nor_request_shows_the_token() -> None:
    """What is printed of the api names the server only."""
    async with api_at("https://api.telegram.org/") as api:
        assert repr(api) == "TelegramApi('https://api.telegram.org')"


async def test_a_closed_backend_says_so_and_can_be_opened_again() -> None:
    """After a shutdown calls fail without a connection; initialising twice or again is fine."""
    async with answering(saying(200, result=1)) as api:
        request = api._request
        await request.initialize()
        await request.shutdown()
        await request.shutdown()
        with pytest.raises(NetworkError, match="not initialized"):
            await api.call("getMe", {})
        await request.initialize()
        assert await api.call("getMe", {}) == 1


async def test_the_library_itself_runs_on_it() -> None:
    """A bot of the library sends through the backend and gets its object back."""
    message = {"message_id": 3, "date": 0, "chat": {"id": 5, "type": "private"}, "text": "hi"}
    async with answering(saying(200, result=message)) as api:
        bot = Bot(TOKEN, base_url=f"{api._base_url}/bot", request=AiohttpRequest(pool_size=1))
        async with bot._request[1]:
            sent = await bot.send_message(5, "hi")
    assert sent.message_id == 3
