"""What is wrong with the settings, said so that it can be mended; never with a secret in it."""

import difflib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from gateway.settings.choices import Operator, Secrets, Settings

OPERATORS = "operators"
REGISTERS = "registers"


class SettingsError(Exception):
    """The settings cannot be used; the text says where, what is wrong and how to mend it."""


def sections() -> dict[str, type[BaseModel]]:
    """The sections of the file that are there once, with their keys."""
    found = {}
    for name, field in Settings.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            found[name] = field.annotation
    return found


def tables(operators: object) -> list[tuple[int, dict[str, Any]]]:
    """The operators that are tables at all, each with its place in the file."""
    numbered = enumerate(operators) if isinstance(operators, list) else ()
    return [(number, one) for number, one in numbered if isinstance(one, dict)]


def nearest(word: str, known: Iterable[str], *, likeness: float = 0.9) -> str | None:
    """What a mistyped word was probably meant to be."""
    return next(iter(difflib.get_close_matches(word, known, n=1, cutoff=likeness)), None)


def in_words(error: Any, file: Path | None, chosen: dict[str, Any], variables: dict[str, str]) -> str:
    """Say one of pydantic's errors in one line: where, which key, what is wrong, what to write instead."""
    loc = error["loc"]
    path = ".".join(map(str, loc[:3] if loc[:1] in ((OPERATORS,), (REGISTERS,)) else loc[:2]))
    place = f"{file}: " if file else "no crs.toml here, and "
    subject = f"the variable {variables[path]}" if path in variables else place + _key_in_words(loc, chosen)
    field, model = _field(loc)
    mend = f" Write {field.description}." if field is not None and field.description else ""
    match error["type"]:
        case "extra_forbidden":
            near = nearest(str(loc[-1]), model.model_fields, likeness=0.6)
            reason = "is not known"
            mend = f" Did you mean {near}?" if near else f" Known here: {', '.join(model.model_fields)}."
        case "missing":
            reason = "is missing (or set CRS_SECRETS_KEY)" if model is Secrets else "is missing"
        case "value_error":
            reason = str(error["ctx"]["error"])
        case "string_pattern_mismatch":
            reason = f'cannot be "{error["input"]}"'
        case "model_type" | "tuple_type" if not mend:
            reason = "must be a section of its own, as in crs.example.toml"
        case _:
            reason = f"is wrong: {error['msg'][0].lower()}{error['msg'][1:]}"
    return f"{subject} {reason}.{mend}"


def _nested(section: str, part: str) -> type[BaseModel] | None:
    """The keys of a table inside a section, such as [registers.nrzp]."""
    field = sections()[section].model_fields.get(part) if section in sections() else None
    inner = field.annotation if field else None
    return inner if isinstance(inner, type) and issubclass(inner, BaseModel) else None


def _key_in_words(loc: tuple[int | str, ...], chosen: dict[str, Any]) -> str:
    match loc:
        case ("operators", int(number), *rest):
            name = dict(tables(chosen[OPERATORS])).get(number, {}).get("name", f"number {number + 1}")
            return " ".join([f"[[operators]] {name}", *map(str, rest[:1])])
        case (str(section), str(part), key, *_) if _nested(section, part):
            return f"[{section}.{part}] {key}"
        case (section, key, *_):
            return f"[{section}] {key}"
        case (key,):
            return str(key)
        case _:
            return "the settings:"


def _field(loc: tuple[int | str, ...]) -> tuple[Any, type[BaseModel]]:
    match loc:
        case ("operators", int(), str(key), *_):
            model: type[BaseModel] = Operator
        case (str(section), str(part), str(key), *_) if nested := _nested(section, part):
            model = nested
        case (str(section), str(key), *_) if section in sections():
            model = sections()[section]
        case (str(key), *_):
            model = Settings
        case _:
            return None, Settings
    return model.model_fields.get(key), model
