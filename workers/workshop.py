"""What jobs work with, set once by the composition root: a job's own arguments are ids and nothing else."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from random import Random

from conversations.library import Library
from core.registers import Registers
from core.routing import OperatorChoice
from core.sending_hours import SendingHours
from core.store.work import Store
from core.world import World
from workers.mails.carrier import Post


@dataclass(frozen=True, slots=True)
class Workshop:
    """One process's store, words, world (the policy of inviting in it), operators, hours, chance and time."""

    store: Store
    library: Library
    world: World
    operators: Sequence[OperatorChoice]
    hours: SendingHours
    random: Random
    """For real PINs a ``secrets.SystemRandom``."""
    clock: Callable[[], datetime]
    post: Post | None = None
    """None: no letters are sent."""
    registers: Registers = field(default_factory=Registers)


class NoWorkshop(Exception):
    """A job ran in a process where `install` was not called; `crs worker` does."""


_installed: list[Workshop] = []


def install(workshop: Workshop) -> None:
    """Set what the jobs of this process work with."""
    _installed[:] = [workshop]


def installed() -> Workshop:
    """What was set; raises NoWorkshop."""
    if not _installed:
        raise NoWorkshop("No workshop was installed in this process: start jobs with `crs worker`.")
    return _installed[0]
