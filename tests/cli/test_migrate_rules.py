"""``crs migrate rules``: everybody concerned is told once, and what they are told is then true."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import TypeAlias

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import func, select

from core.messages import Lane, NewMt
from core.store import tables as t
from core.store.outbox import OutboxBook
from core.store.work import Store
from gateway.cli.migrate import migrate
from gateway.compose import App
from gateway.settings import Settings
from tests.workers.town import SITE, add_people, add_person, add_site, vault
from workers import rules

Migrate: TypeAlias = Callable[..., Result]


class KeyedApp(App):
    """An installation with the tests' key."""

    vault = vault()


@pytest.fixture
def store(database: str) -> Iterator[Store]:
    store = Store.connect(database, vault())
    with store.begin() as work:
        add_site(work.db)
    yield store
    store.close()


@pytest.fixture
def run(database: str, store: Store) -> Migrate:
    app = KeyedApp(
        settings=Settings.model_validate(
            {
                "database": {"url": database.replace("+psycopg", "")},
                "secrets": {"key": "k" * 32},
                "invitations": {"policy": "2021-01-21"},
            }
        )
    )

    def run(*said: str) -> Result:
        return CliRunner().invoke(migrate, ["rules", *said], obj=app)

    return run


def invite(store: Store, count: int, *, policy: str = "2021-01-21") -> list[int]:
    """Invitations as a wave of that policy gives them, without their messages."""
    now = datetime.now(UTC)
    with store.begin() as work:
        people = add_people(work.db, count, start=100)
        wave_id = work.db.scalar(
            t.waves.insert()
            .values(site_id=SITE, planned_at=now, policy=policy, inputs={}, size=count, approved_by="test")
            .returning(t.waves.c.wave_id)
        )
        for person in people:
            pin = str(Random(person).randrange(10**7, 10**8))
            work.db.execute(
                t.invitations.insert().values(
                    registration_id=person,
                    wave_id=wave_id,
                    pin_sealed=vault().seal(pin),
                    pin_digest=vault().digest(pin, purpose="pin2"),
                    state="open",
                    invited_at=now,
                )
            )
            work.db.execute(
                t.registrations.update()
                .where(t.registrations.c.registration_id == person)
                .values(state="invited")
            )
    return people


def told(store: Store) -> list[tuple[int, str]]:
    """Who has a message waiting, and its text."""
    o = t.outbox.c
    with store.begin() as work:
        rows = work.db.execute(
            select(o.registration_id, o.text_sealed)
            .where(o.purpose == "rules", o.lane == Lane.NOTICE)
            .order_by(o.mt_id)
        )
        return [(row.registration_id, work.vault.open(row.text_sealed)) for row in rows]


def ends(store: Store) -> list[datetime | None]:
    i = t.invitations.c
    with store.begin() as work:
        return list(work.db.scalars(select(i.expires_at).order_by(i.invitation_id)))


LIMIT = ("2021-01-21", "2021-02-10")
BY = ("--by", "the ministry")


def test_a_trial_tells_who_would_hear_what_in_which_words_and_changes_nothing(
    run: Migrate, store: Store
) -> None:
    invite(store, 2)
    with store.begin() as work:
        add_person(work.db, 1)
        add_person(work.db, 2, imported_from="old system")
    ran = run(*LIMIT, "--dry-run")
    assert ran.exit_code == 0, ran.output
    lines = ran.stdout.splitlines()
    assert lines[:9] == [
        "2021-01-21: a PIN is valid until used, at most 1 invitation.",
        "2021-02-10: a PIN is valid for 72 h, any number of invitations may run out.",
        "People 4, to be told 4:",
        "  2: the PIN they have gets another end",
        "  1: the PIN they wait for will run out",
        "  1: the PIN of the earlier system is dead",
        "Nemocnice Jihlava, invited 2: the PIN they have gets another end",
        "Nemocnice Jihlava, waiting 1: the PIN they wait for will run out",
        "Nemocnice Jihlava, waiting 1: the PIN of the earlier system is dead",
    ]
    assert lines[9].startswith("  cs, segments 1: Jana Vzorova, pravidla se zmenila: vas PIN ze zvaci SMS")
    assert "Anna" not in ran.output
    assert lines[-1] == "Nothing was changed (--dry-run)."
    assert told(store) == []
    assert ends(store) == [None, None]


def test_each_is_told_once_and_her_pin_holds_as_she_was_told(run: Migrate, store: Store) -> None:
    invited = invite(store, 3)
    before = datetime.now(UTC)
    ran = run(*LIMIT, *BY)
    assert ran.exit_code == 0, ran.output
    assert ran.stdout.splitlines()[-2:] == [
        "Change 1 is made.",
        'Now set [invitations] policy = "2021-02-10", and restart `crs worker` and `crs serve`.',
    ]
    assert [registration_id for registration_id, _ in told(store)] == invited
    (end,) = set(ends(store))
    assert end is not None
    assert before + timedelta(hours=72) <= end <= before + timedelta(hours=72 + 13)
    assert all("plati nove do" in text for _, text in told(store))
    with store.begin() as work:
        valid = set(work.db.scalars(select(t.outbox.c.valid_until)))
        whose = set(work.db.scalars(select(t.audit.c.who)))
    assert valid == {end}, "a message about an end is no use beyond it"
    assert whose == {"the ministry"}


def test_a_change_is_made_once_and_the_next_begins_where_it_ended(run: Migrate, store: Store) -> None:
    invite(store, 1)
    run(*LIMIT, *BY)
    again = run(*LIMIT, *BY)
    assert again.exit_code == 1
    assert "The policy in force is 2021-02-10, not 2021-01-21: the ministry changed it on" in again.output
    assert len(told(store)) == 1
    back = run("2021-02-10", "2021-01-21", *BY)
    assert back.exit_code == 0, back.output
    assert [text.partition(", ")[2][:25] for _, text in told(store)] == [
        "pravidla se zmenila: vas ",
        "pravidla se zmenila: vas ",
    ]
    assert ends(store) == [None]


@pytest.mark.parametrize("break_at", range(1, 8))
def test_a_change_that_is_killed_goes_on_and_tells_everybody_exactly_once(
    run: Migrate, store: Store, monkeypatch: pytest.MonkeyPatch, break_at: int
) -> None:
    invited = invite(store, 7)
    monkeypatch.setattr(rules, "AT_ONCE", 2)
    whole, calls = OutboxBook.add, iter(range(1, 100))

    def add(self: OutboxBook, messages: list[NewMt]) -> None:
        at = next(calls)
        whole(self, messages)
        if at == break_at:
            raise KeyboardInterrupt

    monkeypatch.setattr(OutboxBook, "add", add)
    killed = run(*LIMIT, *BY)
    assert killed.exit_code == (1 if break_at <= 5 else 0), "five pages, the last of them empty"
    monkeypatch.setattr(OutboxBook, "add", whole)
    if killed.exit_code:
        assert len(told(store)) == min(2 * (break_at - 1), 7)
        other = run("2021-02-10", "2021-06", *BY)
        assert "was interrupted. Let it end first" in other.output
        resumed = run(*LIMIT, *BY)
        assert resumed.exit_code == 0, resumed.output
        assert "Change 1 was interrupted; it goes on." in resumed.stdout
    assert [registration_id for registration_id, _ in told(store)] == invited
    assert None not in ends(store)
    with store.begin() as work:
        assert work.db.scalar(select(func.count()).select_from(t.rule_changes)) == 1


def test_two_who_change_rules_at_once_are_kept_apart(run: Migrate, store: Store) -> None:
    invite(store, 1)
    with store.begin() as other:
        assert other.rule_changes.is_ours()
        ran = run(*LIMIT, *BY)
        assert ran.exit_code == 1
        assert "by somebody else right now" in ran.output
    assert run(*LIMIT, *BY).exit_code == 0


def test_a_pin_given_under_the_new_rules_already_said_what_they_are(run: Migrate, store: Store) -> None:
    invite(store, 1, policy="2021-02-10")
    run(*LIMIT, *BY)
    assert told(store) == []
    assert ends(store) == [None]


def test_a_pin_that_is_used_meanwhile_is_left_alone(
    run: Migrate, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    invited = invite(store, 2)
    whole = rules.RuleChanging._words

    def words(self: rules.RuleChanging, people: list[object]) -> object:
        with store.begin() as work:
            invitation = work.invitations.open_of(invited[0])
            if invitation is not None:
                work.invitations.use(invitation.invitation_id, now=datetime.now(UTC))
        return whole(self, people)  # type: ignore[arg-type]

    monkeypatch.setattr(rules.RuleChanging, "_words", words)
    assert run(*LIMIT, *BY).exit_code == 0
    assert [registration_id for registration_id, _ in told(store)] == invited[1:]
    assert ends(store)[0] is None


def test_who_came_over_is_told_once_even_by_rules_that_stay(run: Migrate, store: Store) -> None:
    with store.begin() as work:
        mine = add_person(work.db, 1, imported_from="old system")
    for _ in range(2):
        assert run("2021-01-21", "2021-01-21", *BY).exit_code == 0
    ((whom, text),) = told(store)
    assert whom == mine
    assert "drivejsi PIN uz neplati. Poradi vam zustava (Nemocnice Jihlava)" in text


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (("2021-02-10", "chance", "--dry-run"), "The policy in force is 2021-01-21 ([invitations] policy)"),
        (("2021-01-21", "tomorrow", "--dry-run"), "there is no policy tomorrow; there are 2021-01-21"),
        (LIMIT, "Say who decided"),
    ],
)
def test_a_change_that_makes_no_sense_is_refused_in_words(
    run: Migrate, said: tuple[str, ...], words: str
) -> None:
    ran = run(*said)
    assert ran.exit_code != 0
    assert words in ran.output
