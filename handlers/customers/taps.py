"""Buttons of the customers' chat: one table from what a button says to who does it."""

from collections.abc import Awaitable, Callable

from handlers.context import CareContext
from handlers.customers import (
    about_staff,
    birthday,
    call_backs,
    campaigns,
    cases,
    check_backs,
    complaint,
    feedback,
    free,
    linking,
    mydata,
    points,
    rewards,
    surveys,
    welcome,
    wishes,
)
from services.bans import is_banned

_TAPS: dict[str, Callable[[CareContext], Awaitable[None]]] = {
    "c:cancel": welcome.on_cancel_tap,
    "c:help": welcome.on_help,
    "c:draft": free.on_draft_tap,
    "c:which": free.on_which_tap,
    "c:complaint": complaint.on_begin,
    "c:aspect": complaint.on_aspect,
    "c:about": about_staff.on_about,
    "c:whom": about_staff.on_whom,
    "c:done": complaint.on_done,
    "c:skip": complaint.on_skip,
    "c:more": complaint.on_more,
    "c:send": complaint.on_send,
    "c:star": feedback.on_star,
    "c:fkind": feedback.on_kind,
    "c:faspect": feedback.on_aspect,
    "c:fcase": feedback.on_case,
    "c:fdone": feedback.on_done,
    "c:cases": cases.on_list,
    "c:case": cases.on_case,
    "c:add": cases.on_add,
    "c:call": call_backs.on_tap,
    "c:cback": check_backs.on_check_back,
    "c:sv": surveys.on_answer,
    "c:svm": surveys.on_pick,
    "c:svd": surveys.on_picked,
    "c:svs": surveys.on_skip,
    "c:svb": surveys.on_back,
    "c:svx": surveys.on_stop,
    "c:cp": campaigns.on_button,
    "c:cm": campaigns.on_fewer,
    "c:cmo": campaigns.on_only_topic,
    "c:cmb": campaigns.on_back,
    "c:cmw": campaigns.on_want_topic,
    "c:score": surveys.on_old_score,
    "c:sdone": surveys.on_old_done,
    "c:added": cases.on_added,
    "c:solved": cases.on_solved,
    "c:unsolved": cases.on_unsolved,
    "c:reopen": cases.on_unsolved,
    "c:points": points.on_card,
    "c:phist": points.on_history,
    "c:refer": points.on_referral,
    "c:rewards": rewards.on_rewards,
    "c:reward": rewards.on_reward,
    "c:redeem": rewards.on_redeem,
    "c:redeemed": rewards.on_redeemed,
    "c:vouchers": rewards.on_vouchers,
    "c:voucher": rewards.on_voucher,
    "c:vqr": rewards.on_qr,
    "c:language": wishes.on_language,
    "c:lang": wishes.on_language_tap,
    "c:privacy": wishes.on_privacy,
    "c:wishes": wishes.on_wishes,
    "c:consent": wishes.on_consent,
    "c:mute": wishes.on_mute,
    "c:unmute": wishes.on_unmute,
    "c:snooze": wishes.on_snooze,
    "c:birthday": birthday.on_begin,
    "c:bday": birthday.on_chosen,
    "c:bok": birthday.on_confirmed,
    "c:bchange": birthday.on_change,
    "c:zone": birthday.on_zone,
    "c:linking": linking.on_begin,
    "c:link": linking.on_choice,
    "c:mydata": mydata.on_mydata,
    "c:forgetme": mydata.on_forgetme,
    "c:fgo": mydata.on_go,
    "c:fyes": mydata.on_yes,
    "c:fkeep": mydata.on_keep,
}


OF_THE_FORGOTTEN = frozenset({"c:fgo", "c:fyes", "c:fkeep"})
"""Buttons that a second tap finds when the person is forgotten already: that alone makes nobody known again."""


_OF_THE_BANNED = OF_THE_FORGOTTEN | {
    "c:language",
    "c:lang",
    "c:privacy",
    "c:wishes",
    "c:consent",
    "c:mute",
    "c:unmute",
    "c:snooze",
    "c:cm",
    "c:cmo",
    "c:cmb",
    "c:cmw",
    "c:mydata",
    "c:forgetme",
}
"""What is about one's own data, language and unasked messages: nobody can be banned from it."""


async def on_tap(context: CareContext) -> None:
    """Do what a customer's button asks for; one that nobody knows gets a kind pop-up and changes nothing."""
    handler = _TAPS.get(context.tapped.verb)
    if is_banned(context.customer, context.work.now) and context.tapped.verb not in _OF_THE_BANNED:
        context.answer(
            "ready.ban.popup", alert=True, **context.told({"moment": context.customer.contact.banned_until_at})
        )
    elif handler is None:
        context.answer("tap.stale")
    else:
        await handler(context)
