"""For whom this is, among those who registered with one phone."""

from datetime import timedelta

from tests.turns.conftest import JANA, NEIGHBOUR


def _who(found) -> list[str]:
    return [option["name"] for option in found.values["options"]]


def test_nobody_registered_with_this_phone(town):
    town.register(phone=NEIGHBOUR)
    assert town.perform("find_mine").name == "none"


def test_one_person_is_found_at_once(town):
    town.register()
    found = town.perform("find_mine")
    assert (found.name, found.values["name"]) == ("one", "Jana Nováková")
    assert found.values["site"] == "Nemocnice Jihlava"


def test_a_house_is_told_by_name_a_page_at_a_time(town):
    for number in range(6):
        town.register(f"38512312{number}", name=f"Karel Novák{number}")
        town.later(timedelta(seconds=1))
    first = town.perform("find_mine")
    assert (first.name, first.values["more"]) == ("several", True)
    assert _who(first) == [f"Karel Novák{number}" for number in range(4)]
    assert _who(town.perform("find_mine", page=1)) == ["Karel Novák4", "Karel Novák5"]


def test_father_and_son_are_told_apart_by_their_years(town):
    town.register("205123120", name="Jan Novák")
    town.register("405123123", name="Jan Novák")
    town.register("385123124", name="Eva Nováková")
    assert _who(town.perform("find_mine")) == ["1920 Jan Novák", "1940 Jan Novák", "Eva Nováková"]


def test_only_those_with_dates_are_found_for_what_is_about_dates(town):
    registration = town.opened()
    town.register("385123124", name="Karel Novák")
    assert town.perform("find_dated").name == "none"
    pair = town.perform("find_pairs", registration=registration).values["options"][0]["value"]
    town.perform("hold_pair", registration=registration, picked=pair)
    town.perform("confirm", registration=registration)
    found = town.perform("find_dated")
    assert (found.name, found.values["registration"]) == ("one", registration)
    assert town.perform("find_mine").name == "several"


def test_a_chat_that_has_proven_no_phone_finds_nobody(town):
    town.register()
    assert town.perform("find_mine", "4711", channel="telegram").name == "none"
    assert town.perform("find_mine", JANA).name == "one"
