"""What every section of the settings is made of."""

from typing import Annotated, Final, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, SecretStr

SHORTEST_KEY: Final = 16


class Section(BaseModel):
    """Never shows what was typed where it is wrong: it may be a secret."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


def _key(key: SecretStr) -> SecretStr:
    if len(key.get_secret_value()) < SHORTEST_KEY:
        raise ValueError("is too short")
    return key


Key: TypeAlias = Annotated[SecretStr, AfterValidator(_key)]
