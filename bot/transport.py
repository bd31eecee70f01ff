"""Bot API calls over aiohttp: fast with many requests in flight, and silent about the token."""

import io
import json
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import aiohttp
import certifi
from telegram import InputFile
from telegram.error import BadRequest, InvalidToken, NetworkError, TelegramError, TimedOut
from telegram.request import BaseRequest, RequestData

# Not exported by the library, whose bot methods are the usual makers of request data; pinned below 23.
from telegram.request._requestparameter import RequestParameter

from bot.transport_errors import Declined, InvalidAnswer, NotSent, NotSentInTime, TooLarge

if TYPE_CHECKING:
    from telegram._utils.types import ODVInput


# What Telegram lets a bot download, and more than any other answer has.
DEFAULT_SIZE_LIMIT = 20 * 1024 * 1024
# The library makes typed errors of these statuses; other 4xx it cannot tell from a failing server.
_TYPED_STATUSES = frozenset({400, 401, 403, 404, 409})


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long to wait, in seconds, for each step of a request; ``None`` is for ever.

    ``write`` holds for requests without files, ``media_write`` for those with files.
    """

    connect: float | None = 5.0
    read: float | None = 5.0
    write: float | None = 5.0
    pool: float | None = 1.0
    media_write: float | None = 20.0


class AiohttpRequest(BaseRequest):
    """A request backend for python-telegram-bot that keeps connections alive in one pool.

    ``pool_size`` bounds the connections, ``size_limit`` the bytes of one answer. ``proxy`` is the URL of an
    HTTP proxy. Errors name the host at most, never the path, since the path holds the token.
    """

    def __init__(
        self,
        *,
        pool_size: int = 256,
        timeouts: Timeouts | None = None,
        size_limit: int = DEFAULT_SIZE_LIMIT,
        proxy: str | None = None,
    ) -> None:
        self._pool_size = pool_size
        self._timeouts = timeouts or Timeouts()
        self._size_limit = size_limit
        self._proxy = proxy
        self._session: aiohttp.ClientSession | None = None

    @property
    def read_timeout(self) -> float | None:
        """The read timeout in seconds of requests that do not bring their own."""
        return self._timeouts.read

    async def initialize(self) -> None:
        """Open the pool; does nothing when it is open."""
        if self._session is not None:
            return
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=self._pool_size, ttl_dns_cache=300, ssl=_trust()),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": self.USER_AGENT},
            proxy=self._proxy,
        )

    async def shutdown(self) -> None:
        """Close the pool; does nothing when it is closed."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: "ODVInput[float]" = BaseRequest.DEFAULT_NONE,
        write_timeout: "ODVInput[float]" = BaseRequest.DEFAULT_NONE,
        connect_timeout: "ODVInput[float]" = BaseRequest.DEFAULT_NONE,
        pool_timeout: "ODVInput[float]" = BaseRequest.DEFAULT_NONE,
    ) -> tuple[int, bytes]:
        """Make one request and return the status and the body; see the base class."""
        if self._session is None:
            raise RuntimeError("This AiohttpRequest is not initialized!")
        default = self._timeouts
        has_files = request_data is not None and request_data.contains_files
        limits = _client_timeout(
            _given(connect_timeout, default.connect),
            _given(read_timeout, default.read),
            _given(write_timeout, default.media_write if has_files else default.write),
            _given(pool_timeout, default.pool),
            method == "POST",
        )
        try:
            return await self._exchange(self._session, method, url, _body(request_data), limits)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            failure = _as_telegram_error(error)
        # Raised outside the handler: the original, which may hold the URL, is not chained to it.
        raise failure

    async def _exchange(
        self,
        session: aiohttp.ClientSession,
        method: str,
        url: str,
        body: tuple[Any, dict[str, str] | None],
        limits: aiohttp.ClientTimeout,
    ) -> tuple[int, bytes]:
        data, headers = body
        async with session.request(
            method, url, data=data, headers=headers, timeout=limits, allow_redirects=False
        ) as response:
            payload = await self._read(response)
            if response.status >= HTTPStatus.MULTIPLE_CHOICES:
                payload = _readable_refusal(response, payload)
            return response.status, payload

    async def _read(self, response: aiohttp.ClientResponse) -> bytes:
        if (response.content_length or 0) > self._size_limit:
            raise TooLarge(f"the answer has more than {self._size_limit} bytes")
        payload = bytearray()
        async for chunk in response.content.iter_any():
            payload += chunk
            if len(payload) > self._size_limit:
                raise TooLarge(f"the answer has more than {self._size_limit} bytes")
        return bytes(payload)

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        """Return the JSON object in ``payload``; unlike the base class, never log or quote it."""
        try:
            answer = json.loads(payload.decode("utf-8", "replace"))
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            raise InvalidAnswer("Invalid server response")
        return answer


class TelegramApi:
    """The Bot API below the library's objects: parameters in, plain JSON results out.

    ``base_url`` is the server without token or slash at its end. Errors are the library's, or those of
    ``bot.transport_errors``; neither they nor ``repr`` show the token.
    """

    def __init__(self, token: str, base_url: str, request: BaseRequest) -> None:
        self._base_url = base_url.rstrip("/")
        self._calls = f"{self._base_url}/bot{token}/"
        self._files = f"{self._base_url}/file/bot{token}/"
        self._request = request

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._base_url!r})"

    async def call(
        self,
        method: str,
        params: Mapping[str, Any],
        *,
        files: Mapping[str, InputFile] | None = None,
        timeouts: Timeouts | None = None,
    ) -> Any:
        """Call a Bot API ``method`` and return its ``result`` as plain JSON.

        Parameters that are ``None`` are left out. Each of ``files`` is sent under its name: that of a
        parameter, or one that a parameter mentions as ``attach://name``.
        """
        given = _as_arguments(timeouts, bool(files)) if timeouts else {}
        return await self._post(method, params, files or {}, given)

    async def _post(
        self,
        method: str,
        params: Mapping[str, Any],
        files: Mapping[str, InputFile],
        given: Mapping[str, float | None],
    ) -> Any:
        # Encoded here, so that a value JSON has no form for is our error, not one of the network.
        parts = [
            RequestParameter(name, value if isinstance(value, str) else json.dumps(value), None)
            for name, value in params.items()
            if value is not None
        ]
        parts += [RequestParameter(name, None, [file]) for name, file in files.items()]
        try:
            return await self._request.post(self._calls + method, RequestData(parts), **given)
        except KeyError:
            pass
        raise InvalidAnswer(f"the answer to {method} has no result")

    async def get_updates(
        self, offset: int | None, limit: int, timeout_s: int, allowed_updates: Sequence[str]
    ) -> list[dict[str, Any]]:
        """Wait up to ``timeout_s`` seconds for updates from ``offset`` on and return them unparsed."""
        params = {
            "offset": offset,
            "limit": limit,
            "timeout": timeout_s,
            "allowed_updates": list(allowed_updates),
        }
        read = self._request.read_timeout
        given = {"read_timeout": None if read is None else read + timeout_s}
        updates = await self._post("getUpdates", params, {}, given)
        if not isinstance(updates, list):
            raise InvalidAnswer("the answer to getUpdates is not a list")
        return updates

    async def download(self, file_path: str, *, max_bytes: int = DEFAULT_SIZE_LIMIT) -> bytes:
        """Return the content of a file whose ``file_path`` came from ``getFile``.

        Raises ``TooLarge`` above ``max_bytes``, and ``BadRequest`` when the file is gone.
        """
        try:
            content = await self._request.retrieve(self._files + file_path)
        except InvalidToken:
            # For a file, not found means no more than that.
            raise BadRequest("file not found") from None
        if len(content) > max_bytes:
            raise TooLarge(f"the file has more than {max_bytes} bytes")
        return content


@lru_cache(maxsize=1)
def _trust() -> ssl.SSLContext | bool:
    """Trust the system's certificate authorities, and the well-known ones where the system has none."""
    paths = ssl.get_default_verify_paths()
    if paths.cafile or (paths.capath and any(Path(paths.capath).iterdir())):
        return True
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context


def _given(value: "ODVInput[float]", default: float | None) -> float | None:
    return default if value is BaseRequest.DEFAULT_NONE else cast("float | None", value)


@lru_cache(maxsize=64)
def _client_timeout(
    connect: float | None, read: float | None, write: float | None, pool: float | None, is_bounded: bool
) -> aiohttp.ClientTimeout:
    """Return aiohttp's form of the library's timeouts.

    aiohttp has no timeout for writing, so a call as a whole is bounded by the sum of its steps; a download is
    not, since each of its reads may take as long as ``read``.
    """
    total = None
    if is_bounded and None not in (connect, read, write, pool):
        total = sum(step or 0 for step in (connect, read, write, pool))
    acquire = None if connect is None or pool is None else connect + pool
    return aiohttp.ClientTimeout(total=total, connect=acquire, sock_connect=connect, sock_read=read)


def _body(request_data: RequestData | None) -> tuple[Any, dict[str, str] | None]:
    """Return what to send, and its content type unless aiohttp knows it."""
    if request_data is None:
        return None, None
    if not request_data.contains_files:
        # Half of a surrogate pair becomes a question mark rather than a message that can never be sent.
        encoded = request_data.url_encoded_parameters({"errors": "replace"})
        return encoded.encode(), {"Content-Type": "application/x-www-form-urlencoded"}
    # File names go as they are, in UTF-8, as browsers send them.
    form = aiohttp.FormData(quote_fields=False)
    for name, value in request_data.json_parameters.items():
        form.add_field(name, value)
    for name, (filename, content, content_type) in request_data.multipart_data.items():
        # As a stream, since aiohttp warns of large bytes.
        stream = io.BytesIO(content) if isinstance(content, bytes) else content
        form.add_field(name, stream, filename=filename, content_type=content_type)
    return form, None


def _readable_refusal(response: aiohttp.ClientResponse, payload: bytes) -> bytes:
    """Return the body of an error answer as JSON; raise ``Declined`` for a 3xx or a 4xx without a type.

    A page of some proxy or firewall is not Telegram's word: its 403 must not pass for a blocked bot, and its
    text, which may quote the URL, must not get into an error.
    """
    try:
        answer = AiohttpRequest.parse_json_payload(payload)
    except TelegramError:
        answer = {}
    is_telegrams = "ok" in answer
    has_type = is_telegrams and (response.status in _TYPED_STATUSES or answer.get("parameters"))
    if response.status < HTTPStatus.INTERNAL_SERVER_ERROR and not has_type:
        said = answer.get("description") if is_telegrams else None
        raise Declined(f"{said or response.reason} ({response.status})")
    return payload if is_telegrams else b"{}"


def _as_telegram_error(error: Exception) -> NetworkError:
    """Return the library's error for one of aiohttp, with nothing of the URL but the host."""
    name = type(error).__name__
    match error:
        case aiohttp.ConnectionTimeoutError():
            return NotSentInTime("no connection in time; the request was not sent")
        case TimeoutError():
            return TimedOut()
        case aiohttp.ClientConnectorError():
            return NotSent(f"{name}: no connection to {error.host}:{error.port} ({error.strerror})")
        case aiohttp.InvalidURL() | aiohttp.NonHttpUrlClientError() | aiohttp.ClientHttpProxyError():
            return NotSent(f"{name}: the request was not sent")
    return NetworkError(name)


def _as_arguments(timeouts: Timeouts, has_files: bool) -> dict[str, float | None]:
    return {
        "connect_timeout": timeouts.connect,
        "read_timeout": timeouts.read,
        "write_timeout": timeouts.media_write if has_files else timeouts.write,
        "pool_timeout": timeouts.pool,
    }
