"""For whom this is: one step for every dialogue that is about one of the people on a phone."""

from dataclasses import replace

import pytest

from conversations.converse import converse
from conversations.events import Act, Outcome
from conversations.library import load_library
from conversations.lint import check
from conversations.media import IVR, MEDIA, SMS
from conversations.script import read_script
from conversations.session import Session
from tests.conversations.test_engine import NOW
from tests.fakes_desk import FakeDesk, waiting

SCRIPT = read_script("""
dialogue = "lost_pin"
version  = 1
start    = "find_mine"

[keywords]
any = ["LOST"]

[step.find_mine]
do   = "find_mine"
keep = ["registration"]
on   = { one = "let_go", several = "whose", none = "unknown_phone" }

[step.whose]
choose       = { picked = "let_go", more = "find_mine" }
options_from = "find_mine"
into         = "registration"

[step.let_go]
do = "let_go"
on = { gone = "too_often" }

[step.too_often]
end = true

[step.unknown_phone]
end      = true
segments = 2
""")
REAL = load_library()
LIBRARY = replace(REAL, scripts={**REAL.scripts, "lost_pin": SCRIPT})
FAMILY = ("Jana Nováková", "Karel Novák", "Marie Dvořáková", "Petr Svoboda", "Eva Černá")


def held(*texts: str, people: int, medium: str = SMS, language: str = "cs") -> tuple[str, list[str]]:
    """What is answered at the end, and for whom something was done."""
    desk = FakeDesk(registrations=[waiting(name, now=NOW) for name in FAMILY[:people]])
    done_for = []

    def perform(act: Act) -> Outcome:
        if act.verb == "let_go":
            done_for.append(act.arguments["registration"])
        return desk.perform(act, now=NOW)

    session = Session(language=language)
    for text in ("LOST", *texts):
        reply = converse(LIBRARY, session, text, now=NOW, perform=perform, medium=medium)
        session = reply.session
    return " ".join(reply.texts), done_for


def test_one_person_is_not_asked_for() -> None:
    _, done_for = held(people=1)
    assert done_for == ["r1"]


def test_nobody_is_told_so() -> None:
    assert held(people=0)[0].startswith("Z tohoto telefonu žádnou registraci nemáme")


def test_several_are_chosen_from_by_number() -> None:
    asked, done_for = held(people=3)
    assert asked == "Koho se to týká? 1 Jana Nováková, 2 Karel Novák, 3 Marie Dvořáková. Odpovězte číslem."
    assert not done_for
    assert held("2", people=3)[1] == ["r2"]
    assert held("4", people=3)[1] == []


def test_a_large_house_has_a_second_page() -> None:
    asked, _ = held("DALSI", people=5)
    assert held("DALSI", "1", people=5)[1] == ["r5"]
    assert asked == "Koho se to týká? 1 Eva Černá. Odpovězte číslem."


@pytest.mark.parametrize("language", REAL.languages)
@pytest.mark.parametrize("medium", MEDIA)
def test_it_has_words_for_every_medium_and_language(medium: str, language: str) -> None:
    asked, _ = held(people=2, medium=medium, language=language)
    again, _ = held("???", people=2, medium=medium, language=language)
    how = (
        {"cs": "stiskněte dva", "en": "press two", "uk": "натисніть два"}[language] if medium == IVR else "2"
    )
    assert "Novák" in asked
    assert how in asked
    assert how in again


def test_the_lint_measures_the_shared_words_where_they_are_used() -> None:
    assert not [str(finding) for finding in check(LIBRARY) if "whose" in finding.where]
    dear = replace(SCRIPT, steps={**SCRIPT.steps, "whose": replace(SCRIPT.steps["whose"], segments=0)})
    found = [str(f) for f in check(replace(REAL, scripts={**REAL.scripts, "lost_pin": dear}))]
    assert "lost_pin, cs.whose: may cost 1 segments, not 0" in found
