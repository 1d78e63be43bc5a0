"""Two-dose reservations a second: everybody at once on one site, every hold and confirmation durable."""

import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from uuid import UUID

from sqlalchemy import text

from bench.ground import Figure, durable_commits_per_second, ground, seniors
from core.messages import Address
from core.store.registrations import NewRegistration
from core.store.reservation_rows import Picked, Reservation
from core.store.work import Store
from core.vault import Vault
from gateway.compose import load_world
from tests.installation import site_ids

OFFERED = 4  # dates in one SMS
THREADS = 4


def main(people: int = 1_000) -> list[Figure]:
    """Measure, check that no place was given twice, and print."""
    world = load_world()
    site = UUID(site_ids()[0])
    now = datetime.now(UTC)
    with ground() as here:
        baseline = durable_commits_per_second(here.database_url)
        store = Store.connect(here.database_url, Vault.from_text(here.environ["CRS_SECRETS_KEY"]))
        waiting = _register(store, site, people, now)
        lock = threading.Lock()
        tries = 0

        def reserve(registration_id: int) -> None:
            nonlocal tries
            while True:
                with lock:
                    tries += 1
                with store.begin() as work:
                    offered = work.reservations.offers(site, world, now=now, at_most=OFFERED)
                    pair = offered[registration_id % len(offered)]
                    picked = Picked(pair.first.slot_id, pair.second.slot_id if pair.second else None)
                    held = work.reservations.hold(registration_id, picked, site_id=site, world=world, now=now)
                if isinstance(held, Reservation):
                    break
            with store.begin() as work:
                assert isinstance(
                    work.reservations.confirm(registration_id, world=world, now=now), Reservation
                )

        begun = time.perf_counter()
        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(reserve, waiting))
        elapsed = time.perf_counter() - begun
        with store.begin() as work:
            taken, most = work.db.execute(text("SELECT sum(taken), max(taken - capacity) FROM slots")).one()
        store.close()
    assert taken == 2 * people, "both places of every reservation, and no other"
    assert most <= 0, "no place is given twice"
    figure = Figure("two-dose reservations at one site", people / elapsed, "a bare durable commit", baseline)
    print(figure)
    print(f"  {tries / people:.2f} offers a person; places taken = 2 x reservations")
    return [figure]


def _register(store: Store, site: UUID, people: int, now: datetime) -> list[int]:
    numbers = seniors(random.Random(3), people)
    found = []
    with store.begin() as work:
        for n, number in enumerate(numbers):
            phone = f"+4206030{n:05}"
            new = NewRegistration(
                first_name="Jan",
                last_name="Novák",
                number=number,
                verdict="valid",
                birth_date=date(1935, 1, 1),
                insurer="111",
                psc="58601",
                phone=phone,
                email=None,
                site_id=site,
                group_key="age-80",
                score=13,
                language="cs",
                address=Address("sms", phone),
            )
            registration_id = work.registrations.add(new, now=now)
            assert registration_id is not None
            found.append(registration_id)
    return found


if __name__ == "__main__":
    main()
