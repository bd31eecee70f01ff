"""The commands for other systems: the REST API and its keys, and webhooks."""

from pathlib import Path
from typing import Annotated

import typer

from bot.cli_options import Config

api = typer.Typer(help="The REST API: its keys and its description.", no_args_is_help=True)
api_key = typer.Typer(help="Who may use the REST API.", no_args_is_help=True)
webhook = typer.Typer(help="Other systems that are told of what happens.", no_args_is_help=True)
api.add_typer(api_key, name="key")


@api_key.command("create")
def api_key_create(
    name: Annotated[str, typer.Option("--name", help="Whose key it is, such as the till.")],
    scope: Annotated[
        list[str] | None, typer.Option("--scope", help="What it may do, such as points:read; once for each, or all.")
    ] = None,
    config: Config = None,
    per_minute: Annotated[
        int | None, typer.Option("--per-minute", min=1, max=100_000, help="Requests a minute; default: api.per_minute.")
    ] = None,
) -> None:
    """Make a key and show it, this once."""
    from bot.commands import api

    api.create_key(config, name, scope or [], per_minute)


@api_key.command("list")
def api_key_list(config: Config = None) -> None:
    """Show every key, without what opens anything."""
    from bot.commands import api

    api.list_all_keys(config)


@api_key.command("revoke")
def api_key_revoke(key_id: Annotated[int, typer.Argument(metavar="ID")], config: Config = None) -> None:
    """Let a key open nothing any more, at once."""
    from bot.commands import api

    api.revoke_key(config, key_id)


@api.command("openapi")
def api_openapi(
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Write to a file, not to standard output.")] = None,
) -> None:
    """Write the description of the REST API, as OpenAPI 3.1."""
    from bot.commands.openapi import write_openapi

    write_openapi(out)


_Webhook = Annotated[int | None, typer.Option("--endpoint", metavar="ID", help="Only this webhook; default: all.")]


@webhook.command("add")
def webhook_add(
    url: Annotated[str, typer.Argument(metavar="URL", help="Where deliveries are posted to.")],
    kind: Annotated[
        list[str] | None, typer.Option("--kind", help="A kind of event, once for each; default: all.")
    ] = None,
    allow_private: Annotated[
        bool, typer.Option("--allow-private", help="The address may lie in this machine's own network.")
    ] = False,
    config: Config = None,
) -> None:
    """Tell an address of what happens from now on; shows the secret that signs deliveries, this once."""
    from bot.commands import api

    api.add_webhook(config, url, kind or [], allow_private)


@webhook.command("list")
def webhook_list(config: Config = None) -> None:
    """Show the webhooks, whether they answer, and how many deliveries wait."""
    from bot.commands import api

    api.list_webhooks(config)


@webhook.command("remove")
def webhook_remove(endpoint_id: Annotated[int, typer.Argument(metavar="ID")], config: Config = None) -> None:
    """Tell an address nothing more."""
    from bot.commands import api

    api.remove_webhook(config, endpoint_id)


@webhook.command("replay")
def webhook_replay(
    event: Annotated[str | None, typer.Option("--event", metavar="ID", help="This event, such as evt_12.")] = None,
    since: Annotated[str | None, typer.Option(help="All from this local date or ISO instant on.")] = None,
    endpoint: _Webhook = None,
    config: Config = None,
) -> None:
    """Send events once more, to webhooks added later too."""
    from bot.commands import api

    api.replay_webhooks(config, event, since, endpoint)


@webhook.command("test")
def webhook_test(endpoint: _Webhook = None, config: Config = None) -> None:
    """Send an event without a meaning, to see whether it arrives."""
    from bot.commands import api

    api.test_webhook(config, endpoint)
