"""The configuration is read whole, and everything wrong in it is told in one line each."""

import re
import tomllib
from datetime import time, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.settings import Settings
from bot.settings_file import known_keys, load_settings, read_settings
from domain.errors import SettingsError

EXAMPLE = Path(__file__).resolve().parents[2] / "config.example.toml"
TOKEN = "42:a-token-for-tests"
LISTS = (
    "staff.groups",
    "staff.groups.takes",
    "staff.members",
    "business.branches",
    "customers.fields",
    "desk.hours.exceptions",
    "desk.sla.targets",
    "desk.canned",
    "loyalty.tiers",
    "loyalty.bonuses",
    "loyalty.rewards",
)
KEY_LINE = re.compile(r"^(#?)(?:(\[{1,2})([a-z_.]+)\]{1,2}|([a-z_]+) = )")


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("CAREBOT_TELEGRAM__TOKEN", "CAREBOT_STORAGE__URL"):
        monkeypatch.delenv(name, raising=False)


def written(folder: Path, text: str) -> Path:
    """Return a configuration file with this text below the token."""
    path = folder / "carebot.toml"
    path.write_text(f'[telegram]\ntoken = "{TOKEN}"\n{text}', encoding="utf-8")
    return path


def problems(file: Path | None) -> list[str]:
    """Return the lines that tell what is wrong with ``file``."""
    with pytest.raises(SettingsError) as caught:
        load_settings(file)
    return str(caught.value).splitlines()


def example_keys(text: str) -> dict[str, bool]:
    """Return the keys a commented configuration documents, and whether each is only an example."""
    found: dict[str, bool] = {}
    section, example = "", False
    for line in text.splitlines():
        if line.startswith("# "):
            example = example or "Example:" in line
        elif match := KEY_LINE.match(line):
            section, key = (match[3], match[3]) if match[2] else (section, f"{section}.{match[4]}")
            found[key] = example
            example = False
        else:
            example = False
    return found


def uncommented(text: str) -> dict[str, Any]:
    """Return what the configuration holds when every commented line counts."""
    lines = [line.removeprefix("#") if re.match(r"#[\[a-z]", line) else line for line in text.splitlines()]
    return tomllib.loads("\n".join(lines))


def everything_alive(folder: Path) -> dict[str, Any]:
    """Return the example with every line alive, and put the picture it names into ``folder``."""
    values = uncommented(EXAMPLE.read_text("utf-8"))
    picture = folder / values["loyalty"]["rewards"][0]["picture"]
    picture.parent.mkdir(exist_ok=True)
    picture.touch()
    return values


def test_the_example_documents_exactly_the_keys_that_exist() -> None:
    """A key that is read is explained, and a key that is explained is read."""
    assert set(example_keys(EXAMPLE.read_text("utf-8"))) == set(known_keys()) - {"staff"}


def test_the_example_loads_as_it_stands_and_with_every_line_alive(tmp_path: Path) -> None:
    """Whoever copies the file, or uncomments any line of it, has a configuration that can be read."""
    assert load_settings(EXAMPLE).bot_id == 123456789
    everything = read_settings(everything_alive(tmp_path), folder=tmp_path)
    assert everything.staff.groups[0].name == "Care desk"


def test_the_example_tells_the_true_defaults(tmp_path: Path) -> None:
    """A commented line that is no example shows what holds without it."""
    text = EXAMPLE.read_text("utf-8")
    shown = read_settings(everything_alive(tmp_path), folder=tmp_path).model_dump()
    default = read_settings({"telegram": {"token": TOKEN}}, folder=tmp_path).model_dump()
    for key, example in example_keys(text).items():
        section, _, name = key.replace("limits", "pace").rpartition(".")
        if example or not name or section in LISTS or key == "telegram.token":
            continue
        told, true = shown, default
        for part in section.split(".") if section else []:
            told, true = told[part], true[part]
        if key not in LISTS:
            assert isinstance(true[name], dict) or told[name] == true[name], key


def test_a_token_is_enough(tmp_path: Path) -> None:
    """Everything else has a default, and the database stands beside the file."""
    settings = load_settings(written(tmp_path, ""))
    assert settings.bot_id == 42
    assert settings.storage.url == f"sqlite+aiosqlite:///{tmp_path}/carebot.db"
    assert settings.storage.media_folder == tmp_path / "media"
    assert settings.limits().per_second == 30


def test_rules_say_what_the_file_says(tmp_path: Path) -> None:
    """Services get the business's rules in the words of the domain."""
    text = """
    [business]
    name = "阿安茶行"
    time_zone = "Asia/Taipei"
    languages = ["zh-TW", "en"]
    [care]
    answer_within = "90s"
    quiet_hours = { start = 22:00:00, end = "07:30" }
    [retention]
    media = "never"
    """
    rules = load_settings(written(tmp_path, text)).rules()
    assert (rules.business_name, rules.zone.key, rules.languages) == ("阿安茶行", "Asia/Taipei", ("zh_TW", "en"))
    assert rules.answer_within == timedelta(seconds=90)
    assert (rules.quiet.start, rules.quiet.end) == (time(22), time(7, 30))
    assert (rules.retention.inbox, rules.retention.media) == (timedelta(days=7), None)


def test_the_environment_stands_above_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable replaces one key and leaves its neighbours."""
    monkeypatch.setenv("CAREBOT_LIMITS__IN_FLIGHT", "5")
    monkeypatch.setenv("CAREBOT_BUSINESS__LANGUAGES", "en,zh_CN")
    monkeypatch.setenv("CAREBOT_CARE__QUIET_HOURS__START", "20:00")
    settings = load_settings(written(tmp_path, "[limits]\nin_flight = 9\ngroup_per_minute = 7\n"))
    assert (settings.pace.in_flight, settings.limits().group_per_minute) == (5, 7)
    assert settings.business.languages == ["en", "zh_CN"]
    assert settings.rules().quiet.start == time(20)


def test_the_environment_alone_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """A container without any file runs from variables."""
    monkeypatch.setenv("CAREBOT_TELEGRAM__TOKEN", TOKEN)
    assert load_settings().bot_id == 42


def test_a_token_may_stand_in_a_file_of_its_own(tmp_path: Path) -> None:
    """The file with the secret lies beside the configuration; space around the token does not matter."""
    (tmp_path / "token").write_text(f"{TOKEN}\n", encoding="utf-8")
    path = tmp_path / "carebot.toml"
    path.write_text('[telegram]\ntoken_file = "token"\n', encoding="utf-8")
    assert load_settings(path).token == TOKEN


def test_every_problem_is_told_at_once(tmp_path: Path) -> None:
    """One line a problem, each with the key, in one go."""
    text = """
    mode = "pulling"
    [business]
    time_zone = "Asia/Shangai"
    languages = ["fr"]
    [log]
    format = "xml"
    """
    lines = problems(written(tmp_path, text))
    assert [line.split(": ")[1] for line in lines] == [
        "telegram.mode",
        "business.time_zone",
        "business.languages #1",
        "log.format",
    ]


BAD = {
    "[storage]\nurll = 'x'": "storage.urll: unknown key; did you mean url?",
    "[tellegram]\nx = 1": "tellegram: unknown key; did you mean telegram?",
    "[business]\ntoken = 'x'": "business.token: unknown key; did you mean telegram.token?",
    "[business]\nname = 5": "business.name: must be text in quotes",
    "[business]\nname = ''": "business.name: must not be empty",
    "[business]\nlanguages = []": "business.languages: must not be empty",
    "[business]\nlanguages = ['en', 'en']": "business.languages: names a language twice",
    "[business]\ntime_zone = 'Moon'": 'business.time_zone: unknown time zone "Moon"',
    "[business]\ntime_zone = 'Beijing'": "did you mean Asia/Shanghai?",
    "[business]\ntime_zone = '../../etc/passwd'": "business.time_zone: unknown time zone",
    "[[business.branches]]\ncode = 'a b'\nname = 'x'": "business.branches #1.code: ",
    "[care]\nanswer_within = 4": 'care.answer_within: not a length of time; write it with its unit, in quotes: "90s"',
    "[care]\nanswer_within = '0h'": "care.answer_within: must be longer than nothing",
    "[birthday]\nsend_at = '24:00'": "birthday.send_at: not a time of day",
    "[birthday]\nleap_day = 'feb_29'": "birthday.leap_day: must be one of feb_28, mar_1",
    "[birthday]\nenabled = 3": "birthday.enabled: must be true or false",
    "[limits]\nin_flight = 0": "limits.in_flight: must be at least 1",
    "[limits]\nmessages_per_second = 1.5": "limits.messages_per_second: must be a whole number",
    "[retention]\ninbox = 'ever'": '"never" keeps for good',
    "[storage]\nurl = 'mysql://x'": "storage.url: not a database carebot knows",
    "[[staff.groups]]\nid = 7\nname = 'x'": "staff.groups #1.id: a group's id is negative",
    "[[staff.members]]\nid = -7\nname = 'x'\nrole = 'agent'": "staff.members #1.id: a person's id is positive",
    "[[staff.members]]\nid = 7\nname = 'x'\nrole = 'boss'": "staff.members #1.role: must be one of viewer, agent,",
    "[[staff.members]]\nid = 7\nname = 'x'": "staff.members #1.role: missing",
    "[[staff.groups]]\nid=-1\nname='x'\n[[staff.groups]]\nid=-1\nname='y'": "staff.groups: id -1 is listed twice",
    "[staff]\ngroups = 5": "staff.groups: must be a list",
    "mode = 'webhook'": "telegram.webhook.public_url: missing",
    "webhook = {public_url = 'http://bot.example.com'}": "telegram.webhook.public_url: Telegram calls HTTPS",
    "webhook = {secret_token = 'a b'}": "telegram.webhook.secret_token: must be 1 to 256",
    "api_base_url = 'api.telegram.org'": "telegram.api_base_url: must be the root of a server",
    "token = 'twice'": "not valid TOML: a key or section is given twice",
}


@pytest.mark.parametrize(("text", "line"), BAD.items(), ids=[text.partition("\n")[2] or text for text in BAD])
def test_a_problem_names_the_key_and_the_mend(text: str, line: str, tmp_path: Path) -> None:
    """One clear line, and no traceback."""
    found = problems(written(tmp_path, text))
    assert len(found) == 1
    assert line in found[0]


@pytest.mark.parametrize(
    "token", ["hunter2secret", "123456:", "abc:hunter2secret", "1:hunter2 secret", "<hunter2secret>"]
)
def test_a_malformed_token_is_refused_and_not_repeated(token: str, tmp_path: Path) -> None:
    """The line names the key and never the secret."""
    path = tmp_path / "carebot.toml"
    path.write_text(f'[telegram]\ntoken = "{token}"\n', encoding="utf-8")
    (line,) = problems(path)
    assert "telegram.token: not a bot token" in line
    assert "hunter2" not in line


def test_a_missing_token_is_told_with_all_three_mends(tmp_path: Path) -> None:
    """The file, a file of its own, or the environment."""
    path = tmp_path / "carebot.toml"
    path.write_text("[log]\n", encoding="utf-8")
    (line,) = problems(path)
    assert "telegram.token: missing" in line
    assert "telegram.token_file" in line
    assert "CAREBOT_TELEGRAM__TOKEN" in line


def test_unreadable_files_are_told_in_one_line(tmp_path: Path) -> None:
    """Missing, a folder, not UTF-8: each says what it is."""
    assert "there is no such file; run `carebot init`" in problems(tmp_path / "nowhere.toml")[0]
    assert "carebot.toml: there is no such file" in problems(None)[0]
    assert "cannot be read: is a directory" in problems(tmp_path)[0]
    path = tmp_path / "latin.toml"
    path.write_bytes(b"[business]\nname = 'Caf\xe9'\n")
    assert "line 2 is not UTF-8 text" in problems(path)[0]


def test_a_token_file_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    """Missing, or holding something else, which is not repeated."""
    path = tmp_path / "carebot.toml"
    path.write_text('[telegram]\ntoken_file = "token"\n', encoding="utf-8")
    assert "telegram.token_file: cannot read" in problems(path)[0]
    (tmp_path / "token").write_text("hunter2 hunter2", encoding="utf-8")
    assert "holds something else" in problems(path)[0]
    assert "hunter2" not in problems(path)[0]


def test_a_misspelt_variable_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable without effect would be a riddle."""
    monkeypatch.setenv("CAREBOT_TELEGARM__TOKEN", TOKEN)
    (line,) = problems(written(tmp_path, ""))
    assert "CAREBOT_TELEGARM__TOKEN (in the environment)" in line
    assert "did you mean CAREBOT_TELEGRAM__TOKEN?" in line


def test_a_broken_list_in_the_environment_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tables in the environment are JSON, and broken JSON is named."""
    monkeypatch.setenv("CAREBOT_STAFF__MEMBERS", '[{"id": 1,')
    (line,) = problems(written(tmp_path, ""))
    assert "CAREBOT_STAFF" in line


def test_no_secret_shows_in_the_settings(tmp_path: Path) -> None:
    """Printing the settings shows neither the token nor the webhook's secret."""
    settings = load_settings(written(tmp_path, "webhook = {secret_token = 'hunter2'}"))
    assert TOKEN not in repr(settings)
    assert "hunter2" not in repr(settings)


@pytest.mark.parametrize("proxy", ["socks5://:hush@127.0.0.1:1080", "127.0.0.1:8118", "http://:hush@host:port"])
def test_a_proxy_that_cannot_be_used_is_told_without_its_password(proxy: str, tmp_path: Path) -> None:
    """The line names the key and the form, and repeats no secret."""
    (line,) = problems(written(tmp_path, f'proxy = "{proxy}"'))
    assert ": telegram.proxy: not an HTTP proxy" in line
    assert "hush" not in line


def test_a_proxy_stands_between_us_and_telegram(tmp_path: Path) -> None:
    """It is handed on as written, and shows nowhere."""
    settings = load_settings(written(tmp_path, 'proxy = "http://ann:hush@127.0.0.1:8118"'))
    assert settings.proxy == "http://ann:hush@127.0.0.1:8118"
    assert "hush" not in repr(settings)


def test_the_webhook_is_never_without_a_secret(tmp_path: Path) -> None:
    """Without a configured secret one is derived from the token, the same at every start."""
    settings = load_settings(written(tmp_path, ""))
    assert re.fullmatch("[0-9a-f]{64}", settings.webhook_secret)
    assert settings.webhook_secret == load_settings(tmp_path / "carebot.toml").webhook_secret


def test_settings_cannot_be_changed(tmp_path: Path) -> None:
    """What was read stays as it was read."""
    settings: Settings = load_settings(written(tmp_path, ""))
    with pytest.raises(ValueError, match="frozen"):
        settings.business.name = "x"  # type: ignore[misc]  # what the type checker refuses is refused at run time too
