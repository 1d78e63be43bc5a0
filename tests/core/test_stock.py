"""Stock: what was delivered, what is left, what may still be promised."""

from datetime import date
from pathlib import Path
from uuid import UUID

import pytest

from core.open_data import UnreadableFile
from core.products import Products, load_products
from core.stock import (
    Action,
    Promised,
    Reserve,
    Use,
    doses_on_hand,
    read_deliveries,
    read_uses,
    uncommitted_courses,
)

DATA = Path(__file__).parents[2] / "data"
A = UUID("262721a0-5551-41d6-bc46-06d5aa9d18a8")
B = UUID("1295fe02-0319-40e4-a482-d4b8a0bfe138")
HEADER = (
    "datum,ockovaci_misto_id,ockovaci_misto_nazev,kraj_nuts_kod,kraj_nazev,cilove_ockovaci_misto_id,"
    "cilove_ockovaci_misto_nazev,cilovy_kraj_kod,cilovy_kraj_nazev,ockovaci_latka,vyrobce,akce,"
    "pocet_ampulek,pocet_davek\n"
)
RECEIVED = f'2021-01-05,{A},"FN Ostrava",CZ080,"Moravskoslezský kraj",,,,,Comirnaty,Pfizer,Příjem,100,600\n'
ISSUED = (
    f'2021-01-06,{A},"FN Ostrava",CZ080,"MSK",{B},"Černá louka",CZ080,"MSK",Comirnaty,Pfizer,Výdej,20,120\n'
)
OUT = f'2021-01-07,{A},"FN Ostrava",CZ080,"MSK",,,,,Comirnaty,Pfizer,Výdej,5,30\n'


@pytest.fixture(scope="module")
def products() -> Products:
    return load_products((DATA / "vaccine_dose_intervals_cz_2021.csv").read_bytes())


def test_doses_go_where_they_are_sent(products: Products) -> None:
    read = read_deliveries(HEADER + RECEIVED + ISSUED + OUT, products)
    assert read.quarantined == ()
    assert [(m.action, m.to_site, m.vials, m.doses) for m in read.movements] == [
        (Action.RECEIVED, None, 100, 600),
        (Action.ISSUED, B, 20, 120),
        (Action.ISSUED, None, 5, 30),
    ]
    uses = [Use(B, "comirnaty", date(2021, 1, 8), used=50, wasted=2)]
    assert doses_on_hand(read.movements, uses) == {(A, "comirnaty"): 450, (B, "comirnaty"): 68}


def test_a_site_that_issues_to_itself_loses_nothing(products: Products) -> None:
    read = read_deliveries(HEADER + RECEIVED + ISSUED.replace(str(B), str(A)), products)
    assert doses_on_hand(read.movements, []) == {(A, "comirnaty"): 600}


def test_equal_rows_count_each_and_reading_again_adds_none(products: Products) -> None:
    text = HEADER + RECEIVED + OUT + OUT
    read, again = read_deliveries(text, products), read_deliveries(text.encode(), products)
    assert len({m.key for m in read.movements}) == 3
    assert {m.key: m for m in (*read.movements, *again.movements)} == {m.key: m for m in read.movements}
    longer = read_deliveries(HEADER + RECEIVED + OUT + OUT + OUT, products)
    assert len({m.key for m in longer.movements} - {m.key for m in read.movements}) == 1


def test_a_site_that_changes_its_name_does_not_receive_twice(products: Products) -> None:
    before = read_deliveries(HEADER + RECEIVED, products).movements
    after = read_deliveries(
        HEADER + RECEIVED.replace("FN Ostrava", "FN Ostrava - Poliklinika"), products
    ).movements
    assert before == after


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("2021-01-06", "06/01/2021", "datum '06/01/2021' is not a date (write it as 2021-01-22)"),
        (str(A), "A", "ockovaci_misto_id 'A' is not a UUID"),
        (str(B), "B", "cilove_ockovaci_misto_id 'B' is not a UUID"),
        ("Comirnaty", "Sputnik V", "ockovaci_latka 'Sputnik V' is a vaccine we do not know"),
        ("Výdej", "Ztráta", "akce 'Ztráta' is neither Příjem nor Výdej"),
        (
            "Výdej",
            "Příjem",
            "a Příjem names a target site (cilove_ockovaci_misto_id); only a Výdej has one",
        ),
        (",120", ",0", "pocet_davek is 0: nothing was moved"),
        (",120", ",-6", "pocet_davek '-6' is not a whole number"),
        (",120", ",12000000", "pocet_davek 12000000 cannot be right (at most 1000000)"),
        (",120", "", "the row has 13 cells where the header has 14"),
    ],
)
def test_a_bad_row_is_set_aside_with_its_reason(old: str, new: str, reason: str, products: Products) -> None:
    read = read_deliveries(HEADER + RECEIVED + ISSUED.replace(old, new), products)
    assert len(read.movements) == 1
    assert [(q.line_number, q.reason) for q in read.quarantined] == [(3, reason)]


def test_uses_are_read(products: Products) -> None:
    text = (
        "datum,ockovaci_misto_id,ockovaci_misto_nazev,kraj_nuts_kod,kraj_nazev,ockovaci_latka,vyrobce,"
        "pouzite_ampulky,znehodnocene_ampulky,pouzite_davky,znehodnocene_davky\n"
        f'2021-01-08,{B},"Černá louka",CZ080,"MSK","COVID-19 Vaccine Moderna",Moderna,4,0,40,3\n'
    )
    assert read_uses(text, products).uses == (Use(B, "spikevax", date(2021, 1, 8), used=40, wasted=3),)


def test_another_file_is_refused(products: Products) -> None:
    with pytest.raises(UnreadableFile, match="lacks cilove_ockovaci_misto_id"):
        read_deliveries("datum,ockovaci_misto_id,ockovaci_latka,akce,pocet_ampulek,pocet_davek\n", products)


@pytest.mark.parametrize(
    ("on_hand", "promised", "per_course", "reserve", "courses"),
    [
        (120, Promised(0, 0), 2, Reserve.FULL, 60),
        (121, Promised(10, 15), 2, Reserve.FULL, 48),
        (121, Promised(10, 15), 2, Reserve.NONE, 111),
        (121, Promised(10, 0), 1, Reserve.FULL, 111),
        (20, Promised(10, 15), 2, Reserve.FULL, 0),
        (-414, Promised(0, 0), 2, Reserve.FULL, 0),
        (-414, Promised(0, 0), 2, Reserve.NONE, 0),
    ],
)
def test_a_dose_is_promised_once(
    on_hand: int, promised: Promised, per_course: int, reserve: Reserve, courses: int
) -> None:
    assert uncommitted_courses(on_hand, promised, doses_per_course=per_course, reserve=reserve) == courses


@pytest.mark.parametrize(
    ("on_hand", "promised", "expected", "courses"),
    [
        pytest.param(120, Promised(10, 30), 0, 40, id="nothing announced is a full reserve"),
        pytest.param(120, Promised(10, 30), 41, 50, id="of 41 announced 20 are counted on"),
        pytest.param(120, Promised(10, 30), 900, 110, id="a first dose is one that is here"),
        pytest.param(20, Promised(10, 60), 40, 0, id="what comes is promised already"),
        pytest.param(5, Promised(10, 0), 400, 0, id="first doses are short"),
    ],
)
def test_an_announced_delivery_gives_second_doses_less_a_haircut(
    on_hand: int, promised: Promised, expected: int, courses: int
) -> None:
    may = uncommitted_courses(
        on_hand, promised, doses_per_course=2, reserve=Reserve.ROLLING, expected=expected, haircut=0.5
    )
    assert may == courses
