"""Invitations: who may be invited now, under which policy, and how surely everybody who answers is served."""

from core.invitations.plan import Plan, plan, risk
from core.invitations.policy import (
    HARD_GUARANTEE,
    Claims,
    Policy,
    UnusablePolicy,
    load_policies,
)
from core.invitations.response import BANDS, BUCKETS, Observed, Prior, Watched, band_of, bucket_of, observe
from core.invitations.state import OpenInvitations, SiteState

__all__ = [
    "BANDS",
    "BUCKETS",
    "HARD_GUARANTEE",
    "Claims",
    "Observed",
    "OpenInvitations",
    "Plan",
    "Policy",
    "Prior",
    "SiteState",
    "UnusablePolicy",
    "Watched",
    "band_of",
    "bucket_of",
    "load_policies",
    "observe",
    "plan",
    "risk",
]
