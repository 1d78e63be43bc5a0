"""The chat over plain HTTP: forms, cookies, refusals."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from html import unescape

import pytest
from aiohttp import ClientResponse, ClientSession, CookieJar
from sqlalchemy import text as sql

from core.messages import WEB_CHANNEL
from gateway.web.chat import IDLE
from tests.web.conftest import Site


class Browser:
    """A browser without script: it loads a page, and sends the forms that are on it."""

    def __init__(self, site: Site, http: ClientSession) -> None:
        self.site = site
        self.http = http
        self.page = ""
        self.status = 0

    async def load(self, path: str = "/chat") -> str:
        async with self.http.get(self.site.url + path) as answer:
            return await self._see(answer)

    async def send(self, path: str = "/chat", *, origin: str | None = None, **fields: str) -> str:
        async with self.http.post(
            self.site.url + path,
            data=self.hidden() | fields,
            headers={"Origin": origin or self.site.url},
        ) as answer:
            return await self._see(answer)

    async def press(self, label: str) -> str:
        """Press the button that says so."""
        for form in re.findall(r"<form.*?</form>", self.page, re.DOTALL):
            for value, words in re.findall(r'<button name="text" value="([^"]*)"[^>]*>([^<]*)', form):
                if unescape(words) == label:
                    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form))
                    return await self.send(text=unescape(value), **hidden)
        pytest.fail(f"There is no button {label!r}.")

    def hidden(self) -> dict[str, str]:
        fields = re.findall(r'type="hidden" name="(token|once)" value="([^"]*)"', self.page)
        return dict(fields)

    @property
    def messages(self) -> list[str]:
        return [unescape(words) for words in re.findall(r'<p class="words">(.*?)</p>', self.page, re.DOTALL)]

    @property
    def buttons(self) -> list[str]:
        return [unescape(words) for words in re.findall(r'<button name="text"[^>]*>([^<]*)', self.page)]

    async def _see(self, answer: ClientResponse) -> str:
        self.status, self.page = answer.status, await answer.text()
        self.headers = answer.headers
        return self.page


@pytest.fixture
async def browser(site: Site) -> AsyncIterator[Browser]:
    async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as http:
        yield Browser(site, http)


def count(site: Site, query: str) -> int:
    with site.store.begin() as work:
        return int(work.db.execute(sql(query)).scalar_one())


async def test_a_form_is_answered_on_the_page_that_follows(browser: Browser) -> None:
    await browser.load()
    assert "Začít" in browser.buttons
    await browser.press("Začít")
    assert browser.messages[0] == "MENU"
    assert "registrace" in browser.messages[1]
    assert "Registrace" in browser.buttons


async def test_what_was_pressed_is_shown_as_the_button_said_it(browser: Browser) -> None:
    await browser.load()
    await browser.press("Začít")
    await browser.press("Registrace")
    assert browser.messages[2] == "Registrace"
    assert "číslo mobilu" in browser.messages[3]


async def test_a_button_of_an_earlier_question_is_answered_politely(browser: Browser) -> None:
    await browser.load()
    await browser.press("Začít")
    old_page = browser.page
    await browser.press("Registrace")
    browser.page = old_page
    await browser.press("Informace")
    assert browser.messages[-1].startswith("To tlačítko patřilo k dřívější otázce.")
    assert "číslo mobilu" in browser.messages[-1]


async def test_the_page_changes_its_language_with_the_conversation(browser: Browser) -> None:
    await browser.load()
    await browser.press("English")
    assert '<html lang="en">' in browser.page
    assert "Your answer" in browser.page
    assert "Česky" in browser.buttons


async def test_what_is_written_is_never_markup(browser: Browser) -> None:
    await browser.load()
    await browser.send(text="<script>alert(1)</script>")
    assert "<script>alert" not in browser.page
    assert browser.messages[0] == "<script>alert(1)</script>"


async def test_the_same_form_sent_twice_counts_once(browser: Browser, site: Site) -> None:
    await browser.load()
    fields = browser.hidden()
    await browser.send(text="REG", **fields)
    await browser.send(text="REG", **fields)
    assert count(site, "SELECT count(*) FROM inbox") == 1


@pytest.mark.parametrize(
    "forged",
    [
        pytest.param({"origin": "http://evil.example"}, id="foreign page"),
        pytest.param({"origin": "null"}, id="sandboxed page"),
        pytest.param({"token": "0" * 32}, id="token of nobody"),
        pytest.param({"token": "ž"}, id="token that is none"),
    ],
)
async def test_a_form_that_is_not_ours_is_refused(
    browser: Browser, site: Site, forged: dict[str, str]
) -> None:
    await browser.load()
    await browser.send(text="REG", **forged)
    assert browser.status == 403
    assert "Načtěte ji znovu" in browser.page
    assert count(site, "SELECT count(*) FROM inbox") == 0


async def test_the_token_of_one_browser_is_worth_nothing_in_another(browser: Browser, site: Site) -> None:
    await browser.load()
    async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as http:
        other = Browser(site, http)
        await other.load()
        await other.send(text="REG", token=browser.hidden()["token"])
        assert other.status == 403


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        pytest.param({"text": " "}, 422, id="empty"),
        pytest.param({"text": "x" * 1001}, 422, id="too long"),
        pytest.param({"text": "x" * 20_000}, 413, id="oversized"),
        pytest.param({"text": "1", "at": "../../etc"}, 400, id="a step that cannot be"),
        pytest.param({"text": "1", "once": "x"}, 400, id="a mark that cannot be"),
    ],
)
async def test_what_is_no_message_is_refused_with_words(
    browser: Browser, site: Site, fields: dict[str, str], status: int
) -> None:
    await browser.load()
    await browser.send(**fields)
    assert browser.status == status
    assert 'role="alert">' in browser.page
    assert count(site, "SELECT count(*) FROM inbox") == 0


async def test_whoever_writes_too_often_is_asked_to_wait_and_keeps_her_words(
    browser: Browser, site: Site
) -> None:
    await browser.load()
    for number in range(12):
        await browser.http.post(
            f"{site.url}/chat",
            data=browser.hidden() | {"text": f"REG {number}", "once": f"{number:016x}"},
            headers={"Origin": site.url, "Accept": "application/json"},
        )
    await browser.send(text="REG 12")
    assert browser.status == 429
    assert 'value="REG 12"' in browser.page


async def test_the_cookie_is_kept_from_scripts_and_from_other_sites(browser: Browser) -> None:
    await browser.load()
    cookie = browser.headers["Set-Cookie"]
    assert re.match(r"crs-chat=[0-9a-f]{32};", cookie)
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert "Max-Age" not in cookie


@pytest.mark.parametrize("environ", [{"CRS_WEB_BEHIND_PROXY": "true"}])
async def test_behind_a_proxy_with_tls_the_cookie_is_secure_and_forms_are_known(
    browser: Browser, site: Site
) -> None:
    proxied = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "198.51.100.7"}
    async with browser.http.get(f"{site.url}/chat", headers=proxied) as answer:
        browser.page, cookie = await answer.text(), answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-crs-chat=")
    assert "Secure" in cookie
    sent = await browser.http.post(
        f"{site.url}/chat",
        data=browser.hidden() | {"text": "REG"},
        headers=proxied | {"Origin": site.url.replace("http:", "https:"), "Cookie": cookie.partition(";")[0]},
        allow_redirects=False,
    )
    assert sent.status == 303


async def test_nothing_runs_that_is_not_in_our_files(browser: Browser) -> None:
    await browser.load()
    policy = browser.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert not re.search(r"<script(?! src=)|<style| style=| on\w+=|https?://", browser.page)


async def test_the_database_does_not_hold_what_the_browser_is_known_by(browser: Browser, site: Site) -> None:
    await browser.load()
    await browser.send(text="REG")
    [cookie] = browser.http.cookie_jar
    with site.store.begin() as work:
        address = work.db.execute(sql("SELECT DISTINCT address FROM inbox")).scalar_one()
    assert re.fullmatch(r"[0-9a-f]{32}", address)
    assert cookie.value != address


async def test_the_end_erases_the_conversation_and_the_browser_is_a_stranger(
    browser: Browser, site: Site
) -> None:
    await browser.load()
    await browser.press("Začít")
    await browser.send("/chat/end")
    assert "Rozhovor je smazán" in browser.page
    assert browser.messages == []
    with site.store.begin() as work:
        assert count(site, "SELECT count(*) FROM sessions") == 0
        sealed = work.db.execute(sql("SELECT text_sealed FROM inbox UNION SELECT text_sealed FROM outbox"))
        assert {work.vault.open(bytes(each)) for each in sealed.scalars()} == {""}


async def test_a_conversation_that_nobody_goes_on_with_is_erased(browser: Browser, site: Site) -> None:
    await browser.load()
    await browser.press("Začít")
    with site.store.begin() as work:
        assert work.threads.idle(WEB_CHANNEL, since=site.now() - IDLE, at_most=9) == []
        site.ahead = IDLE + timedelta(minutes=1)
        assert len(work.threads.idle(WEB_CHANNEL, since=site.now() - IDLE, at_most=9)) == 1


async def test_a_page_with_script_hears_the_answer(browser: Browser, site: Site) -> None:
    await browser.load()
    async with browser.http.get(f"{site.url}/chat/events") as events:
        await browser.http.post(
            f"{site.url}/chat",
            data=browser.hidden() | {"text": "REG"},
            headers={"Origin": site.url, "Accept": "application/json"},
        )
        async with asyncio.timeout(10):
            async for line in events.content:
                if line.startswith(b"data: "):
                    now = json.loads(line[6:])
                    if "číslo mobilu" in now["messages"] and not now["is_waiting"]:
                        break
    assert now["language"] == "cs"


@pytest.mark.parametrize("environ", [{"CRS_WEB_CHAT": "false"}])
async def test_there_is_no_chat_where_the_settings_want_none(browser: Browser) -> None:
    await browser.load()
    assert browser.status == 404
