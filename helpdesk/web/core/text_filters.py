"""Foreign texts in templates: `|shown` between tags, `|plain` within attributes and titles.

Both take a text, or a thing whose subject or name is meant. What has no visible character gets a stand-in, and what may
turn the direction of the text around it is kept apart from that: by an element, or where there can be none by
characters. The rest, nearly all, stays as it is: between tags an element each would change nothing and weigh something.
"""

from collections.abc import Callable
from typing import Any

from markupsafe import Markup

from helpdesk.errors import Sentence
from helpdesk.texts import UNSEEN, called, is_blank, isolated, one_line, subject_of, turns


def filters(speak: Callable[[Sentence], str]) -> dict[str, Callable[[Any], str]]:
    """The two filters, in the language that `speak` speaks."""

    def text_of(it: Any) -> str:
        found = words(it)
        return speak(found) if isinstance(found, Sentence) else found

    return {"shown": lambda it: apart(text_of(it)), "plain": lambda it: isolated(text_of(it))}


def words(it: Any) -> str | Sentence:
    """A text itself; of a task the subject, of a file and of whatever else the name."""
    if isinstance(it, str | Sentence):
        return UNSEEN if isinstance(it, str) and it and is_blank(it) else it
    if hasattr(it, "subject"):
        return subject_of(it.subject)
    if hasattr(it, "full_name"):
        return str(it.login if is_blank(it.full_name) else it.full_name)
    if hasattr(it, "filename"):
        return words(it.filename)
    return called(it)


def apart(text: str) -> str:
    """The text for between tags, line by line."""
    lines = "\n".join(map(one_line, text.split("\n")))
    return Markup("<bdi>{}</bdi>").format(lines) if turns(lines) else lines
