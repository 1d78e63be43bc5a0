"""A desk that answers the verbs from a small fixed world around Jihlava in January 2021."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from conversations.events import Act, Outcome
from conversations.verbs import check_outcome
from core.codes import Code, read_code
from core.email_address import is_email_address, mask_email

SITES: tuple[tuple[str, str, str, float], ...] = (
    ("jihlava", "Nemocnice Jihlava, p.o.", "Jihlava", 2.1),
    ("trebic", "Očkovací centrum Třebíč", "Třebíč", 29.6),
    ("brod", "Nemocnice Havlíčkův Brod", "Havlíčkův Brod", 24.0),
    ("pelhrimov", "Nemocnice Pelhřimov, p.o.", "Pelhřimov", 27.5),
    ("zdar", "Velkokapacitní očkovací místo Žďár nad Sázavou", "Žďár nad Sázavou", 36.2),
    ("tabor", "Nemocnice Tábor - OČKO Sportovní hala Kvapilova, Kvapilova 2419, Tábor", "Tábor", 70.9),
)
ADDRESS = "Vrchlického 59, 586 33 Jihlava"
GROUPS = {
    "cs": (("health_workers", "zdravotníci"), ("school_staff", "pracovníci škol")),
    "en": (("health_workers", "health workers"), ("school_staff", "school staff")),
    "uk": (("health_workers", "медичні працівники"), ("school_staff", "працівники шкіл")),
}
SERVICES = {
    "cs": {"pcr": "PCR test", "antigen": "antigenní test"},
    "en": {"pcr": "PCR test", "antigen": "antigen test"},
    "uk": {"pcr": "ПЛР-тест", "antigen": "антигенний тест"},
}
INFORMATION = {
    "cs": {"text": "Registrujte se zprávou REG.", "heard": "Nejdřív se registrujte."},
    "en": {"text": "Register by REGISTER.", "heard": "Register first."},
    "uk": {"text": "Реєструйтеся словом РЕЄСТРАЦІЯ.", "heard": "Спочатку зареєструйтеся."},
}
INFORMATION_OF_JIHLAVA = {
    "cs": {
        "text": "Od 1.2. se očkuje i na Masarykově náměstí.",
        "heard": "Očkuje se i na Masarykově náměstí.",
    },
    "en": {
        "text": "From 1 February also at Masarykovo náměstí.",
        "heard": "You can also come to Masarykovo náměstí.",
    },
    "uk": {"text": "З 1.2. щеплять і на Masarykovo náměstí.", "heard": "Щеплять і на площі Масарика."},
}
PIN, OTHERS_PIN, USED_PIN = "47110921", "12345671", "55550009"
LATE_PINS = {
    "20010016": "ran_out",
    "20010027": "unanswered",
    "20010034": "older",
    "20010042": "old_system",
    "20010050": "replaced",
    "20010069": "ended",
    "20010075": "done",
}
SECOND_OF_LEFTOVER = "2021-02-12T08:00"
PHONE, PIN1 = "601123456", "123456"
CODES = {  # of school staff, as check_code and register find them
    "471109223516": "good",
    "501234567898": "used",
    "501234567806": "revoked",
    "501234567092": "other_group",
}
PAGE = 4
MOST_TOLD = 2
HOLD_FOR = timedelta(minutes=15)


@dataclass
class FakeDesk:
    """One address's view of the core; the fields are what a transcript's header may set."""

    earlier: dict[str, str] = field(default_factory=dict)  # insurance number -> site of a registration
    reserved: set[str] = field(default_factory=set)  # insurance numbers with a reservation
    taken: set[str] = field(default_factory=set)  # pairs that somebody takes while we choose
    closing: set[str] = field(default_factory=set)  # sites that close while we choose
    closed: set[str] = field(default_factory=set)
    no_pairs: bool = False
    busy: set[str] = field(default_factory=set)  # verbs that fail once
    left: int = 5
    held: str | None = None
    held_until: datetime | None = None
    registrations: list[dict[str, Any]] = field(default_factory=list)
    open_pins: dict[str, str] = field(default_factory=dict)  # name -> PIN, of this phone
    pins_until: str | None = None
    told_at: list[datetime] = field(default_factory=list)
    is_proven: bool = True  # the phone
    suggested: str | None = None  # the phone that a call comes from
    pin1s: list[tuple[str, datetime]] = field(default_factory=list)  # to which phone one was sent, and when
    pin1_left: int = 5
    codes_left: int = 5
    mail: str = "off"  # one of MAILS
    email: str = "jana@seznam.cz"
    has_dates: bool = False  # a letter goes out as soon as there is an address
    dates: tuple[str, str | None] | None = None  # of Jan, who has the first pair
    home: str | None = None  # the PSČ that this phone registered with
    messages_go: str = "none"  # to a channel, or the outcome of asking
    offer: str | None = None  # what a yes to the leftover dose leads to, while one is offered
    is_substitute: bool = False
    offers_leftovers: bool = True

    def perform(self, act: Act, *, now: datetime) -> Outcome:
        """Answer a verb; holds itself to the table of verbs."""
        if act.verb in self.busy:
            self.busy.remove(act.verb)
            return Outcome("busy")
        answer: Callable[[Mapping[str, Any], datetime], Outcome] = getattr(self, f"_{act.verb}")
        outcome = answer(act.arguments, now)
        assert not check_outcome(act.verb, outcome.name, outcome.values)
        return outcome

    def _check_number(self, said: Mapping[str, Any], now: datetime) -> Outcome:
        digits = "".join(c for c in said["insurance_number"] if c.isdigit())
        if len(digits) not in (9, 10):
            return Outcome("impossible", {"reason": "digits_count", "doubted": str(len(digits))})
        year, month, day = int(digits[:2]), int(digits[2:4]) % 50, int(digits[4:6])
        if not 1 <= month <= 12:
            return Outcome("impossible", {"reason": "month", "doubted": digits[2:4]})
        if not 1 <= day <= 31:
            return Outcome("impossible", {"reason": "day", "doubted": digits[4:6]})
        if len(digits) == 10 and int(digits) % 11:
            born = f"19{year}-{month:02}-{day:02}"
            return Outcome("suspicious", {"reason": "check_digit", "birth_date": born, "doubted": ""})
        return Outcome("valid", {"birth_year": 1900 + year})

    def _find_sites(self, said: Mapping[str, Any], now: datetime) -> Outcome:
        if said["psc"] == "79999":
            return Outcome("unknown_psc")
        if said["psc"] == "10000":
            return Outcome("none")
        sites = [each for each in SITES if each[0] not in self.closed]
        begin = said["page"] * PAGE % len(sites)
        page = [{"value": v, "name": n, "city": c, "km": km} for v, n, c, km in sites[begin : begin + PAGE]]
        return Outcome("found", {"options": page, "more": begin + PAGE < len(sites)})

    def _find_group(self, said: Mapping[str, Any], now: datetime) -> Outcome:
        year = int("".join(c for c in said["insurance_number"] if c.isdigit())[:2])
        match said["group"]:
            case _ if year <= 41:
                return Outcome("given", {"group": "age_80"})
            case None:
                options = [{"value": key, "label": label} for key, label in GROUPS[said["language"]]]
                return Outcome("choose", {"options": options, "more": False})
            case "none":
                label = "70 až 79 let" if said["language"] == "cs" else "70 to 79"
                return Outcome("not_open", {"label": label, "opens_on": "2021-03-01"})
            case "school_staff":
                return Outcome("needs_code", {"label": "pracovníci škol"})
            case group:
                return Outcome("given", {"group": group})

    def _check_code(self, said: Mapping[str, Any], now: datetime) -> Outcome:
        if not self.codes_left:
            return Outcome("blocked")
        code = "".join(c for c in said["code"] if c.isdigit())
        if not isinstance(read_code(code), Code):
            return Outcome("mistyped")
        match CODES.get(code):
            case None:
                self.codes_left -= 1
                return Outcome("wrong", {"left": self.codes_left}) if self.codes_left else Outcome("blocked")
            case "other_group":
                labels = {"cs": "chronicky nemocní", "en": "people with a chronic illness"}
                return Outcome("other_group", {"label": labels.get(said["language"], "хронічно хворі")})
            case found:
                return Outcome(found)

    def _check_earlier(self, said: Mapping[str, Any], now: datetime) -> Outcome:
        number = said["insurance_number"]
        if number in self.reserved:
            return Outcome("has_reservation", {"site": SITES[0][1], "first": "2021-01-25T08:00"})
        earlier = self.earlier.get(number)
        if earlier is None or earlier == said["site"]:
            return Outcome("fresh")
        places = {"old_place": 12, "new_place": 340}
        return Outcome("replaces", {"old_site": _name(earlier), "new_site": _name(said["site"]), **places})

    def _find_service(self, said: Mapping[str, Any], now: datetime) -> Outcome:
        language = said["language"]
        named = {"service": said["service"], "label": SERVICES[language].get(said["service"] or "")}
        match said["service"]:
            case "pcr":
                return Outcome("referred", {**named, "price": 1756})
            case "antigen":
                return Outcome("free", named)
            case _:
                options = [{"value": key, "label": label} for key, label in SERVICES[language].items()]
                return Outcome("choose", {"options": options, "more": False})

    def _register(self, said: Mapping[str, Any], now: datetime) -> Outcome:
        if said["site"] in self.closing:
            self.closed.add(said["site"])
            return Outcome("site_closed")
        if said["service"]:
            where = {"site": _name(said["site"]), "place": None, "hours": None}
            return Outcome("registered", {**where, "registered": now.isoformat(), "registration": "r1"})
        if said["group"] == "school_staff" and CODES.get(said["code"]) != "good":
            return Outcome("not_proven")
        if said["group"] == "health_workers":
            label = dict(GROUPS[said["language"]])["health_workers"]
            self.registrations.append(blocked(said["name"].split()[0], "unproven", now=now))
            return Outcome("checking", {"site": _name(said["site"]), "label": label})
        already = self.earlier.get(said["insurance_number"]) == said["site"]
        self.earlier[said["insurance_number"]] = said["site"]
        place = 12 if already else 340
        self.registrations.append(
            waiting(
                said["name"].split()[0], now=now, site=_name(said["site"]), place=place, of=1204, lately=300
            )
        )
        return Outcome(
            "already" if already else "registered",
            {
                "site": _name(said["site"]),
                "place": place,
                "registered": now.isoformat(),
                "hours": None,
                "registration": "r1",
            },
        )

    def _enter_pin(self, said: Mapping[str, Any], now: datetime) -> Outcome:
        match said["pin"]:
            case pin if pin == PIN:
                return self._opened()
            case pin if pin == OTHERS_PIN:
                return Outcome("prove")
            case pin if pin == USED_PIN:
                seen = {"first": "2021-01-25T08:00", "second": "2021-02-15T08:00"}
                return Outcome("used", {"site": SITES[0][1], **seen})
            case pin if pin in LATE_PINS:
                outcome = LATE_PINS[pin]
                where = {"site": SITES[0][1], "place": 1}
                return Outcome(outcome, where if outcome in ("ran_out", "old_system") else {})
            case pin if pin.startswith("4711"):
                return Outcome("mistyped")
            case _:
                return self._missed()

    def _prove_digits(self, said: Mapping[str, Any], now: datetime) -> Outcome:
        return self._opened() if said["digits"] == "3123" else self._missed()

    def _find_pairs(self, said: Mapping[str, Any], now: datetime) -> Outcome:
        if self.no_pairs:
            return Outcome("none")
        free = [pair for pair in pairs() if pair["value"] not in self.taken]
        fitting = free
        if said["after"]:
            fitting = [pair for pair in free if pair["first"].startswith(said["after"])]
        elif said["weekday"]:
            fitting = [p for p in free if datetime.fromisoformat(p["first"]).isoweekday() == said["weekday"]]
        name = "found" if fitting else "none_then"
        begin = said["page"] * PAGE
        nearest = [pair for pair in free if pair["first"] >= (said["after"] or "")]
        offered = fitting or nearest or free
        page = offered[begin : begin + PAGE]
        return Outcome(name, {"options": page, "more": begin + PAGE < len(offered)})

    def _hold_pair(self, said: Mapping[str, Any], now: datetime) -> Outcome:
        pair = next(each for each in pairs() if each["value"] == said["picked"])
        if pair["value"] == "1" and "first is quick" in self.taken:
            self.taken = {"1"}
            return Outcome("taken")
        self.held, self.held_until = pair["value"], now + HOLD_FOR
        until = self.held_until.isoformat()
        return Outcome("held", {"first": pair["first"], "second": pair["second"], "until": until})

    def _confirm(self, said: Mapping[str, Any], now: datetime) -> Outcome:
        if self.held_until is None or now >= self.held_until:
            return Outcome("lapsed")
        pair = next(each for each in pairs() if each["value"] == self.held)
        dates = {"first": pair["first"], "second": pair["second"]}
        return Outcome("confirmed", {**dates, "site": SITES[0][1], "address": ADDRESS, **self._mail()})

    def _let_go(self, said: Mapping[str, Any], now: datetime) -> Outcome:
        self.held = self.held_until = None
        return Outcome("gone")

    def _see_dates(self, said: Mapping[str, Any], now: datetime) -> Outcome:
        match self.dates:
            case None:
                return Outcome("none")
            case (first, None):
                return Outcome("single", {"first": first})
            case (first, second):
                has_begun = datetime.fromisoformat(first) <= now.replace(tzinfo=None)
                return Outcome("second_only" if has_begun else "both", {"first": first, "second": second})

    def _find_new_pairs(self, said: Mapping[str, Any], now: datetime) -> Outcome:
        mine = {pair["value"] for pair in pairs() if self.dates and pair["first"] == self.dates[0]}
        self.taken |= mine
        found = self._find_pairs(said, now)
        self.taken -= mine
        return found

    def _hold_new_pair(self, said: Mapping[str, Any], now: datetime) -> Outcome:
        held = self._hold_pair(said, now)
        return Outcome(held.name, {**held.values, "second": self._second(held.values["second"])})

    def _second(self, of_pair: str) -> str | None:
        """None where she gets a single dose."""
        return of_pair if self.dates and self.dates[1] else None

    def _exchange(self, said: Mapping[str, Any], now: datetime) -> Outcome:
        if self.held_until is None or now >= self.held_until:
            return Outcome("lapsed")
        pair = next(each for each in pairs() if each["value"] == self.held)
        first, second = self.dates = pair["first"], self._second(pair["second"])
        return Outcome("changed", {"first": first, "second": second, "site": SITES[0][1]})

    def _let_go_new(self, said: Mapping[str, Any], now: datetime) -> Outcome:
        return self._let_go(said, now)

    def _find_seconds(self, said: Mapping[str, Any], now: datetime) -> Outcome:
        free = [
            {"value": pair["value"], "second": pair["second"]}
            for pair in pairs()
            if self.dates and pair["second"] != self.dates[1]
        ]
        fitting = [each for each in free if not said["after"] or each["second"].startswith(said["after"])]
        if self.no_pairs:
            return Outcome("none")
        begin = said["page"] * PAGE
        page = (fitting or free)[begin : begin + PAGE]
        more = begin + PAGE < len(fitting or free)
        return Outcome("found" if fitting else "none_then", {"options": page, "more": more})

    def _change_second(self, said: Mapping[str, Any], now: datetime) -> Outcome:
        pair = next(each for each in pairs() if each["value"] == said["picked_second"])
        if self.dates is None:
            return Outcome("too_late")
        self.dates = self.dates[0], pair["second"]
        return Outcome("changed", {"first": self.dates[0], "second": pair["second"], "site": SITES[0][1]})

    def _cancel_and_wait(self, said: Mapping[str, Any], now: datetime) -> Outcome:
        self.dates = None
        return Outcome("cancelled", {"site": SITES[0][1], "place": 1})

    def _cancel_and_leave(self, said: Mapping[str, Any], now: datetime) -> Outcome:
        self.dates = None
        return Outcome("cancelled")

    def _my_status(self, said: Mapping[str, Any], now: datetime) -> Outcome:
        if not self.registrations:
            return Outcome("none")
        masked = self._mail()["masked"] if self.mail == "refused" else None
        return Outcome("found", {"registrations": self.registrations, "refused": masked})

    def _mail(self) -> dict[str, str | None]:
        return {
            "mail": self.mail,
            "masked": mask_email(self.email) if self.mail in ("sent", "refused") else None,
        }

    def _set_email(self, said: Mapping[str, Any], now: datetime) -> Outcome:
        if not is_email_address(said["email"]):
            return Outcome("not_an_address")
        self.email = said["email"]
        outcome = "kept" if self.mail == "off" else "sent" if self.has_dates else "set"
        return Outcome(outcome, {"masked": mask_email(self.email)})

    def _remove_email(self, said: Mapping[str, Any], now: datetime) -> Outcome:
        self.email = ""
        return Outcome("removed")

    def _read_information(self, said: Mapping[str, Any], now: datetime) -> Outcome:
        counts = {
            "people_registered": 44_000,
            "people_waiting": 41_500,
            "people_reserved": 2_500,
            "doses": 600,
        }
        told = {**INFORMATION[said["language"]], **counts}
        psc = said["psc"] or self.home
        return Outcome("at_home", {**told, "psc": psc}) if psc else Outcome("national", told)

    def _local_information(self, said: Mapping[str, Any], now: datetime) -> Outcome:
        if said["psc"] == "79999":
            return Outcome("unknown_psc")
        if not said["psc"].startswith("58"):
            return Outcome("nothing", {"where": "Tábor"})
        return Outcome("found", {**INFORMATION_OF_JIHLAVA[said["language"]], "where": "Jihlava"})

    def _find_mine(self, said: Mapping[str, Any], now: datetime) -> Outcome:
        return _whose(self.registrations, said["page"])

    def _find_dated(self, said: Mapping[str, Any], now: datetime) -> Outcome:
        return _whose([each for each in self.registrations if each["state"] == "reserved"], said["page"])

    def _find_offer(self, said: Mapping[str, Any], now: datetime) -> Outcome:
        if self.offer is None:
            return Outcome("stray" if said["idle"] else "none")
        if said["idle"]:
            return Outcome(said["idle"], {"registration": "r1"})
        return Outcome("open", {"registration": "r1", "site": SITES[0][1], "first": "2021-01-22T19:00"})

    def _take_offer(self, said: Mapping[str, Any], now: datetime) -> Outcome:
        outcome, self.offer = self.offer or "late", None
        if outcome in ("late", "has_dates"):
            return Outcome(outcome)
        dates = {"first": "2021-01-22T19:00", "second": SECOND_OF_LEFTOVER if outcome == "both" else None}
        return Outcome(outcome, {**dates, "site": SITES[0][1], "address": ADDRESS})

    def _decline_offer(self, said: Mapping[str, Any], now: datetime) -> Outcome:
        self.offer = None
        return Outcome("declined")

    def _see_substitute(self, said: Mapping[str, Any], now: datetime) -> Outcome:
        mine = next(each for n, each in enumerate(self.registrations, 1) if f"r{n}" == said["registration"])
        if mine["state"] == "reserved":
            return Outcome("has_dates")
        at_hers = {"site": mine["site"]}
        if self.is_substitute:
            return Outcome("is_one", at_hers)
        return Outcome("may_join" if self.offers_leftovers else "not_here", at_hers)

    def _join_substitutes(self, said: Mapping[str, Any], now: datetime) -> Outcome:
        self.is_substitute = True
        return Outcome("joined", {"site": SITES[0][1]})

    def _leave_substitutes(self, said: Mapping[str, Any], now: datetime) -> Outcome:
        self.is_substitute = False
        return Outcome("left")

    def _tell_pin_again(self, said: Mapping[str, Any], now: datetime) -> Outcome:
        if not self.left:
            return Outcome("blocked")
        if self.open_pins:
            self.told_at = [at for at in self.told_at if now - at < timedelta(days=1)]
            if len(self.told_at) == MOST_TOLD:
                return Outcome("too_often")
            self.told_at.append(now)
            pins = [{"name": name, "pin": pin} for name, pin in self.open_pins.items()]
            return Outcome("told", {"pins": pins, "others": 0, "until": self.pins_until})
        if self.registrations:
            return Outcome("not_invited", {"registrations": self.registrations})
        return Outcome("none")

    def has_phone(self) -> bool:
        """For ``converse``."""
        return self.is_proven

    def _suggest_phone(self, said: Mapping[str, Any], now: datetime) -> Outcome:
        if self.suggested is None:
            return Outcome("unknown")
        return Outcome("suggested", {"phone": self.suggested, "ending": self.suggested[-3:]})

    def _send_pin1(self, said: Mapping[str, Any], now: datetime) -> Outcome:
        if said["phone"][-9:-7] not in ("60", "72", "73", "77"):
            return Outcome("no_mobile")
        if not self.pin1_left:
            return Outcome("blocked")
        told = {"ending": said["phone"][-3:], "wait": None}
        if (
            self.pin1s
            and self.pin1s[-1][0] == said["phone"]
            and now - self.pin1s[-1][1] < timedelta(minutes=1)
        ):
            return Outcome("on_its_way", told)
        if len(self.pin1s) == 3:
            return Outcome("too_often")
        self.pin1s.append((said["phone"], now))
        return Outcome("sent", told)

    def _check_pin1(self, said: Mapping[str, Any], now: datetime) -> Outcome:
        if not self.pin1s or now - self.pin1s[-1][1] >= timedelta(minutes=10):
            return Outcome("expired")
        if said["pin1"] == PIN1:
            self.is_proven = True
            return Outcome("proven")
        self.pin1_left -= 1
        return Outcome("wrong", {"left": self.pin1_left}) if self.pin1_left else Outcome("blocked")

    def _where_messages_go(self, said: Mapping[str, Any], now: datetime) -> Outcome:
        match self.messages_go.split():
            case [name, channel]:
                return Outcome(name, {"channel": channel})
            case _:
                return Outcome(self.messages_go)

    def _messages_here(self, said: Mapping[str, Any], now: datetime) -> Outcome:
        return Outcome("done")

    def _messages_by_sms(self, said: Mapping[str, Any], now: datetime) -> Outcome:
        return Outcome("done")

    def _opened(self) -> Outcome:
        known = {"site": SITES[0][1], "address": ADDRESS, "name": "Jan"}
        return Outcome("opened", {"registration": "r1", **known})

    def _missed(self) -> Outcome:
        self.left -= 1
        return Outcome("wrong", {"left": self.left}) if self.left else Outcome("blocked")


def waiting(
    name: str, *, now: datetime, site: str = SITES[0][1], place: int = 1, of: int = 1, lately: int = 0
) -> dict[str, Any]:
    """How somebody stands who was not invited yet."""
    nothing = dict.fromkeys(("first", "second", "until", "because", "service"))
    known = {"name": name, "site": site, "registered_on": now.date().isoformat(), "place": place, "of": of}
    return {"state": "waiting", **known, "lately": lately, **nothing}


def _whose(registrations: list[dict[str, Any]], page: int) -> Outcome:
    options = [
        {"value": f"r{number}", "name": each["name"], "site": each["site"]}
        for number, each in enumerate(registrations, 1)
    ]
    match options:
        case []:
            return Outcome("none")
        case [one]:
            return Outcome("one", {"registration": one["value"], "name": one["name"], "site": one["site"]})
        case _:
            begin = page * PAGE
            return Outcome(
                "several", {"options": options[begin : begin + PAGE], "more": begin + PAGE < len(options)}
            )


def blocked(name: str, because: str, *, now: datetime) -> dict[str, Any]:
    """How somebody stands who is kept back; who was ill, until the end of March."""
    until = "2021-03-30T00:00" if because == "positive_pcr" else None
    not_queued = dict.fromkeys(("place", "of", "lately"))
    return {**waiting(name, now=now), "state": "blocked", "because": because, "until": until, **not_queued}


def _name(site: str) -> str:
    return next(name for value, name, _, _ in SITES if value == site)


def pairs() -> list[dict[str, str]]:
    """Six first dates on three days; the second three weeks later at the same hour."""
    firsts = [datetime(2021, 1, day, hour, minute) for day, hour, minute in (  # noqa: DTZ001 - Prague, as verbs.py says
        (25, 8, 0), (25, 8, 20), (26, 9, 0), (26, 9, 20), (26, 9, 40), (29, 10, 0))]  # fmt: skip
    return [
        {
            "value": str(number),
            "first": first.isoformat("T", "minutes"),
            "second": (first + timedelta(weeks=3)).isoformat("T", "minutes"),
        }
        for number, first in enumerate(firsts, 1)
    ]
