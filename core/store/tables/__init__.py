"""Every table. Times are UTC.

`*_sealed` columns are encrypted, `*_digest` columns are keyed hashes (see `core.vault`).

What must never be is a named constraint here, whatever the code above believes.
"""

from core.store.tables.base import metadata
from core.store.tables.channels import call_backs, pin1s, proven_phones, recordings, step_counts
from core.store.tables.codes import code_batches, group_codes, wrong_codes
from core.store.tables.doses import doses
from core.store.tables.mails import mails
from core.store.tables.messages import (
    attempts,
    early_receipts,
    inbox,
    mo_parts,
    mt_parts,
    operator_shifts,
    operators,
    outbox,
    routes,
    sessions,
    unserved,
)
from core.store.tables.people import (
    audit,
    date_notices,
    dead_pins,
    invitations,
    pause_notices,
    registrations,
    reservations,
    rule_changes,
    rule_notices,
    waves,
    wrong_pins,
)
from core.store.tables.sites import (
    calendars,
    expected_deliveries,
    held_changes,
    site_history,
    site_pauses,
    sites,
    slots,
    stock_movements,
)
from core.store.tables.substitutes import (
    substitute_offers,
    substitute_rounds,
    substitute_sites,
    substitutes,
)

__all__ = [
    "attempts",
    "audit",
    "calendars",
    "call_backs",
    "code_batches",
    "date_notices",
    "dead_pins",
    "doses",
    "early_receipts",
    "expected_deliveries",
    "group_codes",
    "held_changes",
    "inbox",
    "invitations",
    "mails",
    "metadata",
    "mo_parts",
    "mt_parts",
    "operator_shifts",
    "operators",
    "outbox",
    "pause_notices",
    "pin1s",
    "proven_phones",
    "recordings",
    "registrations",
    "reservations",
    "routes",
    "rule_changes",
    "rule_notices",
    "sessions",
    "site_history",
    "site_pauses",
    "sites",
    "slots",
    "step_counts",
    "stock_movements",
    "substitute_offers",
    "substitute_rounds",
    "substitute_sites",
    "substitutes",
    "unserved",
    "waves",
    "wrong_codes",
    "wrong_pins",
]
