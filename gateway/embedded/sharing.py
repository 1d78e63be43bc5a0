"""Enter a server: share the one that runs, or start it; leave, and the last one out stops it."""

import fcntl
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType

import gateway
from gateway.embedded.places import LOOK_EVERY_SECONDS, Home, NotOurs, home, homes, tail
from gateway.embedded.servers import POSTGRES, SERVERS, VALKEY, Server


class EmbeddedError(Exception):
    """An embedded server is of no use; the text says why and how to mend it."""


class NotStarted(EmbeddedError):
    """An embedded server did not start."""


class DiedInUse(EmbeddedError):
    """An embedded server died under its users; the cause that failed first is the context."""


class Using:
    """A use of an embedded server: ``with`` gives its URL, for as long as it lasts the server runs."""

    def __init__(self, server: Server, folder: Path) -> None:
        self._server = server
        self._folder = folder
        self._home: Home | None = None
        self._lock = -1

    def __enter__(self) -> str:
        try:
            self._home = home(self._folder, self._server.name)
            self._lock = _open(self._home.users_lock)
        except (OSError, NotOurs) as error:
            raise NotStarted(
                f"The embedded {self._server.name} cannot use {self._folder}: {error}"
            ) from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_SH)  # waits while a keeper stops the server
            _see_it_runs(self._server, self._home)
        except BaseException:
            os.close(self._lock)
            raise
        return self._server.url(self._home)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        home, self._home = self._home, None
        if home is None:
            return
        try:
            failed = isinstance(error, Exception) and not isinstance(error, EmbeddedError)
            died = failed and not _has_keeper(home)
        finally:
            # Closed, not unlocked: a forked child may still be using the server.
            os.close(self._lock)
        if died:
            raise DiedInUse(
                f"The embedded {self._server.name} died while it was used; its data are safe in {home.data} "
                f"and the next start recovers them. The end of {home.log}:\n{tail(home.log)}"
            )


def postgres(folder: Path) -> Using:
    """Use the PostgreSQL of a folder; gives the SQLAlchemy URL of the database ``crs``."""
    return Using(POSTGRES, folder)


def valkey(folder: Path) -> Using:
    """Use the Valkey of a folder; gives a URL for ``redis.from_url``."""
    return Using(VALKEY, folder)


def remove(folder: Path) -> None:
    """Wait until nobody uses the servers of a folder, then delete it and all data."""
    for place in list(homes(folder)):
        for name in SERVERS:
            if (place / name).exists():
                with unused(Home(place / name)):
                    shutil.rmtree(place / name)
        shutil.rmtree(place, ignore_errors=True)


@contextmanager
def unused(home: Home) -> Iterator[None]:
    """Wait until nobody uses a server and it has stopped; keep everybody out meanwhile."""
    while True:
        with _locked(home.users_lock):
            if not _is_held(home.keeper_lock):
                yield
                return
        time.sleep(LOOK_EVERY_SECONDS)


def _see_it_runs(server: Server, home: Home) -> None:
    with _locked(home.start_lock):
        while True:
            keeper_lock = _try_lock(home.keeper_lock)
            if keeper_lock is not None:
                try:
                    home.ready.unlink(missing_ok=True)
                    _start_keeper(server, home, keeper_lock)
                finally:
                    os.close(keeper_lock)
                return
            if home.ready.exists():
                return
            time.sleep(LOOK_EVERY_SECONDS)  # whoever started that keeper was killed meanwhile


def _start_keeper(server: Server, home: Home, keeper_lock: int) -> None:
    command = [sys.executable, "-m", "gateway.embedded.keeper", server.name, str(home.path), str(keeper_lock)]
    with (home.path / "keeper.log").open("wb") as log:
        said = subprocess.run(  # noqa: S603  # our own module
            command,
            cwd=Path(gateway.__file__).parents[1],
            pass_fds=[keeper_lock],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            start_new_session=True,  # Ctrl-C in our terminal is for us
            check=False,
        ).stdout.decode(errors="replace")
    if said != "ready":
        raise NotStarted(
            f"The embedded {server.name} did not start. {said or tail(home.path / 'keeper.log')}"
        )


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _try_lock(path: Path) -> int | None:
    descriptor = _open(path)
    with suppress(BlockingIOError):
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return descriptor
    os.close(descriptor)
    return None


def _is_held(path: Path) -> bool:
    descriptor = _try_lock(path)
    if descriptor is None:
        return True
    os.close(descriptor)
    return False


def _has_keeper(home: Home) -> bool:
    with _locked(home.start_lock):  # or our look could be taken for a keeper
        return _is_held(home.keeper_lock)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    descriptor = _open(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
