"""What the gateway says of itself, and to whom."""

import pytest
from sqlalchemy.exc import OperationalError

from gateway.metrics import Metric, exposition, pages

METRICS = [
    Metric("crs_mos_waiting", "MOs that wait", {(): 3}),
    Metric("crs_bound", "1 while bound", {(("operator", 'o"2'),): True}),
    Metric("crs_throttled_total", "throttled", {(("operator", "o2"),): 7}, kind="counter"),
]
PAGE = (
    "# HELP crs_mos_waiting MOs that wait\n# TYPE crs_mos_waiting gauge\ncrs_mos_waiting 3\n"
    '# HELP crs_bound 1 while bound\n# TYPE crs_bound gauge\ncrs_bound{operator="o\\"2"} 1\n'
    "# HELP crs_throttled_total throttled\n# TYPE crs_throttled_total counter\n"
    'crs_throttled_total{operator="o2"} 7\n'
)


async def read() -> list[Metric]:
    return METRICS


def test_the_page_is_in_the_format_that_prometheus_reads():
    assert exposition(METRICS) == PAGE


async def test_this_machine_may_read_the_metrics(aiohttp_client):
    client = await aiohttp_client(pages(read))
    response = await client.get("/metrics")
    assert response.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    assert await response.text() == PAGE


@pytest.mark.parametrize("header", ["Forwarded", "X-Forwarded-For"])
async def test_a_proxy_may_not_read_the_metrics_for_somebody_else(aiohttp_client, header):
    client = await aiohttp_client(pages(read))
    response = await client.get("/metrics", headers={header: "203.0.113.7"})
    assert response.status == 403
    assert "Only this machine" in await response.text()


async def test_health_tells_anybody_and_needs_no_database(aiohttp_client):
    async def fail() -> list[Metric]:
        raise OperationalError("", None, OSError())

    client = await aiohttp_client(pages(fail))
    assert (await client.get("/health", headers={"X-Forwarded-For": "203.0.113.7"})).status == 200
    assert (await client.get("/metrics")).status == 503
