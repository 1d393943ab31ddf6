"""Read the reasons that end a call: lines of a text that administrators keep."""

from helpdesk.errors import sentence

MOST, LONGEST = 30, 100
"""Reasons, and characters of each."""
LONGEST_TEXT = MOST * (LONGEST + 2)
DEFAULT = sentence("Question answered\nTask created\nHanded to colleagues\nWrong number\nThe connection broke off")


def reasons(text: str) -> tuple[str, ...]:
    """Return the reasons of a text in their order, each once."""
    lines = (" ".join(line.split()) for line in text.splitlines())
    return tuple(dict.fromkeys(line[:LONGEST] for line in lines if line))[:MOST]
