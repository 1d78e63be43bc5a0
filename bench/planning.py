"""A wave for every site: how long it takes, and how that grows with the invited and with the registered.

``python -m bench.planning 10000000`` for the whole country; people are made by the database itself.
"""

import sys
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

from sqlalchemy import Connection, insert, text

from bench.ground import ground
from core.store import tables as t
from core.store.work import Store
from gateway.compose import App, load_world
from gateway.logs import set_up_logs
from gateway.settings import read
from tests.installation import operator
from workers.planning import plan_all
from workers.workshop import install

PRODUCT = "Comirnaty"
POLICY = "2021-01-21"  # a wave takes all there is, so that deliveries say how many are invited
DAYS = 20
FEW, MANY = 10, 100  # people invited at each site
WATCHED = ("registrations", "invitations", "reservations", "outbox", "waves", "slots")


@dataclass(frozen=True, slots=True)
class Planning:
    """One pass over every site; `scanned` are the rows of people and messages that were read one by one."""

    registered: int
    sites: int
    invited: int
    seconds: float
    scanned: int

    def __str__(self) -> str:
        return (
            f"{self.registered:>10}  {self.sites:>5}  {self.invited:>7}  {self.seconds:>7.2f} s  "
            f"{self.seconds / self.sites * 1000:>7.1f} ms  {self.scanned:>12}"
        )


def main(people: int = 300_000) -> list[Planning]:
    """Measure and print; a tenth of the people first."""
    set_up_logs("warning")
    found = []
    with ground(operator("bench", 1)) as here:
        app = App(settings=read(Path(here.environ["CRS_CONFIG"]), here.environ))
        with app.store() as store:
            workshop = app.workshop(store)
            install(replace(workshop, world=replace(workshop.world, policy=app.policy_named(POLICY))))
            with store.begin() as work:
                _give_dates(work.db)
            print("registered  sites  invited    elapsed  per site  rows scanned")
            for registered in (people // 10, people):
                begun = time.perf_counter()
                register(store, registered)
                made = time.perf_counter() - begun
                for each in (FEW, MANY, 0):
                    found.append(_plan(store, registered, each))
                    print(found[-1], flush=True)
                print(f"  ({made:.0f} s to make the people)")
    few, many, none, few_of_all, many_of_all, none_of_all = (each.seconds for each in found)
    print(
        f"ten times the registered: {few_of_all / few:.2f}, {many_of_all / many:.2f} times as long, ", end=""
    )
    print(f"{none_of_all / none:.2f} with nobody to invite")
    print(f"ten times the invited: {many / few:.2f}, {many_of_all / few_of_all:.2f} times as long")
    return found


def _plan(store: Store, registered: int, each: int) -> Planning:
    with store.begin() as work:
        _deliver(work.db, doses=2 * each)
        sites, before = _counts(work.db)
        scanned = _scanned(work.db)
    begun = time.perf_counter()
    plan_all()
    elapsed = time.perf_counter() - begun
    with store.begin() as work:
        work.db.execute(text("SELECT pg_stat_force_next_flush()"))
        _, after = _counts(work.db)
        return Planning(registered, sites, after - before, elapsed, _scanned(work.db) - scanned)


def _counts(db: Connection) -> tuple[int, int]:
    """Sites, and invitations given so far."""
    query = "SELECT (SELECT count(*) FROM sites), (SELECT count(*) FROM invitations)"
    sites, invitations = db.execute(text(query)).one()
    return sites, invitations


def _scanned(db: Connection) -> int:
    query = text("SELECT coalesce(sum(seq_tup_read), 0) FROM pg_stat_user_tables WHERE relname = ANY(:names)")
    return int(db.execute(query, {"names": list(WATCHED)}).scalar_one())


def _give_dates(db: Connection) -> None:
    """Every site has first dates on twenty days, and the second ones when the product wants them."""
    product = load_world().products.find(PRODUCT)
    assert product is not None
    db.execute(text("TRUNCATE slots, calendars CASCADE"))
    db.execute(
        text(
            "INSERT INTO calendars (site_id, name, round, product) "
            "SELECT site_id, 'Druhá', 'V2', :product FROM sites"
        ),
        {"product": product.key},
    )
    db.execute(
        text(
            "INSERT INTO calendars (site_id, name, round, product, links_to, linked_id) "
            "SELECT site_id, 'První', 'V1', product, name, calendar_id FROM calendars WHERE round = 'V2'"
        )
    )
    slots = text(
        "INSERT INTO slots (calendar_id, begins_at, capacity) "
        "SELECT calendar_id, moment, 10 FROM calendars, "
        "generate_series(CAST(:since AS timestamptz), :since + interval '5 hours', '15 minutes') AS moment "
        "WHERE round = :round"
    )
    morning = datetime.now(UTC).replace(hour=8, minute=0, second=0, microsecond=0)
    for since in (morning + timedelta(days=n) for n in range(1, DAYS + 1)):
        interval = product.interval_on(since.date())
        assert interval is not None
        second, _ = interval.window(since.date())
        db.execute(slots, {"since": since, "round": "V1"})
        db.execute(slots, {"since": since + (second - since.date()), "round": "V2"})
    db.execute(text("UPDATE sites SET is_active = true, capacity_per_day = 100, gone_at = NULL"))
    db.execute(text("ANALYZE slots"))


def _deliver(db: Connection, *, doses: int) -> None:
    product = load_world().products.find(PRODUCT)
    assert product is not None
    sites = db.execute(text("SELECT site_id FROM sites")).scalars().all()
    today = datetime.now(UTC).date()
    if doses:
        db.execute(
            insert(t.stock_movements),
            [
                {
                    "movement_key": str(uuid4()),
                    "site_id": site,
                    "product": product.key,
                    "kind": "Příjem",
                    "moved_on": today,
                    "doses": doses,
                }
                for site in sites
            ],
        )


def register(store: Store, wanted: int, *, apart: timedelta = timedelta(milliseconds=10)) -> None:
    """People up to so many, over all sites; the indexes are made anew afterwards, which is faster."""
    with store.begin() as work:
        db = work.db
        have = db.execute(text("SELECT count(*) FROM registrations")).scalar_one()
        indexes = db.execute(
            text(
                "SELECT indexname, indexdef FROM pg_indexes "
                "WHERE tablename = 'registrations' AND indexname NOT LIKE 'pk_%'"
            )
        ).all()
        for index in indexes:
            db.execute(text(f"DROP INDEX {index.indexname}"))
        db.execute(
            text(
                """
                INSERT INTO registrations (first_name, last_name, number_sealed, number_digest,
                    number_verdict, birth_date, insurer, psc, phone, site_id, group_key, score, language,
                    channel, address, state, registered_at)
                SELECT 'Jan', 'Novák', decode(repeat('ab', 60), 'hex'), sha256(int8send(n)),
                    'valid', date '1925-01-01' + CAST(n * 7919 % 29000 AS int), '111', '58601',
                    '+420' || 600000000 + n, places[1 + n % array_length(places, 1)], 'age-80',
                    (ARRAY[13, 7, 4, 0])[1 + n * 31 % 4], 'cs',
                    'sms', '+420' || 600000000 + n, 'waiting', :now - n * CAST(:apart AS interval)
                FROM generate_series(CAST(:since AS bigint), CAST(:wanted AS bigint)) AS n,
                    (SELECT array_agg(site_id ORDER BY site_id) AS places FROM sites) AS all_sites
                """
            ),
            {"since": have + 1, "wanted": wanted, "now": datetime.now(UTC), "apart": apart},
        )
        db.execute(text("SET LOCAL maintenance_work_mem = '1GB'"))
        for index in indexes:
            db.execute(text(index.indexdef))
    with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as db:
        db.execute(text("VACUUM ANALYZE registrations"))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
