"""The confirmation on paper: one A4 page in PDF, readable aloud, with a QR for the check-in."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Final

import segno
from fpdf import FPDF

from core.confirmation import Confirmation
from core.mails import Purpose
from workers.mails.letters import Fact, Letter, Writer

FONTS: Final = Path(__file__).parent.parent.parent / "data" / "fonts"
_SANS: Final = "DejaVu"
_MARGIN: Final = 20.0  # millimetres, as all lengths here
_WIDTH: Final = 210 - 2 * _MARGIN
_QR: Final = 48.0
_BESIDE_QR: Final = _WIDTH - _QR - 8
_BLUE, _GREY, _BLACK, _PALE = (31, 78, 140), (74, 74, 74), (26, 26, 26), (242, 245, 250)


def paper(said: Confirmation, writer: Writer, *, now: datetime) -> bytes:
    """The page as PDF, for dates that are valid."""
    letter = writer.confirmation(said, Purpose.CONFIRMED)
    page = _Page(letter, now)
    page.heading(letter.heading)
    visits = letter.facts[1 : 1 + len(said.visits)]
    others = (letter.facts[0], *letter.facts[1 + len(said.visits) :])
    for visit in visits:
        page.visit(visit)
    page.ln(4)
    top = page.get_y()
    for fact in others:
        page.fact(fact, width=_BESIDE_QR)
    page.code(said.code, alt=writer.of_confirmation(said, "code_alt"), top=top)
    page.ln(4)
    for advice in letter.advice:
        page.advice(advice)
    page.closing(writer.of_confirmation(said, "footer"))
    return bytes(page.output())


class _Page(FPDF):
    """One page whose parts are tagged in reading order.

    fpdf2 itself tags pictures and links only; headings and paragraphs go through the same builder here.
    """

    def __init__(self, letter: Letter, now: datetime) -> None:
        super().__init__(format="A4")
        self.set_title(letter.heading)
        self.set_subject(letter.subject)
        self.set_lang(letter.language)
        self.set_creation_date(now)
        self.set_creator("crs")
        self.add_font(_SANS, "", FONTS / "DejaVuSans.ttf")
        self.add_font(_SANS, "B", FONTS / "DejaVuSans-Bold.ttf")
        self.set_margin(_MARGIN)
        self.set_auto_page_break(False)  # it is one page
        self.add_page()

    @contextmanager
    def _tagged(self, kind: str) -> Iterator[None]:
        mcid = self.struct_builder.next_mcid_for_page(self.page)
        self._add_marked_content(struct_type=f"/{kind}", mcid=mcid)
        self._out(f"/{kind} <</MCID {mcid}>> BDC")
        yield
        self._out("EMC")

    def heading(self, text: str) -> None:
        self._pen(22, bold=True, color=_BLUE)
        with self._tagged("H1"):
            self._lines(text, 10)
        self.ln(6)

    def visit(self, fact: Fact) -> None:
        """A date is what the page is for: large, on a ground of its own."""
        self.set_fill_color(*_PALE)
        self.rect(_MARGIN, self.get_y(), _WIDTH, 19, style="F")
        self.set_fill_color(*_BLUE)
        self.rect(_MARGIN, self.get_y(), 1.5, 19, style="F")
        self.set_xy(_MARGIN + 5, self.get_y() + 2)
        self._pen(10, color=_GREY)
        with self._tagged("H2"):
            self._lines(fact.label, 6, left=_MARGIN + 5)
        self._pen(16, bold=True)
        with self._tagged("P"):
            self._lines(fact.value, 8, left=_MARGIN + 5)
        self.set_xy(_MARGIN, self.get_y() + 6)

    def fact(self, fact: Fact, *, width: float) -> None:
        self._pen(9, color=_GREY)
        with self._tagged("P"):
            self._lines(fact.label, 5, width=width)
        self._pen(12, bold=not fact.link, color=_BLUE if fact.link else _BLACK)
        with self._tagged("P"):
            self._lines(fact.value, 6, width=width, link=fact.link)
        self.ln(2)

    def code(self, code: str, *, alt: str, top: float) -> None:
        """The QR, beside the facts that begin at ``top``."""
        below = self.get_y()
        picture = BytesIO()
        segno.make_qr(code, error="m").save(picture, kind="png", scale=12, border=2)
        self.image(picture, x=_MARGIN + _WIDTH - _QR, y=top, w=_QR, h=_QR, alt_text=alt)
        self.set_xy(_MARGIN, max(below, top + _QR))

    def advice(self, text: str) -> None:
        self._pen(12)
        with self._tagged("P"):
            self._lines(text, 7)
        self.ln(1)

    def closing(self, text: str) -> None:
        self.ln(6)
        self._pen(9, color=_GREY)
        with self._tagged("P"):
            self._lines(text, 5)

    def _pen(self, size: float, *, bold: bool = False, color: tuple[int, int, int] = _BLACK) -> None:
        self.set_font(_SANS, "B" if bold else "", size)
        self.set_text_color(*color)

    def _lines(
        self,
        text: str,
        height: float,
        *,
        left: float = _MARGIN,
        width: float = _WIDTH,
        link: str | None = None,
    ) -> None:
        self.set_x(left)
        self.multi_cell(
            width - (left - _MARGIN),
            height,
            text,
            align="L",
            link=link or "",
            new_x="LMARGIN",
            new_y="NEXT",
        )
