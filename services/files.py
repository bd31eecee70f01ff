"""Files for customers and staff: ordered in one transaction, made by a job outside of any, sent like all else."""

from typing import Any

from domain.interactions import Content, Direction, Kind, Visibility
from domain.outgoing import Button, Outgoing, Purpose, Rows, Target, TargetKind, to_contact
from domain.people import SYSTEM, Actor, ActorKind
from services.speech import say_html, tell
from services.work import Person, Work, person_of_contact
from storage import deliveries as delivery_rows
from storage import files as rows
from storage.erasure import lock_customers
from storage.files import FileRow
from storage.interactions import add_interaction
from storage.jobs import insert_job
from storage.outbox import add_outgoing, buttons_to_json
from texts.catalogue import plain

MAKE_FILE = "make_file"
UPLOAD = "upload"
"""The key in a message's extras under which the id of the file to upload stands."""


async def order_file(
    work: Work,
    person: Person,
    *,
    kind: str,
    recipe: dict[str, Any],
    name: str,
    mime: str,
    caption: str = "",
    buttons: Rows = (),
    purpose: Purpose = Purpose.CONVERSATION,
    as_photo: bool = False,
    dedupe_key: str,
    delivery_id: int | None = None,
) -> int:
    """Let a file be made from ``recipe`` and sent with ``caption`` (Telegram HTML); returns its id.

    The same ``dedupe_key`` again orders nothing more.
    """
    sent = {
        "contact_point_id": person.contact.id,
        "caption": caption,
        "buttons": buttons_to_json(buttons),
        "purpose": purpose.value,
        "as_photo": as_photo,
        "delivery_id": delivery_id,
    }
    return await _order(
        work,
        customer_id=person.customer.id,
        kind=kind,
        recipe={"made": recipe, "sent": sent},
        name=name,
        mime=mime,
        dedupe_key=dedupe_key,
    )


async def order_staff_file(
    work: Work,
    target: Target,
    *,
    kind: str,
    recipe: dict[str, Any],
    name: str,
    mime: str,
    caption: str = "",
    dedupe_key: str,
) -> int:
    """Let a picture be made and sent to staff, in a group or in private; returns its id. It names no customer."""
    sent = {"target": [target.kind.value, target.ref, target.chat_key], "caption": caption}
    return await _order(
        work,
        customer_id=None,
        kind=kind,
        recipe={"made": recipe, "sent": sent},
        name=name,
        mime=mime,
        dedupe_key=dedupe_key,
    )


async def _order(work: Work, **values: Any) -> int:
    file_id, is_new = await rows.insert_file(work.tx, now=work.now, **values)
    if is_new:
        await insert_job(work.tx, kind=MAKE_FILE, ref=file_id, due_at=work.now)
    return file_id


def _staff_target(file: FileRow | None) -> Target | None:
    """Return where a file for staff goes, ``None`` for one that is a customer's."""
    given = file.recipe["sent"].get("target") if file is not None and file.recipe is not None else None
    return Target(TargetKind(given[0]), given[1], given[2]) if given else None


async def send_made(work: Work, *, job_id: int, file_id: int, content: bytes) -> None:
    """Keep the bytes of a file that was made, queue it for its person, and end its job; a second time does nothing."""
    if not await rows.end_open_job(work.tx, job_id, state="done"):
        return
    wanted = await rows.get_file(work.tx, file_id)
    if wanted is not None and (target := _staff_target(wanted)) is not None:
        await _send_to_staff(work, wanted, target, content)
        return
    file, person = await _find(work, file_id)
    if file is None or file.recipe is None or person is None:
        return
    await rows.keep_content(work.tx, file_id, content)
    sent = file.recipe["sent"]
    kind = Kind.PHOTO if sent["as_photo"] else Kind.DOCUMENT
    interaction_id = await add_interaction(
        work.tx,
        bot_id=work.bot_id,
        at=work.now,
        author=SYSTEM if sent["delivery_id"] is None else Actor(ActorKind.CAMPAIGN),
        direction=Direction.OUT,
        visibility=Visibility.CUSTOMER,
        content=Content(kind, plain(sent["caption"]), extra={"file": file.name}),
        customer_id=person.customer.id,
    )
    message = Outgoing(
        purpose=Purpose(sent["purpose"]),
        target=to_contact(person.contact.id),
        content=Content(kind, sent["caption"]),
        html=True,
        buttons=_buttons(sent),
        dedupe_key=f"file:{file_id}",
        customer_id=person.customer.id,
        interaction_id=interaction_id,
        delivery_id=sent["delivery_id"],
        extra={UPLOAD: file_id},
    )
    await add_outgoing(work.tx, message, bot_id=work.bot_id, now=work.now)


async def _send_to_staff(work: Work, file: FileRow, target: Target, content: bytes) -> None:
    assert file.recipe is not None
    await rows.keep_content(work.tx, file.id, content)
    message = Outgoing(
        purpose=Purpose.MEMBER_NOTICE if target.kind is TargetKind.MEMBER else Purpose.STAFF_NOTICE,
        target=target,
        content=Content(Kind.PHOTO, file.recipe["sent"]["caption"]),
        html=True,
        dedupe_key=f"file:{file.id}",
        extra={UPLOAD: file.id},
    )
    await add_outgoing(work.tx, message, bot_id=work.bot_id, now=work.now)


async def give_up(work: Work, *, job_id: int, file_id: int, error: str) -> None:
    """End the job of a file that cannot be made, and say so; what nobody asked for goes out in words alone."""
    if not await rows.end_open_job(work.tx, job_id, state="failed", error=error):
        return
    wanted = await rows.get_file(work.tx, file_id)
    if wanted is not None and (target := _staff_target(wanted)) is not None:
        sorry = work.texts.say("survey_staff.no_picture", work.rules.languages[0])
        await tell(work, target, sorry, dedupe_key=f"file:{file_id}")
        return
    file, person = await _find(work, file_id)
    if file is None or file.recipe is None or person is None:
        return
    sent, key = file.recipe["sent"], f"file:{file_id}"
    if sent["delivery_id"] is None:
        sorry = work.texts.say("notices.file_failed", person.language)
        await say_html(work, person, sorry, buttons=_buttons(sent), dedupe_key=key)
        return
    await say_html(
        work,
        person,
        sent["caption"],
        purpose=Purpose(sent["purpose"]),
        buttons=_buttons(sent),
        dedupe_key=key,
        delivery_id=sent["delivery_id"],
    )


async def _find(work: Work, file_id: int) -> tuple[FileRow | None, Person | None]:
    """Return a wanted file and whom it is for; neither is left of a customer who was forgotten meanwhile."""
    file = await rows.get_file(work.tx, file_id)
    if file is not None and file.customer_id is not None:
        await lock_customers(work.tx, [file.customer_id])
        file = await rows.get_file(work.tx, file_id)
    if file is None or file.recipe is None:
        return None, None
    sent = file.recipe["sent"]
    person = await person_of_contact(work, sent["contact_point_id"])
    if person is None and sent["delivery_id"] is not None:
        delivery_rows.set_delivery_state(
            work.tx, sent["delivery_id"], state="skipped", reason="no_contact", now=work.now
        )
    return file, person


def _buttons(sent: dict[str, Any]) -> Rows:
    return tuple(
        tuple(Button(one["text"], data=one.get("callback_data"), url=one.get("url")) for one in row)
        for row in sent["buttons"]
    )
