"""What the hotline says in Czech, as a Czech would say it."""

from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations.media.speech import SPEECH
from conversations.media.speech.czech import MOST, NOUNS, Case, Gender, cardinal, clock, counted, until


@pytest.mark.parametrize(
    ("number", "noun", "words"),
    [
        (1, "dávka", "jedna dávka"),
        (2, "dávka", "dvě dávky"),
        (4, "den", "čtyři dny"),
        (5, "dávka", "pět dávek"),
        (1, "pokus", "jeden pokus"),
        (2, "pokus", "dva pokusy"),
        (21, "dávka", "dvacet jedna dávek"),
        (32, "den", "třicet dva dnů"),
        (100, "člověk", "sto lidí"),
        (241, "místo", "dvě stě čtyřicet jedna míst"),
        (1_000, "koruna", "tisíc korun"),
        (2_500, "koruna", "dva tisíce pět set korun"),
        (36_021, "člověk", "třicet šest tisíc dvacet jedna lidí"),
        (0, "dávka", "nula dávek"),
    ],
)
def test_the_noun_follows_its_number(number, noun, words):
    assert counted(number, noun) == words


@pytest.mark.parametrize(
    ("number", "gender", "case", "words"),
    [
        (1, Gender.FEMININE, Case.ACCUSATIVE, "jednu"),
        (2, Gender.NEUTER, Case.NOMINATIVE, "dvě"),
        (2, Gender.MASCULINE, Case.GENITIVE, "dvou"),
        (28, Gender.FEMININE, Case.GENITIVE, "dvaceti osmi"),
        (4, Gender.MASCULINE, Case.GENITIVE, "čtyř"),
        (9, Gender.MASCULINE, Case.GENITIVE, "devíti"),
    ],
)
def test_a_number_takes_gender_and_case(number, gender, case, words):
    assert cardinal(number, gender, case) == words


@pytest.mark.parametrize(
    ("hour", "minute", "at", "to"),
    [
        (8, 0, "v osm hodin", "do osmi hodin"),
        (1, 0, "v jednu hodinu", "do jedné hodiny"),
        (2, 1, "ve dvě hodiny jednu minutu", "do dvou hodin jedné minuty"),
        (14, 20, "ve čtrnáct hodin dvacet minut", "do čtrnácti hodin dvaceti minut"),
        (12, 0, "ve dvanáct hodin", "do dvanácti hodin"),
        (20, 45, "ve dvacet hodin čtyřicet pět minut", "do dvaceti hodin čtyřiceti pěti minut"),
        (11, 5, "v jedenáct hodin pět minut", "do jedenácti hodin pěti minut"),
        (17, 0, "v sedmnáct hodin", "do sedmnácti hodin"),
    ],
)
def test_a_time_is_said_in_full(hour, minute, at, to):
    moment = datetime(2021, 1, 25, hour, minute)  # noqa: DTZ001 - local, as it is said
    assert clock(moment) == at
    assert until(moment) == to


@pytest.mark.parametrize(
    ("day", "words"),
    [
        (date(2021, 1, 25), "pondělí dvacátého pátého ledna"),
        (date(2021, 3, 31), "středa třicátého prvního března"),
        (date(2021, 2, 20), "sobota dvacátého února"),
        (date(2021, 6, 3), "čtvrtek třetího června"),
    ],
)
def test_a_day_is_said_in_the_genitive(day, words):
    assert SPEECH["cs"].day(day) == words


def test_on_a_day_takes_the_accusative():
    assert SPEECH["cs"].on_day(date(2021, 1, 27)) == "ve středu dvacátého sedmého ledna"


@pytest.mark.parametrize(
    ("written", "words"),
    [
        (1940, "devatenáct set čtyřicet"),
        (1900, "devatenáct set"),
        (2021, "dva tisíce dvacet jedna"),
        (2000, "dva tisíce"),
    ],
)
def test_a_year_is_said_by_hundreds_until_two_thousand(written, words):
    assert SPEECH["cs"].year(written) == words


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("4711 0922", "čtyři sedm, jedna jedna, nula devět, dva dva"),
        ("405123123", "čtyři nula pět, jedna dva tři, jedna dva tři"),
        ("1221", "jedna dva, dva jedna"),
        ("112", "jedna jedna dva"),
    ],
)
def test_figures_are_read_one_by_one_with_breaths(written, words):
    assert SPEECH["cs"].digits(written) == words


@given(st.integers(0, MOST), st.sampled_from(sorted(NOUNS)), st.sampled_from(Case))
def test_no_figure_is_left_in_what_is_said(number, noun, case):
    said = counted(number, noun, case)
    assert not any(c.isdigit() for c in said)
    assert "  " not in said
    assert said == said.strip()


@given(st.integers(0, MOST), st.integers(0, MOST))
def test_two_numbers_never_sound_the_same(one, other):
    assert (cardinal(one) == cardinal(other)) == (one == other)


@given(st.dates(date(1900, 1, 1), date(2099, 12, 31)), st.times(), st.sampled_from(sorted(SPEECH)))
def test_every_moment_can_be_said_in_every_language(day, time, language):
    at = datetime.combine(day, time)
    speech = SPEECH[language]
    for said in (speech.moment(at), speech.full_date(at), speech.until(at), speech.on_day(at)):
        assert said
        assert not any(c.isdigit() for c in said)
