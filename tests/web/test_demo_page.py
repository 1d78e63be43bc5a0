"""The demo's page in a real browser: SMS, chat and a call side by side."""

import random
from collections.abc import AsyncIterator
from datetime import date

import pytest
from aiohttp.test_utils import TestServer
from playwright.async_api import Browser, Page, expect

from conversations.library import load_library
from gateway.channels.loopback import Loopback
from gateway.compose import DATA, load_world
from gateway.demo.people import Census
from gateway.turns.runner import TurnRunner
from gateway.voice.shelf import HttpShelf
from gateway.voice.turns import Turns
from gateway.web.call import Hotline
from gateway.web.pages import create_web
from gateway.web.parts import WebParts
from tests.web.browsers import WITHIN_MILLISECONDS, needs_chromium
from tests.web.conftest import Site

pytestmark = needs_chromium
WORLD = load_world()


@pytest.fixture
async def page(chromium: Browser, site: Site) -> AsyncIterator[Page]:
    census = Census(DATA, WORLD.postcodes)
    parts = WebParts(
        store=site.store,
        loopback=Loopback(site.store, by="test"),
        clock=site.now,
        country="CZ",
        sender="1221",
        taken=frozenset(),
        somebody=lambda: census.person(random.Random(1), today=date(2021, 1, 22), youngest=80),
        capacity=50,
        in_use=lambda: 1.0,
    )
    turns = Turns(site.store, TurnRunner(site.store, load_library(), WORLD), site.now, by="test call")
    pages = create_web(parts, Hotline(turns, None, HttpShelf("/voice")), site.routes)
    async with TestServer(pages, host="127.0.0.1") as server:
        context = await chromium.new_context(locale="cs-CZ")
        context.set_default_timeout(WITHIN_MILLISECONDS)
        page = await context.new_page()
        page.on("pageerror", lambda error: pytest.fail(str(error)))
        await page.goto(str(server.make_url("/")))
        yield page
        await context.close()


async def test_a_phone_proved_in_the_chat_gets_its_pin1_by_sms_beside_it(page: Page) -> None:
    chat = page.frame_locator("#chat")
    await chat.get_by_role("button", name="Začít").click()
    await chat.get_by_role("button", name="Registrace", exact=True).click()
    await expect(chat.locator(".message").last).to_contain_text("číslo mobilu", timeout=WITHIN_MILLISECONDS)
    await chat.locator("#text").fill(await page.locator("#number").input_value())
    await chat.get_by_role("button", name="Odeslat").click()
    await expect(page.locator(".sms").last).to_contain_text("PIN1", timeout=WITHIN_MILLISECONDS)
    await page.locator("#pin").click()
    await expect(chat.locator("#text")).to_have_value(await page.locator("#pin").inner_text())


async def test_a_call_is_led_by_the_keys_on_the_page(page: Page) -> None:
    heard = page.locator("#heard")
    await expect(page.get_by_role("button", name="1", exact=True).last).to_be_disabled()
    await page.get_by_role("button", name="Zavolat 1221").click()
    await expect(heard).to_contain_text("stiskněte", timeout=WITHIN_MILLISECONDS)
    await page.locator("#keys [data-key='2']").click()
    await expect(heard).to_contain_text("Zadejte kód PIN", timeout=WITHIN_MILLISECONDS)
    await page.locator("#keys [data-key='*']").click()
    await expect(heard.locator(".voice")).to_have_count(3, timeout=WITHIN_MILLISECONDS)
    await page.get_by_role("button", name="Zavěsit").click()
    await expect(heard).to_contain_text("Zavěšeno")


@pytest.mark.parametrize("width", [1400, 900, 390, 320])
async def test_the_page_is_never_wider_than_the_window(page: Page, width: int) -> None:
    await page.set_viewport_size({"width": width, "height": 800})
    assert await page.evaluate("document.documentElement.scrollWidth") <= width
