"""Read the addresses of mails: the sender of the settings, and recipients as directories and people wrote them."""

import re
from email.headerregistry import Address
from email.utils import parseaddr

from helpdesk.notifications.channels.email.mime import literal
from helpdesk.requests.addresses import domain
from helpdesk.settings.settings import Settings
from helpdesk.texts import squeezed

LONGEST = 254
LONGEST_LOCAL = 64
LONGEST_NAME = 100
UNFIT = re.compile(r'[\x00-\x20\x7f-\xa0<>()\[\]:;@\\,"\u2028\u2029\ud800-\udfff]|=\?')
"""What the local part of a plain address never has; an encoded word in it would be decoded in a header."""
NEVER_FIRST = (".", "|", "-")
"""What mail servers have taken for a command or an option."""


def mailbox(address: str) -> tuple[str, str] | None:
    """Return the local part and the domain in ASCII; None for what is no plain address. Letters beyond ASCII in the
    local part stay: not every server takes them."""
    local, at, host = address.strip().rpartition("@")
    if not at or not local or len(address) > LONGEST or len(local.encode("utf-8", "replace")) > LONGEST_LOCAL:
        return None
    if UNFIT.search(local) or local.startswith(NEVER_FIRST) or local.endswith(".") or ".." in local:
        return None
    ascii_host = domain(host)
    return (local, ascii_host) if ascii_host else None


def envelope(address: str) -> str:
    """Return an address as the server is given it; empty for what is no plain address."""
    found = mailbox(address)
    return f"{found[0]}@{found[1]}" if found else ""


def header(name: str, address: str) -> Address:
    """Return a name with its address for a header. Raises ValueError for what is no plain address."""
    found = mailbox(address)
    if found is None:
        raise ValueError("no plain address")
    return Address(literal(squeezed(name)[:LONGEST_NAME]), *found)


def sender(settings: Settings) -> Address:
    """Return the sender of mails, named as its setting says, else by the brand. Raises ValueError for no address."""
    return named(settings.mail_from, settings.brand_name)


def named(text: str, name: str = "") -> Address:
    """Return the address in a text such as `Helpdesk <helpdesk@example.ru>`, by this name if it has none. Raises
    ValueError for no address."""
    own, address = parseaddr(text)
    return header(own or name, address or text)
