"""Words: dates, names of sites and notices as people read them."""

import csv
from pathlib import Path

import pytest

from conversations.events import Say
from conversations.library import TEMPLATES, load_library
from conversations.media import gsm
from conversations.phrasing import place, short
from conversations.words import NoWords, Words, one_message

WORDS = load_library().words
SITES = Path(__file__).parents[2] / "data/ocm_2021-06-14.csv"


def names_of_sites() -> list[str]:
    with SITES.open(encoding="utf-8-sig", newline="") as file:
        return [row["ockovaci_misto_nazev"] for row in csv.DictReader(file)]


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("cs", "Držíme vám do 9:15: 1. dávka po 25.1. 8:00."),
        ("en", "Held for you until 9:15: dose 1 Mon 25 Jan 8:00."),
    ],
)
def test_a_moment_is_told_in_prague(language: str, said: str) -> None:
    held = {"first": "2021-01-25T07:00:00+00:00", "second": None, "until": "2021-01-22T09:15:00+01:00"}
    words = WORDS.render(Say("reservation", "held", language, {"hold_pair": held}))
    assert words.startswith(said)


@pytest.mark.parametrize(
    ("name", "most", "shown"),
    [
        ("Nemocnice Pelhřimov, p.o.", 34, "Nemocnice Pelhřimov"),
        ("IMMUNO-FLOW,s.r.o. - pouze od 18 let", 34, "IMMUNO-FLOW - pouze od 18 let"),
        ("Nemocnice Tábor - OČKO Sportovní hala Kvapilova, Kvapilova 2419, Tábor", 34, "Nemocnice Tábor"),
        ("Velkokapacitní očkovací místo Žďár nad Sázavou", 34, "Očkovací místo Žďár nad Sázavou"),
        ("Fakultní nemocnice Královské Vinohrady", 24, "Fakultní nemocnice..."),
    ],
)
def test_a_site_loses_its_legal_form_and_then_its_last_parts(name: str, most: int, shown: str) -> None:
    assert place(name, most) == shown


def test_every_real_site_fits_and_keeps_a_name() -> None:
    for name in names_of_sites():
        assert 5 <= len(place(name, 32)) <= 32
        assert gsm.is_gsm7(gsm.fold(place(name, 32)))


def test_a_text_is_cut_at_a_word() -> None:
    assert short("Maxmiliána Františka Nejedlá", 22) == "Maxmiliána..."
    assert short("x" * 30, 10) == "xxxxxxx..."
    assert short(None, 10) == ""


@pytest.mark.parametrize(
    ("medium", "language", "template", "said"),
    [
        ("sms", "cs", "{{ '47110922' | spaced }}", "4711 0922"),
        ("sms", "cs", "{{ 0.2 | km }}", "1 km"),
        ("sms", "cs", "{{ 'far' | km }}", ""),
        ("sms", "cs", "{{ 'not a time' | clock }}", "not a time"),
        ("sms", "uk", "{{ '2021-01-25' | day }}", "пн 25.1."),
        ("sms", "en", "{{ '2021-01-25T08:00' | until }}", "until 8:00"),
        ("sms", "cs", "{{ 12 | number }} {{ '111' | figures }}", "12 111"),
        ("ivr", "cs", "{{ '47110922' | spaced }}", "čtyři sedm, jedna jedna, nula devět, dva dva"),
        ("ivr", "cs", "{{ 2.2 | km }}", "dva kilometry"),
        ("ivr", "cs", "{{ '2021-01-25T08:00' | until }}", "do osmi hodin"),
        ("ivr", "cs", "{{ 12 | number }}, {{ '111' | figures }}", "dvanáct, jedna jedna jedna"),
        ("ivr", "en", "{{ '2021-01-25T08:00' | clock }}", "at eight o'clock in the morning"),
        ("ivr", "uk", "{{ '2021-01-25' | day }}", "понеділок двадцять п'ятого січня"),
    ],
)
def test_small_things_are_written_for_the_eye_or_for_the_ear(
    tmp_path: Path, medium: str, language: str, template: str, said: str
) -> None:
    folder = tmp_path / "sms" / language
    folder.mkdir(parents=True)
    (folder / "x.j2").write_text(f"{{% block a %}}{template}{{% endblock %}}", encoding="utf-8")
    assert Words(tmp_path).render(Say("x", "a", language, {}), medium) == said


@pytest.mark.parametrize("valid_until", [None, "2021-11-22T10:30"])
@pytest.mark.parametrize("language", ["cs", "en"])
def test_an_invitation_to_any_real_site_is_one_segment(language: str, valid_until: str | None) -> None:
    for site in names_of_sites():
        text = WORDS.render_notice(
            "invitation",
            language,
            name="Bohuslava Nováková",
            site=site,
            pin="47110922",
            valid_until=valid_until,
        )
        assert "4711 0922" in text
        assert gsm.segments(one_message((text,), fold=True)) == 1


def test_a_date_before_a_full_stop_has_only_one() -> None:
    values = {"find_group": {"label": "70 až 79 let", "opens_on": "2021-03-01"}}
    assert "začne po 1.3. Pak" in WORDS.render(Say("registration", "not_open", "cs", values))


def test_a_medium_may_have_words_of_its_own(tmp_path: Path) -> None:
    for medium, said in (("sms", "krátce"), ("ivr", "dlouze a pomalu")):
        folder = tmp_path / medium / "cs"
        folder.mkdir(parents=True)
        (folder / "x.j2").write_text(f"{{% block a %}}{said}{{% endblock %}}", encoding="utf-8")
    (tmp_path / "sms/cs/y.j2").write_text("{% block a %}jen jednou{% endblock %}", encoding="utf-8")
    words = Words(tmp_path)
    assert words.render(Say("x", "a", "cs", {}), "ivr") == "dlouze a pomalu"
    assert words.render(Say("x", "a", "cs", {}), "chat") == "krátce"
    assert words.render(Say("y", "a", "cs", {}), "ivr") == "jen jednou"


def test_a_block_without_words_is_named() -> None:
    with pytest.raises(NoWords, match=r"registration\.nothing"):
        Words(TEMPLATES).render(Say("registration", "nothing", "cs", {}))
