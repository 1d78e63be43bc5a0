"""From an insurance number to a place in the queue: the verbs of the registration dialogue."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any, Final, TypeAlias
from uuid import UUID

from conversations.events import Outcome
from conversations.verbs import BUSY, VERBS
from core.blocking import RULES, Reason
from core.calendars.calendar import PRAGUE
from core.geography import nearest
from core.insurance_number import Impossible, Suspicious, Valid, judge
from core.mails import Purpose
from core.messages import VOICE_CHANNEL
from core.programme import Group, choices_for, group_of_age, is_asked
from core.services import VACCINATION
from core.sites import Site
from core.store.offered import is_offered, sites_to_choose
from core.store.registrations import QUEUED, NewRegistration, Registration
from core.store.work import Work
from core.world import World
from gateway.turns.belonging import Belonging, Belongs, NotShown, RegisterIsAsked
from gateway.turns.mailing import announce
from gateway.turns.pages import page_of
from gateway.turns.person import Person

Said: TypeAlias = Mapping[str, Any]

NONE_OF_THEM: Final = "none"  # what find_group is told by somebody whom no group fits


class Registering:
    """The verbs of one turn."""

    def __init__(self, work: Work, world: World, person: Person, *, now: datetime) -> None:
        self._work = work
        self._world = world
        self._person = person
        self._now = now
        self._belonging = Belonging(work, world, person, now=now)

    def check_number(self, said: Said) -> Outcome:
        match self._judge(said):
            case Valid(birth_date=born):
                return Outcome("valid", {"birth_year": born.year})
            case Suspicious(reason=reason, birth_date=birth_date, doubted=doubted):
                told = birth_date.isoformat() if birth_date else None
                return Outcome("suspicious", {"reason": reason.value, "birth_date": told, "doubted": doubted})
            case Impossible(reason=reason, doubted=doubted):
                return Outcome("impossible", {"reason": reason.value, "doubted": doubted})

    def find_sites(self, said: Said) -> Outcome:
        home = self._world.postcodes.find(str(said["psc"]))
        if home is None:
            return Outcome("unknown_psc")
        sites = nearest(self._sites(said), home)
        if not sites:
            return Outcome("none")
        options = [
            {"value": str(site.site_id), "name": site.name, "city": site.city or "", "km": round(km, 1)}
            for site, km in sites
        ]
        return Outcome("found", page_of(options, said["page"], VERBS["find_sites"].most))

    def _sites(self, said: Said) -> tuple[Site, ...]:
        world = self._world.seen_by(said["service"] or VACCINATION)
        return sites_to_choose(self._work.db, world, now=self._now) if world else ()

    def _is_offered(self, site: Site) -> bool:
        """Ask again, of the time since it was chosen; of vaccination, the orders ask for themselves."""
        world = self._world.seen_by(VACCINATION)
        return world is not None and is_offered(self._work.db, world, site.site_id, now=self._now)

    def find_group(self, said: Said) -> Outcome:
        born = self._born(said)
        if born is None:
            return Outcome(BUSY)
        programme, language = self._world.programme, said["language"] or "cs"
        mine = group_of_age(programme, born, self._now)
        choices = choices_for(programme, born, self._now)
        by_age = mine if mine and mine.is_open(self._now) else None
        chosen = said["group"]
        if chosen is None and is_asked(choices):
            options = [{"value": g.key, "label": g.label(language)} for g in choices if g is not by_age]
            return Outcome("choose", page_of(options, said["page"], VERBS["find_group"].most))
        if chosen is None or chosen == NONE_OF_THEM:
            return _given(by_age) if by_age else self._not_open(mine, language)
        group = programme.group(str(chosen))
        if group not in choices:
            return self._not_open(group or mine, language)
        if self._belonging.needs_code(group, self._number(said) or ""):
            return Outcome("needs_code", {"label": group.label(language)})
        return _given(group)

    def check_code(self, said: Said) -> Outcome:
        number, born = self._number(said), self._born(said)
        group = self._group(said, born) if born else None
        if number is None or group is None:
            return Outcome(BUSY)
        return self._belonging.check_code(group, number, str(said["code"] or ""), said["language"] or "cs")

    def check_earlier(self, said: Said) -> Outcome:
        number, born, site = self._number(said), self._born(said), self._site(said)
        if number is None or born is None or site is None:
            return Outcome(BUSY)
        earlier = self._work.registrations.living(number)
        if earlier is None:
            return Outcome("fresh")
        if earlier.state in ("reserved", "done"):
            return self._has_reservation(earlier)
        if earlier.site_id == site.site_id or earlier.state == "blocked":
            return Outcome("fresh")
        group = self._group(said, born)
        return Outcome(
            "replaces",
            {
                "old_site": self._name_of(earlier.site_id),
                "old_place": self._work.registrations.place(earlier),
                "new_site": site.name,
                "new_place": self._work.registrations.place_of_new(
                    site.site_id, score=group.score if group else 0, birth_date=born, now=self._now
                ),
            },
        )

    def register(self, said: Said) -> Outcome:  # noqa: PLR0911 - one for each end
        number, born, site = self._number(said), self._born(said), self._site(said)
        phone = self._person.phone
        if number is None or born is None or site is None or phone is None:
            return Outcome(BUSY)
        group = self._group(said, born)
        if group is None:
            return Outcome("not_proven")
        earlier = self._work.registrations.lock(number)
        if instead := self._instead(earlier, group, site, said["language"] or "cs"):
            return instead
        shown = self._belonging.show(group, number, str(said["code"] or ""))
        if isinstance(shown, NotShown):
            return Outcome("not_proven")
        if earlier and _is_at(earlier, site):
            if isinstance(shown, RegisterIsAsked):
                return self._claimed(earlier, group, site, said)
            return self._promoted(earlier, group, site, shown)
        if earlier:
            self._end(earlier)
        first_name, _, last_name = str(said["name"]).strip().partition(" ")
        new = NewRegistration(
            first_name=first_name,
            last_name=last_name.strip(),
            number=number,
            verdict="valid" if isinstance(self._judge(said), Valid) else "suspicious",
            birth_date=born,
            insurer=str(said["insurer"]),
            psc="".join(str(said["psc"]).split()),
            phone=phone,
            email=said["email"] or None,
            site_id=site.site_id,
            group_key=group.key,
            score=group.score,
            language=said["language"] or "cs",
            address=self._person.address,
        )
        if isinstance(shown, Belongs):
            return self._added(new, site, shown)
        return self._added_unproven(new, group, site, said)

    def _instead(
        self, earlier: Registration | None, group: Group, site: Site, language: str
    ) -> Outcome | None:
        """What to say where an earlier registration is as good, or the site has closed; None to go on."""
        if earlier and earlier.state in ("reserved", "done"):
            return self._has_reservation(earlier)
        if earlier and earlier.site_id == site.site_id and _ends_by_itself(earlier):
            return self._kept_back(earlier, group, site, language)
        if earlier and _is_at(earlier, site):
            gains = earlier.state in QUEUED and group.score > earlier.score
            return None if gains else self._registered("already", earlier, site)
        return None if self._is_offered(site) else Outcome("site_closed")

    def _added(self, new: NewRegistration, site: Site, shown: Belongs) -> Outcome:
        registration_id = self._work.registrations.add(new, now=self._now)
        if registration_id is None:
            return Outcome(BUSY)
        if self._person.address.channel == VOICE_CHANNEL:
            self._work.recordings.link(self._person.address, registration_id)
        if shown.code_id is not None:
            self._work.codes.name_user(shown.code_id, registration_id)
        mine = self._work.registrations.get(registration_id)
        if new.may_wait:
            announce(self._work, self._world, registration_id, Purpose.REGISTERED, now=self._now)
        return self._registered("registered", mine, site) if mine else Outcome(BUSY)

    def _kept_back(self, earlier: Registration, group: Group, site: Site, language: str) -> Outcome | None:
        """She would lose the time she registered at for a block that ends by itself."""
        if earlier.blocked_because is Reason.POSITIVE_PCR:
            return self._registered("already", earlier, site)
        return _checking(group, site, language) if earlier.claimed_group == group.key else None

    def _claimed(self, mine: Registration, group: Group, site: Site, said: Said) -> Outcome:
        """She keeps her place until the register has answered."""
        self._work.registrations.claim(mine.registration_id, group.key, now=self._now)
        return _checking(group, site, said["language"] or "cs")

    def _added_unproven(self, new: NewRegistration, group: Group, site: Site, said: Said) -> Outcome:
        """Until the register has answered she waits by her age, or is kept back where that lets nobody in."""
        by_age = group_of_age(self._world.programme, new.birth_date, self._now)
        if by_age and by_age.is_open(self._now):
            claiming = replace(new, group_key=by_age.key, score=by_age.score, claimed_group=group.key)
        else:
            claiming = replace(new, claimed_group=group.key, may_wait=False)
        added = self._added(claiming, site, Belongs())
        return added if added.name == BUSY else _checking(group, site, said["language"] or "cs")

    def _promoted(self, mine: Registration, group: Group, site: Site, shown: Belongs) -> Outcome:
        """Let somebody forward who waits here, and has shown since that she belongs to a group."""
        self._work.registrations.promote(mine.registration_id, group_key=group.key, score=group.score)
        if shown.code_id is not None:
            self._work.codes.name_user(shown.code_id, mine.registration_id)
        return self._registered("registered", replace(mine, score=group.score), site)

    def _end(self, earlier: Registration) -> None:
        self._work.reservations.let_go(earlier.registration_id)
        self._work.registrations.replace(earlier.registration_id, now=self._now)
        self._work.invitations.void_of(earlier.registration_id, now=self._now)

    def _registered(self, outcome: str, mine: Registration, site: Site) -> Outcome:
        place = self._work.registrations.place(mine)
        registered = mine.registered_at.isoformat()
        validity = self._world.policy.validity
        hours = None if validity is None else round(validity / timedelta(hours=1))
        return Outcome(
            outcome,
            {
                "site": site.name,
                "place": place,
                "registered": registered,
                "hours": hours,
                "registration": str(mine.registration_id),
            },
        )

    def _has_reservation(self, earlier: Registration) -> Outcome:
        dates = self._work.reservations.living_of(earlier.registration_id)
        first = dates.first.begins_at.isoformat() if dates else None
        return Outcome("has_reservation", {"site": self._name_of(earlier.site_id), "first": first})

    def _not_open(self, group: Group | None, language: str) -> Outcome:
        opens_at = group.opens_at if group else None
        is_coming = opens_at is not None and opens_at > self._now
        return Outcome(
            "not_open",
            {
                "label": group.label(language) if group else "",
                "opens_on": _opening(opens_at) if is_coming and opens_at else None,
            },
        )

    def _group(self, said: Said, born: date) -> Group | None:
        """The group somebody registers in, if it may register now."""
        if said.get("group"):
            group = self._world.programme.group(str(said["group"]))
            return group if group in choices_for(self._world.programme, born, self._now) else None
        group = group_of_age(self._world.programme, born, self._now)
        return group if group and group.is_open(self._now) else None

    def _judge(self, said: Said) -> Valid | Suspicious | Impossible:
        return judge(str(said["insurance_number"]), today=self._now.astimezone(PRAGUE).date())

    def _number(self, said: Said) -> str | None:
        verdict = self._judge(said)
        return None if isinstance(verdict, Impossible) else verdict.number

    def _born(self, said: Said) -> date | None:
        verdict = self._judge(said)
        return None if isinstance(verdict, Impossible) else verdict.age_from

    def _site(self, said: Said) -> Site | None:
        try:
            return self._work.sites.get(UUID(str(said["site"])))
        except ValueError:
            return None

    def _name_of(self, site_id: UUID) -> str:
        site = self._work.sites.get(site_id)
        return site.name if site else ""


def _opening(at: datetime) -> str:
    """The day, with the hour where it is not midnight."""
    local = at.astimezone(PRAGUE).replace(tzinfo=None)
    return local.isoformat(timespec="minutes") if local.time() > time.min else local.date().isoformat()


def _is_at(earlier: Registration, site: Site) -> bool:
    """A registration stands at a site, and nothing keeps it from being invited."""
    return earlier.site_id == site.site_id and earlier.state != "blocked"


def _ends_by_itself(earlier: Registration) -> bool:
    return earlier.blocked_because is not None and RULES[earlier.blocked_because].is_temporary


def _checking(group: Group, site: Site, language: str) -> Outcome:
    return Outcome("checking", {"site": site.name, "label": group.label(language)})


def _given(group: Group) -> Outcome:
    return Outcome("given", {"group": group.key})
