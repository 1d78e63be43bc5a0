"""``crs registrations duplicates``: who registered twice, and nobody's number or name."""

from click.testing import CliRunner

from core.store.duplicates import Likeness
from gateway.cli.registrations import registrations
from tests.cli.test_desk import app
from tests.turns.conftest import NEIGHBOUR

__all__ = ["app"]


def test_the_likely_ones_are_named_by_id_and_why(app, town):
    run = lambda: CliRunner().invoke(registrations, ["duplicates"], obj=app)  # noqa: E731
    town.register("405123123", name="Jana Nováková")
    town.register("405123456", name="Karel Dvořák")  # the same phone and day, another person
    town.register("405123120", name="Eva Malá", phone=NEIGHBOUR)  # one digit off, another person
    told = run()
    assert (told.exit_code, told.stdout) == (0, "No likely duplicates.\n")
    town.register("405123789", name="Jana Novakova")
    town.register("400631124", name="Petr Starý", phone=NEIGHBOUR)  # 31 June: suspicious
    town.register("400630124", name="Petr Stary")
    told = run()
    assert told.exit_code == 3
    assert told.stdout.splitlines() == [
        f"#{one} and #{other}: {why}."
        for one, other, why in (
            ("1 (waiting, number valid)", "4 (waiting, number valid)", Likeness.SAME_PHONE),
            ("5 (waiting, number suspicious)", "6 (waiting, number valid)", Likeness.ONE_DIGIT),
        )
    ] + ["2 likely duplicates."]
