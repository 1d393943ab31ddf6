"""The rules of a new local account, for the form where people register and for `helpdesk user add`."""

import re
from collections.abc import Mapping

from helpdesk.errors import Sentence, sentence
from helpdesk.people.passwords import LONGEST_PASSWORD, SHORTEST_PASSWORD
from helpdesk.store import people
from helpdesk.texts import is_blank, turns_direction

LOGIN = re.compile(r"[\w.+-]{1,120}")  # no @: a login must not be somebody's e-mail
EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
LONGEST_LOGIN, LONGEST = 120, 200
LIMITS = {"username": LONGEST_LOGIN, "email": LONGEST, "password": LONGEST_PASSWORD, "full_name": LONGEST}
"""The most characters of each field."""
TURNS = sentence("This holds characters that turn the direction of the text.")


def mistakes(account: Mapping[str, str]) -> dict[str, Sentence]:
    """Return the first mistake of each field of LIMITS; a field that is absent has none."""
    found = {field: _mistake(field, account[field]) for field in LIMITS if field in account}
    return {field: mistake for field, mistake in found.items() if mistake}


def _mistake(field: str, text: str) -> Sentence | None:
    if field == "username" and not LOGIN.fullmatch(text):
        return sentence("A login has letters, digits and . _ - + only.")
    if field == "email" and not (EMAIL.fullmatch(text) and text.isprintable()):
        return sentence("This is no e-mail address.")
    if field == "password" and len(text) < SHORTEST_PASSWORD:
        return sentence("This is too short: at least %(least)s characters.", least=SHORTEST_PASSWORD)
    if len(text) > LIMITS[field] or not _fits(field, text):
        return sentence("This is too long: at most %(limit)s characters.", limit=LIMITS[field])
    if field != "password" and turns_direction(text):
        return TURNS
    if text and is_blank(text):
        return sentence("This needs a visible character.")
    return None


def _fits(field: str, text: str) -> bool:
    """Tell whether a field that accounts are found by can be stored."""
    columns = {"username": "login", "email": "email"}
    return field not in columns or people.fits(columns[field], text)
