"""``crs simulate``: rehearse a launch, a week or a spring before they come."""

import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from core.calendars.calendar import PRAGUE
from core.invitations import Policy
from gateway.compose import App
from gateway.logs import set_up_logs
from gateway.simulation.rehearsal import Progress, Rehearsal, databases
from gateway.simulation.report import write_report
from gateway.simulation.scenario import Scenario, ScenarioError, load_scenario, presets


@click.command()
@click.argument("scenario", required=False)
@click.option("--list", "lists", is_flag=True, help="Name the scenarios that come with this release.")
@click.option("--people", type=click.IntRange(1, 2_000_000), help="How many, instead of the scenario's.")
@click.option("--policy", "policies", multiple=True, help="Instead of the scenario's; several are compared.")
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), default=Path("rehearsal"), show_default=True
)
@click.option("--seed", default=2021, show_default=True, help="Another seed makes up other people.")
@click.pass_obj
def simulate(
    app: App,
    /,
    *,
    scenario: str | None,
    lists: bool,
    people: int | None,
    policies: tuple[str, ...],
    out: Path,
    seed: int,
) -> None:
    """Rehearse SCENARIO, a preset or a TOML file, and write OUT/report.html and OUT/report.json.

    Uses a database of its own, deleted at the end, and a made-up operator and people; the dialogues, the
    planner and the arithmetic of capacity are the real ones.
    """
    if lists or scenario is None:
        for name, path in presets().items():
            click.echo(f"{name:12} {load_scenario(str(path)).title}")
        return
    set_up_logs("error")
    try:
        chosen = load_scenario(scenario, people=people)
    except ScenarioError as error:
        raise click.ClickException(str(error)) from error
    named = [app.policy_named(name) for name in policies or chosen.policies]
    runs = rehearse(app, chosen, named, seed=seed)
    page = write_report(chosen, runs, out, seed=seed)
    click.echo(f"The report: {page}")


def rehearse(app: App, scenario: Scenario, policies: Sequence[Policy], *, seed: int) -> list[dict[str, Any]]:
    """One run per policy, one after another, each with the same people."""
    folder = Path(tempfile.mkdtemp(prefix="crs-rehearsal-"))
    folder.chmod(0o711)  # the server may run as another user
    runs = []
    with databases(folder) as fresh:
        for policy in policies:
            with _bar(scenario, policy.name) as progress:
                rehearsal = Rehearsal(app, fresh(), scenario, policy, seed=seed)
                runs.append(rehearsal.run(progress=progress))
    return runs


@contextmanager
def _bar(scenario: Scenario, policy: str) -> Iterator[Progress]:
    """A bar over the virtual time, with that time and how much faster than life it runs."""
    started, begun_at = time.perf_counter(), scenario.begins
    words = ""
    steps: tuple[None, ...] = ()  # the length is the virtual time
    with click.progressbar(
        steps,
        length=int(scenario.span.total_seconds()),
        label=f"{policy:12}",
        item_show_func=lambda _: words,
        update_min_steps=1,
    ) as bar:

        def progress(now: datetime) -> None:
            nonlocal words
            passed = (now - begun_at).total_seconds()
            speed = passed / max(time.perf_counter() - started, 0.001)
            words = f"{now.astimezone(PRAGUE):%a %d %b %H:%M}, {speed:,.0f} times faster than life"
            bar.update(int(passed) - bar.pos)

        yield progress
