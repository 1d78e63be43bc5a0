"""Look whether everything that the settings name is there, and say how to mend what is not."""

import asyncio
import difflib
import socket
import stat
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias
from urllib.parse import urlsplit

from alembic.script import ScriptDirectory
from phonenumbers import country_code_for_region
from phonenumbers.carrierdata import CARRIER_DATA
from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy import Connection, create_engine, make_url
from sqlalchemy.exc import SQLAlchemyError
from telegram.error import InvalidToken, TelegramError

import conversations
from core.messages import Lane
from core.store import schema
from core.store.queues import QueueView
from core.store.rule_changes import RuleChange, RuleChangeBook
from gateway.channels.telegram import whoami
from gateway.compose import App
from gateway.embedded import EmbeddedError, postgres, valkey
from gateway.settings import EMBEDDED, Operator, Settings, SettingsError
from gateway.settings.channels import Mail, Telegram
from gateway.smtp import connect
from workers.mails.carrier import CarrierAway

ANSWER_WITHIN_SECONDS = 3.0
OLDEST_REDIS = (6, 2)
OLDEST_POSTGRES = 14
SCRIPTS = Path(conversations.__file__).parent
TEMPLATES = SCRIPTS.with_name("templates")


@dataclass(frozen=True, slots=True)
class Fine:
    what: str
    seen: str


@dataclass(frozen=True, slots=True)
class Doubtful:
    """It works, but somebody should look."""

    what: str
    seen: str
    mend: str


@dataclass(frozen=True, slots=True)
class Wrong:
    what: str
    seen: str
    mend: str


Finding: TypeAlias = Fine | Doubtful | Wrong


def examine(settings: Settings) -> Iterator[Finding]:
    """Everything there is to see, one finding after the other as it is seen."""
    yield from database(settings)
    yield from redis(settings)
    if not settings.operators:
        yield Fine(
            "operators", "none; the demo and `crs talk` need none, real SMS need one [[operators]] each"
        )
    for operator in settings.operators:
        yield from smsc(operator, country=settings.sms.country)
    if settings.telegram.token:
        yield telegram(settings.telegram)
    if settings.mail.host:
        yield mail(settings.mail)
    yield programme(App(settings=settings), now=datetime.now(UTC))
    yield policy(App(settings=settings))
    yield words(SCRIPTS, "*.toml", "dialogue scripts")
    yield words(TEMPLATES, "*.j2", "templates")
    yield listen(settings.web.host, settings.web.port)


def database(settings: Settings) -> Iterator[Finding]:
    """Is the database there, recent enough, and are its tables those of this release?"""
    url = settings.database.url
    try:
        with _embedded_or(url, postgres(settings.embedded.folder)) as there:
            shown = EMBEDDED if url == EMBEDDED else make_url(url).render_as_string(hide_password=True)
            wait = {"connect_timeout": int(ANSWER_WITHIN_SECONDS)}
            engine = create_engine(there, connect_args=wait)
            try:
                with engine.connect() as db:
                    yield _postgres_version(db, shown)
                    yield (level := tables(schema.current_revision(there)))
                    if isinstance(level, Fine):
                        yield from rules(RuleChangeBook(db).last(), settings.invitations.policy)
                        yield from given_up(QueueView(db).given_up(now=datetime.now(UTC)))
            finally:
                engine.dispose()
    except EmbeddedError as error:
        yield Wrong("database", str(error), "Mend that, or name a PostgreSQL of your own in [database] url.")
    except SQLAlchemyError as error:
        yield Wrong(
            "database",
            f"{shown} does not answer: {_first_line(getattr(error, 'orig', error))}",
            "See that PostgreSQL runs, and that [database] url has its right address, user and password.",
        )


def _postgres_version(db: Connection, shown: str) -> Finding:
    version = db.dialect.server_version_info or (0,)
    number = ".".join(map(str, version))
    if version < (OLDEST_POSTGRES,):
        return Wrong("database", f"PostgreSQL {number} is too old", f"Use {OLDEST_POSTGRES} or later.")
    return Fine("database", f"{shown}, PostgreSQL {number}")


def tables(now: str | None) -> Finding:
    """Are the tables at the level of this release?"""
    release = ScriptDirectory(str(schema.MIGRATIONS))
    wanted = schema.newest_revision()
    if now == wanted:
        return Fine("tables", f"at the level of this release ({now})")
    if now is None:
        return Wrong("tables", "the database is empty", "Run `crs db upgrade`.")
    if now not in {script.revision for script in release.walk_revisions()}:
        return Wrong("tables", f"at {now}, made by another release", "Install that release, or a later one.")
    return Wrong(
        "tables", f"at {now}, this release needs {wanted}", "Make a backup, then run `crs db upgrade`."
    )


def rules(last: RuleChange | None, chosen: str) -> Iterator[Finding]:
    """Were people told of the policy that the settings choose?"""
    if last is None:
        return
    if last.finished_at is None:
        yield Doubtful(
            "rules",
            f"the change from {last.old_policy} to {last.new_policy} was interrupted",
            f"Let it end: `crs migrate rules {last.old_policy} {last.new_policy} --by NAME`.",
        )
    if last.new_policy != chosen:
        yield Doubtful(
            "rules",
            f"people were told of {last.new_policy}, and are invited by {chosen}",
            f'Set [invitations] policy = "{last.new_policy}", or tell them: '
            f"`crs migrate rules {last.new_policy} {chosen}`.",
        )


def given_up(mts: Mapping[Lane, int]) -> Iterator[Finding]:
    """Did people perhaps never get what we handed over?"""
    if mts:
        counts = ", ".join(f"{count} {lane.name.lower()}" for lane, count in mts.items())
        yield Doubtful(
            "messages",
            f"handed over without an answer, and no receipt in two days: {counts}",
            "Ask the operator. Who was invited so is told her PIN2 by the hotline, see `crs show --phone`.",
        )


def mail(chosen: Mail) -> Finding:
    """The mail server lets us in; nothing is sent."""
    where = f"{chosen.host}:{chosen.port}"
    try:
        with connect(chosen):
            return Fine("mail", f"{where} takes letters from {chosen.sender}")
    except CarrierAway as away:
        return Wrong(
            "mail",
            f"{where} does not let us in ({away})",
            "Look at host, port, security, user and password of [mail]; confirmations wait until then.",
        )


def programme(app: App, *, now: datetime) -> Finding:
    """Can the programme be used, and who may register by it now?"""
    try:
        groups = app.programme.groups
    except SettingsError as error:
        return Wrong("programme", str(error), "Mend that file, or leave [programme] file out.")
    may = sum(group.is_open(now) for group in groups)
    return Fine("programme", f"{len(groups)} groups, {may} of them may register now")


def policy(app: App) -> Finding:
    """Is the policy that the settings choose one of those there are?"""
    try:
        return Fine("policy", app.policy.name)
    except SettingsError as error:
        return Wrong(
            "policy", str(error), "Correct [invitations] policy, or the file in [invitations] policies."
        )


def redis(settings: Settings) -> Iterator[Finding]:
    """Is Redis there, recent enough, and will it keep what it is told?"""
    url = settings.redis.url
    try:
        with _embedded_or(url, valkey(settings.embedded.folder)) as there:
            wait = ANSWER_WITHIN_SECONDS
            with Redis.from_url(there, socket_timeout=wait, socket_connect_timeout=wait) as client:
                facts = client.info()
    except EmbeddedError as error:
        yield Wrong("redis", str(error), "Mend that, or name a Redis of your own in [redis] url.")
        return
    except (RedisError, ValueError) as error:
        yield Wrong(
            "redis",
            f"{_address(url)} does not answer: {_first_line(error)}",
            "See that Redis runs, and that [redis] url has its right address and password.",
        )
        return
    number = str(facts["redis_version"])
    if tuple(int(part) for part in number.split(".")[:2]) < OLDEST_REDIS:
        yield Wrong("redis", f"Redis {number} is too old", "Use Redis 6.2 or later, or Valkey.")
    else:
        yield Fine("redis", f"{_address(url)}, as Redis {number}")
    policy = facts.get("maxmemory_policy", "noeviction")
    if policy != "noeviction":
        yield Doubtful(
            "redis",
            f"it may throw jobs away when its memory is full (maxmemory-policy {policy})",
            "Set maxmemory-policy noeviction.",
        )


def smsc(operator: Operator, *, country: str) -> Iterator[Finding]:
    """Can the operator's centre be reached (TCP only, no bind), and are its networks' names real?"""
    what, there = f"operator {operator.name}", f"{operator.host}:{operator.port}"
    try:
        socket.create_connection((operator.host, operator.port), ANSWER_WITHIN_SECONDS).close()
        yield Fine(what, f"{there} takes connections")
    except socket.gaierror:
        yield Wrong(
            what, f"nobody knows a machine called {operator.host}", "Correct host in its [[operators]]."
        )
    except OSError as error:
        yield Wrong(
            what,
            f"{there} does not answer: {error.strerror or 'nothing came in time'}",
            "See that host and port are right and that the operator and our firewall let us through.",
        )
    known = carriers(country)
    for name in operator.carriers or ():
        if name not in known:
            near = difflib.get_close_matches(name, known, cutoff=0.4)
            yield Wrong(
                what,
                f'no network in {country} is called "{name}"',
                f"Write carriers as one of: {', '.join(near or sorted(known))}.",
            )


def telegram(bot: Telegram) -> Finding:
    """Does the Bot API know the token?"""
    try:
        return Fine("telegram", f"{bot.base_url} knows the bot as @{asyncio.run(whoami(bot))}")
    except InvalidToken:
        return Wrong(
            "telegram", f"{bot.base_url} refuses the token", "Ask @BotFather for it: /mybots, API Token."
        )
    except TelegramError as error:
        return Wrong(
            "telegram",
            f"{bot.base_url} does not answer: {type(error).__name__}",
            "See that base_url is right and that our firewall lets us through.",
        )


def carriers(country: str) -> set[str]:
    """The names of a country's networks, as phonenumbers has them."""
    code = str(country_code_for_region(country))
    return {
        names["en"] for prefix, names in CARRIER_DATA.items() if prefix.startswith(code) and names.get("en")
    }


def words(folder: Path, pattern: str, what: str) -> Finding:
    """Are the files that we talk from installed?"""
    found = sum(1 for _ in folder.rglob(pattern))
    if found:
        return Fine(what, f"{found} in {folder}")
    return Wrong(what, f"none in {folder}", "Install the package anew, with all its files.")


def listen(host: str, port: int) -> Finding:
    """May we listen for browsers there?"""
    what, shown = "web", f"{host}:{port}"
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as taken:
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            taken.bind(address)
    except OSError as error:
        return Wrong(
            what,
            f"cannot listen on {shown}: {error.strerror}",
            "Stop what listens there (another `crs serve` or `crs demo`?), or choose another [web] listen.",
        )
    return Fine(what, f"{shown} is free")


def settings_file(file: Path | None, settings: Settings) -> Finding:
    """Was a file read, and may others read its passwords?"""
    if file is None:
        return Fine("settings", "no crs.toml, the usual values hold")
    kept = any(operator.password.get_secret_value() for operator in settings.operators)
    if kept and file.stat().st_mode & (stat.S_IROTH | stat.S_IWOTH):
        return Doubtful(
            "settings", f"every user may read the passwords in {file}", f"Run `chmod 640 {file}`."
        )
    return Fine("settings", str(file))


def _embedded_or(url: str, embedded: AbstractContextManager[str]) -> AbstractContextManager[str]:
    return embedded if url == EMBEDDED else nullcontext(url)


def _address(url: str) -> str:
    parts = urlsplit(url)
    return url if url == EMBEDDED else f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _first_line(error: object) -> str:
    return (str(error).strip().splitlines() or ["no reason given"])[0]
