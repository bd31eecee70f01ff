"""Records over the API: the same services as the chat, by public codes."""

import asyncio
from datetime import timedelta

from domain.people import SYSTEM
from services import erasure
from services.records import find_customer
from tests.console.shop import Shop, Till
from tests.services.shop import MORNING, arrive

PHONE = "138 0013 8000"


async def test_a_customer_added_is_found_again(corner_till: Till) -> None:
    """What was said is what is read, spelled as the record keeps it."""
    wish = {
        "name": "Ann Lee",
        "phone": PHONE,
        "language": "zh_CN",
        "birthday": {"month": 8, "day": 15, "lunar": True},
        "tags": ["Tea", "regular"],
        "source_key": "crm-1",
    }
    response = await corner_till.ask("POST", "/customers", wish)
    made = response.json()
    assert response.headers["location"] == f"/v1/customers/{made['code']}"
    found = await corner_till.get(f"/customers/{made['code'].lower()}")
    assert found == made
    assert (found["phone"], found["zone"], found["zone_source"]) == ("+8613800138000", "Asia/Shanghai", "phone")
    assert found["birthday"] == {"month": 8, "day": 15, "year": None, "lunar": True, "leap": False}
    assert found["tags"] == ["regular", "tea"]


async def test_the_key_of_another_system_is_nobody_elses(corner_till: Till) -> None:
    """Adding the same customer twice under one source key is refused, and says why."""
    await corner_till.customer(source_key="crm-1")
    again = await corner_till.ask("POST", "/customers", {"name": "Ann", "source_key": "crm-1"})
    assert (again.status_code, again.json()["code"]) == (409, "record.refused.source_key")


async def test_the_same_customer_added_twice_at_once_is_one(till: Till) -> None:
    """Two systems that know the same person by one key: one adds, the others are told, nobody gets an error."""
    wish = {"name": "Ann", "source_key": "crm-1"}
    answers = await asyncio.gather(*(till.ask("POST", "/customers", wish) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]


async def test_only_the_fields_given_change(corner_till: Till) -> None:
    """Null empties a field, what is left out stays."""
    ann = await corner_till.customer(call_name="Annie", preferences="No nuts")
    changed = (await corner_till.ask("PATCH", f"/customers/{ann}", {"call_name": None, "lost_reason": "moved"})).json()
    assert (changed["call_name"], changed["preferences"], changed["lost_reason"]) == (None, "No nuts", "moved")
    unknown = await corner_till.ask("PATCH", f"/customers/{ann}", {"branch": "nowhere"})
    assert (unknown.status_code, unknown.json()["code"]) == (404, "branch.unknown")


async def test_lists_are_filtered_and_come_by_pages(till: Till) -> None:
    """Every customer once, whatever the size of a page; filters add up."""
    codes = [await till.customer(f"Ann {number}", tags=["tea"] if number % 2 else []) for number in range(5)]
    seen, cursor = [], None
    for _ in range(5):
        page = await till.get("/customers", limit=2, **({"cursor": cursor} if cursor else {}))
        seen += [item["code"] for item in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == codes
    assert [item["code"] for item in (await till.get("/customers", tag="TEA"))["items"]] == codes[1::2]
    assert (await till.get("/customers", tag="tea", tier="gold"))["items"] == []


async def test_a_number_finds_its_family_in_any_spelling(corner_till: Till) -> None:
    """A phone may be shared."""
    codes = [await corner_till.customer(name, phone=PHONE) for name in ("Ann", "Bob")]
    await corner_till.customer("Cy", phone="13900139000")
    found = await corner_till.get("/customers", phone="+86 (138) 0013-8000")
    assert [item["code"] for item in found["items"]] == codes
    assert (await corner_till.ask("GET", "/customers", params={"phone": "12"})).status_code == 422


async def test_what_changed_since_a_moment_is_listed(till: Till, shop: Shop) -> None:
    """Another system asks for what is new to it: records made, and records changed."""
    ann, _bob = await till.customer("Ann"), await till.customer("Bob")
    shop.later(timedelta(hours=1))
    since = (MORNING + timedelta(minutes=30)).isoformat()
    assert (await till.get("/customers", updated_since=since))["items"] == []
    await till.ask("PATCH", f"/customers/{ann}", {"preferences": "No nuts"})
    cy = await till.customer("Cy")
    assert [item["code"] for item in (await till.get("/customers", updated_since=since))["items"]] == [ann, cy]


async def test_a_merged_duplicate_leads_to_the_record_that_stays(corner_till: Till) -> None:
    """Points of both are one's; the old code still works."""
    ann, twin = await corner_till.customer("Ann"), await corner_till.customer("Ann", phone=PHONE)
    gift = {"points": 30, "reason": "Moved here with us"}
    await corner_till.post(f"/customers/{twin}/points/earn", gift)
    kept = await corner_till.post(f"/customers/{ann}/merge", {"duplicate": twin, "reason": "One person"})
    assert (kept["code"], kept["phone"]) == (ann, "+8613800138000")
    assert (await corner_till.get(f"/customers/{twin}"))["code"] == ann
    assert (await corner_till.get(f"/customers/{ann}/points"))["spendable"] == 30
    again = await corner_till.ask("POST", f"/customers/{ann}/merge", {"duplicate": twin, "reason": "One person"})
    assert (again.status_code, again.json()["code"]) == (409, "record.refused.same")


async def test_a_link_code_is_made_for_who_has_no_chat_yet(corner_till: Till, corner_shop: Shop) -> None:
    """The whole link comes with it; a customer who writes already needs none."""
    ann = await corner_till.customer()
    made = await corner_till.ask("POST", f"/customers/{ann}/link-code")
    assert made.status_code == 201
    assert made.json()["link"] == f"https://t.me/willow_lane_bot?start={made.json()['start']}"
    assert made.json()["start"].startswith("l-")
    async with corner_shop.working() as work:
        bob = await arrive(work, chat_id=1002, name="Bob")
    refused = await corner_till.ask("POST", f"/customers/{bob.customer.code}/link-code")
    assert (refused.status_code, refused.json()["code"]) == (409, "record.refused.linked")


async def test_the_timeline_tells_what_happened_newest_first(corner_till: Till, corner_shop: Shop) -> None:
    """By pages, without the notes of staff among themselves."""
    ann = await corner_till.customer()
    for name in ("visit", "booking", "delivery"):
        corner_shop.later(timedelta(minutes=1))
        await corner_till.post("/events", {"customer": ann, "name": name})
    first = await corner_till.get(f"/customers/{ann}/timeline", limit=2)
    rest = await corner_till.get(f"/customers/{ann}/timeline", cursor=first["next"])
    assert [item["kind"] for item in first["items"]] == ["event", "event"]
    assert [item["label"] for item in first["items"] + rest["items"]] == ["delivery", "booking", "visit"]


async def test_a_forgotten_customer_is_gone_here_too(corner_till: Till, corner_shop: Shop) -> None:
    """404 as for one who never was, and answers kept for repeats are forgotten with them."""
    ann = await corner_till.customer()
    gift = {"points": 30, "reason": "Brought a friend"}
    await corner_till.post(f"/customers/{ann}/points/earn", gift, once="receipt-1")
    await corner_till.post("/events", {"customer": ann, "name": "visit"})
    sale = {"customer": ann, "source_key": "s1", "amount_minor": 100, "currency": "CNY"}
    await corner_till.post("/purchases", sale)
    async with corner_shop.working() as work:
        customer_id = await find_customer(work, code=ann)
        assert customer_id is not None
        await erasure.erase_customer(work, customer_id, by=SYSTEM)
    assert (await corner_till.ask("GET", f"/customers/{ann}")).status_code == 404
    again = await corner_till.ask("POST", f"/customers/{ann}/points/earn", gift, once="receipt-1")
    assert (again.status_code, again.json()["code"]) == (404, "customer.unknown")
    for path in ("/customers", "/events", "/purchases"):
        assert (await corner_till.get(path))["items"] == [], path
