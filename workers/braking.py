"""The brake: when a site can no longer serve who was invited, what has not left is taken back."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from core.calendars.calendar import PRAGUE
from core.invitations import BUCKETS, Claims, OpenInvitations, Policy, SiteState, plan, risk
from core.sites.site import Site
from core.store.work import Work
from workers.inviting import Decision

TOO_MANY = "more are invited than can be served: messages that have not left are taken back"


def brake(
    work: Work, site: Site, state: SiteState, decision: Decision, *, policy: Policy, now: datetime
) -> int:
    """Take back what is too much, last in order first, as far as it has not left; gives how many that were.

    It is kept as a wave with a size below 0. Who is taken back was not invited: she waits in her old place.
    """
    if not is_over(state, policy):
        return 0
    unsent = work.withdrawals.lock_unsent(site.site_id, today=now.astimezone(PRAGUE).date())
    too_many = excess(state, [one.band for one in unsent], policy)
    back = work.withdrawals.withdraw(unsent[:too_many], now=now)
    if back:
        work.waves.add(
            site.site_id,
            -len(back),
            back,
            policy=policy.name,
            inputs=decision.inputs,
            reasons=(TOO_MANY, *decision.reasons),
            approved_by=decision.approved_by,
            now=now,
        )
    return len(back)


def is_over(state: SiteState, policy: Policy) -> bool:
    """More are expected of the people invited than the site can serve.

    Not yet when a little luck is missing to what the policy promises: a wave would come and go every minute.
    """
    return plan(_served(state), policy=policy).claims > _served(state).capacity


def excess(state: SiteState, unsent: Sequence[str], policy: Policy) -> int:
    """How many of the unsent, of these bands, are to be taken back for the others to be safe; at most all."""
    enough, too_few = len(unsent), -1
    while enough - too_few > 1:
        middle = (enough + too_few) // 2
        if _is_safe(_without(state, unsent[:middle]), policy):
            enough = middle
        else:
            too_few = middle
    return enough


def _is_safe(state: SiteState, policy: Policy) -> bool:
    if policy.claims is Claims.DECAYING and policy.epsilon:
        return risk(_served(state), 0, policy=policy) <= policy.epsilon
    return not is_over(state, policy)


def _served(state: SiteState) -> SiteState:
    """The site without anybody more; one that is not offered serves nobody."""
    if state.closed_because:
        return replace(state, closed_because="", pairs_by_product={}, in_line=())
    return replace(state, in_line=())


def _without(state: SiteState, unsent: Sequence[str]) -> SiteState:
    """The site as if these had never been invited: what has not left counts as just sent."""
    fewer = Counter(unsent)
    left = []
    for some in state.open:
        gone = min(some.count, fewer[some.band]) if some.invited_ago == BUCKETS[0] else 0
        fewer[some.band] -= gone
        left.append(OpenInvitations(some.band, some.invited_ago, some.count - gone))
    return replace(state, open=tuple(left))
