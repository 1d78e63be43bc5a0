"""Settings come from the file and the variables, and what is wrong is said in words."""

import stat
from datetime import time
from pathlib import Path

import pytest
from pydantic import ValidationError

from core.messages import Lane
from core.vault import new_key
from gateway.settings import Settings, SettingsError, read

KEY = "0123456789abcdef0123456789abcdef"
EXAMPLE = Path(__file__).parents[1] / "crs.example.toml"


def settings(toml: str, folder: Path, **variables: str) -> Settings:
    (folder / "crs.toml").write_text(toml, encoding="utf-8")
    return read(environ={"CRS_SECRETS_KEY": KEY, **variables}, here=folder)


def operator(name: str = "o2", **more: object) -> str:
    lines = [f'name = "{name}"', 'host = "127.0.0.1"', 'system_id = "crs"', 'password = "secret"']
    return "\n".join(["[[operators]]", *lines, *(f"{key} = {value}" for key, value in more.items()), ""])


def test_nothing_needs_to_be_chosen(tmp_path: Path) -> None:
    chosen = read(environ={}, here=tmp_path)
    assert (chosen.database.url, chosen.redis.url) == ("embedded", "embedded")
    assert chosen.embedded.folder == tmp_path / ".crs"
    assert chosen.sms.sending_hours == (time(8), time(20))
    assert chosen.time_zone.key == "Europe/Prague"
    assert chosen.operators == ()


def test_the_format_that_users_rely_on(tmp_path: Path) -> None:
    chosen = settings(
        """
        [database]
        url = "postgresql://crs:pw@db/crs"
        [redis]
        url = "redis://127.0.0.1:6379/0"
        [web]
        listen = "127.0.0.1:8080"
        [sms]
        sender = "1221"
        country = "CZ"
        [[operators]]
        name = "o2"
        host = "127.0.0.1"
        port = 2775
        system_id = "crs"
        password = "secret"
        window = 20
        segments_per_second = 50
        carriers = ["O2"]
        """,
        tmp_path,
    )
    assert chosen.database.url == "postgresql+psycopg://crs:pw@db/crs"
    assert (chosen.web.host, chosen.web.port) == ("127.0.0.1", 8080)
    (o2,) = chosen.operators
    assert (o2.password.get_secret_value(), o2.carriers, o2.tls, o2.window) == ("secret", ("O2",), False, 20)


def test_an_operator_without_carriers_serves_any(tmp_path: Path) -> None:
    assert settings(operator(), tmp_path).operators[0].carriers is None


def test_the_example_is_valid_and_says_what_holds_anyway(tmp_path: Path) -> None:
    example = read(EXAMPLE, {"CRS_SECRETS_KEY": KEY}, here=tmp_path)
    usual = read(environ={"CRS_SECRETS_KEY": KEY}, here=tmp_path)
    beside = {"embedded": example.embedded}
    assert example == usual.model_copy(update=beside)


def test_the_example_names_every_key() -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    for section, field in Settings.model_fields.items():
        assert section in text
        for key in getattr(field.annotation, "model_fields", {}):
            assert f"{key} = " in text or f"[{section}.{key}]" in text


def test_a_variable_wins_over_the_file(tmp_path: Path) -> None:
    chosen = settings(
        '[web]\nlisten = "127.0.0.1:1"\n' + operator("o2-cz"),
        tmp_path,
        CRS_WEB_LISTEN="0.0.0.0:80",
        CRS_SMS_SENDING_HOURS="09:00, 18:30",
        CRS_TIME_ZONE="Europe/Bratislava",
        CRS_OPERATORS_O2_CZ_PASSWORD="other",
        CRS_OPERATORS_O2_CZ_CARRIERS="O2,Vodafone",
        CRS_LOG_LEVEL="",
        CRS_SERVICE_HOST="10.0.0.1",
    )
    assert chosen.web.listen == "0.0.0.0:80"
    assert chosen.sms.sending_hours == (time(9), time(18, 30))
    assert chosen.time_zone.key == "Europe/Bratislava"
    assert chosen.operators[0].password.get_secret_value() == "other"
    assert chosen.operators[0].carriers == ("O2", "Vodafone")
    assert chosen.log.level == "info"


def test_a_lane_may_have_hours_of_its_own_and_the_others_keep_the_usual(tmp_path: Path) -> None:
    usual = settings("", tmp_path).sms.hours_by_lane()
    assert usual == {lane: (time(8), time(20)) for lane in (Lane.INVITATION, Lane.NOTICE)}
    chosen = settings(
        '[sms.lane_hours]\nnotice = ["09:00", "18:00"]\nconfirmation = ["07:00", "22:00"]', tmp_path
    )
    assert chosen.sms.hours_by_lane() == {
        Lane.CONFIRMATION: (time(7), time(22)),
        Lane.INVITATION: (time(8), time(20)),
        Lane.NOTICE: (time(9), time(18)),
    }


def test_the_file_is_the_one_told_then_the_variables_then_the_one_here(tmp_path: Path) -> None:
    for number, name in enumerate(["crs.toml", "variable.toml", "told.toml"], start=1):
        (tmp_path / name).write_text(f'[sms]\nsender = "{number}{number}{number}"\n', encoding="utf-8")
    here, variable = {"CRS_SECRETS_KEY": KEY}, {"CRS_SECRETS_KEY": KEY, "CRS_CONFIG": "variable.toml"}
    assert read(environ=here, here=tmp_path).sms.sender == "111"
    assert read(environ=variable, here=tmp_path).sms.sender == "222"
    assert read(Path("told.toml"), variable, here=tmp_path).sms.sender == "333"


def test_the_folder_of_our_own_databases_is_beside_the_file(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "crs.toml").write_text('[embedded]\nfolder = "kept"\n', encoding="utf-8")
    told = {"CRS_CONFIG": "etc/crs.toml", "CRS_SECRETS_KEY": KEY}
    assert read(environ=told, here=tmp_path).embedded.folder == tmp_path / "etc" / "kept"
    told["CRS_EMBEDDED_FOLDER"] = "mine"
    assert read(environ=told, here=tmp_path).embedded.folder == tmp_path / "mine"


def test_the_embedded_database_gets_a_key_of_its_own_and_keeps_it(tmp_path: Path) -> None:
    first, again = read(environ={}, here=tmp_path), read(environ={}, here=tmp_path)
    assert first.secrets == again.secrets
    assert len(first.secrets.key.get_secret_value()) == len(new_key())
    file = tmp_path / ".crs" / "secrets.key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [left.name for left in file.parent.iterdir()] == ["secrets.key"]


def test_two_keys_differ() -> None:
    assert new_key() != new_key()


def test_a_database_of_ones_own_needs_a_key_of_ones_own(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"\[secrets\] key is missing.*crs secrets new"):
        read(environ={"CRS_DATABASE_URL": "postgresql://db/crs"}, here=tmp_path)
    assert not (tmp_path / ".crs").exists()


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        pytest.param(
            '[sms]\nsendr = "1221"', r"\[sms\] sendr is not known\. Did you mean sender\?", id="typo"
        ),
        pytest.param("[smss]\n", r"smss is not known\. Did you mean sms\?", id="section with a typo"),
        pytest.param(
            "[sms]\nsender = 1221", r'\[sms\] sender is wrong.*such as "1221"', id="a number as sender"
        ),
        pytest.param('[sms]\nsender = "CRS"', r'\[sms\] sender cannot be "CRS"', id="nobody can reply"),
        pytest.param('[sms]\ncountry = "UK"', r"\[sms\] country is not a country", id="not an ISO country"),
        pytest.param(
            '[sms]\nsending_hours = ["20:00", "08:00"]', "ends before it begins", id="hours reversed"
        ),
        pytest.param(
            '[sms.lane_hours]\nnotice = ["20:00", "08:00"]',
            r"\[sms\] lane_hours ends before it begins. Write a table of lanes",
            id="hours of a lane reversed",
        ),
        pytest.param(
            '[sms.lane_hours]\nanswer = ["08:00", "20:00"]',
            "should be 'confirmation', 'invitation' or 'notice'",
            id="answers never wait",
        ),
        pytest.param(
            '[sms]\nsending_hours = "8-20"', r"\[sms\] sending_hours is wrong", id="hours as a text"
        ),
        pytest.param('[web]\nlisten = "8080"', r'listen cannot be "8080"\. Write an address', id="no host"),
        pytest.param('[web]\nlisten = "h:99999"', r"no such port", id="no such port"),
        pytest.param(
            '[redis]\nurl = "127.0.0.1"', r"\[redis\] url is not the address of a Redis", id="redis"
        ),
        pytest.param(
            '[database]\nurl = "mysql://h/x"', "not the address of a PostgreSQL", id="another database"
        ),
        pytest.param('time_zone = "Europe/Brno"', "time_zone is wrong.*tz database", id="no such zone"),
        pytest.param(operator(port='"x"'), r"\[\[operators\]\] o2 port is wrong.*such as 2775", id="port"),
        pytest.param(operator(window=0), r"\[\[operators\]\] o2 window is wrong", id="window"),
        pytest.param("[[operators]]\nport = 1", r"number 1 name is missing", id="operator without a name"),
        pytest.param(operator() * 2, 'two operators are called "o2"', id="doubled operator"),
        pytest.param("operators = [1]", "must be a section", id="operators as numbers"),
        pytest.param("web = 1", "web must be a section", id="section as a number"),
        pytest.param("[web", "is not TOML: Expected", id="not TOML"),
    ],
)
def test_what_is_wrong_is_said_with_file_key_and_remedy(toml: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=said) as told:
        settings(toml, tmp_path)
    assert str(tmp_path / "crs.toml") in str(told.value)


def test_everything_wrong_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as told:
        settings('[web]\nlisten = 1\n[sms]\nsender = 2\n[log]\nlevel = "loud"\n', tmp_path)
    assert len(str(told.value).splitlines()) == 3


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("CRS_DATABSE_URL", "x", r"Did you mean CRS_DATABASE_URL\?"),
        ("CRS_OPERATORS_TMOBILE_PASSWORD", "x", "names no key of an"),
        ("CRS_WEB_LISTEN", "8080", 'the variable CRS_WEB_LISTEN cannot be "8080"'),
    ],
)
def test_a_wrong_variable_is_named(variable: str, value: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=said):
        read(environ={"CRS_SECRETS_KEY": KEY, variable: value}, here=tmp_path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"other\.toml does not exist.*crs\.example\.toml"):
        read(Path("other.toml"), {}, here=tmp_path)


def test_no_secret_is_ever_shown(tmp_path: Path) -> None:
    wrong = [
        '[secrets]\nkey = "hunter2"\n',
        '[database]\nurl = "mysql://u:hunter2@h/x"\n',
        '[redis]\nurl = "http://:hunter2@h"\n',
        operator().replace('"secret"', '["hunter2"]'),
    ]
    for toml in wrong:
        (tmp_path / "crs.toml").write_text(toml, encoding="utf-8")
        with pytest.raises(SettingsError) as told:
            read(environ={}, here=tmp_path)
        assert "hunter2" not in str(told.value)
        assert told.value.__cause__ is None
    shown = settings(
        '[database]\nurl = "postgresql://u:hunter2@h/x"\n[redis]\nurl = "redis://:hunter2@h"\n'
        + operator().replace("secret", "hunter2"),
        tmp_path,
    )
    assert "hunter2" not in repr(shown)
    assert KEY not in repr(shown)


def test_settings_cannot_be_changed_afterwards(tmp_path: Path) -> None:
    chosen = settings("", tmp_path)
    with pytest.raises(ValidationError, match="frozen"):
        chosen.web.listen = "0.0.0.0:1"  # type: ignore[misc]
