"""From a service to the order that its date is for: verbs of who is not invited, but chooses at once."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any, TypeAlias
from uuid import UUID

from conversations.events import Outcome
from conversations.verbs import BUSY, VERBS
from core.calendars.calendar import PRAGUE
from core.insurance_number import Impossible, Suspicious, Valid, judge
from core.messages import VOICE_CHANNEL
from core.services import Referral, Service
from core.sites import Site
from core.states import ORDER, Ordering
from core.store.offered import is_offered
from core.store.orders import NewOrder
from core.store.registrations import Registration
from core.store.work import Work
from core.world import World
from gateway.turns.pages import page_of
from gateway.turns.person import Person
from gateway.turns.standing import iso, site_of

Said: TypeAlias = Mapping[str, Any]
Perform: TypeAlias = Callable[[Said], Outcome]


def by_service(vaccination: Perform, other: Perform) -> Perform:
    """One verb for every service: what is said of none is said of vaccination."""

    def perform(said: Said) -> Outcome:
        return other(said) if said["service"] else vaccination(said)

    return perform


class Orders:
    """The verbs of one turn."""

    def __init__(self, work: Work, world: World, person: Person, *, now: datetime) -> None:
        self._work = work
        self._world = world
        self._person = person
        self._now = now

    def find_service(self, said: Said) -> Outcome:
        """The service that was chosen, or the only one there is; else all of them."""
        language = said["language"] or "cs"
        services = self._world.services.at_once
        chosen = [each for each in services if each.key == said["service"]]
        match chosen or list(services):
            case []:
                return Outcome("none")
            case [only]:
                return _found(only, language)
            case several:
                options = [{"value": each.key, "label": each.label(language)} for each in several]
                return Outcome("choose", page_of(options, said["page"], VERBS["find_service"].most))

    def check_earlier(self, said: Said) -> Outcome:
        service, judged = self._service(said), self._judged(said)
        if service is None or isinstance(judged, Impossible):
            return Outcome(BUSY)
        earlier = self._work.orders.living(judged.number, service.key)
        return self._has_date(earlier) if earlier and self._stands(earlier, service) else Outcome("fresh")

    def register(self, said: Said) -> Outcome:
        service, judged, site = self._service(said), self._judged(said), self._site(said)
        phone = self._person.phone
        if service is None or isinstance(judged, Impossible) or site is None or phone is None:
            return Outcome(BUSY)
        referral = said["referral"] or None
        if service.referral is Referral.REQUIRED and referral is None:
            return Outcome("not_proven")
        earlier = self._work.orders.lock(judged.number, service.key)
        if earlier and self._stands(earlier, service):
            return self._has_date(earlier)
        seen = self._world.seen_by(service.key)
        if seen is None or not is_offered(self._work.db, seen, site.site_id, now=self._now):
            return Outcome("site_closed")
        if earlier:
            self._end(earlier)
        first_name, _, last_name = str(said["name"]).strip().partition(" ")
        new = NewOrder(
            service=service.key,
            first_name=first_name,
            last_name=last_name.strip(),
            number=judged.number,
            verdict="valid" if isinstance(judged, Valid) else "suspicious",
            birth_date=judged.age_from,
            insurer=str(said["insurer"]),
            psc="".join(str(said["psc"]).split()),
            phone=phone,
            email=said["email"] or None,
            site_id=site.site_id,
            language=said["language"] or "cs",
            address=self._person.address,
            referral=referral,
            price=None if referral else service.price,
        )
        registration_id = self._work.orders.add(new, now=self._now)
        if registration_id is None:
            return Outcome(BUSY)
        if self._person.address.channel == VOICE_CHANNEL:
            self._work.recordings.link(self._person.address, registration_id)
        known = {"site": site.name, "place": None, "hours": None, "registration": str(registration_id)}
        return Outcome("registered", {**known, "registered": iso(self._now)})

    def _stands(self, earlier: Registration, service: Service) -> bool:
        """It has a date, and that is not over, or the service is to be had only once."""
        if earlier.state == ORDER.begins_as:
            return False
        dates = self._work.reservations.living_of(earlier.registration_id)
        return not service.may_come_again or (dates is not None and dates.first.begins_at >= self._now)

    def _end(self, earlier: Registration) -> None:
        if earlier.state in ORDER.before(Ordering.OVER):
            self._work.orders.close(earlier.registration_id, now=self._now)
            return
        self._work.reservations.let_go(earlier.registration_id)
        self._work.orders.leave(earlier.registration_id, now=self._now)

    def _has_date(self, earlier: Registration) -> Outcome:
        dates = self._work.reservations.living_of(earlier.registration_id)
        site, _ = site_of(self._work, earlier)
        return Outcome(
            "has_reservation", {"site": site, "first": iso(dates.first.begins_at) if dates else None}
        )

    def _service(self, said: Said) -> Service | None:
        return next((each for each in self._world.services.at_once if each.key == said["service"]), None)

    def _judged(self, said: Said) -> Valid | Suspicious | Impossible:
        return judge(str(said["insurance_number"]), today=self._today)

    @property
    def _today(self) -> date:
        return self._now.astimezone(PRAGUE).date()

    def _site(self, said: Said) -> Site | None:
        try:
            return self._work.sites.get(UUID(str(said["site"])))
        except ValueError:
            return None


def _found(service: Service, language: str) -> Outcome:
    named = {"service": service.key, "label": service.label(language)}
    if service.referral is Referral.REQUIRED:
        return Outcome("required", named)
    if service.price is None:
        return Outcome("free", named)
    outcome = "referred" if service.referral is Referral.OPTIONAL else "paid"
    return Outcome(outcome, {**named, "price": service.price})
