"""Name the requester in a comment that Redmine's user for people without an account writes."""

import re

from helpdesk.requests import addresses
from helpdesk.requests.addresses import NO_ALIASES, Canonical
from helpdesk.requests.model import Requester
from helpdesk.texts import one_line, trimmed

LINE = re.compile(r"[^\n<>]{0,200} <([^\n<>]{1,320})>:")
FOREIGN = re.compile(r"[<>]")
LONGEST_NAME = 200


def signed(who: Requester, text: str) -> str:
    """Return a comment that begins with the requester's name and address."""
    name = FOREIGN.sub(" ", one_line(who.person.full_name or who.person.login))[:LONGEST_NAME].strip()
    return trimmed(f"{name} <{address_of(who)}>:\n\n{text}")


def signs(who: Requester, comment: str, canonical: Canonical = NO_ALIASES) -> bool:
    """Tell whether a comment begins with the line that names this requester."""
    line = LINE.match(comment)
    return line is not None and addresses.normalized(line[1], canonical) in who.addresses


def address_of(who: Requester) -> str:
    """Return the address that stands for the requester; empty without a proven one."""
    own = addresses.normalized(who.person.email)
    return own if own in who.addresses else min(who.addresses, default="")
