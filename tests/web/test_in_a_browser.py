"""The chat in a real browser: with script and without, by keyboard alone, magnified, light and dark."""

import re
from random import Random
from typing import Final

import pytest
from playwright.async_api import Browser, Locator, Page, expect
from sqlalchemy import text as sql

from tests.web.browsers import WITHIN_MILLISECONDS, needs_chromium
from tests.web.conftest import Site
from tests.web.contrast import RATIO_OF_TEXT, contrast
from tests.workers.town import SITE

pytestmark = needs_chromium

PHONE: Final = "601 123 456"
EVERY_TEXT: Final = "h1, p:not([hidden]), label, summary, button, a, footer"
# What is behind an element: the first colour that is not see-through, from inside out.
BEHIND: Final = """node => {
    for (let each = node; each; each = each.parentElement) {
        const colour = getComputedStyle(each).backgroundColor;
        if (!/, 0\\)$|transparent/.test(colour)) return [getComputedStyle(node).color, colour];
    }
}"""


async def open_chat(chromium: Browser, site: Site, **choices: object) -> Page:
    """A browser of its own at the chat; whatever breaks in its script fails the test."""
    context = await chromium.new_context(locale="cs-CZ", **choices)  # type: ignore[arg-type]
    context.set_default_timeout(WITHIN_MILLISECONDS)
    page = await context.new_page()
    page.on("pageerror", lambda error: pytest.fail(str(error)))
    await page.goto(f"{site.url}/chat")
    return page


async def answer(page: Page, text: str, until: str) -> None:
    """Write, and wait for what is said to it."""
    await page.get_by_label("Vaše odpověď").fill(text)
    await page.get_by_role("button", name="Odeslat").click()
    await expect(last(page)).to_contain_text(until, timeout=WITHIN_MILLISECONDS)


async def press(page: Page, label: str, until: str) -> None:
    await page.get_by_role("button", name=label, exact=True).click()
    await expect(last(page)).to_contain_text(until, timeout=WITHIN_MILLISECONDS)


def last(page: Page) -> Locator:
    return page.locator(".message").last


def pin1(site: Site) -> str:
    """What came to her phone."""
    with site.store.begin() as work:
        return work.vault.open(bytes(work.db.execute(sql("SELECT pin_sealed FROM pin1s")).scalar_one()))


def invite(site: Site) -> str:
    """The PIN2 of a wave of one."""
    with site.store.begin() as work:
        wave = work.invitations.invite(
            SITE, 1, policy="test", inputs={}, approved_by="test", now=site.now(), random=Random(1)
        )
    assert wave
    return wave.invited[0].pin


async def register(page: Page, site: Site) -> None:
    await press(page, "Začít", "registrace")
    await press(page, "Registrace", "Napište číslo mobilu")
    await answer(page, PHONE, "6 číslic")
    await answer(page, pin1(site), "číslo pojištěnce")
    await answer(page, "405123123 Jana Nováková 111 58601", "Nejbližší místa")
    await page.locator(".choices button").first.click()
    await expect(last(page)).to_contain_text("Souhlasí?", timeout=WITHIN_MILLISECONDS)
    await press(page, "Ano", "Registrace přijata")


def registered(site: Site) -> list[str]:
    with site.store.begin() as work:
        return list(work.db.execute(sql("SELECT phone FROM registrations")).scalars())


@pytest.mark.parametrize("is_scripted", [True, False], ids=["with script", "without script"])
async def test_somebody_registers_from_the_first_button_to_the_last(
    chromium: Browser, site: Site, is_scripted: bool
) -> None:
    page = await open_chat(chromium, site, java_script_enabled=is_scripted)
    await register(page, site)
    assert registered(site) == ["+420601123456"]


@pytest.mark.parametrize("is_scripted", [True, False], ids=["with script", "without script"])
async def test_somebody_reserves_from_the_pin_to_both_dates(
    chromium: Browser, site: Site, is_scripted: bool
) -> None:
    page = await open_chat(chromium, site, java_script_enabled=is_scripted)
    await register(page, site)
    await answer(page, invite(site), "Volno pro 1. dávku")
    await page.locator(".choices button").first.click()
    await expect(last(page)).to_contain_text("Držíme vám", timeout=WITHIN_MILLISECONDS)
    await press(page, "Ano", "Máte termín")
    with site.store.begin() as work:
        reserved = work.db.execute(sql("SELECT state, second_slot_id IS NOT NULL FROM reservations")).all()
    assert reserved == [("confirmed", True)]


async def test_the_keyboard_alone_is_enough_and_the_focus_is_never_lost(
    chromium: Browser, site: Site
) -> None:
    page = await open_chat(chromium, site)
    focused = page.locator(":focus")
    await page.keyboard.press("Tab")
    await expect(focused).to_have_text("Přejít k odpovědi")
    await page.get_by_role("button", name="Začít").focus()
    await page.keyboard.press("Enter")
    await expect(focused).to_have_text("Registrace", timeout=WITHIN_MILLISECONDS)
    await page.keyboard.press("Space")
    await expect(last(page)).to_contain_text("Napište číslo mobilu", timeout=WITHIN_MILLISECONDS)
    await expect(focused).to_have_attribute("id", "text")
    await page.keyboard.type(PHONE)
    await page.keyboard.press("Enter")
    await expect(last(page)).to_contain_text("6 číslic", timeout=WITHIN_MILLISECONDS)
    await expect(focused).to_have_attribute("id", "text")


@pytest.mark.parametrize("is_scripted", [True, False], ids=["with script", "without script"])
@pytest.mark.parametrize(("width", "height"), [(640, 400), (320, 480)], ids=["200 %", "400 %"])
async def test_a_magnified_page_is_never_wider_than_the_window(
    chromium: Browser, site: Site, width: int, height: int, is_scripted: bool
) -> None:
    """A window of 1280 by 800 at 200 % is one of 640 by 400 with twice the pixels (WCAG 1.4.10: to 320)."""
    page = await open_chat(
        chromium,
        site,
        viewport={"width": width, "height": height},
        device_scale_factor=2,
        java_script_enabled=is_scripted,
    )
    await press(page, "Začít", "registrace")
    await page.locator("summary").click()
    widths = "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
    whole, seen = await page.evaluate(widths)
    assert whole <= seen


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_every_text_can_be_told_from_what_is_behind_it(
    chromium: Browser, site: Site, scheme: str
) -> None:
    page = await open_chat(chromium, site, color_scheme=scheme, java_script_enabled=False)
    await press(page, "Začít", "registrace")
    await page.locator("summary").click()
    await page.get_by_label("Vaše odpověď").fill(" ")
    await page.get_by_role("button", name="Odeslat").click()
    await expect(page.get_by_role("alert")).to_have_text("Napište prosím odpověď.")
    poor = []
    for element in await page.locator(EVERY_TEXT).all():
        words = (await element.inner_text()).strip()
        colour, background = await element.evaluate(BEHIND)
        if words and contrast(colour, background) < RATIO_OF_TEXT:
            poor.append((words, colour, background))
    assert poor == []


async def test_whoever_hears_the_page_knows_what_everything_is(chromium: Browser, site: Site) -> None:
    page = await open_chat(chromium, site)
    await press(page, "Začít", "registrace")
    assert await page.title()
    assert await page.locator("html").get_attribute("lang") == "cs"
    assert await page.locator("h1").count() == 1
    for landmark in ("banner", "main", "contentinfo"):
        await expect(page.get_by_role(landmark)).to_have_count(1)
    thread = page.get_by_role("log", name="Rozhovor")
    await expect(thread).to_have_attribute("aria-live", "polite")
    await expect(thread).to_have_attribute("tabindex", "0")
    await expect(page.get_by_role("group", name="Možné odpovědi")).to_have_count(1)
    for element in await page.locator("button, input:not([type=hidden]), summary, a").all():
        name = (await element.text_content()) or await element.evaluate("e => e.labels?.[0]?.innerText || ''")
        assert name.strip()
    numbers = await page.evaluate("[...document.querySelectorAll('[id]')].map((e) => e.id)")
    assert len(numbers) == len(set(numbers))


@pytest.mark.parametrize("is_scripted", [True, False], ids=["with script", "without script"])
async def test_what_can_be_touched_is_as_large_as_a_finger(
    chromium: Browser, site: Site, is_scripted: bool
) -> None:
    page = await open_chat(
        chromium, site, viewport={"width": 390, "height": 800}, java_script_enabled=is_scripted
    )
    await press(page, "Začít", "registrace")
    for element in await page.locator("button:visible, summary, #text").all():
        box = await element.bounding_box()
        assert box
        assert min(box["width"], box["height"]) >= 44


async def test_a_button_of_an_earlier_question_in_another_tab_is_answered_politely(
    chromium: Browser, site: Site
) -> None:
    page = await open_chat(chromium, site, java_script_enabled=False)
    await press(page, "Začít", "registrace")
    old = await page.context.new_page()
    await old.goto(f"{site.url}/chat")
    await press(page, "Registrace", "Napište číslo mobilu")
    await press(old, "Informace", "To tlačítko patřilo k dřívější otázce.")


async def test_two_tabs_show_the_same(chromium: Browser, site: Site) -> None:
    page = await open_chat(chromium, site)
    other = await page.context.new_page()
    await other.goto(f"{site.url}/chat")
    await press(page, "Začít", "registrace")
    await expect(last(other)).to_contain_text("registrace", timeout=WITHIN_MILLISECONDS)
    await expect(other.get_by_role("button", name="Registrace", exact=True)).to_be_visible()


async def test_the_end_erases_what_the_browser_shows_and_knows(chromium: Browser, site: Site) -> None:
    page = await open_chat(chromium, site)
    await press(page, "Začít", "registrace")
    [before] = await page.context.cookies()
    await page.locator("summary").click()
    await page.get_by_role("button", name="Smazat a skončit").click()
    await expect(page.get_by_text("Rozhovor je smazán.")).to_be_visible()
    await expect(page.locator(".message .words")).to_have_count(0)
    [after] = await page.context.cookies()
    assert after["value"] != before["value"]


async def test_nothing_about_a_person_is_in_an_address(chromium: Browser, site: Site) -> None:
    page = await open_chat(chromium, site, java_script_enabled=False)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await register(page, site)
    assert {re.sub(r"^https?://[^/]+", "", each) for each in asked} <= {
        "/chat",
        "/chat/chat.css",
        "/chat/chat.js",
        "/chat/icon.svg",
    }


async def test_the_script_says_what_was_refused(chromium: Browser, site: Site) -> None:
    page = await open_chat(chromium, site)
    await press(page, "Začít", "registrace")
    await page.evaluate("document.querySelectorAll('[name=token]').forEach((e) => { e.value = 'forged'; })")
    await page.get_by_label("Vaše odpověď").fill("REG")
    await page.get_by_role("button", name="Odeslat").click()
    await expect(page.get_by_role("alert")).to_contain_text("Načtěte ji znovu")
    await expect(page.get_by_label("Vaše odpověď")).to_have_value("REG")
