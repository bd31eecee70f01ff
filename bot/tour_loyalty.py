"""The tour's last chapters: a sale told by the till through the API, points, a tier, a reward, a voucher used."""

import re
from datetime import datetime, timedelta
from typing import Any

import aiohttp
from rich.text import Text

from bot.tour_screen import Lane
from bot.tour_stage import Message, NotSeen, Persona, Stage
from texts import Texts

_BUNDLED_AFTER = timedelta(minutes=3)
_CODE = re.compile(r"[2-9A-HJ-NP-Z]{4}(?:-[2-9A-HJ-NP-Z]{4}){2}")
_PRICE_MINOR = 24_000
_EARNED, _REWARD_POINTS = 240, 150
_ANSWER_PATIENCE_S = 10.0


class Till:
    """The shop's till: another system, which knows carebot only by its REST API and a key."""

    def __init__(self, base_url: str, key: str) -> None:
        self._base_url = base_url
        self._headers = {"Authorization": f"Bearer {key}"}

    async def find(self, name: str) -> str:
        """Return the public code of the customer with this name. Raises :class:`NotSeen`."""
        page = await self._call("GET", "/v1/customers")
        for customer in page["items"]:
            if customer["name"] == name:
                return str(customer["code"])
        raise NotSeen("the till finds its customer", f"{name} is not among them.")

    async def sell(self, code: str, amount_minor: int, *, currency: str, receipt: str) -> dict[str, Any]:
        """Tell of a sale, and return what came of it. Raises :class:`NotSeen`."""
        sale = {"customer": code, "source_key": receipt, "amount_minor": amount_minor, "currency": currency}
        answer: dict[str, Any] = await self._call("POST", "/v1/purchases", sale, {"Idempotency-Key": receipt})
        return answer

    async def add_campaign(self, document: dict[str, Any]) -> None:
        """Hand in a campaign as a draft. Raises :class:`NotSeen`."""
        key = f"campaign-{document['key']}"
        await self._call("POST", "/v1/campaigns", {"document": document}, {"Idempotency-Key": key})

    async def _call(self, method: str, path: str, body: Any = None, more: dict[str, str] | None = None) -> Any:
        timeout = aiohttp.ClientTimeout(total=_ANSWER_PATIENCE_S)
        headers = {**self._headers, **(more or {})}
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.request(method, f"{self._base_url}{path}", json=body, headers=headers) as response,
        ):
            answer = await response.json()
            if response.status >= 300:
                raise NotSeen(f"the API answers {method} {path}", f"It said {response.status}: {answer}")
            return answer


async def play_loyalty(stage: Stage, till: Till, texts: Texts, *, ann: Persona, ben: Persona, currency: str) -> None:
    """Play the chapters. Raises :class:`NotSeen` at the first claim that does not show."""
    await _wants_to_hear(stage, texts, ann)
    await _buys(stage, till, texts, ann, currency)
    code = await _redeems(stage, ann)
    await _uses(stage, ann, ben, code)


async def _wants_to_hear(stage: Stage, texts: Texts, ann: Persona) -> None:
    await stage.chapter("Ann asks for news of her points")
    await stage.say(ann, texts.button("menu.more", "en"))
    await stage.sees(ann.id, "her wishes are one tap away", button="c:wishes")
    await stage.tap(ann, "c:wishes")
    await stage.sees(ann.id, "each kind of message has its own yes and no", button="c:consent:points:on")
    await stage.tap(ann, "c:consent:points:on")
    await stage.sees(ann.id, "points: yes", button="c:consent:points:off")


async def _buys(stage: Stage, till: Till, texts: Texts, ann: Persona, currency: str) -> None:
    await stage.chapter("She buys a coat; the till tells carebot")
    code = await till.find(ann.name)
    receipt = "till-1/0815"
    await _deed(stage, f"POST /v1/purchases  {receipt}  £{_PRICE_MINOR / 100:.2f}")
    first = await till.sell(code, _PRICE_MINOR, currency=currency, receipt=receipt)
    await stage.until("the till can print her points on the receipt", lambda: first["entry"]["points"] == _EARNED)
    await stage.until("… and her new tier", lambda: (first["tier_before"], first["tier"]) == ("new", "silver"))
    await _deed(stage, f"POST /v1/purchases  {receipt}  again")
    again = await till.sell(code, _PRICE_MINOR, currency=currency, receipt=receipt)
    await stage.until("it has the same answer, and nothing is booked twice", lambda: again == first)
    await stage.say(ann, "/points")
    silver = texts.button("points.tier.silver", "en")
    await stage.sees(ann.id, "she sees them before she has left the shop", str(_EARNED), silver, button="c:rewards")
    now = datetime.fromisoformat(await stage.verbs.now())
    await stage.jump_to(now + _BUNDLED_AFTER, "Three minutes later.")
    await stage.sees(
        ann.id, "one message tells of both, with a stop button", str(_EARNED), silver, button="c:mute:points"
    )


async def _deed(stage: Stage, words: str) -> None:
    await stage.screen.deed(Lane.STAFF, "the till", "green", Text(words))


async def _redeems(stage: Stage, ann: Persona) -> str:
    """Let Ann give points for a reward; returns the voucher's code."""
    await stage.chapter("She treats herself")
    await stage.tap(ann, "c:rewards")
    await stage.sees(ann.id, "what there is, with its price", button="c:reward:")
    await stage.tap(ann, "c:reward:")
    await stage.sees(ann.id, "what it is, and that her points are enough", str(_REWARD_POINTS), button="c:redeem:")
    await stage.tap(ann, "c:redeem:")
    await stage.sees(ann.id, "she is asked before points are given", button="c:redeemed:")
    await stage.tap(ann, "c:redeemed:")
    shown = await stage.sees(ann.id, "a voucher, and what is left", str(_EARNED - _REWARD_POINTS), button="c:vouchers")
    code = _CODE.search(shown["text"] or "")
    if code is None:
        raise NotSeen("a voucher has a code", "There is none in the message.")
    await stage.until("its QR code comes as a picture", lambda: _picture(stage, ann, code.group()))
    return code.group()


def _picture(stage: Stage, ann: Persona, code: str) -> Message | None:
    return next((m for m in stage.messages(ann.id, code) if m["kind"] == "photo"), None)


async def _uses(stage: Stage, ann: Persona, ben: Persona, code: str) -> None:
    await stage.chapter("At the counter")
    topic, desk = await stage.topic("C-1001"), stage.desk.chat_id
    await stage.say(ben, f"/voucher {code}", thread=topic)
    await stage.sees(desk, "Ben sees what it is for, and that it is good", code, ann.name, button="k:vuse:")
    await stage.tap(ben, "k:vuse:", thread=topic)
    await stage.sees(ann.id, "Ann is told at once", code)
    await stage.say(ben, f"/voucher {code} use", thread=topic)
    await stage.sees(desk, "a second time it is refused: when, and by whom", ben.name, thread=topic)
