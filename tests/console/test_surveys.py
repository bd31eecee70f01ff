"""Surveys over the API: looked up, read with how sure they are, listed one by one, sent, and told by webhooks."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from domain.api_keys import Scope
from domain.cases import Case
from domain.interactions import Content, Kind
from domain.people import SYSTEM
from domain.surveys import SurveyState
from domain.webhooks import public_data
from services import webhooks
from services.confidential import make_confidential
from services.erasure import erase_customer
from services.purchases import record_purchase
from services.surveys import answering, hearing
from services.surveys.asking import ask
from services.surveys.book import get_survey, seed_shipped, switch_survey
from services.surveys.results import results
from services.work import Person, Work, person_of_contact
from storage import webhooks as webhook_rows
from storage.responses import get_response
from storage.survey_waves import list_waves
from tests.console.shop import Shop, Till
from tests.services.shop import arrive, hear

ANGRY = "The lid came broken, call me at 555 0134"
KEY = "relationship"


@dataclass
class Quarter:
    """A shop that asks its customers whether they would recommend it."""

    shop: Shop
    asked: int = 0

    async def opens(self) -> "Quarter":
        """Keep the shipped surveys, and switch this one on."""
        async with self.shop.working() as work:
            await seed_shipped(work)
            await switch_survey(work, KEY, SurveyState.ON, by=SYSTEM)
        return self

    async def arrives(self, name: str, chat_id: int) -> tuple[int, str]:
        """Let somebody write for the first time; returns contact and public code."""
        async with self.shop.working() as work:
            person = await arrive(work, chat_id=chat_id, name=name)
            return person.contact.id, str(person.customer.code)

    async def answers(self, contact_id: int, score: int, words: str | None, **asked: Any) -> int:
        """Ask somebody, who answers both questions or skips the second; returns the response."""
        self.asked += 1
        async with self.shop.working() as work:
            person, kept = await self._person(work, contact_id), await get_survey(work, KEY)
            assert kept is not None
            given = {"occasion": f"hand-1:{self.asked}", "cause": "hand", "unasked": False, **asked}
            response_id = await ask(work, person, kept, **given)
            assert response_id is not None
        async with self.shop.working() as work:
            person = await self._person(work, contact_id)
            about: dict[str, Any] = {"response_id": response_id, "replacing": None}
            await answering.answer(work, person, question="nps", value=score, **about)
            if words is None:
                await answering.skip(work, person, question="why", **about)
            else:
                said = await hear(work, person, words, message_id=self.asked)
                await hearing.hear(work, person, interaction_id=said, content=Content(Kind.TEXT, words))
        return response_id

    async def _person(self, work: Work, contact_id: int) -> Person:
        person = await person_of_contact(work, contact_id)
        assert person is not None
        return person


@pytest.fixture
async def quarter(shop: Shop) -> Quarter:
    """A shop that asks, on each engine."""
    return await Quarter(shop).opens()


@pytest.fixture
async def corner_quarter(corner_shop: Shop) -> Quarter:
    """A shop that asks, on SQLite alone."""
    return await Quarter(corner_shop).opens()


async def told(shop: Shop) -> list[tuple[str, dict[str, Any] | None]]:
    """Return what waits to be told to the webhook, as it would go out."""
    async with shop.working() as work:
        [endpoint] = await webhook_rows.list_active(work.tx)
        due = await webhook_rows.list_due(work.tx, endpoint.id, now=work.now, limit=100)
    return [
        (each.event.kind, public_data(each.event.data) if each.event.data is not None else None)
        for each in due
        if each.event.kind.startswith("survey.")
    ]


async def listens(shop: Shop) -> None:
    """Add a webhook for everything."""
    async with shop.working() as work:
        url = "https://93.184.216.34/hooks"  # nobody sends here: what is told waits
        await webhooks.add_endpoint(work, url=url, kinds=(), allow_private=False, by=SYSTEM)


# Looking up


async def test_all_surveys_are_listed_and_shown_whole(corner_quarter: Quarter, corner_till: Till) -> None:
    """A system sees what is asked, in which state, and every question of it."""
    listed = (await corner_till.get("/surveys"))["items"]
    assert {one["key"]: one["state"] for one in listed}[KEY] == "on"
    assert [one["key"] for one in listed] == sorted(one["key"] for one in listed)
    whole = await corner_till.get(f"/surveys/{KEY}")
    assert [question["key"] for question in whole["document"]["questions"]] == ["nps", "why"]
    assert whole["document"]["when"] == {"at": "10:30", "cadence": "80d", "day": 10, "every": "quarter"}
    assert whole["version"] == 1
    for path in ("/surveys/nobody", f"/surveys/{KEY}?version=9", "/surveys/nobody/results", "/surveys/x/waves"):
        missing = await corner_till.ask("GET", path)
        assert (missing.status_code, missing.json()["code"]) == (404, "survey.unknown")


# Results


async def test_results_are_those_of_the_shop(quarter: Quarter, till: Till) -> None:
    """The API says the very figures that staff see, with their intervals and warnings."""
    people = [await quarter.arrives(f"P{nth}", 2000 + nth) for nth in range(4)]
    for (contact_id, _), score in zip(people, (10, 9, 8, 3), strict=True):
        await quarter.answers(contact_id, score, None)
    found = await till.get(f"/surveys/{KEY}/results", by="language")
    async with quarter.shop.working() as work:
        ours = await results(work, KEY, by=SYSTEM)
    assert found["score"]["value"] == pytest.approx(ours.score.value) == pytest.approx(25.0)  # type: ignore[union-attr]
    assert found["score"]["low"] < 25 < found["score"]["high"]
    assert (found["asked"], found["finished"], found["score_by"]) == (4, 4, "nps")
    assert found["questions"][0]["counts"]["3"] == 1
    assert (found["questions"][1]["skipped"], found["questions"][1]["answered"]) == (4, 0)
    assert [part["key"] for part in found["parts"]] == ["en"]
    assert {one["code"] for one in found["warnings"]} == {"survey_results.warn.few"}


async def test_results_of_a_span_count_what_was_asked_in_it(corner_quarter: Quarter, corner_till: Till) -> None:
    """Dates are the business's own, the last one included; a span the wrong way round is refused."""
    contact_id, _ = await corner_quarter.arrives("Ann", 2000)
    await corner_quarter.answers(contact_id, 9, None)
    day = corner_quarter.shop.now.date()
    path = f"/surveys/{KEY}/results"
    assert (await corner_till.get(path, since=str(day), until=str(day)))["asked"] == 1
    assert (await corner_till.get(path, since=str(day + timedelta(days=1))))["asked"] == 0
    assert (await corner_till.get(path, until=f"{day}T00:00:00Z"))["asked"] == 0
    for span in ({"since": "2026-12-02", "until": "2026-12-01"}, {"since": "yesterday"}, {"until": "0001-01-01"}):
        assert (await corner_till.ask("GET", path, params=span)).status_code == 422


# Responses


async def test_responses_come_by_pages_without_a_word(quarter: Quarter, till: Till) -> None:
    """Each response has its answers as figures and keys; what was written is for keys with the scope for it."""
    ann, ann_code = await quarter.arrives("Ann", 2000)
    bob, bob_code = await quarter.arrives("Bob", 2001)
    first = await quarter.answers(ann, 9, "The tea is lovely")
    second = await quarter.answers(bob, 8, None)
    plain = await quarter.shop.key(Scope.SURVEYS_READ)
    page = await plain.get(f"/surveys/{KEY}/responses", limit=1)
    assert [one["id"] for one in page["items"]] == [f"res_{second}"]
    page = await plain.get(f"/surveys/{KEY}/responses", limit=1, cursor=page["next"])
    [row] = page["items"]
    assert page["next"] is None
    assert (row["id"], row["customer"], row["state"], row["score"]) == (f"res_{first}", ann_code, "finished", 9)
    assert [(one["question"], one["value"], one["words"]) for one in row["answers"]] == [
        ("nps", 9, None),
        ("why", None, None),
    ]
    assert "lovely" not in str(page)
    with_words = await till.get(f"/surveys/{KEY}/responses", customer=ann_code)
    assert with_words["items"][0]["answers"][1]["words"] == "The tea is lovely"
    of_bob = await till.get(f"/surveys/{KEY}/responses", customer=bob_code, state="finished")
    assert [one["answers"][1]["skipped"] for one in of_bob["items"]] == [True]
    assert (await till.get(f"/surveys/{KEY}/responses", state="open"))["items"] == []


async def test_what_only_some_may_know_is_not_listed(quarter: Quarter, till: Till) -> None:
    """A response whose case has become confidential is gone from lists and figures, whatever the key may do."""
    ann, _ = await quarter.arrives("Ann", 2000)
    response_id = await quarter.answers(ann, 2, ANGRY)
    assert len((await till.get(f"/surveys/{KEY}/responses"))["items"]) == 1
    async with quarter.shop.working() as work:
        response = await get_response(work.tx, response_id)
        assert response is not None
        assert response.opened_case_id is not None
        made = await make_confidential(work, case_id=response.opened_case_id, about_id=None, by=SYSTEM)
        assert isinstance(made, Case)
    assert (await till.get(f"/surveys/{KEY}/responses"))["items"] == []
    assert (await till.get(f"/surveys/{KEY}/results"))["asked"] == 0


async def test_who_was_forgotten_is_in_no_list_and_told_to_nobody(quarter: Quarter, till: Till) -> None:
    """After erasure neither the words nor who gave them leave the house, not even what still waited to be told."""
    await listens(quarter.shop)
    ann, code = await quarter.arrives("Ann", 2000)
    await quarter.answers(ann, 2, ANGRY)
    assert [kind for kind, _ in await told(quarter.shop)] == ["survey.low", "survey.finished"]
    async with quarter.shop.working() as work:
        person = await person_of_contact(work, ann)
        assert person is not None
        await erase_customer(work, person.customer.id, by=SYSTEM)
    assert (await till.get(f"/surveys/{KEY}/responses"))["items"] == []
    assert (await till.ask("GET", f"/surveys/{KEY}/responses", params={"customer": code})).status_code == 404
    assert all(data is None for _, data in await told(quarter.shop))
    assert (await till.get(f"/surveys/{KEY}/results"))["asked"] == 1


# Waves


async def test_a_wave_is_made_once_however_often_it_is_asked_for(quarter: Quarter, till: Till) -> None:
    """Impatient systems get the same answer, and people are asked once."""
    wish = {"segment": "tier = gold", "sample": 0.25, "on": "2026-12-01", "at": "10:00"}
    path = f"/surveys/{KEY}/waves"
    answers = await asyncio.gather(*(till.ask("POST", path, wish, once="december") for _ in range(4)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    async with quarter.shop.working() as work:
        [wave] = await list_waves(work.tx, survey=KEY)
    assert (wave.segment, wave.sample_permille, str(wave.on)) == ("tier = gold", 250, "2026-12-01")
    assert answers[0].json()["id"] == f"wav_{wave.id}"
    assert [one["sample"] for one in (await till.get(path))["items"]] == [0.25]
    other = await till.ask("POST", path, wish, once="december-again")
    assert (other.status_code, other.json()["code"]) == (409, "survey_send.refused.just_now")


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        ({"segment": "teir = gold"}, "body/segment"),
        ({"segment": ""}, "body/segment"),
        ({"sample": 0}, "body/sample"),
        ({"sample": "0.5"}, "body/sample"),
        ({"on": "tomorrow"}, "body/on"),
        ({"on": 20261201}, "body/on"),
        ({"at": "25:00"}, "body/at"),
        ({"who": "everybody"}, "body/who"),
    ],
    ids=str,
)
async def test_a_wish_that_cannot_be_is_named(
    corner_quarter: Quarter, corner_till: Till, wish: dict[str, Any], field: str
) -> None:
    """422 with the part and its mend; nothing is planned."""
    refused = await corner_till.ask("POST", f"/surveys/{KEY}/waves", wish, once="x")
    assert refused.status_code == 422
    assert [error["field"] for error in refused.json()["errors"]] == [field]
    assert (await corner_till.get(f"/surveys/{KEY}/waves"))["items"] == []


async def test_a_survey_that_is_off_is_sent_to_nobody(corner_quarter: Quarter, corner_till: Till) -> None:
    """Nor one that is not there, nor on a day gone by."""
    off = await corner_till.ask("POST", "/surveys/pulse/waves", {}, once="a")
    assert (off.status_code, off.json()["code"]) == (409, "survey_send.refused.off")
    missing = await corner_till.ask("POST", "/surveys/nobody/waves", {}, once="b")
    assert (missing.status_code, missing.json()["code"]) == (404, "survey.unknown")
    past = await corner_till.ask("POST", f"/surveys/{KEY}/waves", {"on": "2026-11-01"}, once="c")
    assert (past.status_code, past.json()["code"]) == (422, "survey_send.refused.past")


async def test_each_scope_opens_its_own_door(corner_quarter: Quarter) -> None:
    """Reading sends nothing, sending reads nothing, and words alone are no way in."""
    reader, sender, words = [
        await corner_quarter.shop.key(scope) for scope in (Scope.SURVEYS_READ, Scope.SURVEYS_WRITE, Scope.SURVEYS_WORDS)
    ]
    wish = {"sample": 0.5}
    assert (await reader.ask("POST", f"/surveys/{KEY}/waves", wish, once="a")).status_code == 403
    assert (await sender.ask("POST", f"/surveys/{KEY}/waves", wish, once="a")).status_code == 201
    for till in (sender, words):
        assert (await till.ask("GET", f"/surveys/{KEY}/responses")).status_code == 403


# Webhooks


async def test_other_systems_hear_of_low_answers_and_of_the_end(quarter: Quarter) -> None:
    """The low answer at once with the case that puts it right, the end with all figures; never a word."""
    await listens(quarter.shop)
    ann, code = await quarter.arrives("Ann", 2000)
    async with quarter.shop.working() as work:
        person = await person_of_contact(work, ann)
        assert person is not None
        sold = await record_purchase(
            work,
            person.customer.id,
            source_key="till-1/1",
            bought_at=work.now,
            amount_minor=12800,
            currency="CNY",
            by=SYSTEM,
        )
        purchase_id = sold.purchase.id  # type: ignore[union-attr]
    response_id = await quarter.answers(ann, 2, ANGRY, cause="purchase", purchase_id=purchase_id)
    (low, about_low), (end, about_end) = await told(quarter.shop)
    head = {
        "customer": code,
        "response": f"res_{response_id}",
        "survey": KEY,
        "version": 1,
        "cause": "purchase",
        "purchase": f"pur_{purchase_id}",
    }
    assert low == "survey.low"
    assert about_low is not None
    assert about_low.pop("case").startswith("C-")
    assert about_low == head | {"question": "nps", "kind": "nps", "value": 2, "aspect": None}
    assert (end, about_end) == ("survey.finished", head | {"score": 2, "score_by": "nps", "answers": {"nps": 2}})


async def test_nobody_is_told_of_good_answers_as_low_ones(corner_quarter: Quarter) -> None:
    """A promoter makes one event: the end."""
    await listens(corner_quarter.shop)
    ann, _ = await corner_quarter.arrives("Ann", 2000)
    await corner_quarter.answers(ann, 10, None)
    assert [kind for kind, _ in await told(corner_quarter.shop)] == ["survey.finished"]
