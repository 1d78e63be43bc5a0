"""Read the choices: the file, the variables over it, and a key of our own for the embedded database."""

import os
import re
import secrets
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from core.vault import new_key
from gateway.embedded.places import make_folder
from gateway.settings.choices import EMBEDDED, Operator, RegisterChoice, RegisterChoices, Settings
from gateway.settings.words import OPERATORS, REGISTERS, SettingsError, in_words, nearest, sections, tables

KEY_FILE = "secrets.key"


def find(config: Path | None, environ: Mapping[str, str], *, here: Path) -> Path | None:
    """The settings file: as told, else ``CRS_CONFIG``, else ``crs.toml`` in ``here`` if there is one."""
    if config is None and environ.get("CRS_CONFIG"):
        config = Path(environ["CRS_CONFIG"])
    if config is not None:
        return here / config.expanduser()
    usual = here / "crs.toml"
    return usual if usual.exists() else None


def read(
    config: Path | None = None, environ: Mapping[str, str] | None = None, *, here: Path | None = None
) -> Settings:
    """Read the settings from the file and the variables, or raise :class:`SettingsError`.

    With the embedded database a key is made at the first read and kept in its folder.
    """
    environ = os.environ if environ is None else environ
    here = (Path.cwd() if here is None else here).absolute()
    file = find(config, environ, here=here)
    chosen = {} if file is None else _toml(file)
    from_variables = _take_variables(chosen, environ)
    for path, usual in _PATHS.items():
        _place(chosen, path, usual, beside=here if file is None or path in from_variables else file.parent)
    for register, values in _registers(chosen).items():
        path = f"registers.{register}.file"
        beside = here if file is None or path in from_variables else file.parent
        if isinstance(written := values.get("file"), str):
            values["file"] = str(beside / Path(written).expanduser())
    section = chosen.setdefault("secrets", {})
    if isinstance(section, dict) and "key" not in section and _is_embedded(chosen):
        section["key"] = _own_key(Path(chosen["embedded"]["folder"]))
    try:
        return Settings.model_validate(chosen)
    except ValidationError as error:
        wrong = [in_words(one, file, chosen, from_variables) for one in error.errors(include_url=False)]
        raise SettingsError("\n".join(wrong)) from None  # the cause would quote passwords


def _toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SettingsError(
            f"{file} does not exist. Copy crs.example.toml there, or name another file."
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file} cannot be read: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(
            f"{file} is not TOML: {error}. Texts need quotation marks, sections brackets, as in "
            "crs.example.toml."
        ) from None


def _take_variables(chosen: dict[str, Any], environ: Mapping[str, str]) -> dict[str, str]:
    """Lay the variables over the file; gives which key came from which variable."""
    places: dict[str, tuple[dict[str, Any], str, str]] = {
        f"CRS_{name.upper()}": (chosen, name, name)
        for name in Settings.model_fields
        if name not in (*sections(), OPERATORS)
    }
    for section, model in sections().items():
        values = chosen.setdefault(section, {})
        for key in model.model_fields if isinstance(values, dict) else ():
            places[f"CRS_{section}_{key}".upper()] = (values, key, f"{section}.{key}")
    for register, values in _registers(chosen).items():
        for key in RegisterChoice.model_fields:
            places[f"CRS_REGISTERS_{register}_{key}".upper()] = (values, key, f"registers.{register}.{key}")
    for number, values in tables(chosen.get(OPERATORS)):
        name = re.sub(r"\W", "_", str(values.get("name", "")))
        for key in Operator.model_fields:
            places[f"CRS_OPERATORS_{name}_{key}".upper()] = (values, key, f"operators.{number}.{key}")
    taken = {}
    for variable, said in environ.items():
        if variable in places and said:
            values, key, path = places[variable]
            values[key] = [part.strip() for part in said.split(",")] if key in _LISTS else said
            taken[path] = variable
        elif variable.startswith("CRS_OPERATORS_") and variable not in places:
            raise SettingsError(
                f"the variable {variable} names no key of an [[operators]] table in the file."
            )
        elif variable.startswith("CRS_") and variable not in places and (meant := nearest(variable, places)):
            # Others are let be: Kubernetes makes CRS_SERVICE_HOST and the like.
            raise SettingsError(f"the variable {variable} is not known. Did you mean {meant}?")
    return taken


def _registers(chosen: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The table of each register, made where the file has none."""
    section = chosen.setdefault(REGISTERS, {})
    if not isinstance(section, dict):
        return {}
    named = {name: section.setdefault(name, {}) for name in RegisterChoices.model_fields}
    return {name: values for name, values in named.items() if isinstance(values, dict)}


_LISTS = frozenset({"sending_hours", "carriers", "unknown_subscriber_errors"})


_PATHS: Mapping[str, str | None] = {
    "embedded.folder": ".crs",
    "information.file": None,
    "invitations.policies": None,
    "programme.file": None,
    "services.file": None,
    "voicexml.recordings": None,
}


def _place(chosen: dict[str, Any], path: str, usual: str | None, *, beside: Path) -> None:
    section, _, key = path.partition(".")
    values = chosen[section]
    if isinstance(values, dict) and isinstance(written := values.get(key, usual), str):
        values[key] = str(beside / Path(written).expanduser())


def _is_embedded(chosen: dict[str, Any]) -> bool:
    database, embedded = chosen["database"], chosen["embedded"]
    return (
        isinstance(database, dict)
        and database.get("url", EMBEDDED) == EMBEDDED
        and isinstance(embedded, dict)
        and isinstance(embedded.get("folder"), str)
    )


def _own_key(folder: Path) -> str:
    """The key of an embedded database, made by whoever comes first."""
    file = folder / KEY_FILE
    try:
        if not file.exists():
            make_folder(folder)
            made = folder / f"{KEY_FILE}.{secrets.token_hex(4)}"
            with os.fdopen(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as new:
                new.write(new_key() + "\n")
            try:
                os.link(made, file)  # unlike a rename, never in place of another's key
            except FileExistsError:
                pass
            finally:
                made.unlink()
        return file.read_text(encoding="ascii").strip()
    except OSError as error:
        raise SettingsError(
            f"The key in {file} cannot be read or made: {error}. Choose a folder of yours as "
            "[embedded] folder (or CRS_EMBEDDED_FOLDER), or set CRS_SECRETS_KEY."
        ) from error
