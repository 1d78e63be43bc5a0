"""The information dialogue on the real desk."""

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import event

from core.information import load_information
from core.store.todays_numbers import LASTS
from tests.turns.conftest import JANA, NEIGHBOUR, Town

TEXTS = load_information(
    """
[[text]]
from = 2021-01-15
cs   = "Registrujte se."
en   = "Register."

[text.heard]
cs = "Nejdřív se registrujte."

[[text]]
from     = 2021-01-15
until    = 2021-01-31
district = "CZ0632"
cs       = "Očkuje se i na náměstí."
"""
)


def test_who_is_registered_is_told_of_her_district(town: Town) -> None:
    town.world = replace(town.world, information=TEXTS)
    town.register()
    told = town.perform("read_information", JANA)
    assert (told.name, told.values["psc"]) == ("at_home", "58601")
    local = town.perform("local_information", JANA, psc=told.values["psc"])
    assert (local.values["text"], local.values["where"]) == ("Očkuje se i na náměstí.", "Jihlava")
    assert town.perform("read_information", NEIGHBOUR).name == "national"


def test_each_is_told_in_her_language_and_medium(town: Town) -> None:
    town.world = replace(town.world, information=TEXTS)
    told = town.perform("read_information", language="en").values
    assert (told["text"], told["heard"]) == ("Register.", "Register.")
    told = town.perform("read_information").values
    assert (told["text"], told["heard"]) == ("Registrujte se.", "Nejdřív se registrujte.")


def test_a_text_that_is_over_is_not_told(town: Town) -> None:
    town.world = replace(town.world, information=TEXTS)
    assert town.perform("local_information", psc="58601").name == "found"
    town.later(timedelta(days=10))
    assert town.perform("local_information", psc="58601").name == "nothing"
    assert town.perform("local_information", psc="99999").name == "unknown_psc"


def test_people_are_counted_once_in_a_while(town: Town) -> None:
    counts: list[str] = []
    event.listen(
        town.store.engine,
        "before_cursor_execute",
        lambda _c, _k, statement, *_: counts.append(statement) if "registered_at <" in statement else None,
    )
    assert town.perform("read_information").values["people_registered"] == 0
    town.register()
    assert town.perform("read_information").values["people_registered"] == 0
    assert len(counts) == 1
    town.later(LASTS)
    told = town.perform("read_information").values
    assert (told["people_registered"], told["people_waiting"], len(counts)) == (1, 1, 2)
