"""Fill in the template of e-mail signatures: as text, and as HTML in which what people say of themselves stays text."""

import re
from collections.abc import Callable, Mapping
from html import escape

NAMES = ("full_name", "position", "department", "office", "phone", "email")
"""What a template may name in braces."""
DEFAULT = "{full_name}\n{position}, {department}\n{phone}\n{email}"
LONGEST = 2_000
PLACE = re.compile(r"\{([^{}\n]{0,40})\}")
ENDS = " ,;·|/–—-"
"""What is left over at the ends of a line whose places are empty."""


def unknown_names(template: str) -> list[str]:
    """Return the names in braces that a template may not have."""
    return sorted({name for name in PLACE.findall(template) if name not in NAMES})


def plain(template: str, values: Mapping[str, str]) -> str:
    """Return the signature of a person as text. A line whose places are all empty is left out."""
    return "\n".join(_lines(template, values, str))


def html(template: str, values: Mapping[str, str]) -> str:
    """Return the signature of a person as HTML."""
    return "<br>\n".join(_lines(template, values, escape))


def _lines(template: str, values: Mapping[str, str], shown: Callable[[str], str]) -> list[str]:
    filled = (_line(line, values) for line in template.strip("\n").split("\n"))
    return [shown(line) for line in filled if line is not None]


def _line(line: str, values: Mapping[str, str]) -> str | None:
    """Return a line with its places filled in; None if all of them are empty."""
    found = [values.get(name, "") for name in PLACE.findall(line)]
    if found and not any(found):
        return None
    text = PLACE.sub(lambda place: values.get(place[1], ""), line)
    return text if all(found) else text.strip(ENDS)
