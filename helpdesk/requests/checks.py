"""Check what requesters send, and tell of failures after something was saved."""

from collections.abc import Iterator
from contextlib import contextmanager

from helpdesk.errors import Invalid, NotFound, OutcomeUnknown, SavedUnseen, Unavailable, sentence
from helpdesk.requests.model import GRADES
from helpdesk.texts import is_blank

LONGEST_TEXT = 60_000
LONGEST_WORD = 500
EMPTY = sentence("Please fill this in.")
TOO_LONG = sentence("This is too long: at most %(limit)s characters.", limit=LONGEST_TEXT)
LONG_WORD = sentence("This is too long: at most %(limit)s characters.", limit=LONGEST_WORD)
NO_GRADE = sentence("Please choose a grade from 1 to 5.")
CLOSED_CATEGORY = sentence(
    "Nothing can be created in this category: the task system wants more than is asked here. Please tell an "
    "administrator."
)
FIELDS = {"subject": "subject", "description": "text", "files": "files", "base": "base"}
"""The fields of a new task that requesters fill, by their names in requests."""
NO_CATEGORY = sentence("Please choose what the request is about.")


@contextmanager
def written() -> Iterator[None]:
    """Say of a failure that something was saved before."""
    try:
        yield
    except NotFound as error:
        raise SavedUnseen from error
    except Unavailable as error:
        raise OutcomeUnknown(detail=error.detail) from error


def require_text(field: str, text: str) -> None:
    if is_blank(text):
        raise Invalid({field: [EMPTY]})
    if len(text) > LONGEST_TEXT:
        raise Invalid({field: [TOO_LONG]})


def refusal_of_new(error: NotFound | Invalid) -> Invalid:
    """Return the refusal of a new request in the fields that requesters see."""
    fields = error.fields if isinstance(error, Invalid) else {}
    if not fields or fields.keys() - FIELDS.keys():
        return Invalid({"category_id": [CLOSED_CATEGORY]})
    return Invalid({FIELDS[name]: sentences for name, sentences in fields.items()})


def require_grade(grade: int | None, word: str) -> None:
    if grade is not None and grade not in GRADES:
        raise Invalid({"grade": [NO_GRADE]})
    if len(word) > LONGEST_WORD:
        raise Invalid({"word": [LONG_WORD]})
