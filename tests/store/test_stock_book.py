"""The book of stock, on a real PostgreSQL: doses are counted once, wherever they go."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest

from core.products import Products
from core.stock import Movement, Use, doses_on_hand, read_deliveries
from core.store.stock import Added
from core.store.work import Store, Work
from core.vault import Vault
from gateway.compose import load_world

A, B = UUID(int=1), UUID(int=2)
HEADER = "datum,ockovaci_misto_id,cilove_ockovaci_misto_id,ockovaci_latka,akce,pocet_ampulek,pocet_davek\n"
RECEIVED = f"2021-01-05,{A},,Comirnaty,Příjem,100,600\n"
PASSED_ON = f"2021-01-06,{A},{B},Comirnaty,Výdej,20,120\n"
OUT_OF_SIGHT = f"2021-01-07,{A},,Comirnaty,Výdej,5,30\n"


@pytest.fixture(scope="module")
def products() -> Products:
    return load_world().products


@pytest.fixture
def work(database: str) -> Iterator[Work]:
    store = Store.connect(database, Vault(b"a key that only the tests have.."), connections=1)
    with store.begin() as work:
        yield work
    store.close()


@pytest.fixture
def movements(products: Products) -> tuple[Movement, ...]:
    return read_deliveries(HEADER + RECEIVED + PASSED_ON + OUT_OF_SIGHT * 2, products).movements


def test_doses_passed_on_leave_one_site_and_reach_the_other(
    work: Work, movements: tuple[Movement, ...]
) -> None:
    assert work.stock.add(movements) == Added(movements=4)
    assert work.stock.on_hand(A) == {"comirnaty": 420}
    assert work.stock.on_hand(B) == {"comirnaty": 120}
    assert work.stock.everywhere() == doses_on_hand(movements, [])


def test_importing_twice_changes_nothing_and_a_longer_file_adds_its_end(
    work: Work, movements: tuple[Movement, ...]
) -> None:
    assert work.stock.add(movements[:2]) == Added(movements=2)
    assert work.stock.add(movements) == Added(movements=2)
    assert work.stock.add(movements) == Added()
    assert work.stock.everywhere() == doses_on_hand(movements, [])


def test_a_site_that_issues_to_itself_loses_nothing(work: Work, movements: tuple[Movement, ...]) -> None:
    work.stock.add([movements[0], replace(movements[1], to_site=A)])
    assert work.stock.on_hand(A) == {"comirnaty": 600}


def test_doses_used_are_what_the_last_file_says(work: Work, movements: tuple[Movement, ...]) -> None:
    day = date(2021, 1, 8)
    work.stock.add(movements)
    in_two_rows = [Use(B, "comirnaty", day, used=40, wasted=0), Use(B, "comirnaty", day, used=10, wasted=2)]
    assert work.stock.add(uses=in_two_rows) == Added(uses=1)
    assert work.stock.add(uses=in_two_rows) == Added()
    assert work.stock.on_hand(B) == {"comirnaty": 68}
    assert work.stock.add(uses=[Use(B, "comirnaty", day, used=60, wasted=0)]) == Added(uses=1)
    assert work.stock.on_hand(B) == {"comirnaty": 60}


def test_reports_that_disagree_leave_nothing_to_promise(work: Work) -> None:
    work.stock.add(uses=[Use(B, "comirnaty", date(2021, 1, 8), used=6, wasted=0)])
    assert work.stock.on_hand(B) == {"comirnaty": 0}
    assert work.stock.everywhere() == {(B, "comirnaty"): -6}


def test_a_site_without_deliveries_has_nothing(work: Work) -> None:
    assert work.stock.on_hand(A) == {}
    assert work.stock.add() == Added()
