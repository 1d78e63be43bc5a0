"""``crs mail``: what waits, what came back."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

from core.store import tables as t
from gateway.cli.mail import mail
from gateway.compose import App
from gateway.doctor import Fine, Wrong
from gateway.doctor import mail as examined
from gateway.settings import Settings
from gateway.settings.channels import Mail
from tests.core.test_bounces import report
from tests.mails.server import Mailbox, mail_server
from tests.turns.conftest import Town
from tests.workers.town import vault


class KeyedApp(App):
    """An installation with the tests' key."""

    vault = vault()


@pytest.fixture
def crs(database: str, town: Town) -> Callable[..., Result]:
    town.world = replace(town.world, has_mail=True)
    town.register(email="Jana@seznam.cz")

    def run(*said: str, typed: bytes | None = None, **mail_settings: object) -> Result:
        url = database.replace("+psycopg", "")
        settings = {"database": {"url": url}, "secrets": {"key": "k" * 32}, "mail": mail_settings}
        app = KeyedApp(settings=Settings.model_validate(settings))
        return CliRunner().invoke(mail, said, obj=app, input=typed)

    return run


def refused(town: Town) -> bool:
    with town.store.begin() as work:
        return work.db.scalar(select(t.registrations.c.email_refused_at)) is not None


def server(mailbox: Mailbox) -> dict[str, object]:
    return mailbox.settings.model_dump(exclude={"password"})


def test_letters_are_sent_by_hand_and_counted(crs: Callable[..., Result]) -> None:
    with mail_server() as mailbox:
        assert crs("status", **server(mailbox)).output.splitlines()[0].split() == ["queued", "1"]
        assert crs("send", **server(mailbox)).output == "1 sent; 0 wait.\n"
        assert crs("send", **server(mailbox)).output == "Nothing was due; 0 wait.\n"
        assert len(mailbox.letters) == 1


def test_without_a_server_it_says_so(crs: Callable[..., Result]) -> None:
    assert "set host and sender of [mail]" in crs("send").output
    assert crs("status").output.startswith("No [mail] host in the settings")


def test_an_address_that_nobody_has_is_noted_however_it_was_typed(
    crs: Callable[..., Result], town: Town
) -> None:
    said = crs("bounced", "JANA@seznam.cz")
    assert said.output == "J…@seznam.cz: by hand; registrations that had it: 1.\n"
    assert refused(town)
    assert crs("bounced", "jana@seznam.cz").output.endswith("had it: 0.\n"), "twice changes nothing"


def test_reports_are_read_from_files_and_from_standard_input(
    crs: Callable[..., Result], town: Town, tmp_path: Path
) -> None:
    (tmp_path / "full.eml").write_bytes(report(status="5.2.2"))
    full = crs("bounced", str(tmp_path / "full.eml"))
    assert full.output == "j…@seznam.cz: 5.2.2 is not about the address; it stays.\n"
    assert not refused(town)
    assert "had it: 1." in crs("bounced", "-", typed=report()).output
    assert refused(town)


def test_a_dry_run_notes_nothing(crs: Callable[..., Result], town: Town) -> None:
    said = crs("bounced", "--dry-run", "jana@seznam.cz")
    assert "had it: 1." in said.output
    assert said.output.endswith("Nothing was changed (--dry-run).\n")
    assert not refused(town)


def test_one_unreadable_report_and_nothing_is_noted(
    crs: Callable[..., Result], town: Town, tmp_path: Path
) -> None:
    for name, file in (("good.eml", report()), ("half.eml", report()[:200])):
        (tmp_path / name).write_bytes(file)
    said = crs("bounced", str(tmp_path / "good.eml"), str(tmp_path / "half.eml"))
    assert said.exit_code == 1
    assert "half.eml: It is no delivery report" in said.output
    assert not refused(town)


def test_neither_an_address_nor_a_file(crs: Callable[..., Result], tmp_path: Path) -> None:
    said = crs("bounced", str(tmp_path / "missing.eml"))
    assert "is neither an address nor a file that can be read: No such file" in said.output


def test_the_doctor_knocks_at_the_mail_server() -> None:
    with mail_server() as mailbox:
        assert isinstance(examined(mailbox.settings), Fine)
        assert mailbox.letters == []
    closed = Mail(host="127.0.0.1", port=1, sender="a@example.cz")
    found = examined(closed)
    assert isinstance(found, Wrong)
    assert "ConnectionRefusedError" in found.seen


@pytest.mark.parametrize(
    ("chosen", "told"),
    [
        ({"host": "smtp.example.cz"}, "needs a sender"),
        ({"host": "smtp.example.cz", "sender": "rezervace"}, "is not an e-mail address"),
        ({"security": "none", "user": "crs"}, "takes no user"),
    ],
)
def test_settings_that_cannot_work_are_said(chosen: dict[str, str], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        Mail.model_validate(chosen)
