"""Open the registers that the settings name."""

import secrets
from datetime import timedelta

import httpx
import structlog

from core.registers import HealthWorkers, PopulationRegister, Register, Registers
from gateway.clock import utc_now
from gateway.registers.file import FileRegister
from gateway.registers.http import HttpRegister
from gateway.settings import SettingsError
from gateway.settings.choices import RegisterChoice, RegisterChoices

log = structlog.get_logger()


def open_registers(choices: RegisterChoices) -> Registers:
    """Both, as chosen; raises SettingsError or UnreadableFile where a file cannot be read."""
    population, nrzp = open_register(choices.population), open_register(choices.nrzp)
    for register in (population, nrzp):
        if isinstance(register, FileRegister) and register.quarantined:
            lines = [row.line_number for row in register.quarantined[:20]]
            log.warning("registers.rows_set_aside", count=len(register.quarantined), lines=lines)
    return Registers(
        None if population is None else PopulationRegister(population),
        None if nrzp is None else HealthWorkers(nrzp),
    )


def open_register(choice: RegisterChoice) -> Register | None:
    """One register; None where there is none."""
    match choice.kind:
        case "none":
            return None
        case "file":
            return _file(choice)
        case "http":
            token = choice.token.get_secret_value()
            client = httpx.Client(
                timeout=choice.answers_within_seconds,
                headers={"Authorization": f"Bearer {token}"} if token else None,
            )
            return HttpRegister(
                client,
                choice.url,
                answers_within=timedelta(seconds=choice.answers_within_seconds),
                clock=utc_now,
                random=secrets.SystemRandom(),
            )


def _file(choice: RegisterChoice) -> FileRegister:
    try:
        register = FileRegister(choice.file.read_bytes() if choice.file else b"")
    except OSError as error:
        raise SettingsError(f"The register in {choice.file} cannot be read: {error}") from error
    return register
