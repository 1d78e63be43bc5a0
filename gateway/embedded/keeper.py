"""The process that keeps one embedded server: starts it, waits for the last user to go, stops it.

``python -m gateway.embedded.keeper SERVER HOME LOCK`` is started by the first user, with the
keeper's lock already held on descriptor LOCK. It detaches, says on standard output ``ready`` or what went
wrong, and is quiet from then on.
"""

import ctypes
import fcntl
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from gateway.embedded.places import LOOK_EVERY_SECONDS, Home, NotOurs, own, tail
from gateway.embedded.servers import SERVERS, Broken, Server, as_account, running_in

START_WITHIN_SECONDS = 60.0
STOP_WITHIN_SECONDS = 30.0
PR_SET_PDEATHSIG = 1  # linux/prctl.h


def main(arguments: list[str]) -> int:
    """Keep a server until nobody uses it; 1 when it did not start or died."""
    name, path, lock = arguments
    if os.fork():
        return 0
    return keep(SERVERS[name], Home(Path(path)), int(lock))


def keep(server: Server, home: Home, keeper_lock: int) -> int:
    """Start the server, stop it when the last user has gone; see :func:`main`."""
    try:
        process = _start(server, home)
    except (Broken, NotOurs, OSError) as error:
        _report(str(error))
        return 1
    home.ready.touch()
    _report("ready")
    unused = threading.Event()
    users = home.users_lock.open("a")
    threading.Thread(
        target=_stop_when_unused, args=(server, process, users.fileno(), unused), daemon=True
    ).start()
    process.wait()
    home.ready.unlink(missing_ok=True)
    shutil.rmtree(home.sockets, ignore_errors=True)
    # In this order: a newcomer waits for users.lock, and must then find the keeper gone.
    os.close(keeper_lock)
    users.close()
    return 0 if unused.is_set() else 1


def _start(server: Server, home: Home) -> subprocess.Popen[bytes]:
    deadline = time.monotonic() + START_WITHIN_SECONDS
    _wait_for_predecessor(home, server.stop_signal)
    server.make(home)
    own(home.sockets)
    with suppress(FileNotFoundError):
        home.log.replace(home.log.with_suffix(".log.1"))
    with home.log.open("wb") as log:
        given = as_account(
            server.command(home),
            cwd=home.data,
            stdout=log,
            stderr=subprocess.STDOUT,
            preexec_fn=_die_with_parent(server.stop_signal),  # the keeper has no other thread yet
        )
        process: subprocess.Popen[bytes] = subprocess.Popen(**given)  # type: ignore[call-overload]
    while not server.is_ready(home):
        if process.poll() is not None:
            raise Broken(f"{server.name} stopped while starting. The end of {home.log}:\n{tail(home.log)}")
        if time.monotonic() > deadline:
            _stop(server, process)
            raise Broken(
                f"{server.name} was not ready in {START_WITHIN_SECONDS:.0f} s. "
                f"The end of {home.log}:\n{tail(home.log)}"
            )
        time.sleep(LOOK_EVERY_SECONDS)
    return process


def _wait_for_predecessor(home: Home, stop_signal: signal.Signals) -> None:
    """Let the server of a killed keeper finish; it was told to stop when that keeper died."""
    deadline = time.monotonic() + STOP_WITHIN_SECONDS
    while left := running_in(home.data):
        if time.monotonic() > deadline:
            raise Broken(
                f"An older server still works in {home.data} and does not stop "
                f"(processes {', '.join(map(str, left))}). End them with `kill -{stop_signal.value}`."
            )
        time.sleep(LOOK_EVERY_SECONDS)


def _die_with_parent(stop_signal: signal.Signals) -> Callable[[], None] | None:
    """What the server's process runs before its program, so that a killed keeper leaves none running."""
    if sys.platform != "linux":
        return None
    keeper = os.getpid()
    libc = ctypes.CDLL(None, use_errno=True)

    def ask() -> None:
        libc.prctl(PR_SET_PDEATHSIG, int(stop_signal))
        if os.getppid() != keeper:
            os._exit(1)

    return ask


def _stop_when_unused(
    server: Server, process: subprocess.Popen[bytes], users: int, unused: threading.Event
) -> None:
    fcntl.flock(users, fcntl.LOCK_EX)
    unused.set()
    _stop(server, process)


def _stop(server: Server, process: subprocess.Popen[bytes]) -> None:
    process.send_signal(server.stop_signal)
    try:
        process.wait(STOP_WITHIN_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()


def _report(said: str) -> None:
    """Tell the user who waits, who may be gone, and let go of their pipe."""
    with suppress(BrokenPipeError):
        os.write(sys.stdout.fileno(), said.encode())
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, sys.stdout.fileno())
    os.close(quiet)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
