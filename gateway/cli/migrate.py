"""``crs migrate``: from one policy of inviting to another, with everybody told."""

import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

import click

from conversations.media import gsm
from core.invitations import Policy
from core.rule_changes import Purpose
from core.store.rule_changes import RuleChange
from core.store.work import Store
from gateway.cli.importing import UNCHANGED
from gateway.clock import utc_now
from gateway.compose import App
from workers.rules import Met, RuleChanging, SomebodyElseIsAtIt

INVENTED: Final = "Jana Vzorová"
MEANING: Final = {
    Purpose.PIN_UNTIL: "the PIN they have gets another end",
    Purpose.PIN_STAYS: "the PIN they have runs out no more",
    Purpose.PIN_WILL_EXPIRE: "the PIN they wait for will run out",
    Purpose.OLD_PIN_IS_DEAD: "the PIN of the earlier system is dead",
    None: "nothing, what they know still holds",
}


@click.group()
def migrate() -> None:
    """Change the rules of inviting."""


@migrate.command()
@click.argument("old", metavar="FROM")
@click.argument("new", metavar="TO")
@click.option("--dry-run", is_flag=True, help="Show who would be told what, and change nothing.")
@click.option("--by", "approved_by", help="Who decided; kept with the change.")
@click.pass_obj
def rules(app: App, old: str, new: str, dry_run: bool, approved_by: str | None) -> None:
    """Go from the policy FROM to the policy TO, and tell everybody for whom something changes.

    PINs that people hold get the end that TO gives them, counted from when the message can be read. Each
    person is told once: an interrupted change goes on when it is started again. The same policy twice only
    tells those who came over from an earlier system that their old PIN is dead.
    """
    if not (dry_run or approved_by):
        raise click.UsageError("Say who decided: --by NAME. Or only look: --dry-run.")
    before, after = _policy(app, old, "FROM"), _policy(app, new, "TO")
    with app.store(connections=2) as store:
        changing = RuleChanging(
            store, app.library, app.operators, app.sending_hours, old=before, new=after, clock=utc_now
        )
        try:
            with changing.alone():
                going_on = _refuse_or_go_on(app, store, old, new)
                click.echo(f"{old}: {_in_words(before)}.\n{new}: {_in_words(after)}.")
                if dry_run:
                    _tell_survey(changing, _counted(store, changing.survey()), app.library.languages)
                    click.echo(UNCHANGED)
                    return
                if going_on:
                    click.echo(f"Change {going_on.change_id} was interrupted; it goes on.")
                change = changing.begin(approved_by=str(approved_by))
                _report(_counted(store, changing.tell(change)))
        except SomebodyElseIsAtIt:
            raise click.ClickException("The rules are being changed by somebody else right now.") from None
    click.echo(f"Change {change.change_id} is made.")
    if app.settings.invitations.policy != new:
        click.echo(f'Now set [invitations] policy = "{new}", and restart `crs worker` and `crs serve`.')


def _policy(app: App, name: str, which: str) -> Policy:
    if name not in app.policies:
        known = ", ".join(app.policies)
        raise click.BadParameter(f"there is no policy {name}; there are {known}", param_hint=which)
    return app.policies[name]


def _refuse_or_go_on(app: App, store: Store, old: str, new: str) -> RuleChange | None:
    """The same change if it was interrupted; refused when FROM is not the policy in force."""
    with store.begin() as work:
        last = work.rule_changes.last()
    if last is None:
        chosen = app.settings.invitations.policy
        if chosen not in (old, new):
            raise click.ClickException(f"The policy in force is {chosen} ([invitations] policy), not {old}.")
        return None
    if last.finished_at is None:
        if (last.old_policy, last.new_policy) != (old, new):
            raise click.ClickException(
                f"The change from {last.old_policy} to {last.new_policy} was interrupted. Let it end first: "
                f"`crs migrate rules {last.old_policy} {last.new_policy} --by NAME`."
            )
        return last
    if last.new_policy != old:
        when = last.changed_at.astimezone(app.settings.time_zone)
        raise click.ClickException(
            f"The policy in force is {last.new_policy}, not {old}: {last.approved_by} changed it on "
            f"{when:%Y-%m-%d %H:%M} (change {last.change_id})."
        )
    return None


def _in_words(policy: Policy) -> str:
    hours = None if policy.validity is None else policy.validity.total_seconds() / 3600
    validity = "a PIN is valid until used" if hours is None else f"a PIN is valid for {hours:g} h"
    match policy.most_invitations:
        case None:
            return f"{validity}, any number of invitations may run out"
        case most:
            return f"{validity}, at most {most} {'invitation' if most == 1 else 'invitations'}"


def _counted(store: Store, pages: Iterable[Counter[Met]]) -> Counter[Met]:
    with store.begin() as work:
        people = work.rule_changes.count()
    met: Counter[Met] = Counter()
    with click.progressbar(length=people, label="People", file=sys.stderr) as bar:
        for page in pages:
            met += page
            bar.update(page.total())
    return met


def _tell_survey(changing: RuleChanging, met: Counter[Met], languages: Mapping[str, object]) -> None:
    _report(met)
    for purpose in Purpose:
        if of_purpose := [each for each in met if each.purpose is purpose]:
            for language in languages:
                words = changing.sample(purpose, language, name=INVENTED, site=of_purpose[0].site)
                click.echo(f"  {language}, segments {gsm.segments(words)}: {words}")


def _report(met: Counter[Met]) -> None:
    """How many hear what: in all, then by site and state."""
    totals: Counter[Purpose | None] = Counter()
    for each in met:
        totals[each.purpose] += met[each]
    told = totals.total() - totals[None]
    click.echo(f"People {totals.total()}, to be told {told}:")
    for purpose, meaning in MEANING.items():
        if totals[purpose]:
            click.echo(f"  {totals[purpose]}: {meaning}")
    by_site = sorted(met.items(), key=lambda item: (item[0].site, str(item[0].site_id), item[0].state))
    for each, count in by_site:
        click.echo(f"{each.site}, {each.state} {count}: {MEANING[each.purpose]}")
