"""The command line. What a command needs is imported when it is given, so that help comes at once."""

import sys
from enum import StrEnum
from errno import EACCES, EADDRINUSE, EADDRNOTAVAIL
from pathlib import Path
from typing import Annotated

import typer

from domain.errors import BadInput, CarebotError

app = typer.Typer(
    name="carebot",
    help="A customer-care bot for Telegram: nothing a customer says is lost.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
imports = typer.Typer(help="Bring in what another system knows.", no_args_is_help=True)
points = typer.Typer(help="Loyalty points: one customer's, and whether all add up.", no_args_is_help=True)
rewards = typer.Typer(help="What points can be given for.", no_args_is_help=True)
customers = typer.Typer(help="Customers' records: found, shown, changed, linked and merged.", no_args_is_help=True)
dead = typer.Typer(help="Updates that could not be handled.", no_args_is_help=True)
unknown = typer.Typer(help="Messages of which nobody knows whether they arrived.", no_args_is_help=True)
api = typer.Typer(help="The REST API: its keys and its description.", no_args_is_help=True)
api_key = typer.Typer(help="Who may use the REST API.", no_args_is_help=True)
segments = typer.Typer(help="Rules that say which customers are meant.", no_args_is_help=True)
erasures = typer.Typer(help="Who was forgotten, and forgetting again after a restore.", no_args_is_help=True)
webhook = typer.Typer(help="Other systems that are told of what happens.", no_args_is_help=True)
app.add_typer(imports, name="import")
app.add_typer(api, name="api")
api.add_typer(api_key, name="key")
app.add_typer(webhook, name="webhook")
app.add_typer(points, name="points")
app.add_typer(customers, name="customers")
app.add_typer(segments, name="segments")
app.add_typer(erasures, name="erasures")
app.add_typer(rewards, name="rewards")
app.add_typer(dead, name="dead")
app.add_typer(unknown, name="unknown")

Config = Annotated[
    Path | None, typer.Option("--config", metavar="FILE", help="The configuration; default: ./carebot.toml.")
]
Expression = Annotated[
    str, typer.Argument(metavar="'EXPR'", help="Such as: tier = gold and last_purchase > 60d. In quotation marks.")
]
SegmentName = Annotated[str, typer.Argument(metavar="NAME", help="The name under which it is saved.")]
Limit = Annotated[int, typer.Option("--limit", min=1, max=10_000, help="At most so many.")]
All = Annotated[bool, typer.Option("--all", help="All of them.")]


class Rows(StrEnum):
    """What can be exported."""

    INTERACTIONS = "interactions"
    CASES = "cases"
    FEEDBACK = "feedback"


class Format(StrEnum):
    """In which form."""

    CSV = "csv"


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"carebot {version('carebot')}")
        raise typer.Exit


@app.callback()
def _carebot(
    _version_wanted: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    pass


@app.command()
def init(
    config: Config = None,
    token: Annotated[str | None, typer.Option(help="The bot's token, from @BotFather.")] = None,
    name: Annotated[str | None, typer.Option(help="The name of the business.")] = None,
    zone: Annotated[str | None, typer.Option(help="Its IANA time zone; default: this machine's.")] = None,
    languages: Annotated[str | None, typer.Option(help="Languages with commas, the main one first.")] = None,
    group: Annotated[str | None, typer.Option(help="The staff group's id (negative).")] = None,
    member: Annotated[str | None, typer.Option(help="A first member of staff, as ID:NAME or ID:NAME:ROLE.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing; take the defaults.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that exists.")] = False,
) -> None:
    """Ask what must be known and write a configuration."""
    from bot.initialise import Answers, initialise

    path = initialise(config, Answers(token, name, zone, languages, group, member), yes=yes, force=force)
    print(f"wrote {path}; next: `carebot check --config {path}`, then `carebot run --config {path}`")


@app.command()
def run(config: Config = None) -> None:
    """Run the bot until SIGTERM or Ctrl-C."""
    from bot.app import run_until_stopped
    from bot.settings_file import load_settings
    from storage.opening import clear_errors, make_file

    settings = load_settings(config)
    with clear_errors():
        make_file(settings.storage.url)
        run_until_stopped(settings)


@app.command()
def demo(
    tour: Annotated[bool, typer.Option("--tour", help="Play the tour quickly and check every step.")] = False,
) -> None:
    """Show the whole bot without a token or network."""
    from bot.demo import run_demo

    raise typer.Exit(run_demo(tour))


@app.command()
def check(config: Config = None) -> None:
    """Look at everything that could keep the bot from serving; exit status 2 when something does."""
    from bot.commands.operating import check as run_check

    raise typer.Exit(run_check(config))


@app.command()
def migrate(config: Config = None) -> None:
    """Bring the database to this program's schema."""
    from bot.commands.operating import migrate as run_migrate

    run_migrate(config)


ImportFile = Annotated[Path, typer.Argument(metavar="FILE.csv", help="With a head line; see docs/imports.md.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would become of each line, store nothing.")]
Encoding = Annotated[str | None, typer.Option(help="The file's encoding; default: UTF-8, else GB18030.")]
Columns = Annotated[
    list[str] | None,
    typer.Option("--column", metavar="COLUMN=HEADER", help="Which column of the file is which; may be repeated."),
]


@imports.command("customers")
def import_customers(
    file: ImportFile, config: Config = None, dry_run: DryRun = False, encoding: Encoding = None, column: Columns = None
) -> None:
    """Import customers from CSV; the same file twice changes nothing. Exit status 1 when a line was bad."""
    from bot.commands.imports import Given, import_file

    raise typer.Exit(import_file(config, Given("customers", file, encoding, tuple(column or ()), dry_run)))


@imports.command("purchases")
def import_purchases(
    file: ImportFile,
    config: Config = None,
    dry_run: DryRun = False,
    encoding: Encoding = None,
    column: Columns = None,
    no_points: Annotated[
        bool, typer.Option("--no-points", help="For the past: nothing is earned, nobody is written to.")
    ] = False,
) -> None:
    """Import purchases from CSV, with their points by the rules; the same file twice changes nothing."""
    from bot.commands.imports import Given, import_file

    raise typer.Exit(
        import_file(config, Given("purchases", file, encoding, tuple(column or ()), dry_run, no_points=no_points))
    )


@imports.command("points")
def import_points(
    file: ImportFile, config: Config = None, dry_run: DryRun = False, encoding: Encoding = None, column: Columns = None
) -> None:
    """Import points, such as opening balances, from CSV; the same file twice changes nothing."""
    from bot.commands.imports import Given, import_file

    raise typer.Exit(import_file(config, Given("points", file, encoding, tuple(column or ()), dry_run)))


@app.command()
def export(
    what: Annotated[Rows, typer.Argument(help="What to export.")],
    config: Config = None,
    since: Annotated[str | None, typer.Option(help="From this local date or ISO instant on.")] = None,
    until: Annotated[str | None, typer.Option(help="Until the end of this local date, or before this instant.")] = None,
    form: Annotated[Format, typer.Option("--format", help="The form.")] = Format.CSV,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Write to a file, not to standard output.")] = None,
    bom: Annotated[bool, typer.Option("--bom", help="Begin with a byte order mark, which Excel wants.")] = False,
) -> None:
    """Write everything said, every case or all feedback as CSV that no spreadsheet executes."""
    from bot.commands.review import export as run_export

    assert form is Format.CSV
    run_export(config, what.value, since, until, out, bom)


@app.command()
def search(
    query: Annotated[str, typer.Argument(help="Words; all of them must be there. Chinese needs no spaces.")],
    config: Config = None,
    limit: Limit = 20,
) -> None:
    """Find what people said."""
    from bot.commands.review import search as run_search

    run_search(config, query, limit)


@points.command("show")
def points_show(
    who: Annotated[str, typer.Argument(metavar="CODE|ID", help="A member number, or the id of a record.")],
    config: Config = None,
) -> None:
    """Show a customer's balance, lots and newest entries."""
    from bot.commands.points import show

    show(config, who)


@points.command("verify")
def points_verify(config: Config = None) -> None:
    """Reckon all points again from their entries; exit status 1 when something differs."""
    from bot.commands.points import verify

    raise typer.Exit(verify(config))


@points.command("explain")
def points_explain(
    entry: Annotated[str | None, typer.Argument(metavar="[ENTRY]", help="An entry of somebody's account.")] = None,
    amount: Annotated[str | None, typer.Option(help="Or a purchase there might be, such as 123.45.")] = None,
    tier: Annotated[str | None, typer.Option(help="The customer's tier; default: the lowest.")] = None,
    on: Annotated[str | None, typer.Option(help="Its local date; default: today.")] = None,
    first: Annotated[bool, typer.Option("--first", help="It is the customer's first purchase.")] = False,
    config: Config = None,
) -> None:
    """Show step by step how points were reckoned, or would be."""
    from bot.commands.explain import Asked, explain

    explain(config, Asked(entry, amount, tier, on, first))


_Reward = Annotated[str, typer.Argument(metavar="KEY", help="The reward's key.")]


@rewards.command("list")
def rewards_list(config: Config = None) -> None:
    """Show the catalogue: prices, how many are left, and what is on offer."""
    from bot.commands.rewards import show

    show(config)


@rewards.command("stock")
def rewards_stock(
    key: _Reward,
    left: Annotated[str, typer.Argument(metavar="N", help="How many there are now, or endless.")],
    config: Config = None,
) -> None:
    """Say how many pieces of a reward there are now."""
    from bot.commands.rewards import set_stock

    set_stock(config, key, left)


@rewards.command("off")
def rewards_off(key: _Reward, config: Config = None) -> None:
    """Take a reward off the shelf; vouchers issued for it stay good."""
    from bot.commands.rewards import switch

    switch(config, key, active=False)


@rewards.command("on")
def rewards_on(key: _Reward, config: Config = None) -> None:
    """Put a reward back on the shelf."""
    from bot.commands.rewards import switch

    switch(config, key, active=True)


_Code = Annotated[str, typer.Argument(metavar="CODE", help="The member number.")]


@customers.command("find")
def customers_find(
    text: Annotated[str, typer.Argument(help="A code, telephone number, import key, or part of a name.")],
    config: Config = None,
    limit: Limit = 20,
) -> None:
    """Find customers."""
    from bot.commands import customers as commands

    commands.find(config, text, limit)


@customers.command("show")
def customers_show(
    code: _Code,
    config: Config = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=200, help="At most so many events.")] = 30,
    before: Annotated[str | None, typer.Option(metavar="PLACE", help="Go on where the last page ended.")] = None,
) -> None:
    """Show one customer's record and everything that happened with them, newest first."""
    from bot.commands import customers as commands

    commands.show(config, code, limit, before)


@customers.command("edit")
def customers_edit(
    code: _Code,
    config: Config = None,
    name: Annotated[str | None, typer.Option(help="The full name.")] = None,
    call_name: Annotated[str | None, typer.Option(help="How this person likes to be addressed.")] = None,
    phone: Annotated[str | None, typer.Option(help="A telephone number, in any spelling.")] = None,
    language: Annotated[str | None, typer.Option(help="One of the business's languages.")] = None,
    zone: Annotated[str | None, typer.Option(help="An IANA zone or a city.")] = None,
    birthday: Annotated[str | None, typer.Option(help="Such as 1990-08-03 or 'lunar 8-15'.")] = None,
    preferences: Annotated[str | None, typer.Option(help="What is good to know.")] = None,
    owner: Annotated[str | None, typer.Option(metavar="USER_ID", help="Who looks after this person.")] = None,
    branch: Annotated[str | None, typer.Option(metavar="BRANCH", help="The branch's code.")] = None,
    lost: Annotated[str | None, typer.Option(metavar="REASON", help="Why this is no customer any more.")] = None,
    field: Annotated[
        list[str] | None, typer.Option("--field", metavar="NAME=VALUE", help="A field of your own.")
    ] = None,
    tag: Annotated[list[str] | None, typer.Option("--tag", help="Add a tag.")] = None,
    untag: Annotated[list[str] | None, typer.Option("--untag", help="Take a tag away.")] = None,
    note: Annotated[str | None, typer.Option(help="Append a note that only staff read.")] = None,
) -> None:
    """Change a customer's record; an empty value ('') empties a field."""
    from bot.commands import customers as commands

    lists = (tuple(field or ()), tuple(tag or ()), tuple(untag or ()))
    plain = (name, call_name, phone, language, zone, birthday, preferences, owner, branch, lost)
    commands.edit(config, code, commands.Edit(*plain, *lists, note))


@customers.command("link")
def customers_link(code: _Code, config: Config = None) -> None:
    """Make a one-time link by which a customer's chat finds their record."""
    from bot.commands import customers as commands

    commands.link(config, code)


@customers.command("merge")
def customers_merge(
    keep: Annotated[str, typer.Argument(metavar="KEEP", help="The code of the record that stays.")],
    duplicate: Annotated[str, typer.Argument(metavar="DUPLICATE", help="The code of the one that goes into it.")],
    config: Config = None,
    reason: Annotated[str | None, typer.Option(help="Why, for the audit.")] = None,
) -> None:
    """Merge two records of one person: everything of the duplicate moves to the one that stays."""
    from bot.commands import customers as commands

    commands.merge(config, keep, duplicate, reason)


@dead.command("list")
def dead_list(config: Config = None, limit: Limit = 50) -> None:
    """Show the newest dead letters."""
    from bot.commands import letters

    letters.dead_list(config, limit)


@dead.command("show")
def dead_show(
    inbox_id: Annotated[int, typer.Argument(metavar="ID")],
    config: Config = None,
    payload: Annotated[bool, typer.Option("--payload", help="With the raw update and its words.")] = False,
) -> None:
    """Show one dead letter."""
    from bot.commands import letters

    letters.dead_show(config, inbox_id, payload=payload)


@dead.command("replay")
def dead_replay(
    inbox_id: Annotated[int | None, typer.Argument(metavar="[ID]")] = None,
    config: Config = None,
    everything: All = False,
) -> None:
    """Handle a dead letter once more, with fresh tries."""
    from bot.commands import letters

    letters.dead_replay(config, inbox_id, everything=everything)


@unknown.command("list")
def unknown_list(config: Config = None, limit: Limit = 50) -> None:
    """Show the oldest unknown deliveries."""
    from bot.commands import letters

    letters.unknown_list(config, limit)


@unknown.command("retry")
def unknown_retry(
    row_id: Annotated[int | None, typer.Argument(metavar="[ID]")] = None, config: Config = None, everything: All = False
) -> None:
    """Send an unknown delivery again; the person may get it twice."""
    from bot.commands import letters

    letters.unknown_retry(config, row_id, everything=everything)


@unknown.command("assume-delivered")
def unknown_assume(
    row_id: Annotated[int | None, typer.Argument(metavar="[ID]")] = None, config: Config = None, everything: All = False
) -> None:
    """Take an unknown delivery for delivered."""
    from bot.commands import letters

    letters.unknown_assume(config, row_id, everything=everything)


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


@segments.command("check")
def segments_check(expression: Expression, config: Config = None) -> None:
    """Say whether an expression can be read, and what it means."""
    from bot.commands import segments as commands

    commands.check(config, expression)


@segments.command("preview")
def segments_preview(
    expression: Expression,
    config: Config = None,
    sample: Annotated[int, typer.Option("--sample", min=0, max=1000, help="Name so many.")] = 5,
) -> None:
    """Count whom an expression means now, and name some."""
    from bot.commands import segments as commands

    commands.preview(config, expression, sample)


@segments.command("save")
def segments_save(
    name: SegmentName,
    expression: Expression,
    config: Config = None,
    replace: Annotated[bool, typer.Option("--replace", help="Also when the name is taken.")] = False,
) -> None:
    """Save an expression under a name."""
    from bot.commands import segments as commands

    commands.save(config, name, expression, replace=replace)


@segments.command("list")
def segments_list(config: Config = None) -> None:
    """Show the saved segments."""
    from bot.commands import segments as commands

    commands.show_all(config)


@segments.command("show")
def segments_show(name: SegmentName, config: Config = None) -> None:
    """Show one saved segment, and what it means."""
    from bot.commands import segments as commands

    commands.show(config, name)


@segments.command("delete")
def segments_delete(name: SegmentName, config: Config = None) -> None:
    """Forget a saved segment."""
    from bot.commands import segments as commands

    commands.delete(config, name)


@app.command("mydata")
def my_data(
    code: Annotated[str, typer.Argument(metavar="CODE", help="The member number.")],
    out: Annotated[Path, typer.Option("--out", metavar="FILE.json", help="Where to write it.")],
    config: Config = None,
) -> None:
    """Write everything kept about one customer to a file."""
    from bot.commands import privacy

    privacy.mydata(config, code, out)


@app.command()
def forget(
    code: Annotated[str, typer.Argument(metavar="CODE", help="The member number.")],
    config: Config = None,
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing.")] = False,
) -> None:
    """Forget one customer everywhere, for good."""
    from bot.commands import privacy

    privacy.forget(config, code, yes=yes)


@erasures.command("list")
def erasures_list(config: Config = None) -> None:
    """Show who was forgotten and when, to be kept beside the backups."""
    from bot.commands import privacy

    privacy.show_erasures(config)


@erasures.command("replay")
def erasures_replay(
    config: Config = None,
    also: Annotated[
        Path | None, typer.Option("--also", metavar="FILE", help="What `erasures list` printed after the backup.")
    ] = None,
) -> None:
    """Forget again whoever a restored backup brought back."""
    from bot.commands import privacy

    privacy.replay(config, also)


@app.command()
def simulator(
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port; 0 takes a free one.")] = 8081,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    token: Annotated[str | None, typer.Option(help="The token of its bot; default: it makes one.")] = None,
    limits: Annotated[bool, typer.Option("--limits", help="Refuse too fast calls as Telegram does.")] = False,
) -> None:
    """Serve a Telegram Bot API of this machine's own, for trying any bot."""
    from simulator.http import run as serve

    try:
        serve(port, token=token, limits=limits, host=host)
    except ValueError as error:
        raise BadInput(f"--host: {error}") from None
    except OSError as error:
        if error.errno not in (EADDRINUSE, EACCES, EADDRNOTAVAIL):
            raise
        raise BadInput(f"--port: {port} on {host} cannot be had; name another, or --port 0 for any free one") from None


def main() -> None:
    """Run the command line; an error of ours is one line a problem on standard error, and exit status 2."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    try:
        app()
    except CarebotError as error:
        for line in str(error).splitlines():
            print(f"carebot: {line}", file=sys.stderr)
        sys.exit(2)
    except OSError as error:
        print(f"carebot: {error}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
