import re
from collections.abc import Collection

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conversations.understand.fields import Field, Scan, scan
from conversations.understand.text import plain

NUMBER, INSURER, PSC = Field.INSURANCE_NUMBER, Field.INSURER, Field.PSC
EMAIL, NAME, PHONE = Field.EMAIL, Field.NAME, Field.PHONE
REGISTRATION = (NUMBER, NAME, INSURER, PSC, EMAIL)
ALL = tuple(Field)


def knows_psc(psc: str) -> bool:
    return psc in {"58601", "15000", "60200", "11101", "76001"}


def read(text: str, *wanted: Field) -> Scan:
    return scan(text, wanted=wanted, knows_psc=knows_psc)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "405123123",
            "405123/123",
            "405123 123",
            "405123-123",
            "405123 / 123",
            "40 51 23 123",
            "40 51 23/123",
        ),
        *(
            "405 123 123",
            "405 123/123",
            "4051231235",
            "405123/1235",
            "405123 1235",
            "40 51 23 1235",
            "603123456",
        ),
        *(
            "4 0 5 1 2 3 1 2 3",
            "40.51.23/123",
            "999999999",
            "RČ 405123/123",
            "rodné číslo: 405123123",
            "r.č. 405123123",
        ),
    ],
)
def test_an_insurance_number_is_kept_as_typed(text: str) -> None:
    found = read(text, NUMBER).found[NUMBER]
    assert found == re.search(r"\d.*\d", text)[0]  # type: ignore[index]
    assert read(text, *REGISTRATION).found == {NUMBER: found}


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "40512312",
            "40512312345",
            "405/123123",
            "1.2.3.4",
            "25.1.2021",
            "12.05.1940 5",
            "405123123 405123124",
        ),
        *("tel. 405123123", "+420405123123", "405123123,405123124", "abc", "58601", "1 " * 50, "405123\n123"),
    ],
)
def test_this_is_no_certain_insurance_number(text: str) -> None:
    assert NUMBER not in read(text, NUMBER).found


@pytest.mark.parametrize(
    ("text", "psc"),
    [
        pytest.param("58601", "58601", id="five digits"),
        pytest.param("586 01", "58601", id="with a space"),
        pytest.param("586\u00a001", "58601", id="with a no-break space"),
        pytest.param("PSČ 586 01", "58601", id="announced"),
        pytest.param("psc:58601", "58601", id="announced with a colon"),
        pytest.param("CZ-586 01", "58601", id="with the country"),
        pytest.param("586 01 Jihlava", "58601", id="with the post"),
        pytest.param("Praha 5, 150 00", "15000", id="with a district"),
        pytest.param("58601 58601", "58601", id="twice the same"),
        pytest.param("58601 99999", "58601", id="the other is unknown"),
        pytest.param("５８６０１", "58601", id="full width"),
        pytest.param("12345", None, id="unknown"),
        pytest.param("5860", None, id="four digits"),
        pytest.param("586011", None, id="six digits"),
        pytest.param("405 12 3123", None, id="a piece of an insurance number"),
        pytest.param("603 602 003", None, id="a piece of a phone"),
        pytest.param("01234", None, id="no post begins with nought"),
    ],
)
def test_psc(text: str, psc: str | None) -> None:
    assert read(text, PSC).found.get(PSC) == psc


def test_without_a_directory_any_psc_will_do() -> None:
    assert scan("123 45", wanted=[PSC]).found == {PSC: "12345"}
    assert scan("923 45", wanted=[PSC]).found == {}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        *(
            pytest.param(text, "111", id=text)
            for text in ("111", "VZP", "vzp čr", "Všeobecná", "pojišťovna 111")
        ),
        *(
            pytest.param(text, "111", id=text)
            for text in ("VZP 111", "111 - VZP", "Všeobecná zdravotní pojišťovna")
        ),
        *(pytest.param(text, "201", id=text) for text in ("201", "VoZP", "vojenska", "Vojenská ZP")),
        *(pytest.param(text, "205", id=text) for text in ("205", "ČPZP", "česká průmyslová")),
        *(pytest.param(text, "207", id=text) for text in ("207", "OZP", "oborová")),
        *(
            pytest.param(text, "209", id=text)
            for text in ("209", "ZPŠ", "Škoda", "ZP Škoda", "pojišťovna Škoda")
        ),
        *(pytest.param(text, "211", id=text) for text in ("211", "ZPMV", "ZP MV ČR", "ministerstva vnitra")),
        *(pytest.param(text, "213", id=text) for text in ("213", "RBP", "revírní bratrská pokladna")),
        *(
            pytest.param(text, None, id=text)
            for text in ("112", "999", "pojišťovna", "zdravotní", "111 201", "VZP OZP")
        ),
        *(pytest.param(text, None, id=text) for text in ("VZP 201", "Jan Škoda", "1111", "tel 111")),
    ],
)
def test_insurer(text: str, code: str | None) -> None:
    assert read(text, INSURER).found.get(INSURER) == code


@pytest.mark.parametrize(
    ("text", "email"),
    [
        pytest.param("jan@novak.cz", "jan@novak.cz", id="plain"),
        pytest.param(
            "e-mail: Jan.Novak+ocko@Seznam.CZ.", "Jan.Novak+ocko@seznam.cz", id="announced, full stop"
        ),
        pytest.param("jan @ novak.cz", "jan@novak.cz", id="with spaces"),
        pytest.param("jan_1940@post.muni.cz", "jan_1940@post.muni.cz", id="digits, subdomain"),
        pytest.param("Jan Novák <jan@novak.cz>", "jan@novak.cz", id="in angle brackets"),
        pytest.param("jan@novak.cz, JAN@novak.cz", "JAN@novak.cz", id="twice the same"),
        pytest.param("jan@novak.cz eva@novak.cz", None, id="two"),
        pytest.param("jan@novak", None, id="no top domain"),
        pytest.param("@novak.cz", None, id="nobody"),
        pytest.param("jan(zavinac)novak.cz", None, id="no at"),
        pytest.param("a@b@c.cz", None, id="two ats"),
    ],
)
def test_email(text: str, email: str | None) -> None:
    assert read(text, EMAIL).found.get(EMAIL) == email


@pytest.mark.parametrize(
    ("text", "name"),
    [
        pytest.param("Jan Novák", "Jan Novák", id="as it is"),
        pytest.param("jan novák", "Jan Novák", id="lower case"),
        pytest.param("JAN NOVÁK", "Jan Novák", id="capitals"),
        pytest.param("NOVÁK JAN", "Novák Jan", id="the order stays"),
        pytest.param("Novák, Jan", "Novák Jan", id="turned with a comma"),
        pytest.param("Jan Novak", "Jan Novak", id="accents are not made up"),
        pytest.param("Ing. Jan Novák, Ph.D.", "Jan Novák", id="titles"),
        pytest.param("MUDr. Mgr. Eva Nová CSc.", "Eva Nová", id="more titles"),
        pytest.param("prof. MUDr. Jan Novák, DrSc., MBA", "Jan Novák", id="many titles"),
        pytest.param("paní Jana Nováková", "Jana Nováková", id="Mrs"),
        pytest.param("jana nováková-svobodová", "Jana Nováková-Svobodová", id="double surname"),
        pytest.param("Jana Nováková Svobodová", "Jana Nováková Svobodová", id="two surnames"),
        pytest.param("patrick o'brien", "Patrick O'Brien", id="apostrophe"),
        pytest.param("Patrick O’Brien", "Patrick O’Brien", id="typographic apostrophe"),
        pytest.param("Ronald McDonald", "Ronald McDonald", id="typed with care"),
        pytest.param("jan z lobkovic", "Jan z Lobkovic", id="particle"),
        pytest.param("Jan B. Novák", "Jan B Novák", id="initial"),
        pytest.param("Nguyễn Thị Hiền", "Nguyễn Thị Hiền", id="Vietnamese"),
        pytest.param("do van nam", "Do Van Nam", id="Vietnamese in small letters"),
        pytest.param("Олена Шевченко", "Олена Шевченко", id="Cyrillic"),
        pytest.param("Jan Škoda", "Jan Škoda", id="a surname before an insurer"),
        pytest.param("Jana Dobrá", "Jana Dobrá", id="a surname before an adjective"),
        pytest.param("Dobrý den, Jan Novák, děkuji", "Jan Novák", id="manners"),
        pytest.param("jmenuji se Jan Novák", "Jan Novák", id="announced"),
        pytest.param("Jméno: Jan Novák", "Jan Novák", id="labelled"),
        pytest.param("Jan Novák 586 01 Jihlava", "Jan Novák", id="a town after the number"),
        pytest.param("Jan Novák VZP", "Jan Novák", id="an insurer is no name"),
        pytest.param("jan@novak.cz Jan Novák", "Jan Novák", id="an e-mail is no name"),
        pytest.param("Jméno: Jan, Příjmení: Novák", "Jan Novák", id="two labels"),
        pytest.param("jméno Jan příjmení Novák", "Jan Novák", id="two labels, no commas"),
        pytest.param("jana novakova bytem Jihlava", "Jana Novakova", id="a home is no name"),
        pytest.param("Novák\nJan", "Novák Jan", id="two lines"),
        pytest.param("Jan", None, id="one word"),
        pytest.param("", None, id="nothing"),
        pytest.param("J. N.", None, id="initials only"),
        pytest.param("Jan Novák, Eva Nová", None, id="two people"),
        pytest.param("Jan a Eva Novákovi", None, id="a couple"),
        pytest.param("Jan 405123123 Novák", None, id="apart"),
        pytest.param("Jan1 Novák", None, id="a digit"),
        pytest.param("kdy bude můj termín", None, id="a sentence"),
        pytest.param("ano souhlasím", None, id="an answer"),
        pytest.param("nechci nic", None, id="a refusal"),
        pytest.param("nemám e-mail", None, id="no e-mail"),
        pytest.param("a" * 50 + " " + "b" * 50, None, id="longer than 80"),
        pytest.param("aa bb cc dd ee ff gg", None, id="seven words"),
        pytest.param("😀 😀", None, id="emoji"),
    ],
)
def test_name(text: str, name: str | None) -> None:
    assert read(text, NAME).found.get(NAME) == name


@pytest.mark.parametrize(
    ("text", "phone"),
    [
        *(pytest.param(text, "603123456", id=text) for text in ("603123456", "603 123 456", "603-123-456")),
        *(
            pytest.param(text, "603123456", id=text)
            for text in ("603/123456", "603 12 34 56", "tel.: 603 123 456")
        ),
        *(pytest.param(text, "+420603123456", id=text) for text in ("+420603123456", "+420 603 123 456")),
        *(pytest.param(text, "+420603123456", id=text) for text in ("00420 603123456", "420603123456")),
        pytest.param("+421 905 123 456", "+421905123456", id="Slovak"),
        pytest.param("103123456", None, id="no number begins with one"),
        pytest.param("60312345", None, id="eight digits"),
        pytest.param("603123456 603123457", None, id="two"),
        pytest.param("405123/123", None, id="an insurance number"),
    ],
)
def test_phone(text: str, phone: str | None) -> None:
    assert read(text, PHONE).found.get(PHONE) == phone


JAN = {NUMBER: "405123123", NAME: "Jan Novak", PSC: "58601"}


@pytest.mark.parametrize(
    ("text", "found", "rest"),
    [
        pytest.param("405123123 Jan Novak 58601", JAN, "", id="the usual order"),
        pytest.param("Jan Novak 58601 405123123", JAN, "", id="another order"),
        pytest.param("58601, Jan Novak, 405123123", JAN, "", id="commas"),
        pytest.param("405123/123\nJan Novak\n586 01", JAN | {NUMBER: "405123/123"}, "", id="lines"),
        pytest.param("RČ 405123123, jméno Jan Novak, PSČ 58601", JAN, "", id="labels"),
        pytest.param(
            "405123123 111 58601 Jan Novak jan@novak.cz",
            JAN | {INSURER: "111", EMAIL: "jan@novak.cz"},
            "",
            id="everything",
        ),
        pytest.param("405123123 111 586 01", {NUMBER: "405123123", INSURER: "111", PSC: "58601"}, "",
                     id="digits"),
        pytest.param("40 51 23 123 111 586 01",
                     {NUMBER: "40 51 23 123", INSURER: "111", PSC: "58601"}, "", id="spaces"),
        pytest.param("405 123 123 111 58601", {NUMBER: "405 123 123", INSURER: "111", PSC: "58601"}, "",
                     id="threes"),
        pytest.param("586 01 111 4051231235", {NUMBER: "4051231235", INSURER: "111", PSC: "58601"}, "",
                     id="backwards"),
        pytest.param("111 586 01", {INSURER: "111", PSC: "58601"}, "", id="insurer and PSČ"),
        pytest.param("111 01", {PSC: "11101"}, "", id="a PSČ that begins like an insurer"),
        pytest.param("VZP 405123123", {INSURER: "111", NUMBER: "405123123"}, "", id="insurer by name"),
        pytest.param("Jan Novák VZP", {NAME: "Jan Novák", INSURER: "111"}, "", id="name and insurer"),
        pytest.param("Jan Škoda 209", {NAME: "Jan Škoda", INSURER: "209"}, "", id="Mr Škoda of Škoda"),
        pytest.param("Ing. Jan Novák, RČ: 405123/123, pojišťovna VZP, 586 01 Jihlava",
                     {NAME: "Jan Novák", NUMBER: "405123/123", INSURER: "111", PSC: "58601"},
                     "Jihlava", id="as in a letter"),
        pytest.param("Dobrý den, 405123123, děkuji", {NUMBER: "405123123"}, "", id="manners"),
        pytest.param("405123123 Jan", {NUMBER: "405123123"}, "Jan", id="what is not understood is left"),
        pytest.param("405123123 kdy to bude", {NUMBER: "405123123"}, "kdy to bude", id="a question is left"),
        pytest.param("Jan Novák 12", {NAME: "Jan Novák"}, "12", id="digits are left"),
    ],
)  # fmt: skip
def test_one_message_fills_several_fields(text: str, found: dict[Field, str], rest: str) -> None:
    assert scan(text, wanted=REGISTRATION, knows_psc=knows_psc) == Scan(found, rest, frozenset())


@pytest.mark.parametrize(
    ("text", "wanted", "found", "ambiguous"),
    [
        pytest.param("603123456", [NUMBER], {NUMBER: "603123456"},
                     set(), id="the number when only it is wanted"),
        pytest.param("405123123", [PHONE], {PHONE: "405123123"},
                     set(), id="the phone when only it is wanted"),
        pytest.param("603123456", [NUMBER, PHONE], {PHONE: "603123456"}, set(), id="month 31 is no number"),
        pytest.param("405123123", [NUMBER, PHONE], {NUMBER: "405123123"}, set(), id="405 is no phone"),
        pytest.param("725123456", [NUMBER, PHONE], {}, {NUMBER, PHONE}, id="either"),
        pytest.param("725123/456", [NUMBER, PHONE], {NUMBER: "725123/456"}, set(), id="the slash tells"),
        pytest.param("tel. 725123456", [NUMBER, PHONE], {PHONE: "725123456"}, set(), id="the label tells"),
        pytest.param("rč 725123456", [NUMBER, PHONE], {NUMBER: "725123456"},
                     set(), id="the other label tells"),
        pytest.param("405123123 603123456", [NUMBER, PHONE],
                     {NUMBER: "405123123", PHONE: "603123456"}, set(), id="both"),
        pytest.param("603123456 405123123", [NUMBER], {NUMBER: "405123123"},
                     set(), id="the phone is not asked for"),
        pytest.param("405123123 405123124", [NUMBER], {}, {NUMBER}, id="two numbers"),
        pytest.param("405123123 58601 60200", [NUMBER, PSC], {NUMBER: "405123123"}, {PSC}, id="two PSČ"),
        pytest.param("111 201 405123123", [NUMBER, INSURER], {NUMBER: "405123123"}, {INSURER},
                     id="two insurers"),
        pytest.param("VZP nebo OZP", [INSURER], {}, {INSURER}, id="two insurers by name"),
        pytest.param("Jan Novák, Eva Nová", [NAME], {}, {NAME}, id="two names"),
        pytest.param("a@b.cz c@d.cz", [EMAIL], {}, {EMAIL}, id="two addresses"),
        pytest.param("405123123 Jan Novák 58601", [], {}, set(), id="nothing is wanted"),
        pytest.param("405123123 Jan Novák 58601", [PSC], {PSC: "58601"}, set(), id="one is wanted"),
    ],
)  # fmt: skip
def test_two_candidates_fill_nothing(
    text: str, wanted: Collection[Field], found: dict[Field, str], ambiguous: set[Field]
) -> None:
    result = scan(text, wanted=wanted, knows_psc=knows_psc)
    assert result.found == found
    assert result.ambiguous == ambiguous


PIECES = (
    "405123123",
    "40",
    "51",
    "111",
    "586 01",
    "58601",
    "603 123 456",
    "+420",
    "Jan",
    "NOVÁK",
    "Ing.",
    "VZP",
    "@",
)
JOINTS = (" ", "/", "-", ",", ", ", "\n", ".", "", "  ", "jan@novak.cz", "tel. ", "rč ")
typed = st.one_of(
    st.text(),
    st.lists(st.sampled_from(PIECES + JOINTS), max_size=25).map("".join),
    st.text(st.sampled_from("0123456789 /-+@.,aZř\n"), max_size=60),
)


@given(typed, st.sets(st.sampled_from(Field)))
@settings(deadline=None)
def test_nothing_typed_raises_and_what_is_found_was_typed(text: str, wanted: set[Field]) -> None:
    result = scan(text, wanted=wanted)
    assert set(result.found) <= wanted
    assert result.ambiguous <= wanted
    assert not result.ambiguous & set(result.found)
    letters = re.sub(r"[\W_]", "", plain(text))
    for field, value in result.found.items():
        if field is not INSURER:
            assert re.sub(r"[\W_]", "", plain(value)) in letters or field is NAME or value.startswith("+")
    if NAME in result.found:
        assert len(result.found[NAME]) <= 80
        assert not any(char.isdecimal() for char in result.found[NAME])


@pytest.mark.parametrize("text", ["211 " * 14, "211 201 205 207 " * 3, "1 " * 80, "22 33 44 " * 4, "9" * 160])
def test_a_message_full_of_digits_is_read(text: str) -> None:
    result = scan(text, wanted=ALL, knows_psc=lambda _: True)
    assert NAME not in result.found
