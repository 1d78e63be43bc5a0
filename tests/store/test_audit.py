"""The audit on a real PostgreSQL."""

from datetime import timedelta

from tests.workers.town import NOW, add_person, add_site


def test_a_line_is_found_by_what_was_done_about_whom_and_when(store):
    with store.begin() as work:
        add_site(work.db)
        jana, karel = add_person(work.db, 1), add_person(work.db, 2)
        work.audit.note("sms dialogue", "PIN2 told again", registration_id=jana, now=NOW)
        work.audit.note("sms dialogue", "PIN2 told again", registration_id=karel, now=NOW)
        work.audit.note("desk: Eva", "unblocked", registration_id=jana, now=NOW + timedelta(hours=1))
        work.audit.note("desk: Eva", "address unblocked", now=NOW + timedelta(hours=2))
    with store.begin() as work:
        assert work.audit.count("PIN2 told again", registration_id=jana, since=NOW) == 1
        later = NOW + timedelta(seconds=1)
        assert work.audit.count("PIN2 told again", registration_id=jana, since=later) == 0
        assert [line.what for line in work.audit.latest(2)] == ["address unblocked", "unblocked"]
        assert [line.what for line in work.audit.latest(9, registration_id=jana)] == [
            "unblocked",
            "PIN2 told again",
        ]
