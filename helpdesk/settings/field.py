"""Declare a setting as a field of a dataclass."""

from collections.abc import Callable
from dataclasses import field
from typing import Any

from helpdesk.settings.sources import Row


def setting(
    name: str,
    meaning: str,
    parse: Callable[[str], Any] = str,
    *,
    default: Any = None,
    ini: str = "",
    secret: bool = False,
) -> Any:
    """Return a field of Settings: the variable's name, what docs/settings.md says about it, and its Row."""
    row = Row(parse, ini, secret)
    return field(default=default, metadata={"name": name, "meaning": meaning, "row": row}, repr=not secret)
