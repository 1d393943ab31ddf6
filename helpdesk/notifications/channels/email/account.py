"""Read from the settings how mail is handed over."""

import ssl
from typing import NamedTuple

from helpdesk import tls
from helpdesk.notifications.channels.email import addresses
from helpdesk.settings.channels import SmtpTls
from helpdesk.settings.settings import Settings


class Account(NamedTuple):
    """How mail is handed over: the server, and as whom. `domain` is the name by which we greet it."""

    host: str
    port: int
    encryption: SmtpTls
    context: ssl.SSLContext
    user: str
    password: str
    sender: str
    domain: str


def account(settings: Settings) -> Account:
    """Return the account of the settings. Raises ValueError when their sender is no address."""
    sender, context = addresses.sender(settings), tls.context(settings.smtp_ca_bundle or settings.ca_bundle)
    host, user, password = settings.smtp_host or "", settings.smtp_user or "", settings.smtp_password or ""
    server = host, settings.smtp_port, settings.smtp_tls, context
    return Account(*server, user, password, sender.addr_spec, sender.domain)
