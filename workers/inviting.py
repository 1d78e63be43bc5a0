"""Make a wave: invite the next people of a site and queue their messages, all or nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from core.messages import Lane, NewMt
from core.sites.site import Site
from core.store.invitations import Invited, Wave
from core.store.work import OUTBOX_CHANNEL, Work
from workers.notices import operators_of, written
from workers.workshop import Workshop

RANKS_PER_WAVE = 1_000_000


@dataclass(frozen=True, slots=True)
class Decision:
    """On what grounds a wave is made, and by whom."""

    inputs: Mapping[str, object]
    reasons: Sequence[str]
    approved_by: str


def invite(
    work: Work, workshop: Workshop, site: Site, size: int, decision: Decision, *, now: datetime
) -> Wave | None:
    """Invite the next people, at most so many; None when nobody waits.

    Where the policy limits the validity, time begins when the message may leave: nobody loses the night.
    """
    policy = workshop.world.policy
    readable = workshop.hours.next_opening(Lane.INVITATION, now)
    wave = work.invitations.invite(
        site.site_id,
        size,
        policy=policy.name,
        inputs=decision.inputs,
        reasons=decision.reasons,
        approved_by=decision.approved_by,
        expires_at=None if policy.validity is None else readable + policy.validity,
        now=now,
        random=workshop.random,
    )
    if wave is not None:
        work.outbox.add(_messages(work, workshop, site, wave, now=now))
        work.wake(OUTBOX_CHANNEL)
    return wave


def _messages(work: Work, workshop: Workshop, site: Site, wave: Wave, *, now: datetime) -> list[NewMt]:
    operators = work.operators.as_they_are(workshop.operators, now=now)
    operator_of = operators_of(work, [invited.address for invited in wave.invited], operators)
    return [
        _message(
            workshop,
            site,
            invited,
            operator=operator_of(invited.address),
            rank=wave.wave_id * RANKS_PER_WAVE + index,
            now=now,
            valid_until=wave.expires_at,
        )
        for index, invited in enumerate(wave.invited)
    ]


def _message(
    workshop: Workshop,
    site: Site,
    invited: Invited,
    *,
    operator: str,
    rank: int,
    now: datetime,
    valid_until: datetime | None,
) -> NewMt:
    """The one-off invitation, or word to somebody who has her PIN2 that there are dates again."""
    purpose = "free_again" if invited.is_again else "invitation"

    def words(medium: str) -> str:
        return workshop.library.words.render_notice(
            purpose,
            invited.language,
            medium,
            name=invited.name,
            site=site.name,
            pin=invited.pin,
            valid_until=valid_until,
        )

    text, segments = written(words, invited.address)
    return NewMt(
        address=invited.address,
        operator=operator,
        lane=Lane.INVITATION,
        purpose=purpose,
        text=text,
        segments=segments,
        created_at=now,
        rank=rank,
        registration_id=invited.registration_id,
        invitation_id=None if invited.is_again else invited.invitation_id,
        valid_until=valid_until,
    )
