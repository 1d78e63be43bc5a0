"""The words of letters: there in every language, safe on a page, and without what nobody else may know."""

from datetime import UTC, datetime

import pytest

from core.mails import Purpose
from tests.mails.conftest import LIBRARY
from tests.mails.dates import confirmation
from workers.mails.letters import CONFIRMATION, EMAIL, REGISTERED, Registered, Writer

DATES = (Purpose.CONFIRMED, Purpose.CHANGED, Purpose.CANCELLED)


@pytest.mark.parametrize("letter", [CONFIRMATION, REGISTERED])
@pytest.mark.parametrize("language", LIBRARY.languages)
def test_every_language_has_the_same_blocks(letter: str, language: str) -> None:
    def blocks(of: str) -> set[str]:
        return set(LIBRARY.words.environment.get_template(f"{EMAIL}/{of}/{letter}.j2").blocks)

    assert blocks(language) == blocks("cs")


@pytest.mark.parametrize("purpose", DATES)
@pytest.mark.parametrize("language", LIBRARY.languages)
def test_text_and_page_say_the_same(purpose: Purpose, language: str, writer: Writer) -> None:
    letter = writer.confirmation(confirmation(language=language), purpose)
    text, page = writer.text(letter), writer.page(letter)
    for said in (letter.heading, *(fact.value for fact in letter.facts), *letter.advice, letter.closing):
        assert said
        assert said in text
        assert said in page
    assert f'<html lang="{language}">' in page
    assert len({writer.confirmation(confirmation(language=language), each).subject for each in DATES}) == 3


def test_cancelled_dates_invite_nobody(writer: Writer) -> None:
    letter = writer.confirmation(confirmation(), Purpose.CANCELLED)
    assert "nechoďte" in letter.opening
    assert "12-4K7QD-2M9XV" not in writer.text(letter)


def test_a_name_is_a_name_and_no_markup(writer: Writer) -> None:
    letter = writer.confirmation(confirmation(name='<img src="x"> & syn'), Purpose.CONFIRMED)
    assert "<img" not in writer.page(letter)
    assert "&lt;img" in writer.page(letter)


def test_a_site_without_coordinates_has_no_map(writer: Writer) -> None:
    nowhere = confirmation(latitude=None, longitude=None)
    assert "openstreetmap" not in writer.text(writer.confirmation(nowhere, Purpose.CONFIRMED))
    assert "mlat=49.60785&amp;mlon=15.57873" in writer.page(
        writer.confirmation(confirmation(), Purpose.CONFIRMED)
    )


def test_a_registration_is_acknowledged(writer: Writer) -> None:
    at = datetime(2021, 1, 22, 9, tzinfo=UTC)
    letter = writer.registered(Registered("Jana Nováková", "cs", "Nemocnice Jihlava", at))
    assert "pátek 22. ledna 2021 v 10:00" in writer.text(letter)
    assert "Nemocnice Jihlava" in writer.text(letter)
