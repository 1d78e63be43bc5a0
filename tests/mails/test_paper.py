"""The confirmation on paper: what it says, and that it can be read aloud."""

from datetime import UTC, datetime
from io import BytesIO

import pytest
from pypdf import PdfReader

from tests.mails.dates import confirmation
from workers.mails.letters import Writer
from workers.mails.paper import paper

NOW = datetime(2021, 1, 22, 9, tzinfo=UTC)
LONG_SITE = "Nemocnice TGM Hodonín, přísp. organizace Dům kultury Hodonín - očkovací centrum COVID-19"


def read(page: bytes) -> PdfReader:
    return PdfReader(BytesIO(page))


@pytest.mark.parametrize(
    ("language", "dates"),
    [
        ("cs", ("pondělí 25. ledna 2021 v 8:00", "pondělí 15. února 2021 v 8:20")),
        ("en", ("Monday 25 January 2021 at 8:00", "Monday 15 February 2021 at 8:20")),
        ("uk", ("понеділок, 25 січня 2021 року, 8:00", "понеділок, 15 лютого 2021 року, 8:20")),
    ],
)
def test_the_page_holds_both_dates_and_the_place_with_every_accent(
    language: str, dates: tuple[str, str], writer: Writer
) -> None:
    pdf = read(paper(confirmation(language=language), writer, now=NOW))
    (page,) = pdf.pages
    text = page.extract_text()
    for said in (*dates, "Žofie Přemyslovská", "Nemocnice Havlíčkův Brod", "12-4K7QD-2M9XV"):
        assert said in text
    assert (round(page.mediabox.width), round(page.mediabox.height)) == (595, 842), "one A4"


def test_a_single_dose_has_one_date(writer: Writer) -> None:
    said = confirmation(datetime(2021, 5, 3, 10, tzinfo=UTC))
    text = read(paper(said, writer, now=NOW)).pages[0].extract_text()
    assert "pondělí 3. května 2021 v 12:00" in text
    assert "2. dávka" not in text


def test_it_can_be_read_aloud_in_its_language_and_order(writer: Writer) -> None:
    pdf = read(paper(confirmation(), writer, now=NOW))
    assert pdf.metadata is not None
    assert pdf.metadata.title == "Potvrzení termínu očkování"
    root = pdf.trailer["/Root"]
    assert root["/Lang"] == "cs"
    assert root["/MarkInfo"]["/Marked"]
    parts = [each.get_object() for each in root["/StructTreeRoot"]["/K"][0].get_object()["/K"]]
    kinds = [part["/S"] for part in parts]
    assert kinds[:5] == ["/H1", "/H2", "/P", "/H2", "/P"]
    (picture,) = (part for part in parts if part["/S"] == "/Figure")
    assert "12-4K7QD-2M9XV" in picture["/Alt"]


def test_the_longest_site_still_fits_one_page(writer: Writer) -> None:
    said = confirmation(site=LONG_SITE, address=LONG_SITE, name="Maxmiliána Františka " + "Nováková-" * 12)
    pdf = read(paper(said, writer, now=NOW))
    assert len(pdf.pages) == 1
    assert "1221" in pdf.pages[0].extract_text()


def test_every_letter_of_a_name_is_in_the_font(writer: Writer, caplog: pytest.LogCaptureFixture) -> None:
    said = confirmation(name="Nguyễn Thị Hằng Ďuríková Łukasz Їжакевич Ґалаґан ʼ")
    text = read(paper(said, writer, now=NOW)).pages[0].extract_text()
    assert "Nguyễn" in text
    assert not caplog.records
