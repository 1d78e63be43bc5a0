"""What a dialogue may ask of the core: every verb, its arguments, its outcomes and their values.

Values are JSON-plain: moments and days as ISO strings, in Prague time when a moment has no zone.
``options`` is a list of objects, each with a ``value`` that comes back as an argument. An argument that
was not answered is null. The lint holds the scripts to this table; whoever performs the verbs is held to
it by ``check_outcome``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from core.blocking import KEPT, Reason

BUSY: Final = "busy"  # any verb: it could not be done now, try again later


@dataclass(frozen=True, slots=True)
class Verb:
    """One thing the core can be asked."""

    arguments: tuple[str, ...]
    outcomes: Mapping[str, tuple[str, ...]]  # outcome -> the names of its values
    option: tuple[str, ...] = ()  # the names an option has beside ``value``
    most: int = 0  # options in one outcome: a page fits an SMS and the keys of a phone
    assumed: tuple[str, ...] = ()  # arguments that a script need not have: ``service`` is vaccination then


_OPENED: Final = ("registration", "site", "address", "name")
_NEWS: Final = ("text", "heard", "people_registered", "people_waiting", "people_reserved", "doses")
_PAIRS: Final = ("options", "more")
_WHOSE: Final = Verb(
    ("page",),
    {"one": ("registration", "name", "site"), "several": ("options", "more"), "none": ()},
    option=("name", "site"),
    most=4,
)

VERBS: Final[Mapping[str, Verb]] = {
    # registration
    "check_number": Verb(
        ("insurance_number",),
        {
            "valid": ("birth_year",),
            "suspicious": ("reason", "birth_date", "doubted"),  # birth_date may be null
            "impossible": ("reason", "doubted"),
        },
    ),
    "find_sites": Verb(
        ("psc", "page", "service"),
        {"found": ("options", "more"), "unknown_psc": (), "none": ()},
        option=("name", "city", "km"),
        most=4,
        assumed=("service",),
    ),
    # ``group``: null at first, then what was chosen, or "none" once the person said that no group fits.
    "find_group": Verb(
        ("insurance_number", "group", "page", "language"),
        {
            "given": ("group",),
            "choose": ("options", "more"),
            "needs_code": ("label",),  # from the employer or the physician
            "not_open": ("label", "opens_on"),  # opens_on may be null: not decided yet
        },
        option=("label",),
        most=4,
    ),
    "check_code": Verb(
        ("insurance_number", "group", "code", "language"),
        {
            "good": (),  # and is used up by ``register``
            "mistyped": (),  # a slip, not counted
            "wrong": ("left",),
            "used": (),  # by somebody else
            "revoked": (),
            "other_group": ("label",),  # good, but for this group
            "blocked": (),  # five wrong ones of this phone: not before tomorrow
        },
    ),
    "check_earlier": Verb(
        ("insurance_number", "site", "service"),
        {
            "fresh": (),
            "replaces": ("old_site", "old_place", "new_site", "new_place"),
            "has_reservation": ("site", "first"),
        },
        assumed=("service",),
    ),
    "register": Verb(
        (
            "insurance_number",
            "name",
            "insurer",
            "psc",
            "site",
            "group",
            "code",
            "email",
            "language",
            "service",
            "referral",
        ),
        {
            # hours: how long her PIN will be good once it is sent; null: until it is used
            "registered": ("site", "place", "registered", "hours", "registration"),
            # the same person at the same site: nothing is lost
            "already": ("site", "place", "registered", "hours", "registration"),
            "has_reservation": ("site", "first"),
            "checking": ("site", "label"),  # kept; the register of the group is asked, and she is written to
            "not_proven": (),  # a wrong code, or no register to ask; no referral
            "site_closed": (),  # or paused, since it was chosen
        },
        assumed=("group", "code", "service", "referral"),
    ),
    # services whose slots are offered at once; ``service`` is null at first, then what was chosen
    "find_service": Verb(
        ("service", "page", "language"),
        {
            "choose": ("options", "more"),
            "free": ("service", "label"),
            "referred": ("service", "label", "price"),  # who has no referral may pay
            "required": ("service", "label"),  # nobody without a referral
            "paid": ("service", "label", "price"),
            "none": (),
        },
        option=("label",),
        most=4,
    ),
    # reservation; ``mail`` is one of MAILS, of the letter with the dates; ``masked`` its address, or null
    "enter_pin": Verb(
        ("pin",),
        {
            "opened": _OPENED,
            "mistyped": (),
            "wrong": ("left",),
            "blocked": (),
            "used": ("site", "first", "second"),
            "prove": (),  # another phone: the last four digits of the insurance number first
            # What once was a PIN, and is none any more:
            "ran_out": ("site", "place"),  # she stands in the queue again
            "unanswered": (),  # her last invitation went by
            "older": (),  # a newer one was sent
            "old_system": ("site", "place"),
            "replaced": (),  # by a newer registration
            "ended": (),
            "done": (),
        },
    ),
    "prove_digits": Verb(
        ("pin", "digits"),
        {"opened": _OPENED, "wrong": ("left",), "blocked": (), "stale": ()},  # stale: no PIN any more
    ),
    # ``after``: that day; ``weekday``: 1 is Monday; both null: the soonest.
    "find_pairs": Verb(
        ("registration", "after", "weekday", "page"),
        {"found": _PAIRS, "none_then": _PAIRS, "none": ()},
        option=("first", "second"),
        most=4,
    ),
    "hold_pair": Verb(
        ("registration", "picked"),
        {"held": ("first", "second", "until"), "taken": ()},
    ),
    "confirm": Verb(
        ("registration",),
        {"confirmed": ("first", "second", "site", "address", "mail", "masked"), "lapsed": ()},
    ),
    "let_go": Verb(("registration",), {"gone": ()}),
    # changing or cancelling dates that somebody has
    "see_dates": Verb(
        ("registration",),
        {
            "both": ("first", "second"),
            "single": ("first",),
            "second_only": ("first", "second"),  # the first is over; the second is ahead, or was missed
            "none": (),
        },
    ),
    "find_new_pairs": Verb(
        ("registration", "after", "weekday", "page"),
        {"found": _PAIRS, "none_then": _PAIRS, "none": ()},
        option=("first", "second"),
        most=4,
    ),
    "hold_new_pair": Verb(
        ("registration", "picked"),
        {"held": ("first", "second", "until"), "taken": (), "too_late": ()},
    ),
    # Until it says changed, the dates from before are hers.
    "exchange": Verb(
        ("registration",),
        {"changed": ("first", "second", "site"), "lapsed": (), "too_late": ()},
    ),
    "let_go_new": Verb(("registration",), {"gone": ()}),
    "find_seconds": Verb(
        ("registration", "after", "weekday", "page"),
        {"found": _PAIRS, "none_then": _PAIRS, "none": ()},
        option=("second",),
        most=4,
    ),
    "change_second": Verb(
        ("registration", "picked_second"),
        {"changed": ("first", "second", "site"), "taken": (), "too_late": ()},
    ),
    "cancel_and_wait": Verb(("registration",), {"cancelled": ("site", "place"), "too_late": ()}),
    "cancel_and_leave": Verb(("registration",), {"cancelled": (), "too_late": ()}),
    # status
    # ``refused``: an e-mail address that nobody has, masked; null where none is wrong
    "my_status": Verb(("language",), {"found": ("registrations", "refused"), "none": ()}),
    # information; ``heard`` is the text for who calls, and both are empty where none holds
    "read_information": Verb(("psc", "language"), {"national": _NEWS, "at_home": (*_NEWS, "psc")}),
    "local_information": Verb(
        ("psc", "language"),
        {"found": ("text", "heard", "where"), "nothing": ("where",), "unknown_psc": ()},
    ),
    # which of the people on one phone it is about; the step ``whose`` asks, with the words in shared.j2
    "find_mine": _WHOSE,  # of those who wait, are invited or have dates
    "find_dated": _WHOSE,  # of those who have dates
    # whose phone it is
    "suggest_phone": Verb((), {"suggested": ("phone", "ending"), "unknown": ()}),
    # ``ending``: the last three digits; ``wait``: how many minutes its SMS will take, null: no time.
    "send_pin1": Verb(
        ("phone", "language"),
        {
            "sent": ("ending", "wait"),
            "on_its_way": ("ending", "wait"),  # asked for again too soon
            "proven": (),  # by the channel itself, or before
            "no_mobile": (),  # a number that we do not send SMS to
            "too_often": (),
            "blocked": (),
        },
    ),
    "check_pin1": Verb(("pin1",), {"proven": (), "wrong": ("left",), "expired": (), "blocked": ()}),
    # leftover doses of the day; ``idle``: the yes or no that she said when nothing else was asked
    "find_offer": Verb(
        ("idle",),
        {
            "yes": ("registration",),
            "no": ("registration",),
            "open": ("registration", "site", "first"),  # first: she has to be there by then
            "stray": (),  # a yes or no to nothing
            "none": (),
        },
        assumed=("idle",),
    ),
    "take_offer": Verb(
        ("registration",),
        {
            "both": ("first", "second", "site", "address"),
            "single": ("first", "site", "address"),
            "second_later": ("first", "site", "address"),  # none is free now
            "late": (),
            "has_dates": (),
        },
    ),
    "decline_offer": Verb(("registration",), {"declined": ()}),
    "see_substitute": Verb(
        ("registration",),
        {"may_join": ("site",), "is_one": ("site",), "not_here": ("site",), "has_dates": ()},
    ),
    "join_substitutes": Verb(("registration",), {"joined": ("site",)}),
    "leave_substitutes": Verb(("registration",), {"left": ()}),
    # where messages go that nobody waits for
    "where_messages_go": Verb(
        (),
        {
            "by_sms": (),  # and she could not be reached here otherwise
            "in_chat": ("channel",),  # this one, or one that is not here
            "elsewhere": ("channel",),  # and they could come here
            "none": (),  # nobody registered with this phone
        },
    ),
    "messages_here": Verb((), {"done": ()}),
    "messages_by_sms": Verb((), {"done": ()}),
    # where letters go
    "set_email": Verb(
        ("registration", "email"),
        {
            "set": ("masked",),
            "sent": ("masked",),  # and the letter with her dates goes there now
            "kept": ("masked",),  # no letters are sent
            "not_an_address": (),
            "none": (),  # nobody of this phone
        },
    ),
    "remove_email": Verb(("registration",), {"removed": (), "none": ()}),
    # lost PIN2
    "tell_pin_again": Verb(
        (),
        {
            # others: how many more have one; until: to when all that are told hold, null: until they are used
            "told": ("pins", "others", "until"),
            "too_often": (),
            "not_invited": ("registrations",),
            "blocked": (),
            "none": (),
        },
    ),
}

# One of ``my_status.registrations``; ``state`` is one of STATES, what does not apply is null.
# ``lately``: how many the site invited in a week. ``until``: when an open PIN ends, null: when it is used;
# of somebody blocked when that ends by itself. ``because``: why she is blocked, one of BECAUSE.
STANDING: Final = (
    "state",
    "service",  # what it is called; null: vaccination
    "name",
    "site",
    "registered_on",
    "place",
    "of",
    "lately",
    "first",
    "second",
    "until",
    "because",
)
MAILS: Final = (
    "off",
    "none",
    "sent",
    "refused",
)  # no letters are sent; no address; on its way; nobody has it
# One of ``tell_pin_again.pins``; at most so many in one outcome.
TOLD_PIN: Final = ("name", "pin")
MOST_PINS: Final = 6
BECAUSE: Final = tuple(reason.words for reason in KEPT if reason is not Reason.REPLACED)  # that one has ended
STATES: Final = ("waiting", "invited", "reserved", "done", "blocked", "returned")


def check_outcome(verb: str, name: str, values: Mapping[str, Any]) -> list[str]:
    """What an outcome lacks against the table; nothing if it is right."""
    if name == BUSY:
        return []
    declared = VERBS[verb].outcomes.get(name)
    if declared is None:
        return [f"{verb} has no outcome {name}"]
    wrong = [f"{verb} {name} lacks {value}" for value in declared if value not in values]
    options = values.get("options") or ()
    if "options" in declared and not 1 <= len(options) <= VERBS[verb].most:
        wrong.append(f"{verb} {name} has {len(options)} options, not 1 to {VERBS[verb].most}")
    for option in options:
        wrong += [
            f"an option of {verb} lacks {key}" for key in ("value", *VERBS[verb].option) if key not in option
        ]
    for each in values.get("registrations") or ():
        wrong += [f"a registration of {verb} lacks {key}" for key in STANDING if key not in each]
    for each in values.get("pins") or ():
        wrong += [f"a PIN of {verb} lacks {key}" for key in TOLD_PIN if key not in each]
    return wrong
