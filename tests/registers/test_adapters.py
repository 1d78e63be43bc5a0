"""Both adapters answer alike; the service may be slow, broken, or gone, and nobody is lost or named by it."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from random import Random

import httpx
import pytest
import structlog

from core.breaker import Breaker
from core.open_data import UnreadableFile
from core.registers import Name, Record, Register, Unavailable
from gateway.registers.file import FileRegister
from gateway.registers.http import TRIES, HttpRegister
from gateway.registers.opening import open_registers
from gateway.settings import SettingsError
from gateway.settings.choices import RegisterChoices
from tests.registers.serving import RegisterServer, serving

NUMBER = "405123123"
JANA = Record(Name("Jana", "Nováková"), is_vaccinated=True)
JOSEF = Record(Name("Josef", "Novák"), positive_on=date(2021, 1, 5))
CSV = """cislo_pojistence;jmeno;prijmeni;ockovan;pozitivni_pcr
405123/123;Jana;Nováková;ano;
405123123;Josef;Novák;ne;5.1.2021
"""
JSON = [
    {"first_name": "Jana", "last_name": "Nováková", "is_vaccinated": True},
    {"first_name": "Josef", "last_name": "Novák", "positive_pcr_on": "2021-01-05"},
]
WITHIN = timedelta(seconds=0.2)


@pytest.fixture
def server() -> Iterator[RegisterServer]:
    with serving() as server:
        server.people[NUMBER] = list(JSON)
        yield server


class Asking:
    """The adapter with a clock and pauses of our own."""

    def __init__(self, server: RegisterServer) -> None:
        self.now = datetime(2021, 1, 26, 9, tzinfo=UTC)
        self.pauses: list[float] = []
        self.client = httpx.Client(timeout=WITHIN.total_seconds(), headers={"Authorization": "Bearer t"})
        self.register = HttpRegister(
            self.client,
            server.url,
            answers_within=WITHIN,
            clock=lambda: self.now,
            random=Random(1),
            sleep=self.pauses.append,
            breaker=Breaker(most_failures=2),
        )


@pytest.fixture
def asking(server: RegisterServer) -> Iterator[Asking]:
    asking = Asking(server)
    yield asking
    asking.client.close()


@pytest.fixture(params=["file", "http"])
def register(request: pytest.FixtureRequest) -> Register:
    if request.param == "file":
        return FileRegister(CSV.encode())
    found: Register = request.getfixturevalue("asking").register
    return found


def test_everybody_under_a_number_is_found(register: Register) -> None:
    assert register.records(NUMBER) == (JANA, JOSEF)


def test_a_number_that_nobody_has_is_an_answer(register: Register) -> None:
    assert register.records("9001011235") == ()


@pytest.mark.parametrize(
    ("behaviour", "why", "tries"),
    [
        pytest.param("500", "it answered HTTP 500", TRIES, id="broken"),
        pytest.param("429", "it answered HTTP 429", TRIES, id="too many"),
        pytest.param("401", "it answered HTTP 401", 1, id="does not know us"),
        pytest.param("404", "it answered HTTP 404", 1, id="wrong address"),
        pytest.param("redirect", "it answered HTTP 307", 1, id="sends us elsewhere"),
        pytest.param("hang", "it takes too long to answer", TRIES, id="hangs"),
        pytest.param("drip", "it takes too long to answer", TRIES, id="drips"),
        pytest.param("drop", "no connection (RemoteProtocolError)", TRIES, id="drops"),
        pytest.param("long", "its answer is too long", 1, id="never ends"),
        pytest.param("<html>", "its answer cannot be read", 1, id="garbage"),
        pytest.param("[]", "its answer cannot be read", 1, id="a list"),
        pytest.param(
            '{"people": [{"first_name": "Jana"}]}', "its answer cannot be read", 1, id="half a name"
        ),
        pytest.param(
            '{"people": [{"first_name": "J", "last_name": "N", "is_vaccinated": "no"}]}',
            "its answer cannot be read",
            1,
            id="a word for yes or no",
        ),
        pytest.param(
            '{"people": [{"first_name": "J", "last_name": "N", "positive_pcr_on": "soon"}]}',
            "its answer cannot be read",
            1,
            id="no date",
        ),
    ],
)
def test_what_is_no_answer_is_unavailable_and_tried_again_where_that_helps(
    server: RegisterServer, asking: Asking, behaviour: str, why: str, tries: int
) -> None:
    server.always = behaviour
    assert asking.register.records(NUMBER) == Unavailable(why)
    assert len(server.seen) == tries
    assert len(asking.pauses) == tries - 1
    assert all(0.2 <= pause <= 0.8 for pause in asking.pauses)


def test_a_second_try_may_do(server: RegisterServer, asking: Asking) -> None:
    server.behaves = ["500", "drop"]
    assert asking.register.records(NUMBER) == (JANA, JOSEF)


def test_who_is_down_is_left_alone_and_found_again(server: RegisterServer, asking: Asking) -> None:
    server.always = "500"
    for _ in range(2):
        asking.register.records(NUMBER)
    asked = len(server.seen)
    answer = asking.register.records(NUMBER)
    assert isinstance(answer, Unavailable)
    assert len(server.seen) == asked, "nobody waits in vain"
    server.always = ""
    asking.now += timedelta(minutes=1)
    assert asking.register.records(NUMBER) == (JANA, JOSEF)


def test_a_port_that_nobody_listens_on_is_unavailable(server: RegisterServer, asking: Asking) -> None:
    server.url = ""
    with httpx.Client(timeout=0.2) as client:
        gone = HttpRegister(
            client,
            "http://127.0.0.1:1/people",
            answers_within=WITHIN,
            clock=lambda: asking.now,
            random=Random(1),
            sleep=asking.pauses.append,
        )
        assert gone.records(NUMBER) == Unavailable("no connection (ConnectError)")


@pytest.mark.parametrize("behaviour", ["", "500", "<html>", "hang"])
def test_the_number_is_in_the_body_and_nowhere_else(
    server: RegisterServer, asking: Asking, behaviour: str, caplog: pytest.LogCaptureFixture
) -> None:
    server.always = behaviour
    caplog.set_level("DEBUG")
    with structlog.testing.capture_logs() as logs:
        answer = asking.register.records(NUMBER)
    path, token, body = server.seen[0]
    assert (path, token, body) == ("/people", "Bearer t", f'{{"number":"{NUMBER}"}}')
    said = f"{logs}{caplog.text}{answer!r}"
    assert NUMBER not in said
    assert "Nováková" not in said


# -- The file -----------------------------------------------------------------------------------------------


def test_rows_that_cannot_be_believed_are_set_aside_and_quote_no_number() -> None:
    read = FileRegister(CSV + "123;A;B;;\n9001011235;;B;;\n9001011235;A;B;snad;\n9001011235;A;B;;brzy\n")
    assert [row.line_number for row in read.quarantined] == [4, 5, 6, 7]
    assert len(read) == 2
    assert not any(c in row.reason for row in read.quarantined for c in ("123", "9001011235"))


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        pytest.param(b"", "empty", id="empty"),
        pytest.param(b"jmeno;prijmeni\nJana;Nova\n", "lacks cislo_pojistence", id="no numbers"),
        pytest.param(CSV.encode("cp1250"), "not in UTF-8", id="wrong encoding"),
    ],
)
def test_a_file_that_is_none_says_how_to_mend_it(source: bytes, problem: str) -> None:
    with pytest.raises(UnreadableFile, match=problem):
        FileRegister(source)


def test_a_row_twice_is_one_record_and_half_a_file_keeps_its_whole_rows() -> None:
    assert len(FileRegister(CSV + CSV.splitlines()[1] + "\n")) == 2
    half = FileRegister(CSV[: CSV.index("Josef") + 3])
    assert (len(half), len(half.quarantined)) == (1, 1)


def test_the_settings_name_a_file_or_a_service_or_none(tmp_path) -> None:
    file = tmp_path / "nrzp.csv"
    file.write_text(CSV, "utf-8")
    choose: Callable[..., RegisterChoices] = lambda **of: RegisterChoices.model_validate(of)  # noqa: E731
    opened = open_registers(choose(nrzp={"kind": "file", "file": str(file)}))
    assert opened.population is None
    assert opened.health_workers is not None
    missing = choose(nrzp={"kind": "file", "file": str(tmp_path / "none.csv")})
    with pytest.raises(SettingsError, match="cannot be read"):
        open_registers(missing)
    for wrong in ({"kind": "file"}, {"kind": "http"}, {"kind": "http", "url": "http://x/?number=1"}):
        with pytest.raises(ValueError, match=r"needs|pattern"):
            choose(population=wrong)
