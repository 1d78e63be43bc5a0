"""A telephone platform that speaks VoiceXML, as much of it as our documents use, and its caller.

Source: https://www.w3.org/TR/voicexml20/ (§2 forms, §5.2 events), SRGS 1.0. What it does not know it refuses.
"""

import re
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element, fromstring

from aiohttp import ClientSession, FormData

VXML = "{http://www.w3.org/2001/vxml}"
LANG = "{http://www.w3.org/XML/1998/namespace}lang"
QUOTED = re.compile(r"'([^']*)'")


def parse(written: bytes) -> Element:
    return fromstring(written)  # noqa: S314  our own document


class Unknown(Exception):
    """A document asks for what this platform does not know."""


@dataclass
class Call:
    """One call: what was heard, what is asked, and how it ended."""

    http: ClientSession
    url: str
    caller: str | None = "tel:+420601000001"
    headers: dict[str, str] = field(default_factory=dict)
    heard: list[str] = field(default_factory=list)
    documents: list[bytes] = field(default_factory=list)
    ended: str = ""  # "hung up", "transferred to …", "exit"
    may_interrupt: bool = True

    async def begin(self, query: str = "") -> None:
        async with self.http.get(f"{self.url}/voicexml{query}", headers=self.headers) as response:
            assert response.status == 200, response.status
            await self._open(await response.read())

    async def press(self, keys: str) -> str:
        """Press keys after the prompt; what is heard then."""
        self.heard.clear()
        spoken = " ".join(keys.rstrip("#"))
        if self._matches(spoken):
            self._variables["keys"] = spoken
            await self._run(self._child("filled"))
        else:
            await self._event("nomatch")
        return self.text

    async def silence(self) -> str:
        self.heard.clear()
        await self._event("noinput")
        return self.text

    async def say(self, wav: bytes, *, ended_by: str = "#") -> str:
        """Say something after the tone."""
        assert self._item.tag == f"{VXML}record"
        self.heard.clear()
        self._recording, self._termchar = wav, ended_by
        await self._run(self._child("filled"))
        return self.text

    async def hang_up(self) -> None:
        await self._run(self._handler(self._document, "connection.disconnect.hangup", 1))
        self.ended = "hung up"

    @property
    def text(self) -> str:
        return " ".join(self.heard)

    # Documents

    async def _open(self, written: bytes) -> None:
        self.documents.append(written)
        self._document = parse(written)
        assert self._document.tag == f"{VXML}vxml"
        assert self._document.get("version") == "2.1"
        self._variables: dict[str, object] = {}
        for each in self._document.findall(f"{VXML}var"):
            self._variables[each.get("name", "")] = self._value(each.get("expr", ""))
        self._counts = {"noinput": 0, "nomatch": 0}
        form = self._document.find(f"{VXML}form")
        assert form is not None
        await self._visit(form)

    async def _visit(self, form: Element) -> None:
        self._form = form
        for item in form:
            match item.tag.removeprefix(VXML):
                case "block":
                    await self._run(item)
                    return
                case "field" | "record":
                    self._item = item
                    self._play(item)
                    return
                case "transfer":
                    self._play(item)
                    self.ended = f"transferred to {item.get('dest')}"
                    return
                case "catch":
                    pass
                case other:
                    raise Unknown(other)

    async def _run(self, content: Element) -> None:
        """Executable content, to the first thing that leads elsewhere."""
        for each in content:
            match each.tag.removeprefix(VXML):
                case "prompt":
                    self._say(each)
                case "assign" | "var":
                    self._variables[each.get("name", "")] = self._value(each.get("expr", ""))
                case "submit":
                    return await self._submit(each)
                case "goto":
                    target = self._document.find(f"{VXML}form[@id='{each.get('next', '').lstrip('#')}']")
                    assert target is not None
                    return await self._visit(target)
                case "reprompt":
                    self._play(self._item)
                case "disconnect":
                    self.ended = "hung up"
                    return None
                case "exit":
                    self.ended = "exit"
                    return None
                case "if":
                    return await self._run(self._branch(each))
                case other:
                    raise Unknown(other)
        return None

    def _branch(self, choice: Element) -> Element:
        taken = Element("branch")
        is_taken = self._holds(choice.get("cond", ""))
        for each in choice:
            if each.tag in (f"{VXML}elseif", f"{VXML}else"):
                if is_taken:
                    return taken
                is_taken = self._holds(each.get("cond", "true"))
            elif is_taken:
                taken.append(each)
        return taken

    def _holds(self, condition: str) -> bool:
        if condition == "true":
            return True
        left, _, right = condition.partition(" == ")
        if left != "recording$.termchar":
            raise Unknown(condition)
        return self._termchar == right.strip("'")

    def _value(self, expression: str) -> object:
        if quoted := QUOTED.fullmatch(expression):
            return quoted[1]
        if expression == "session.connection.remote.uri":
            return self.caller or ""
        raise Unknown(expression)

    async def _submit(self, submit: Element) -> None:
        names = submit.get("namelist", "").split()
        assert submit.get("method") == "post"
        if submit.get("enctype") == "multipart/form-data":
            form = FormData()
            for name in names:
                if name == "recording":
                    form.add_field(name, self._recording, filename="a.wav", content_type="audio/x-wav")
                else:
                    form.add_field(name, str(self._variables[name]))
        else:
            form = FormData({name: str(self._variables[name]) for name in names})
        url = f"{self.url}{submit.get('next')}"
        async with self.http.post(url, data=form, headers=self.headers) as response:
            if response.status != 200:
                await self._run(self._handler(self._document, f"error.badfetch.http.{response.status}", 1))
                return
            assert response.content_type == "application/voicexml+xml"
            await self._open(await response.read())

    async def _event(self, name: str) -> None:
        self._counts[name] += 1
        await self._run(self._handler(self._item, name, self._counts[name]))

    def _handler(self, scope: Element, event: str, count: int) -> Element:
        """The handler with the highest count that is not above ours (VoiceXML 2.0 §5.2.4)."""
        fitting = [
            each
            for each in scope
            if (
                each.tag == f"{VXML}{event}"
                or any(event.startswith(name) for name in each.get("event", "-").split())
            )
            and int(each.get("count", "1")) <= count
        ]
        if not fitting:
            raise Unknown(event)
        return max(fitting, key=lambda each: int(each.get("count", "1")))

    def _child(self, name: str) -> Element:
        found = self._item.find(f"{VXML}{name}")
        assert found is not None
        return found

    # Prompts and grammars

    def _play(self, item: Element) -> None:
        for prompt in item.findall(f"{VXML}prompt"):
            self._say(prompt)

    def _say(self, prompt: Element) -> None:
        self.may_interrupt = prompt.get("bargein") == "true"
        for sentence in prompt:
            assert sentence.tag == f"{VXML}s"
            assert sentence.get(LANG) in ("cs", "en", "uk")
            self.heard.append("".join(sentence.itertext()))

    def _matches(self, spoken: str) -> bool:
        grammar = self._child("grammar")
        assert grammar.get("mode") == "dtmf"
        return re.fullmatch(self._rule(grammar, grammar.get("root", "")), spoken) is not None

    def _rule(self, grammar: Element, name: str) -> str:
        rule = grammar.find(f"{VXML}rule[@id='{name}']")
        assert rule is not None
        return self._expansion(grammar, rule)

    def _expansion(self, grammar: Element, of: Element) -> str:
        written = re.escape((of.text or "").strip())
        for each in of:
            match each.tag.removeprefix(VXML):
                case "one-of":
                    written += "(?:" + "|".join(self._expansion(grammar, item) for item in each) + ")"
                case "item":
                    least, _, most = each.get("repeat", "1-1").partition("-")
                    one = self._expansion(grammar, each)
                    written += f"(?:{one} ?){{{least},{most}}}"
                case "ruleref":
                    written += self._rule(grammar, each.get("uri", "").lstrip("#"))
                case other:
                    raise Unknown(other)
        return written
