"""Embedded servers are shared, stop with their last user, and keep what they were told."""

import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from redis import Redis

import gateway
from gateway.embedded import DiedInUse, NotStarted, postgres, remove, valkey
from gateway.embedded.places import Home, account, home, reachable
from gateway.embedded.servers import running_in
from gateway.embedded.sharing import unused

VISITOR = Path(__file__).with_name("visitor.py")
HOUSE = Path(gateway.__file__).parents[1]
AS_ROOT = os.geteuid() == 0


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """One folder for the module, for making a database takes a second; every test leaves it unused."""
    made = Path(tempfile.mkdtemp(prefix="crs-embedded-"))
    made.chmod(0o711)
    yield made
    remove(made)


@dataclass(frozen=True, slots=True)
class Visit:
    url: str
    process: subprocess.Popen[str]

    def leave(self) -> None:
        self.process.communicate(timeout=60)
        assert self.process.returncode == 0

    def be_killed(self) -> None:
        self.process.kill()
        self.process.communicate(timeout=60)


def announce(
    server: str, folder: Path, python: str = sys.executable, **options: object
) -> subprocess.Popen[str]:
    return subprocess.Popen(  # type: ignore[call-overload, no-any-return]  # noqa: S603
        [python, str(VISITOR), server, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={"PATH": os.defpath, "PYTHONPATH": f"{HOUSE}:{sysconfig.get_path('purelib')}"},
        **options,
    )


def visit(server: str, folder: Path) -> Visit:
    process = announce(server, folder)
    assert process.stdout is not None
    return Visit(process.stdout.readline().strip(), process)


@contextmanager
def asking(url: str) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as db:
        yield db


def postmaster(folder: Path) -> int:
    return int((home(folder, "postgres").data / "postmaster.pid").read_text(encoding="utf-8").split()[0])


def parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[1])


@contextmanager
def seen_dead(pid: int) -> Iterator[None]:
    process = os.pidfd_open(pid)
    yield
    assert select.select([process], [], [], 60)[0]
    os.close(process)


def wait_until_unused(folder: Path, server: str) -> None:
    with unused(home(folder, server)):
        assert running_in(home(folder, server).data) == []


def test_two_processes_share_one_server_and_the_last_one_out_stops_it(folder: Path) -> None:
    first, second = visit("postgres", folder), visit("postgres", folder)
    started = postmaster(folder)
    assert first.url == second.url
    first.leave()
    with asking(second.url) as db:
        assert db.execute("SELECT 1").fetchone() == (1,)
    assert postmaster(folder) == started
    second.leave()
    wait_until_unused(folder, "postgres")


@pytest.mark.parametrize("server", ["postgres", "valkey"])
def test_a_killed_user_leaves_nothing_running(folder: Path, server: str) -> None:
    visit(server, folder).be_killed()
    wait_until_unused(folder, server)


def test_many_that_start_at_once_meet_in_one_server(folder: Path) -> None:
    visitors = [announce("postgres", folder) for _ in range(4)]
    urls = {process.stdout.readline().strip() for process in visitors if process.stdout}
    assert len(urls) == 1
    assert "" not in urls
    for process in visitors:
        process.communicate(timeout=60)
    wait_until_unused(folder, "postgres")


def test_a_newcomer_during_the_stop_waits_and_starts_anew(folder: Path) -> None:
    for _ in range(4):
        with postgres(folder) as url, asking(url) as db:
            db.execute("SELECT 1")
        with valkey(folder) as url, Redis.from_url(url) as redis:
            redis.ping()


def test_what_was_committed_is_there_at_the_next_start(folder: Path) -> None:
    with postgres(folder) as url, asking(url) as db:
        db.execute("CREATE TABLE kept (word text)")
        db.execute("INSERT INTO kept VALUES ('dávka')")
    with valkey(folder) as url, Redis.from_url(url) as redis:
        redis.set("kept", "dávka")
    wait_until_unused(folder, "postgres")
    wait_until_unused(folder, "valkey")
    with postgres(folder) as url, asking(url) as db:
        assert db.execute("SELECT word FROM kept").fetchone() == ("dávka",)
    with valkey(folder) as url, Redis.from_url(url) as redis:
        assert redis.get("kept") == "dávka".encode()


def test_one_process_may_use_a_server_twice(folder: Path) -> None:
    with postgres(folder) as outer:
        with postgres(folder) as inner:
            assert inner == outer
        with asking(outer) as db:
            db.execute("SELECT 1")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process of its parent's death")
def test_a_killed_keeper_leaves_nothing_running_and_the_next_user_starts_anew(folder: Path) -> None:
    with postgres(folder):
        keeper = parent(postmaster(folder))
        with seen_dead(keeper):
            os.kill(keeper, signal.SIGKILL)
        with postgres(folder) as url, asking(url) as db:
            db.execute("SELECT 1")
    wait_until_unused(folder, "postgres")


@pytest.mark.skipif(sys.platform != "linux", reason="waits for a process by its descriptor")
def test_a_server_that_dies_in_use_is_reported_and_its_data_recovered(folder: Path) -> None:
    def lose_it() -> None:
        with postgres(folder) as url, asking(url) as db:
            db.execute("CREATE TABLE survives ()")
            with seen_dead(parent(postmaster(folder))):
                os.kill(postmaster(folder), signal.SIGKILL)
            db.execute("SELECT 1")

    with pytest.raises(DiedInUse, match="died while it was used") as told:
        lose_it()
    assert isinstance(told.value.__context__, psycopg.OperationalError)
    with postgres(folder) as url, asking(url) as db:
        db.execute("DROP TABLE survives")


def test_the_pid_of_a_dead_server_now_somebody_elses_does_not_stop_a_start(folder: Path) -> None:
    wait_until_unused(folder, "postgres")
    data = home(folder, "postgres").data
    (data / "postmaster.pid").write_text(f"{os.getpid()}\n{data}\n1\n5432\n\n\n0 0\n", encoding="utf-8")
    with postgres(folder) as url, asking(url) as db:
        db.execute("SELECT 1")


def test_only_the_servers_account_may_look_at_the_data(folder: Path) -> None:
    with postgres(folder), valkey(folder):
        for server in ("postgres", "valkey"):
            place = home(folder, server)
            for private in (place.data, place.sockets):
                assert private.stat().st_mode & 0o777 == 0o700
                assert private.stat().st_uid == account().uid
            assert all(Path(f"/proc/{pid}").stat().st_uid == account().uid for pid in running_in(place.data))
    assert account().uid != 0


@pytest.mark.skipif(not AS_ROOT, reason="the other tests run as an ordinary user already")
def test_an_ordinary_user_needs_no_root() -> None:
    python = _python_for_everybody()
    folder = Path(tempfile.mkdtemp(prefix="crs-embedded-"))
    os.chown(folder, account().uid, account().gid)
    whom = {"user": account().uid, "group": account().gid, "extra_groups": [], "cwd": "/"}
    visitors = [announce(server, folder, python, **whom) for server in ("postgres", "valkey")]
    for process in visitors:
        assert process.stdout is not None
        assert "crs-" in process.stdout.readline()
        process.communicate(timeout=60)
        assert process.returncode == 0
    for server in ("postgres", "valkey"):
        assert (folder / server).stat().st_uid == account().uid
        with unused(Home(folder / server)):
            shutil.rmtree(folder / server)
    folder.rmdir()


def _python_for_everybody() -> str:
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for candidate in (Path(sys.executable).resolve(), Path("/usr/bin") / name, Path("/usr/local/bin") / name):
        if candidate.exists() and all(
            map(reachable, (candidate, HOUSE, Path(sysconfig.get_path("purelib"))))
        ):
            return str(candidate)
    pytest.skip("an ordinary user can reach neither an interpreter nor the checkout here")


@pytest.mark.skipif(not AS_ROOT, reason="an ordinary user reaches his own folders")
def test_a_folder_closed_to_the_server_says_where_the_data_went(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    with valkey(tmp_path / ".crs") as url, Redis.from_url(url) as redis:
        redis.ping()
    elsewhere = Path((tmp_path / ".crs" / "MOVED").read_text(encoding="utf-8").splitlines()[0])
    assert (elsewhere / "valkey" / "data").is_dir()
    remove(tmp_path / ".crs")
    assert not elsewhere.exists()


def test_data_of_another_version_are_refused_in_words(folder: Path) -> None:
    wait_until_unused(folder, "postgres")
    version = home(folder, "postgres").data / "PG_VERSION"
    before = version.read_text(encoding="ascii")
    version.write_text("17\n", encoding="ascii")
    with pytest.raises(NotStarted, match="made by PostgreSQL 17"), postgres(folder):
        pass
    version.write_text(before, encoding="ascii")


def test_a_server_that_does_not_start_shows_its_log(folder: Path) -> None:
    wait_until_unused(folder, "valkey")
    manifest = home(folder, "valkey").data / "appendonlydir" / "appendonly.aof.manifest"
    before = manifest.read_text(encoding="utf-8")
    manifest.write_text("not a manifest\n", encoding="utf-8")
    with pytest.raises(NotStarted, match=r"(?s)stopped while starting.*AOF manifest"), valkey(folder):
        pass
    manifest.write_text(before, encoding="utf-8")
    with valkey(folder) as url, Redis.from_url(url) as redis:
        redis.ping()


def test_a_folder_of_somebody_else_is_not_used_for_sockets(folder: Path, tmp_path: Path) -> None:
    wait_until_unused(folder, "valkey")
    sockets = home(folder, "valkey").sockets
    sockets.symlink_to(tmp_path)
    with pytest.raises(NotStarted, match="belongs to another user"), valkey(folder):
        pass
    sockets.unlink()


def test_a_deep_folder_does_not_make_the_sockets_path_too_long(folder: Path) -> None:
    deep = folder / ("x" * 120)
    with valkey(deep) as url, socket.socket(socket.AF_UNIX) as there:
        there.connect(url.removeprefix("unix://").partition("?")[0])
    remove(deep)
