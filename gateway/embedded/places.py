"""Where an embedded server keeps its data, its socket and, when it must, a copy of its programs.

PostgreSQL refuses to run as root, so root's servers run as ``nobody``. Where ``nobody`` cannot reach the
folder (root's closed home), everything moves to ``/var/tmp/crs-…`` and a file beside says where.
"""

import hashlib
import os
import pwd
import shutil
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

# Not tempfile.gettempdir(): processes with different TMPDIR share a server, and a socket's path
# may have 107 bytes at most (sockaddr_un).
SOCKETS = Path("/tmp")  # noqa: S108  # private folders, 0700, refused when they are not ours
ELSEWHERE = Path("/var/tmp")  # noqa: S108  # as above, root's, and it survives a restart of the machine

LOOK_EVERY_SECONDS = 0.02  # whoever waits for a file or a lock of another process


class NotOurs(Exception):
    """A folder we need belongs to somebody else."""


@dataclass(frozen=True, slots=True)
class Account:
    """Whom a server runs as."""

    uid: int
    gid: int


@dataclass(frozen=True, slots=True)
class Home:
    """Everything one embedded server has on disk."""

    path: Path

    @property
    def data(self) -> Path:
        return self.path / "data"

    @property
    def users_lock(self) -> Path:
        """Held shared by every user; exclusively by the keeper while it stops the server."""
        return self.path / "users.lock"

    @property
    def start_lock(self) -> Path:
        """Held while somebody looks whether there is a server, or starts one."""
        return self.path / "start.lock"

    @property
    def keeper_lock(self) -> Path:
        """Held for as long as a keeper lives."""
        return self.path / "keeper.lock"

    @property
    def ready(self) -> Path:
        """There while the keeper's server takes connections."""
        return self.path / "ready"

    @property
    def log(self) -> Path:
        return self.path / "server.log"

    @property
    def programs(self) -> Path:
        return self.path / "programs"

    @property
    def sockets(self) -> Path:
        return SOCKETS / f"crs-{_fingerprint(self.path)}"


def account() -> Account:
    """Ourselves, or ``nobody`` when we are root."""
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid())
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        return Account(65534, 65534)
    return Account(nobody.pw_uid, nobody.pw_gid)


def home(folder: Path, server: str) -> Home:
    """Find or make the home of a server, in ``folder`` if whoever runs it can reach that."""
    path = _base(make_folder(folder)) / server
    path.mkdir(exist_ok=True)
    _refuse_if_foreign(path)
    path.chmod(0o711 if os.geteuid() == 0 else 0o700)
    return Home(path)


def make_folder(folder: Path) -> Path:
    """Make the folder of the embedded servers if it is not there; root's may be crossed by others."""
    folder = folder.expanduser().absolute()
    if not folder.exists():
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o711 if os.geteuid() == 0 else 0o700)
    return folder.resolve()


def homes(folder: Path) -> Iterator[Path]:
    """Every place that belongs to ``folder``, for whoever removes it."""
    folder = folder.expanduser().resolve()
    yield folder
    elsewhere = _elsewhere(folder)
    if elsewhere.exists():
        _refuse_if_foreign(elsewhere)
        yield elsewhere


def own(path: Path) -> Path:
    """Make a folder that only the server's account may enter."""
    who = account()
    path.mkdir(mode=0o700, exist_ok=True)
    if path.is_symlink() or path.stat().st_uid not in (who.uid, os.geteuid()):
        raise NotOurs(_foreign(path))
    if os.geteuid() == 0:
        os.chown(path, who.uid, who.gid, follow_symlinks=False)
    path.chmod(0o700)
    return path


def reachable(path: Path) -> bool:
    """Can the server's account come to ``path``: is every folder above, and itself, open to it?"""
    who = account()
    return os.geteuid() != 0 or all(_may_enter(step, who) for step in (path, *path.parents))


def copied(source: Path, target: Path, *, leave_out: frozenset[str] = frozenset()) -> None:
    """Copy programs to where the server's account can run them; a copy that broke off does not count."""
    if target.exists():
        return
    unfinished = target.with_name(target.name + ".new")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.parent.mkdir(mode=0o755, exist_ok=True)
    shutil.copytree(source, unfinished, symlinks=True, ignore=shutil.ignore_patterns(*leave_out))
    for path in (unfinished, *unfinished.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & stat.S_IXUSR else 0o644)
    unfinished.rename(target)


def tail(log: Path, lines: int = 12) -> str:
    """The last lines of a log."""
    try:
        return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])
    except FileNotFoundError:
        return "(no log)"


def _base(folder: Path) -> Path:
    pointer = folder / "MOVED"
    if reachable(folder) and not pointer.exists():
        return folder
    elsewhere = _elsewhere(folder)
    elsewhere.mkdir(mode=0o711, exist_ok=True)
    _refuse_if_foreign(elsewhere)
    elsewhere.chmod(0o711)
    if not pointer.exists():
        pointer.write_text(
            f"{elsewhere}\n\nThe databases of this folder are there: root's servers run as 'nobody', "
            "who may not enter here.\n",
            encoding="utf-8",
        )
    return elsewhere


def _elsewhere(folder: Path) -> Path:
    return ELSEWHERE / f"crs-{_fingerprint(folder)}"


def _fingerprint(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:16]


def _may_enter(path: Path, who: Account) -> bool:
    with suppress(PermissionError):
        seen = path.stat()
        if seen.st_uid == who.uid:
            return bool(seen.st_mode & stat.S_IXUSR)
        if seen.st_gid == who.gid:
            return bool(seen.st_mode & stat.S_IXGRP)
        return bool(seen.st_mode & stat.S_IXOTH)
    return False


def _refuse_if_foreign(path: Path) -> None:
    if path.is_symlink() or path.stat().st_uid != os.geteuid():
        raise NotOurs(_foreign(path))


def _foreign(path: Path) -> str:
    return (
        f"{path} belongs to another user of this machine (or is a link). "
        "Run as that user, choose another [embedded] folder, or remove it."
    )
