"""Name the requester in a comment that Redmine's user for people without an account writes."""

import re

from helpdesk.requests import addresses
from helpdesk.requests.addresses import NO_ALIASES, Canonical
from helpdesk.requests.model import Requester
from helpdesk.texts import one_line, trimmed

LINE = re.compile(r"[^\n<>]{0,200} <([^\n<>]{1,320})>:")
FOREIGN = re.compile(r"[<>]")
LONGEST_NAME = 200


def signed(who: Requester, text: str, canonical: Canonical = NO_ALIASES) -> str:
    """Return a comment that begins with the requester's name and address."""
    name = FOREIGN.sub(" ", one_line(who.person.full_name or who.person.login))[:LONGEST_NAME].strip()
    return trimmed(f"{name} <{address_of(who, canonical)}>:\n\n{text}")


def signs(who: Requester, comment: str, canonical: Canonical = NO_ALIASES) -> bool:
    """Tell whether a comment begins with the line that names this requester."""
    line = LINE.match(comment)
    return line is not None and addresses.normalized(line[1], canonical) in who.addresses


def address_of(who: Requester, canonical: Canonical = NO_ALIASES) -> str:
    """Return the address that stands for the requester: the account's own if it is proven; empty without any."""
    own = addresses.normalized(who.person.email)
    is_proven = addresses.normalized(own, canonical) in who.addresses
    return own if own and is_proven else min(who.addresses, default="")
