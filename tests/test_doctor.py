"""The doctor says what is wrong and how to mend it, and that all is well only when it is."""

import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from core.messages import Lane
from core.store import schema
from core.store.rule_changes import RuleChange
from gateway import doctor
from gateway.cli.doctor import doctor as command
from gateway.compose import App
from gateway.doctor import Doubtful, Fine, Wrong
from gateway.settings import Settings, read

KEY = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def listener() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        yield taken.getsockname()[1]


@pytest.fixture
def nobody(listener: int) -> int:
    """A port where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as released:
        return int(released.getsockname()[1])


def settings(folder: Path, toml: str = "", **variables: str) -> Settings:
    (folder / "crs.toml").write_text(toml, encoding="utf-8")
    return read(environ={"CRS_SECRETS_KEY": KEY, **variables}, here=folder)


def test_a_database_of_this_release_is_fine(tmp_path: Path, database: str) -> None:
    version, level = doctor.database(settings(tmp_path, CRS_DATABASE_URL=database))
    assert isinstance(version, Fine)
    assert isinstance(level, Fine)
    assert "PostgreSQL 18" in version.seen


def test_an_empty_database_is_told_to_be_upgraded(tmp_path: Path, postgres_url: str) -> None:
    _, level = doctor.database(settings(tmp_path, CRS_DATABASE_URL=postgres_url))
    assert isinstance(level, Wrong)
    assert "crs db upgrade" in level.mend


def test_tables_of_an_unknown_release_are_not_upgraded() -> None:
    level = doctor.tables("9999_from_the_future")
    assert isinstance(level, Wrong)
    assert "another release" in level.seen
    assert isinstance(doctor.tables(schema.newest_revision()), Fine)


def test_a_database_that_does_not_answer_is_named_without_its_password(tmp_path: Path, nobody: int) -> None:
    (found,) = doctor.database(
        settings(tmp_path, CRS_DATABASE_URL=f"postgresql://crs:hunter2@127.0.0.1:{nobody}/crs")
    )
    assert isinstance(found, Wrong)
    assert f"127.0.0.1:{nobody}" in found.seen
    assert "hunter2" not in str(found)


def change(*, finished: datetime | None) -> RuleChange:
    return RuleChange(1, "2021-01-21", "chance", datetime(2021, 2, 10, tzinfo=UTC), "the ministry", finished)


def test_people_were_told_of_the_policy_by_which_they_are_invited() -> None:
    made = change(finished=datetime(2021, 2, 10, tzinfo=UTC))
    assert list(doctor.rules(None, "chance")) == []
    assert list(doctor.rules(made, "chance")) == []
    (other,) = doctor.rules(made, "2021-06")
    assert isinstance(other, Doubtful)
    assert "told of chance, and are invited by 2021-06" in other.seen
    (interrupted,) = doctor.rules(change(finished=None), "chance")
    assert isinstance(interrupted, Doubtful)
    assert "crs migrate rules 2021-01-21 chance" in interrupted.mend


def test_messages_that_were_given_up_are_told() -> None:
    assert not list(doctor.given_up({}))
    (finding,) = doctor.given_up({Lane.INVITATION: 3, Lane.NOTICE: 1})
    assert isinstance(finding, doctor.Doubtful)
    assert finding.seen.endswith("3 invitation, 1 notice")


def test_a_programme_of_ones_own_is_looked_at(tmp_path: Path) -> None:
    now = datetime(2021, 1, 15, 7, 0, tzinfo=UTC)
    seen = doctor.programme(App(settings=settings(tmp_path)), now=now)
    assert seen == Fine("programme", "18 groups, 1 of them may register now")
    own = tmp_path / "programme.toml"
    own.write_text('zone = "Europe/Prague"\nyoungest_worker = 16\n[[group]]\nkey = "a"\nscore = 1\n')
    beside = settings(tmp_path, '[programme]\nfile = "programme.toml"\n')
    found = doctor.programme(App(settings=beside), now=now)
    assert isinstance(found, Wrong)
    assert found.seen == f"The programme in {own} cannot be used: group a lacks label, proof"


def test_a_policy_that_is_not_there_is_named_with_those_that_are(tmp_path: Path) -> None:
    found = doctor.policy(App(settings=settings(tmp_path, '[invitations]\npolicy = "luck"\n')))
    assert isinstance(found, Wrong)
    assert '"luck"' in found.seen
    assert '"chance"' in found.seen


def test_a_redis_that_answers_is_fine(tmp_path: Path, redis_url: str) -> None:
    (found,) = doctor.redis(settings(tmp_path, CRS_REDIS_URL=redis_url))
    assert isinstance(found, Fine)


def test_a_redis_that_does_not_answer_is_named_without_its_password(tmp_path: Path, nobody: int) -> None:
    (found,) = doctor.redis(settings(tmp_path, CRS_REDIS_URL=f"redis://:hunter2@127.0.0.1:{nobody}/0"))
    assert isinstance(found, Wrong)
    assert "hunter2" not in str(found)


def test_an_operator_is_reached_or_not(tmp_path: Path, listener: int, nobody: int) -> None:
    table = '[[operators]]\nname = "{}"\nhost = "127.0.0.1"\nport = {}\nsystem_id = "crs"\n'
    there, away = settings(tmp_path, table.format("a", listener) + table.format("b", nobody)).operators
    assert [type(found) for found in doctor.smsc(there, country="CZ")] == [Fine]
    (found,) = doctor.smsc(away, country="CZ")
    assert isinstance(found, Wrong)
    assert "operator b" in found.what


def test_a_network_nobody_knows_is_told_with_the_likely_one(tmp_path: Path, listener: int) -> None:
    toml = (
        f'[[operators]]\nname = "a"\nhost = "127.0.0.1"\nport = {listener}\nsystem_id = "crs"\n'
        'carriers = ["O2", "Tmobile"]\n'
    )
    _, found = doctor.smsc(settings(tmp_path, toml).operators[0], country="CZ")
    assert isinstance(found, Wrong)
    assert "T-Mobile" in found.mend


def test_an_address_in_use_is_told(listener: int, nobody: int) -> None:
    assert isinstance(doctor.listen("127.0.0.1", listener), Wrong)
    assert isinstance(doctor.listen("127.0.0.1", nobody), Fine)


def test_missing_words_are_told(tmp_path: Path) -> None:
    assert isinstance(doctor.words(tmp_path, "*.j2", "templates"), Wrong)
    (tmp_path / "a.j2").touch()
    assert isinstance(doctor.words(tmp_path, "*.j2", "templates"), Fine)


def test_passwords_that_everybody_may_read_are_doubtful(tmp_path: Path) -> None:
    chosen = settings(
        tmp_path, '[[operators]]\nname = "a"\nhost = "h"\nsystem_id = "crs"\npassword = "secret"\n'
    )
    file = tmp_path / "crs.toml"
    file.chmod(0o644)
    assert isinstance(doctor.settings_file(file, chosen), Doubtful)
    file.chmod(0o640)
    assert isinstance(doctor.settings_file(file, chosen), Fine)


def test_the_command_fails_when_something_is_wrong(
    tmp_path: Path, database: str, redis_url: str, listener: int
) -> None:
    file = tmp_path / "crs.toml"
    file.write_text(f'[web]\nlisten = "127.0.0.1:{listener}"\n', encoding="utf-8")
    environ = {"CRS_SECRETS_KEY": KEY, "CRS_DATABASE_URL": database, "CRS_REDIS_URL": redis_url}
    told = CliRunner().invoke(command, ["--config", str(file)], env=environ)
    assert told.exit_code == 1
    assert f"cannot listen on 127.0.0.1:{listener}" in told.output
    assert "tables: at the level of this release" in told.output
    same = CliRunner().invoke(command, [], env=environ, obj=App(file))
    assert same.output == told.output


def test_the_command_says_what_is_wrong_with_the_settings(tmp_path: Path) -> None:
    file = tmp_path / "crs.toml"
    file.write_text("[web]\nlisten = 1\n[sms]\nsender = 2\n", encoding="utf-8")
    told = CliRunner().invoke(command, ["--config", str(file)], env={"CRS_SECRETS_KEY": KEY})
    assert told.exit_code == 1
    assert told.output.count("wrong") >= 2
    assert "[web] listen" in told.output
