"""Free dates on the web: read by anybody, made once a minute, and not sent to whoever has them."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy.exc import OperationalError

from core.exports.smart import Publication, publish
from gateway.web.scheduling import SchedulingLinks
from gateway.web.visitor import Front
from tests.core.test_smart import REGIONS, opening, slot
from tests.slot_publisher import check_files, check_manifest

MANIFEST = "/smart-scheduling/$bulk-publish"


class Publisher:
    """Counts how often it is asked; ``taken`` changes what there is."""

    def __init__(self) -> None:
        self.asked = 0
        self.taken = 0
        self.now = datetime(2021, 1, 22, 9, tzinfo=UTC)
        self.is_down = False

    def publish(self, _: datetime) -> Publication:
        if self.is_down:
            raise OperationalError("", None, OSError())
        self.asked += 1
        return publish([opening(slot(7, 0, taken=self.taken))], REGIONS, hotline="1221")


@pytest.fixture
def publisher() -> Publisher:
    return Publisher()


@pytest.fixture
def links(publisher: Publisher) -> SchedulingLinks:
    return SchedulingLinks(publisher.publish, Front(behind_proxy=True), lambda: publisher.now)


@pytest.fixture
async def client(links: SchedulingLinks):
    app = web.Application()
    app.router.add_routes(links.routes)
    async with TestClient(TestServer(app)) as client:
        yield client


async def test_the_manifest_leads_to_every_file(client):
    answer = await client.get(MANIFEST)
    kinds = check_manifest(await answer.json())
    files = {
        url: await (await client.get(url.partition("/smart")[1] + url.partition("/smart")[2])).text()
        for url in kinds
    }
    assert len(check_files(files, kinds)) == 3
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


async def test_addresses_are_those_by_which_a_proxy_is_reached(client):
    headers = {"Host": "crs.example.cz", "X-Forwarded-Proto": "https"}
    said = await (await client.get(MANIFEST, headers=headers)).json()
    assert said["request"] == "https://crs.example.cz/smart-scheduling/$bulk-publish"


async def statuses(client, path=MANIFEST, count=3) -> set[int]:
    return {answer.status for answer in await asyncio.gather(*(client.get(path) for _ in range(count)))}


async def test_it_is_made_once_in_two_minutes_however_many_ask(client, publisher):
    assert await statuses(client) == {200}
    publisher.now += timedelta(seconds=119)
    assert await statuses(client, "/smart-scheduling/slots-CZ063.ndjson") == {200}
    assert publisher.asked == 1


async def test_nobody_waits_while_it_is_made_anew(client, publisher, links):
    before = (await client.get(MANIFEST)).headers["ETag"]
    publisher.now += timedelta(minutes=2)
    publisher.taken = 1
    assert (await client.get(MANIFEST)).headers["ETag"] == before
    await links.made()
    assert (await client.get(MANIFEST)).headers["ETag"] != before
    assert publisher.asked == 2


async def test_what_is_too_old_is_not_given(client, publisher):
    before = (await client.get(MANIFEST)).headers["ETag"]
    publisher.now += timedelta(minutes=5)
    publisher.taken = 1
    assert (await client.get(MANIFEST)).headers["ETag"] != before


@pytest.mark.parametrize("name", ["$bulk-publish", "slots-CZ063.ndjson"])
async def test_who_has_it_is_told_so_until_it_changes(client, publisher, name):
    path = f"/smart-scheduling/{name}"
    first = await client.get(path)
    by_tag = {"If-None-Match": first.headers["ETag"]}
    by_time = {"If-Modified-Since": first.headers["Last-Modified"]}
    publisher.now += timedelta(minutes=5)
    for headers in (by_tag, by_time):
        again = await client.get(path, headers=headers)
        assert (again.status, await again.read()) == (304, b"")
        assert again.headers["ETag"] == first.headers["ETag"]
    publisher.now += timedelta(minutes=5)
    publisher.taken = 1
    for headers in (by_tag, by_time, by_tag | by_time):
        changed = await client.get(path, headers=headers)
        assert changed.status == 200
        assert changed.headers["ETag"] != first.headers["ETag"]


async def test_a_tag_decides_alone(client):
    first = await client.get(MANIFEST)
    headers = {"If-None-Match": '"another"', "If-Modified-Since": first.headers["Last-Modified"]}
    assert (await client.get(MANIFEST, headers=headers)).status == 200


async def test_what_is_not_there_is_not_found(client):
    answer = await client.get("/smart-scheduling/patients.ndjson")
    assert answer.status == 404
    assert "$bulk-publish" in await answer.text()


async def test_without_the_database_it_says_when_to_come_again(client, publisher):
    publisher.is_down = True
    answer = await client.get(MANIFEST)
    assert (answer.status, answer.headers["Retry-After"]) == (503, "10")


async def test_without_the_database_the_last_one_is_given_for_a_while(client, publisher, links):
    await client.get(MANIFEST)
    publisher.is_down = True
    publisher.now += timedelta(minutes=4)
    assert await statuses(client) == {200}
    await links.made()
    publisher.now += timedelta(minutes=1)
    assert await statuses(client) == {503}
