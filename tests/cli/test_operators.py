"""``crs operators``: what the console reads."""

from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner

from core.messages import Address, Lane, NewMt
from core.routing import Shift
from core.store.work import Store
from gateway.cli.operators import operators
from gateway.compose import App
from gateway.settings import read
from tests.installation import operator

KEY = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def app(database: str, tmp_path) -> App:
    (tmp_path / "crs.toml").write_text(operator("o2", 1) + operator("tm", 2, segments_per_second=20), "utf-8")
    return App(settings=read(tmp_path / "crs.toml", {"CRS_DATABASE_URL": database, "CRS_SECRETS_KEY": KEY}))


def test_it_says_who_is_up_what_waits_and_why_a_weight_changed(app: App, store: Store) -> None:
    now = datetime.now(UTC)
    with store.begin() as work:
        work.operators.note(["o2", "tm"], bound=["tm"], now=now)
        work.operators.shift("tm", 1.0, Shift(0.5, "slow"), now=now + timedelta(minutes=1))
        address = Address("sms", "+420601000001")
        work.outbox.add([NewMt(address, "o2", Lane.ANSWER, "test", "a", 2, now)])
        work.moving.move([mt.place.mt_id for mt in work.moving.queued("o2")], operator="o2", to="tm")
    said = CliRunner().invoke(operators, obj=app)
    assert said.exit_code == 0
    heading, o2, tm, shift = said.output.splitlines()
    assert heading.split() == ["operator", "bound", "weight", "capacity", "segments", "moved"]
    assert o2.split() == ["o2", "no", "100%", "50/s", "0", "0"]
    assert tm.split() == ["tm", "yes", "50%", "20/s", "2", "1"]
    assert shift.endswith("tm: 100% to 50%, slow")


def test_it_says_that_there_are_none(database: str) -> None:
    settings = read(environ={"CRS_DATABASE_URL": database, "CRS_SECRETS_KEY": KEY})
    said = CliRunner().invoke(operators, obj=App(settings=settings))
    assert said.output == "No [[operators]] in the settings.\n"
