"""What a setting is made of: a field with its help, its unit and its variable; and a value that never shows itself."""

from __future__ import annotations

from dataclasses import field
from typing import Any

from continuum.domain.records import Json


def setting(
    default: Json, help_text: str, *, env: str | None = None, unit: str = "", shown: bool = True
) -> Any:  # dataclass field
    """A field of the settings: `env` is the variable that sets it, `help_text` its line in the reference."""
    return field(default=default, repr=shown, metadata={"help": help_text, "env": env, "unit": unit})


class Secret:
    """A value that never shows itself; `reveal` gives it to the one who needs it."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def __repr__(self) -> str:
        return "***"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._value == other._value

    def __hash__(self) -> int:
        return hash(self._value)

    def reveal(self) -> str:
        return self._value
