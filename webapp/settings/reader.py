"""Takes values of one kind out of what the environment gave, or says in one line what is wrong with one.

Knows kinds of values, not which settings there are.
"""

from collections.abc import Mapping
from typing import Any

from webapp.core.accounts.rules import valid_email


class SettingsError(SystemExit):
    """A setting stops the start. A SystemExit, so that servers and commands end with this line and no traceback."""


class Reader:
    """*values*: names without the FLASK_ prefix. What is asked for in another kind raises SettingsError."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    def has(self, name: str) -> bool:
        return self._values.get(name) is not None

    def text(self, name: str, default: str) -> str:
        value = self._values.get(name)
        if value is None:
            return default
        if not isinstance(value, str):
            raise SettingsError(f"FLASK_{name} must be text; put a value that looks like JSON in double quotes")
        return value

    def texts(self, name: str, default: tuple[str, ...]) -> tuple[str, ...]:
        value = self._values.get(name)
        if value is None:
            return default
        if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
            raise SettingsError(f'FLASK_{name} must be a JSON list of texts, as in ["one", "two"]')
        return tuple(value)

    def flag(self, name: str, default: bool) -> bool:
        value = self._values.get(name)
        if value is None:
            return default
        if not isinstance(value, bool):
            raise SettingsError(f"FLASK_{name} must be true or false")
        return value

    def whole(self, name: str, default: int, *, least: int, most: int) -> int:
        value = self._values.get(name)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise SettingsError(f"FLASK_{name} must be a whole number from {least} to {most}")
        return value

    def number(self, name: str, default: float) -> float:
        value = self._values.get(name)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 10_000:
            raise SettingsError(f"FLASK_{name} must be a number above 0 and below 10000")
        return float(value)

    def email(self, name: str, default: str) -> str:
        email = self.text(name, default)
        if email != default and valid_email(email) is None:
            raise SettingsError(f"FLASK_{name} must be an e-mail address")
        return email
