"""Ask the registers after the turns: who belongs to a group, who is identified, who is kept back.

No transaction is open while a register is asked, and each answer is settled in one of its own, compared with
what was asked: run twice or broken off anywhere, nobody is decided twice and nobody is told twice.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, time, timedelta
from typing import Any, Final, TypeAlias

import structlog

from conversations.events import Say
from conversations.words import REGISTERS
from core.blocking import Reason
from core.calendars.calendar import PRAGUE
from core.messages import Lane, NewMt
from core.programme import score
from core.registers import (
    AlreadyVaccinated,
    Found,
    HealthWorkerAnswer,
    Known,
    NotFound,
    PopulationAnswer,
    PositivePcr,
    Told,
    Unavailable,
    Unknown,
)
from core.store.blocking import block
from core.store.register_checks import DELAY_TOLD, Asked
from core.store.work import OUTBOX_CHANNEL, Work
from workers.notices import operators_of, written
from workers.workshop import Workshop, installed

log = structlog.get_logger()

AT_ONCE: Final = 200  # people looked up before the next are fetched
MOST_IN_VAIN: Final = 3  # in a row, then the register is left alone until the next run
ASK_AGAIN_AFTER: Final = timedelta(minutes=10)
TELL_DELAY_AFTER: Final = timedelta(minutes=30)
ONE_RUN: Final = timedelta(seconds=45)  # the next comes every minute
WHO: Final = "registers"

Ask: TypeAlias = Callable[[Asked], Any]  # an answer of one register
Settle: TypeAlias = Callable[[Work, Asked, Any], None]  # what comes of an answer of the same


def ask_registers() -> None:
    """Job: have groups confirmed, people identified, and blocks lifted whose time is over."""
    asking = RegisterAsking(installed())
    asking.prove()
    asking.identify()
    asking.lift_over()


class RegisterAsking:
    """One run of the job."""

    def __init__(self, workshop: Workshop) -> None:
        self._workshop = workshop
        self._now = workshop.clock()

    def prove(self) -> None:
        """Ask about those who say that they work in health care; tell each what came of it."""
        health_workers = self._workshop.registers.health_workers
        if health_workers is None:
            return
        is_away = self._ask_all(
            lambda work: work.register_checks.to_prove(now=self._now, at_most=AT_ONCE),
            lambda asked: health_workers.knows(asked.number, asked.name),
            self._settle_claim,
        )
        if is_away:
            self._tell_of_delay()

    def identify(self) -> None:
        """Ask who people are; who may not be invited is blocked, and told why."""
        population = self._workshop.registers.population
        if population is None:
            return
        today = self._now.astimezone(PRAGUE).date()
        self._ask_all(
            lambda work: work.register_checks.to_identify(now=self._now, at_most=AT_ONCE),
            lambda asked: population.look_up(asked.number, asked.name, today=today),
            self._settle_identity,
        )

    def lift_over(self) -> None:
        """Let those wait again whose block was for a time."""
        with self._workshop.store.begin() as work:
            lifted = work.blocks.lift_over(now=self._now)
            for registration_id in lifted:
                work.audit.note(WHO, "block over", registration_id=registration_id, now=self._now)
        if lifted:
            log.info("registers.blocks_over", count=len(lifted))

    def _ask_all(self, due: Callable[[Work], Sequence[Asked]], ask: Ask, settle: Settle) -> bool:
        """Ask until nobody is due or time is over; says whether the register was away in the end."""
        store, answers = self._workshop.store, Counter[str]()
        in_vain, is_over = 0, False
        while not is_over:
            with store.begin() as work:
                people = due(work)
            for asked in people:
                answer = ask(asked)
                answers[type(answer).__name__] += 1
                with store.begin() as work:
                    settle(work, asked, answer)
                in_vain = in_vain + 1 if isinstance(answer, Unavailable) else 0
                is_over = in_vain == MOST_IN_VAIN or self._workshop.clock() > self._now + ONE_RUN
                if is_over:
                    break
            is_over = is_over or len(people) < AT_ONCE
        if answers:
            log.info("registers.asked", **answers)
        return in_vain > 0

    # -- Answers -------------------------------------------------------------------------------------------

    def _settle_claim(self, work: Work, asked: Asked, answer: HealthWorkerAnswer) -> None:
        match answer:
            case Known():
                gained = score(self._workshop.world.programme, asked.claimed_group or "")
                if work.register_checks.proven(asked, score=gained):
                    self._tell(work, asked, Told.PROVEN)
            case Unknown():
                match work.register_checks.not_proven(asked):
                    case None:
                        pass
                    case "blocked":
                        self._tell(work, asked, Told.NOT_PROVEN)
                    case _:
                        self._tell(work, asked, Told.WAITS_BY_AGE)
            case Unavailable():
                work.register_checks.prove_later(asked, until=self._now + ASK_AGAIN_AFTER)

    def _settle_identity(self, work: Work, asked: Asked, answer: PopulationAnswer) -> None:
        if isinstance(answer, Unavailable):
            work.register_checks.identify_later(asked, until=self._now + ASK_AGAIN_AFTER)
            return
        if not work.register_checks.identified(asked):
            return
        match answer:
            case Found() if work.doses.of_person(asked.number):
                # The sites have told us sooner than the register.
                self._block(work, asked, Reason.VACCINATED, Told.VACCINATED)
            case Found():
                work.blocks.lift(asked.registration_id, [Reason.VACCINATED])
            case NotFound():
                self._block(work, asked, Reason.NOT_IDENTIFIED, Told.NOT_IDENTIFIED)
            case AlreadyVaccinated():
                self._block(work, asked, Reason.VACCINATED, Told.VACCINATED)
            case PositivePcr(until=until):
                over = datetime.combine(until, time(), PRAGUE)
                self._block(work, asked, Reason.POSITIVE_PCR, Told.POSITIVE_PCR, until=over)

    def _block(
        self, work: Work, asked: Asked, reason: Reason, told: Told, *, until: datetime | None = None
    ) -> None:
        is_blocked = block(work, asked.registration_id, reason, until=until, now=self._now)
        what = f"blocked: {reason}" if is_blocked else f"{reason}, and keeps her state"
        work.audit.note(WHO, what, registration_id=asked.registration_id, now=self._now)
        if is_blocked:
            self._tell(work, asked, told, until=until)

    def _tell_of_delay(self) -> None:
        """Tell those, once, who wait for a register that does not answer: nothing is lost."""
        before = self._now - TELL_DELAY_AFTER
        with self._workshop.store.begin() as work:
            work.register_checks.one_at_a_time()
            people = work.register_checks.to_tell_of_delay(registered_before=before, at_most=AT_ONCE)
            for asked in people:
                work.audit.note(WHO, DELAY_TOLD, registration_id=asked.registration_id, now=self._now)
                self._tell(work, asked, Told.DELAYED)

    def _tell(self, work: Work, asked: Asked, told: Told, **values: Any) -> None:
        operators = work.operators.as_they_are(self._workshop.operators, now=self._now)
        shown = {"name": f"{asked.name.first} {asked.name.last}", "site": asked.site, **values}
        say = Say(REGISTERS, told.value, asked.language, shown)
        text, segments = written(
            lambda medium: self._workshop.library.words.render(say, medium), asked.address
        )
        message = NewMt(
            address=asked.address,
            operator=operators_of(work, [asked.address], operators)(asked.address),
            lane=Lane.NOTICE,
            purpose=REGISTERS,
            text=text,
            segments=segments,
            created_at=self._now,
            registration_id=asked.registration_id,
        )
        work.outbox.add([message])
        work.wake(OUTBOX_CHANNEL)
