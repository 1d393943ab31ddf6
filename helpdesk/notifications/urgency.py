"""How much a notification presses, for the choice of its sound."""

from typing import Literal

Urgency = Literal["normal", "high"]

PRESSING = {"mentioned", "given"}
"""Kinds by which somebody turns to this very person."""


def urgency(kind: str) -> Urgency:
    return "high" if kind in PRESSING else "normal"
