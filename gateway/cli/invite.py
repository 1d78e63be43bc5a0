"""``crs invite``: plan waves, look at them, and say who decides on them."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, tzinfo
from uuid import UUID

import click

from core.sites import Site
from core.store.gates import WaveGate
from core.store.waves import KeptWave, Reached
from core.store.work import Store
from gateway.cli.site_names import find_site, site_option
from gateway.clock import utc_now
from gateway.compose import App
from workers.planning import (
    ByHand,
    Considered,
    NotPlanned,
    Planned,
    PlanOutcome,
    consider,
    plan_now,
    sites_to_plan,
)

MOST_BY_HAND = 10_000  # a wave is one transaction
MOST_SHOWN = 20

now_option = click.option(
    "--now", type=click.DateTime(["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]), help="Pretend it is then."
)
by_option = click.option(
    "--by", "who", default="desk", show_default=True, help="Who decides; kept with the decision."
)


@click.group()
def invite() -> None:
    """Invitations: who may reserve now, and who decides on it."""


@invite.command()
@site_option
@now_option
@click.option(
    "--size", type=click.IntRange(1, MOST_BY_HAND), help="Invite so many, instead of what the plan says."
)
@click.option("--even-so", is_flag=True, help="With --size: also more than the site can serve.")
@by_option
@click.pass_obj
def run(
    app: App, *, site_named: str | None, now: datetime | None, size: int | None, even_so: bool, who: str
) -> None:
    """Invite now, and say per site how many were invited and why not more."""
    if size is not None and site_named is None:
        raise click.UsageError("--size is for one site: name it with --site")
    if even_so and size is None:
        raise click.UsageError("--even-so belongs to --size")
    moment = _moment(app, now)
    with app.store(connections=2) as store:
        workshop = app.workshop(store, lambda: moment)
        site_ids = [_one(store, site_named).site_id] if site_named else sites_to_plan(workshop)
        if not site_ids:
            click.echo("Nobody waits at a site that is left to the planner.")
        invited = 0
        for each in site_ids:
            outcome = plan_now(workshop, each, by_hand=ByHand(who, size, is_even_so=even_so))
            if outcome is None:
                continue
            click.echo(_outcome_in_words(outcome, left=_waiting(store, each)))
            match outcome:
                case Planned():
                    invited += outcome.invited
                case NotPlanned() if size is not None:
                    raise click.exceptions.Exit(1)
                case NotPlanned():
                    pass
        if len(site_ids) > 1:
            click.echo(f"Invited in all: {invited}.")


def _waiting(store: Store, site_id: UUID) -> int:
    with store.begin() as work:
        return work.invitations.waiting(site_id)


def _outcome_in_words(outcome: PlanOutcome, *, left: int) -> str:
    name = outcome.site.name
    match outcome:
        case NotPlanned(why=why):
            return f"{name}: nobody was invited, {left} still waiting ({why})."
        case Planned(taken_back=taken_back) if taken_back:
            said = f"{name}: took back {taken_back} that had not left, {left} waiting"
        case Planned(invited=invited):
            said = f"{name}: invited {invited}, {left} still waiting"
    return f"{said} ({'; '.join(outcome.plan.reasons)})." if left else f"{said}."


@invite.command()
@site_option
@now_option
@click.option("--explain", is_flag=True, help="Say what the plan is made of.")
@click.option("--policy", help="Under another policy than that of the settings.")
@click.pass_obj
def plan(app: App, site_named: str | None, now: datetime | None, explain: bool, policy: str | None) -> None:
    """Say what would be decided for a site now; invites nobody."""
    if site_named is None:
        raise click.UsageError("Name a site with --site.")
    moment = _moment(app, now)
    with app.store(connections=2) as store:
        workshop = app.workshop(store, lambda: moment)
        if policy is not None:
            workshop = replace(workshop, world=replace(app.world, policy=app.policy_named(policy)))
        considered = consider(workshop, _one(store, site_named).site_id)
    if considered is None:
        return
    for line in _plan_in_words(considered, explain=explain, policy=workshop.world.policy.name):
        click.echo(line)


def _plan_in_words(considered: Considered, *, explain: bool, policy: str) -> Iterator[str]:
    chosen, state = considered.plan, considered.state
    yield f'{considered.site.name}, policy "{policy}": {chosen.size} would be invited now.'
    if refusal := considered.standing.refuses(is_by_hand=False):
        yield f"Not by the planner: {refusal}."
    if not explain:
        return
    for reason in chosen.reasons:
        yield f"- {reason}"
    yield (
        f"Can be served: {chosen.capacity}. Invited and silent: {state.open_count}, choosing now: "
        f"{state.choosing}; they claim {chosen.claims:.1f}."
    )
    yield (
        f"Expected to answer with this wave: {chosen.responders:.1f}. Chance that somebody answers and finds "
        f"nothing: {100 * chosen.risk:.1f} %."
    )
    if state.recent_waves:
        yield f"The last waves: {', '.join(map(str, state.recent_waves))}."


@invite.command()
@site_option
@click.option("--wave", "wave_id", type=int, help="One wave, with its list.")
@click.pass_obj
def waves(app: App, site_named: str | None, wave_id: int | None) -> None:
    """Show the decisions made: when, by whom, how many, and why; a brake has a size below 0."""
    zone = app.settings.time_zone
    with app.store(connections=1) as store:
        site = _one(store, site_named) if site_named else None
        with store.begin() as work:
            names = {site.site_id: site.name for site in work.sites.all().values()}
            if wave_id is not None:
                wave = work.waves.get(wave_id)
                if wave is None:
                    raise click.BadParameter(f"there is no wave {wave_id}", param_hint="--wave")
                _tell_wave(
                    wave, names.get(wave.site_id, str(wave.site_id)), work.waves.reached(wave_id), zone
                )
                return
            listed = work.waves.latest(MOST_SHOWN, site_id=site.site_id if site else None)
    if not listed:
        click.echo("There was no wave yet.")
    for wave in listed:
        click.echo(_line(wave, names.get(wave.site_id, str(wave.site_id)), zone))


def _line(wave: KeptWave, site: str, zone: tzinfo) -> str:
    at = f"{wave.planned_at.astimezone(zone):%Y-%m-%d %H:%M}"
    what = f"invited {wave.size}" if wave.size > 0 else f"took back {-wave.size}"
    return f"#{wave.wave_id} {at} {site}: {what}, policy {wave.policy}, by {wave.approved_by}"


def _tell_wave(wave: KeptWave, site: str, reached: dict[int, Reached], zone: tzinfo) -> None:
    click.echo(_line(wave, site, zone))
    for reason in wave.reasons:
        click.echo(f"- {reason}")
    for name, value in sorted(wave.inputs.items()):
        if name not in ("who", "again"):
            click.echo(f"  {name}: {value}")
    for place, registration_id in enumerate(wave.who, start=1):
        click.echo(f"{place:>5}. registration {registration_id}{_fate(reached.get(registration_id))}")


def _fate(reached: Reached | None) -> str:
    """What became of it since; of those told again or taken back another wave's invitation tells."""
    if reached is None:
        return ""
    return f": {reached.state}" + (f", its SMS {reached.message}" if reached.message else "")


@invite.command()
@site_option
@click.option("--all", "is_all", is_flag=True, help="Every site.")
@by_option
@click.pass_obj
def pause(app: App, site_named: str | None, is_all: bool, who: str) -> None:
    """Invite nobody, by plan or by hand, until it is resumed; gates stay as they are."""
    with app.store(connections=1) as store:
        site_ids = _which(store, site_named, is_all)
        now = utc_now()
        with store.begin() as work:
            paused = work.gates.pause(site_ids, now=now)
            for site_id in paused:
                work.audit.note(who, f"paused site {site_id}", now=now)
    click.echo(f"Paused: {len(paused)}. Go on with: crs invite resume")


@invite.command()
@site_option
@click.option("--all", "is_all", is_flag=True, help="Every site.")
@by_option
@click.pass_obj
def resume(app: App, site_named: str | None, is_all: bool, who: str) -> None:
    """End a pause."""
    with app.store(connections=1) as store:
        site_ids = _which(store, site_named, is_all)
        now = utc_now()
        with store.begin() as work:
            resumed = work.gates.resume(site_ids)
            for site_id in resumed:
                work.audit.note(who, f"resumed site {site_id}", now=now)
    click.echo(f"Resumed: {len(resumed)}.")


@invite.command()
@site_option
@click.argument("gate", type=click.Choice([gate.value for gate in WaveGate]))
@by_option
@click.pass_obj
def gate(app: App, site_named: str | None, gate: str, who: str) -> None:
    """Say who decides on waves at a site: automatic, by_hand or closed."""
    if site_named is None:
        raise click.UsageError("Name a site with --site.")
    with app.store(connections=1) as store:
        site = _one(store, site_named)
        now = utc_now()
        with store.begin() as work:
            is_changed = work.gates.set(site.site_id, WaveGate(gate))
            if is_changed:
                work.audit.note(who, f"gate {gate} at site {site.site_id}", now=now)
    click.echo(f"{site.name}: {gate}{'' if is_changed else ', as before'}.")


def _moment(app: App, now: datetime | None) -> datetime:
    return (now.replace(tzinfo=app.settings.time_zone) if now else utc_now()).astimezone(UTC)


def _one(store: Store, named: str) -> Site:
    with store.begin() as work:
        return find_site(work.sites.all().values(), named)


def _which(store: Store, named: str | None, is_all: bool) -> list[UUID] | None:
    if (named is None) != is_all:
        raise click.UsageError("Name a site with --site, or say --all.")
    return None if named is None else [_one(store, named).site_id]
