"""``crs registrations duplicates``: who registered twice, and nobody's number or name."""

from click.testing import CliRunner
from sqlalchemy import insert, select

from core.store import tables as t
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


def test_valid_numbers_of_nine_digits_one_digit_apart_are_compared(app, town):
    run = lambda: CliRunner().invoke(registrations, ["duplicates"], obj=app)  # noqa: E731
    town.register("405123123", name="Jana Nováková")
    town.register("405124123", name="Jana Novakova", phone=NEIGHBOUR)  # another day of birth
    town.register("405123923", name="Karel Dvořák", phone=NEIGHBOUR)  # near, but another name
    town.register("405124999", name="Jana Nováková", phone="+420603000003")  # two digits and more
    assert run().stdout.splitlines()[0] == (
        f"#1 (waiting, number valid) and #2 (waiting, number valid): {Likeness.ONE_DIGIT}."
    )
    assert run().stdout.splitlines()[1] == "1 likely duplicates."


def test_an_ordered_test_is_no_duplicate_of_a_registration(app, town):
    town.register("405123123", name="Jana Nováková")
    with town.store.begin() as work:
        row = work.db.execute(select(t.registrations)).one()._asdict()
        del row["registration_id"]
        work.db.execute(insert(t.registrations).values(row | {"service": "pcr", "state": "choosing"}))
    told = CliRunner().invoke(registrations, ["duplicates"], obj=app)
    assert told.stdout == "No likely duplicates.\n"
