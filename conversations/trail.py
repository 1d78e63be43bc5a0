"""Which ways somebody went in a turn, so that they can be counted; no word of what was said."""

from conversations.events import Edge
from conversations.script import INTO_DIALOGUE, Script
from conversations.session import Session


class Trail:
    """The ways of one turn, in their order."""

    def __init__(self) -> None:
        self.edges: list[Edge] = []

    def begin(self, before: Session, script: Script) -> None:
        """She came into a dialogue, maybe out of another."""
        if before.step:
            self._add(before, f"{INTO_DIALOGUE}{script.name}")
        self.edges.append(Edge(script.name, script.version, "", script.start))

    def go(self, session: Session, target: str) -> None:
        """She went on to another step; where she stands already is no way."""
        if session.step not in ("", target):
            self._add(session, target)

    def stay(self, session: Session) -> None:
        """She is asked the same again."""
        self._add(session, session.step)

    def leave(self, session: Session) -> None:
        """She wants no more of it."""
        self._add(session, "")

    def _add(self, session: Session, target: str) -> None:
        self.edges.append(Edge(session.dialogue, session.version, session.step, target))
