"""Notices about dates that people have: queued with the change that they are about."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.messages import Lane, NewMt
from core.services import VACCINATION
from core.store.date_notices import Recipient
from core.store.work import OUTBOX_CHANNEL, Work
from workers.notices import operators_of, written
from workers.workshop import Workshop


@dataclass(frozen=True, slots=True)
class Notice:
    """What to say to whom; it is no longer true after ``valid_until``, None: it stays true."""

    recipient: Recipient
    values: Mapping[str, Any]
    valid_until: datetime | None


def tell(
    work: Work,
    workshop: Workshop,
    purpose: str,
    notices: Collection[Notice],
    *,
    lane: Lane = Lane.NOTICE,
    now: datetime,
) -> None:
    """Queue a notice each, in the language and by the way that the person chose."""
    if not notices:
        return
    operators = work.operators.as_they_are(workshop.operators, now=now)
    operator_of = operators_of(work, [each.recipient.address for each in notices], operators)

    def message(notice: Notice) -> NewMt:
        operator = operator_of(notice.recipient.address)
        return _message(workshop, purpose, notice, lane=lane, operator=operator, now=now)

    work.outbox.add([message(each) for each in notices])
    work.wake(OUTBOX_CHANNEL)


def _message(
    workshop: Workshop, purpose: str, notice: Notice, *, lane: Lane, operator: str, now: datetime
) -> NewMt:
    whom = notice.recipient
    service = None if whom.service == VACCINATION else workshop.world.services.get(whom.service)
    label = service and service.label(whom.language)  # None: it is of doses that she is told

    def words(medium: str) -> str:
        return workshop.library.words.render_notice(
            purpose, whom.language, medium, name=whom.name, site=whom.site, service=label, **notice.values
        )

    text, segments = written(words, whom.address)
    return NewMt(
        address=whom.address,
        operator=operator,
        lane=lane,
        purpose=purpose,
        text=text,
        segments=segments,
        created_at=now,
        registration_id=whom.registration_id,
        valid_until=notice.valid_until,
    )
