"""The commands for members of staff: who works here, who is away, and to whom goes what was theirs."""

from typing import Annotated

import typer

from bot.cli_options import Config

staff = typer.Typer(help="Members of staff: list, add, remove, away, back, hand over.", no_args_is_help=True)

groups = typer.Typer(help="Groups in which staff work: list, add, remove.", no_args_is_help=True)
staff.add_typer(groups, name="group")

_Who = Annotated[str, typer.Argument(metavar="WHO", help="A name, an @name or a Telegram user id.")]


@staff.command("list")
def staff_list(
    config: Config = None,
    everybody: Annotated[bool, typer.Option("--all", help="Also who works here no more.")] = False,
) -> None:
    """Show who works here, with what is theirs and whether they are away."""
    from bot.commands import staff

    staff.show_all(config, everybody=everybody)


@staff.command("add")
def staff_add(
    user_id: Annotated[int, typer.Argument(metavar="ID", help="The Telegram user id.")],
    name: Annotated[str, typer.Argument(metavar="NAME", help="How customers and colleagues read the name.")],
    config: Config = None,
    role: Annotated[str, typer.Option("--role", help="viewer, agent, supervisor, marketer or admin.")] = "agent",
    language: Annotated[str | None, typer.Option("--language", help="Which language to write to them in.")] = None,
) -> None:
    """Let somebody work here; whoever did before may do so again."""
    from bot.commands import staff

    staff.add(config, user_id, name, role, language)


@staff.command("remove")
def staff_remove(
    who: _Who,
    config: Config = None,
    to: Annotated[
        str | None, typer.Option("--to", metavar="WHO", help="Who takes over what is theirs; or: nobody.")
    ] = None,
) -> None:
    """Let somebody work here no more, and hand over their cases, customers and tasks in the same step."""
    from bot.commands import staff

    staff.remove(config, who, to)


@staff.command("away")
def staff_away(
    who: _Who,
    config: Config = None,
    until: Annotated[
        str | None, typer.Option("--until", help="Until when: 3d, tomorrow, Fri 14:00, 2026-12-24; default: open.")
    ] = None,
) -> None:
    """Note that somebody is away."""
    from bot.commands import staff

    staff.away(config, who, until)


@staff.command("back")
def staff_back(who: _Who, config: Config = None) -> None:
    """Note that somebody is back."""
    from bot.commands import staff

    staff.back(config, who)


@staff.command("handover")
def staff_handover(
    giver: Annotated[str, typer.Argument(metavar="FROM", help="Whose cases, customers and tasks.")],
    successor: Annotated[str, typer.Argument(metavar="TO", help="Who gets them.")],
    config: Config = None,
) -> None:
    """Hand over everything of one person to another."""
    from bot.commands import staff

    staff.handover(config, giver, successor)


_ChatId = Annotated[int, typer.Argument(metavar="CHAT_ID", help="The group's id in Telegram; it is negative.")]


@groups.command("list")
def group_list(config: Config = None) -> None:
    """Show the staff groups, which cases come to each, and how far each lags behind."""
    from bot.commands import groups

    groups.show_all(config)


@groups.command("add", context_settings={"ignore_unknown_options": True})
def group_add(
    chat_id: _ChatId,
    name: Annotated[str, typer.Argument(metavar="NAME", help="What the group is called here.")],
    config: Config = None,
    language: Annotated[str | None, typer.Option("--language", help="In which language it is written to.")] = None,
    branches: Annotated[str | None, typer.Option("--branches", help="Only cases of these branches: a,b.")] = None,
    aspects: Annotated[str | None, typer.Option("--aspects", help="Only cases about these: price,quality.")] = None,
    tiers: Annotated[str | None, typer.Option("--tiers", help="Only customers of these tiers.")] = None,
    languages: Annotated[str | None, typer.Option("--languages", help="Only customers who speak these.")] = None,
) -> None:
    """Let staff work in a Telegram group, or change which cases come to one."""
    from bot.commands import groups

    takes = {"branches": branches, "aspects": aspects, "tiers": tiers, "languages": languages}
    groups.add(config, chat_id, name, language, takes)


@groups.command("remove", context_settings={"ignore_unknown_options": True})
def group_remove(chat_id: _ChatId, config: Config = None) -> None:
    """Let staff work in a group no more; its live cases are shown in another one."""
    from bot.commands import groups

    groups.remove(config, chat_id)
