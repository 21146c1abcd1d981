"""What all account sections of the configuration share: strictness, and secrets that are only pointed at."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationInfo

from channels import fiction
from messages.model import Rendition


def _resolve(value: object, info: ValidationInfo) -> SecretStr:
    """Turn ``{ env = "NAME" }`` or ``{ file = "path" }`` into the secret it points at.

    A relative path starts from the folder of the configuration file (validation context ``folder``).
    """
    match value:
        case SecretStr():
            return value
        case {"env": str(name), **rest} if not rest:
            secret = os.environ.get(name, "")
            if not secret:
                raise ValueError(f"the environment variable {name} is not set: set it, or point to a file instead")
            return SecretStr(secret)
        case {"file": str(name), **rest} if not rest:
            path = Path((info.context or {}).get("folder", "."), name)
            try:
                secret = path.read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                raise ValueError(
                    f"the secret's file {path} cannot be read ({error}): create it with mode 0600"
                ) from None
            if not secret:
                raise ValueError(f"the secret's file {path} is empty: write the secret into it")
            return SecretStr(secret)
        case _:
            raise ValueError('a secret never stands here itself: write { env = "NAME" } or { file = "path" }')


Secret = Annotated[SecretStr, BeforeValidator(_resolve)]
"""A secret from a variable or file. Prints as stars; ``get_secret_value()`` is called only where bytes leave."""


def _from_folder(path: Path, info: ValidationInfo) -> Path:
    return Path((info.context or {}).get("folder", "."), path)


FilePath = Annotated[Path, AfterValidator(_from_folder)]
"""A file or folder; a relative path is meant from the folder of the configuration file (validation context)."""


class AccountSettings(BaseModel):
    """The settings of one provider account, read from its ``[accounts.NAME]`` section. Unknown keys are errors.

    Args:
        provider: name of the adapter that speaks for the account.
        concurrency: most requests in flight; None for what suits the provider.
        rate: most parcels a second, by their weight; None for what suits the provider.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    provider: str
    concurrency: int | None = Field(default=None, ge=1, le=256)
    rate: float | None = Field(default=None, gt=0, allow_inf_nan=False)

    def made_up(self) -> Iterator[tuple[str, str]]:
        """What stands here only for something, and reaches nobody: the key, and what it is.

        Each provider knows its own; secrets and addresses are the same for all.
        """
        for key in type(self).model_fields:
            match getattr(self, key):
                case SecretStr() as secret if secret.get_secret_value() == fiction.SECRET:
                    yield key, f'the secret is the word "{fiction.SECRET}" that `init` wrote'
                case str(text) if key == "base_url" and fiction.is_address(text):
                    yield key, "the address leads to this machine, or nowhere"

    def weight(self, rendition: Rendition) -> int:  # noqa: ARG002 - for those whose texts differ
        """Tell what a rendition counts for at the account's rate."""
        return 1
