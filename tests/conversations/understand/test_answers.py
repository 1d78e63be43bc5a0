import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations.understand import vocabulary
from conversations.understand.answers import Command, No, Yes, choice, command, yes_or_no
from conversations.understand.text import plain, words

any_text = st.one_of(st.text(), st.text(st.sampled_from("aneoyčíslo1234567890.,?! /-@"), max_size=40))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("  Příliš   ŽLUŤOUČKÝ\tkůň \n", "prilis zlutoucky kun", id="accents, case, spaces"),
        pytest.param("r\u030ci\u0301dic\u030c", "ridic", id="combining accents"),
        pytest.param("Łódź", "lodz", id="a stroke"),
        pytest.param("Straße", "strasse", id="sharp s"),
        pytest.param("１２\u00a0３", "12 3", id="full width, no-break space"),
        pytest.param("1\ufe0f\u20e3", "1", id="keycap"),
        pytest.param("a\u200bno\ufeff", "ano", id="invisible"),
        pytest.param("25.1., v 10:00!", "25.1., v 10:00!", id="punctuation stays"),
    ],
)
def test_plain(text: str, expected: str) -> None:
    assert plain(text) == expected


@given(st.text())
def test_plain_is_plain_already(text: str) -> None:
    assert plain(plain(text)) == plain(text)


def test_words_part_letters_from_digits() -> None:
    assert words("Č.2, volba3 - ano!") == ["c", "2", "volba", "3", "ano"]


@pytest.mark.parametrize(
    "text",
    [
        *(
            "ANO",
            "ano",
            "Áno",
            "ano.",
            " ANO ! ",
            "ano prosím",
            "Ano, děkuji.",
            "ano ano",
            "jo",
            "jj",
            "Jasně!",
        ),
        *(
            "souhlasím",
            "ano souhlasim",
            "ok",
            "OK, díky",
            "dobře",
            "potvrzuji",
            "chci",
            "a",
            "A",
            "V pořádku",
        ),
        *(
            "ano, je to správně",
            "no jo",
            "no ano",
            "určitě ano",
            "samozřejmě",
            "👍",
            "👍🏽",
            "ano 👍",
            "platí",
        ),
        *(
            "yes",
            "YES please",
            "y",
            "Y.",
            "yep",
            "sure",
            "I agree",
            "of course",
            "that's right",
            "correct",
            "Okay",
        ),
        *("dobrý den, ano", "tak ano", "tak jo", "ano s tím souhlasím"),
    ],
)
def test_this_is_yes(text: str) -> None:
    assert yes_or_no(text) == Yes()


@pytest.mark.parametrize(
    "text",
    [
        *("NE", "ne", "Ne.", "ne, děkuji", "NE prosím", "ne ne", "nee", "n", "N", "nechci", "Nesouhlasím"),
        *(
            "ne, nechci",
            "není to správně",
            "to není správně",
            "špatně",
            "odmítám",
            "v žádném případě",
            "nemám",
        ),
        *(
            "no",
            "No thanks",
            "no, thank you",
            "nope",
            "I don't",
            "I disagree",
            "not correct",
            "wrong",
            "👎",
            "❌",
        ),
    ],
)
def test_this_is_no(text: str) -> None:
    assert yes_or_no(text) == No()


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            " ",
            "?",
            "ano ne",
            "ano nebo ne",
            "ano nechci",
            "nevím",
            "možná",
            "1",
            "prosím",
            "děkuji",
            "to je",
        ),
        *(
            "ano ale později",
            "chci zrušit",
            "maybe",
            "yes and no",
            "👍👎",
            "ne 👍",
            "anonym",
            "nemocnice",
            "Jan Novák",
        ),
    ],
)
def test_this_is_neither(text: str) -> None:
    assert yes_or_no(text) is None


@pytest.mark.parametrize(
    ("text", "number"),
    [
        *(pytest.param(text, 1, id=text) for text in ("1", "1.", " 1 ", "1)", "(1)", "#1", "01", "1!", "1️⃣")),
        *(pytest.param(text, 1, id=text) for text in ("jedna", "Jednička", "první", "ten první", "prvního")),
        *(
            pytest.param(text, 1, id=text)
            for text in ("the first", "the first one", "one", "1st", "1. první")
        ),
        *(
            pytest.param(text, 2, id=text)
            for text in ("2", "č. 2", "č.2", "volba 2", "volbu č. 2", "možnost 2")
        ),
        *(
            pytest.param(text, 2, id=text)
            for text in ("dva", "druhý termín", "druhou možnost", "the second one")
        ),
        *(
            pytest.param(text, 2, id=text)
            for text in ("option 2", "no. 2", "2 prosím", "beru 2", "I'll take 2")
        ),
        *(
            pytest.param(text, 3, id=text)
            for text in ("číslo 3", "TŘETÍ", "trojka", "third", "poslední", "last")
        ),
    ],
)
def test_choice(text: str, number: int) -> None:
    assert choice(text, 3) == number


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "0",
            "4",
            "1 2",
            "1 nebo 2",
            "1,5",
            "1.5",
            "1-3",
            "25.1.",
            "8:20",
            "čtvrtý",
            "nultý",
            "999",
            "1000",
        ),
        *(
            "1" * 500,
            "jedna dva",
            "první druhý",
            "x",
            "1x",
            "ano",
            "nevím",
            "v úterý",
            "586 01",
            "ne 1",
            "last 1",
        ),
    ],
)
def test_this_chooses_nothing(text: str) -> None:
    assert choice(text, 3) is None


def test_a_choice_among_many_is_a_number() -> None:
    assert choice("12", 12) == choice("dvanáct", 12) == choice("twelve", 12) == 12
    assert choice("jedna", 0) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        *(
            pytest.param(t, Command.HELP, id=t)
            for t in ("POMOC", "pomoc!", "Pomoc prosím", "HELP", "help me please")
        ),
        *(pytest.param(t, Command.HELP, id=t) for t in ("?", "???", " ? ", "nápověda", "pomoc?")),
        *(pytest.param(t, Command.BACK, id=t) for t in ("ZPĚT", "zpet", "Zpátky.", "back", "Go back")),
        *(pytest.param(t, Command.QUIT, id=t) for t in ("KONEC", "konec, děkuji", "ukončit", "end", "exit")),
        *(
            pytest.param(t, Command.OPERATOR, id=t)
            for t in ("OPERÁTOR", "operator", "chci mluvit s operátorem")
        ),
        *(
            pytest.param(t, Command.MORE, id=t)
            for t in ("DALŠÍ", "dalsi", "další termíny", "více", "MORE", "next")
        ),
        *(pytest.param(t, Command.STOP, id=t) for t in ("STOP", "Stop.", "unsubscribe", "odhlásit se")),
    ],
)
def test_command(text: str, expected: Command) -> None:
    assert command(text) is expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "pomoc s registrací",
        "konec ledna",
        "1",
        "ano",
        "co dál?",
        "nestop",
        "zpět na začátek roku",
        "prosím",
    ],
)
def test_a_command_is_the_whole_message(text: str) -> None:
    assert command(text) is None


COMMANDS = ("POMOC", "ZPĚT", "KONEC", "OPERÁTOR", "DALŠÍ", "STOP", "HELP", "BACK", "END", "MORE", "?")


@given(
    st.sampled_from(COMMANDS),
    st.sampled_from([str.upper, str.lower, str.title]),
    st.sampled_from(["NFC", "NFD"]),
    st.sampled_from(["", " ", "\n", "prosím ", "Dobrý den, "]),
    st.sampled_from(["", " ", ".", "!", " děkuji", ", please"]),
)
def test_commands_survive_case_accents_and_manners(word, case, form, before, after) -> None:  # type: ignore[no-untyped-def]
    if word == "?" and (before.strip() or after.strip(" .!")):
        return
    typed = before + unicodedata.normalize(form, case(word)) + after
    assert command(typed) is command(word)
    assert command(word) is not None


@given(any_text, st.integers(-1, 200))
def test_nothing_typed_raises(text: str, count: int) -> None:
    yes_or_no(text)
    command(text)
    chosen = choice(text, count)
    assert chosen is None or 1 <= chosen <= count


def test_no_phrase_is_two_commands() -> None:
    tables = (
        vocabulary.HELP,
        vocabulary.BACK,
        vocabulary.QUIT,
        vocabulary.OPERATOR,
        vocabulary.MORE,
        vocabulary.STOP,
    )
    said = [phrase for table in tables for phrase in vocabulary.phrases(table)]
    assert len(said) == len(set(said))
    assert all(command(phrase) is not None for phrase in said)
    assert all(yes_or_no(phrase) is None for phrase in said)
