"""The lint: our dialogues are clean, and each rule finds what it is for."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from conversations.library import TEMPLATES, Library, load_library
from conversations.lint import check
from conversations.script import Ask, Choose, Do, Field, Script, Step, Tell
from conversations.words import Words
from gateway.cli.dialogues import dialogues

LIBRARY = load_library()


def with_steps(name: str, **steps: Step) -> Library:
    """The library with steps of one dialogue added or changed."""
    script = LIBRARY.scripts[name]
    return with_script(replace(script, steps={**script.steps, **steps}))


def with_script(script: Script) -> Library:
    return replace(LIBRARY, scripts={**LIBRARY.scripts, script.name: script})


def found(library: Library, *only: str) -> str:
    """What is found; the words of the scripts that were changed are judged, or of ``only`` these."""
    changed = {name for name, script in library.scripts.items() if script is not LIBRARY.scripts.get(name)}
    return "\n".join(map(str, check(library, only=only or changed)))


def test_the_dialogues_can_be_held() -> None:
    assert not check(LIBRARY)


@pytest.mark.parametrize(
    ("steps", "most"),
    [
        ({"registration": "number name insurer psc site group summary registered"}, 10),
        ({"registration": "number name insurer psc site group summary_replacing registered"}, 10),
        ({"reservation": "pairs held confirmed"}, 5),
    ],
)
def test_a_conversation_costs_no_more_than_promised_with_the_longest_values(
    steps: dict[str, str], most: int
) -> None:
    ((name, path),) = steps.items()
    assert sum(LIBRARY.scripts[name].steps[step].segments for step in path.split()) <= most


RESERVATION = LIBRARY.scripts["reservation"].steps
PAIRS = RESERVATION["pairs"]
CONFIRM = RESERVATION["confirm"]
assert isinstance(PAIRS, Choose)
assert isinstance(CONFIRM, Do)


@pytest.mark.parametrize(
    ("library", "says"),
    [
        pytest.param(
            with_steps("reservation", lonely=Tell(name="lonely", next="pin")),
            "reservation, lonely: is never reached",
            id="an unreachable step",
        ),
        pytest.param(
            with_steps("reservation", taken=Tell(name="taken", next="nowhere")),
            "taken: leads to nowhere, which is no step",
            id="a target that is not there",
        ),
        pytest.param(
            with_steps("reservation", taken=Tell(name="taken", next="@nowhere")),
            "leads to nowhere, which is no dialogue",
            id="a dialogue that is not there",
        ),
        pytest.param(
            with_steps("reservation", confirm=replace(CONFIRM, on={"confirmed": "confirmed"})),
            "does not say what follows when confirm is lapsed",
            id="an outcome forgotten",
        ),
        pytest.param(
            with_steps("reservation", confirm=replace(CONFIRM, on={**CONFIRM.on, "eaten": "confirmed"})),
            "confirm is never eaten",
            id="an outcome invented",
        ),
        pytest.param(
            with_steps("reservation", confirm=replace(CONFIRM, do="conform")),
            "there is no verb conform",
            id="a verb invented",
        ),
        pytest.param(
            with_steps("status", shown=Ask(name="shown", ask=(Field.CODE,), next="nothing")),
            "status, cs.again_shown: has no words",
            id="no re-prompt",
        ),
        pytest.param(
            with_steps("reservation", pairs=replace(PAIRS, give_up="mercy")),
            "cs.mercy: has no words",
            id="no way out in words",
        ),
        pytest.param(
            with_steps("reservation", pairs=replace(PAIRS, segments=1)),
            "cs.pairs: may cost 2 segments, not 1",
            id="too long",
        ),
        pytest.param(
            with_steps(
                "reservation",
                taken=Tell(name="taken", next="lapsed"),
                lapsed=Tell(name="lapsed", next="taken"),
            ),
            "taken: may go round without asking anything",
            id="a loop",
        ),
        pytest.param(
            with_steps(
                "signpost",
                menu=Choose(name="menu", choose={f"way{n}": "information" for n in range(10)}),
            ),
            "has more than 6 options",
            id="more than anybody remembers when they are read aloud",
        ),
        pytest.param(
            with_script(replace(LIBRARY.scripts["status"], keywords={"any": ("PIN",)})),
            "PIN is claimed by reservation too",
            id="a keyword claimed twice",
        ),
        pytest.param(
            with_script(replace(LIBRARY.scripts["status"], keywords={"cs": ("Zpět",)})),
            "Zpět is the command back",
            id="a keyword that is a command",
        ),
        pytest.param(
            with_script(replace(LIBRARY.scripts["status"], renamed={"old": "gone"})),
            "renamed old: gone must be a step",
            id="renamed to nothing",
        ),
    ],
)
def test_the_lint_finds(library: Library, says: str) -> None:
    assert says in found(library)


def copy_templates(to: Path) -> None:
    for template in TEMPLATES.rglob("*.j2"):
        copy = to / template.relative_to(TEMPLATES)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(template.read_text(encoding="utf-8"), encoding="utf-8")


def test_words_that_speak_of_what_nobody_fills_are_found(tmp_path: Path) -> None:
    copy_templates(tmp_path)
    status = tmp_path / "sms/en/status.j2"
    status.write_text(
        "{% block shown %}{{ my_status.mood }}{{ weather }}{% endblock %}{% block extra %}{% endblock %}",
        encoding="utf-8",
    )
    says = found(replace(LIBRARY, words=Words(tmp_path, LIBRARY.words.borrows)), "status")
    assert "en.shown: my_status never brings mood" in says
    assert "en.shown: nobody fills weather" in says
    assert "en.extra: are words for no step" in says
    assert "en.nothing: has no words" in says


@pytest.mark.parametrize(
    ("dialogue", "words", "says"),
    [
        pytest.param(
            "status",
            "{% block nothing %}Volejte 1221.{% endblock %}",
            "ivr.cs.nothing: says the digits 1221",
            id="a digit",
        ),
        pytest.param(
            "status",
            "{% block nothing %}Řekněte STAV.{% endblock %}",
            "ivr.cs.nothing: says STAV",
            id="a keyword",
        ),
        pytest.param(
            "status",
            "{% block nothing %}Odpovězte prosím.{% endblock %}",
            "ivr.cs.nothing: says Odpovězte, which is for who writes",
            id="what is for writing",
        ),
        pytest.param(
            "status",
            "{% block nothing %}Je to např. pondělí.{% endblock %}",
            "ivr.cs.nothing: says the abbreviation např.",
            id="an abbreviation",
        ),
        pytest.param(
            "status",
            "{% block nothing %}{{ 'dlouho ' * 60 }}{% endblock %}",
            "ivr.cs.nothing: takes longer than 25 s",
            id="too long to listen to",
        ),
        pytest.param(
            "status",
            "{% block elsewhere %}Dobrý den.{% endblock %}",
            "ivr.cs.elsewhere: are words for no step",
            id="words for no step",
        ),
        pytest.param(
            "status",
            "{% block nothing %}{{ weather }}{% endblock %}",
            "ivr.cs.nothing: nobody fills weather",
            id="what nobody fills",
        ),
        pytest.param(
            "status",
            "",
            "ivr.cs.nothing: says the digits 1221",
            id="words of an SMS that nobody wrote for the ear",
        ),
        pytest.param(
            "registration",
            "{% block change %}Číslo, stiskněte jedna.{% endblock %}",
            "ivr.cs.change: does not say what the key 2 is for",
            id="an option without its key",
        ),
        pytest.param(
            "registration",
            "{% block again_site %}Nic.{% endblock %}",
            "ivr.cs.again_site: does not say what the key 8 is for",
            id="no key for more",
        ),
        pytest.param(
            "reservation",
            "{% block pairs %}Nic.{% endblock %}",
            "ivr.cs.pairs: does not say what the key 9 is for",
            id="no key for another day",
        ),
        pytest.param(
            "common",
            "{% block hotline %}Volejte 1221.{% endblock %}",
            "common, ivr.cs.hotline: says the digits 1221",
            id="common words",
        ),
        pytest.param(
            "call",
            "{% block greeting %}Volejte 1221.{% endblock %}",
            "call, ivr.cs.greeting: says the digits 1221",
            id="words of every call",
        ),
    ],
)
def test_words_that_cannot_be_heard_are_found(dialogue: str, words: str, says: str, tmp_path: Path) -> None:
    copy_templates(tmp_path)
    (tmp_path / f"ivr/cs/{dialogue}.j2").write_text(words, encoding="utf-8")
    assert says in found(replace(LIBRARY, words=Words(tmp_path, LIBRARY.words.borrows)), dialogue)


def test_words_of_a_call_that_one_language_lacks_are_found(tmp_path: Path) -> None:
    copy_templates(tmp_path)
    (tmp_path / "ivr/en/call.j2").write_text("", encoding="utf-8")
    assert "call, ivr.en.greeting: has no words" in found(
        replace(LIBRARY, words=Words(tmp_path, LIBRARY.words.borrows)), "call"
    )


def test_sites_and_groups_are_read_without_figures_and_abbreviations() -> None:
    aloud = {"medium": "ivr", "language": "cs"}
    template = LIBRARY.words.environment.from_string("{{ site | place(80) }}, {{ label | name }}")
    assert template.render(site="FN Brno - OČM COVID-19, p. o.", label="70 až 79 let", **aloud) == (
        "Fakultní nemocnice Brno očkovací místo covid devatenáct, sedmdesát až sedmdesát devět let"
    )


def test_check_says_what_the_dearest_words_cost_in_every_language() -> None:
    result = CliRunner().invoke(dialogues, ["check", "--costs"])
    assert result.exit_code == 0
    lines = {tuple(line.split()[:2]): line for line in result.output.splitlines() if line.strip()}
    assert {(name, language) for name in LIBRARY.scripts for language in LIBRARY.languages} <= lines.keys()
    assert " of 2 " in lines["reservation", "cs"]
    assert " of 6 " in lines["reservation", "uk"]


def test_words_in_ucs2_may_take_three_segments_for_one_in_gsm7(tmp_path: Path) -> None:
    copy_templates(tmp_path)
    template = tmp_path / "sms/uk/phone.j2"
    words = template.read_text(encoding="utf-8")
    for letters, is_found in ((3 * 67, False), (3 * 67 + 1, True)):
        block = f"{{% block not_proven %}}{'я' * letters}{{% endblock %}}"
        template.write_text(re.sub(r"{% block not_proven %}.*", block, words), encoding="utf-8")
        too_dear = "phone, uk.not_proven: may cost 4 segments, not 3"
        assert (
            too_dear in found(replace(LIBRARY, words=Words(tmp_path, LIBRARY.words.borrows)), "phone")
        ) is is_found


def test_check_says_that_all_is_well() -> None:
    result = CliRunner().invoke(dialogues, ["check"])
    assert result.exit_code == 0
    assert "All is well" in result.output


@pytest.mark.parametrize("language", LIBRARY.languages)
@pytest.mark.parametrize("name", sorted(LIBRARY.scripts))
def test_every_dialogue_is_printed_and_drawn(name: str, language: str) -> None:
    printed = CliRunner().invoke(dialogues, ["print", name, "--lang", language])
    drawn = CliRunner().invoke(dialogues, ["draw", name, "--lang", language])
    assert printed.exit_code == drawn.exit_code == 0
    assert drawn.output.startswith("flowchart TD\n")
    for step in LIBRARY.scripts[name].steps:
        assert f"\n{step} (" in printed.output
        assert f"  {step}" in drawn.output


def test_a_page_to_read_aloud_says_how_long_each_step_is_heard() -> None:
    printed = CliRunner().invoke(dialogues, ["print", "reservation", "--medium", "ivr"])
    assert "  Tento termín si právě vzal někdo jiný.  [3 s]" in printed.output


def test_an_unknown_dialogue_is_refused_with_the_known_ones() -> None:
    result = CliRunner().invoke(dialogues, ["print", "nothing"])
    assert result.exit_code == 2
    assert "registration, reservation" in result.output
