"""Read from the settings how mail is handed over."""

import ssl
from email.headerregistry import Address
from typing import NamedTuple

from helpdesk import tls
from helpdesk.notifications.channels.email import addresses
from helpdesk.settings.channels import SmtpTls
from helpdesk.settings.settings import Settings
from helpdesk.settings.sources import Problem, SettingsError

HINT = "Give helpdesk@example.ru or Helpdesk <helpdesk@example.ru>"


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
    """Return the account of the settings. Raises SettingsError when an address in them is none."""
    sender, context = _sender(settings), tls.context(settings.smtp_ca_bundle or settings.ca_bundle)
    host, user, password = settings.smtp_host or "", settings.smtp_user or "", settings.smtp_password or ""
    server = host, settings.smtp_port, settings.smtp_tls, context
    return Account(*server, user, password, sender.addr_spec, sender.domain)


def _sender(settings: Settings) -> Address:
    name = "SMTP_FROM"
    try:
        sender = addresses.sender(settings)
        name = "SMTP_REPLY_TO"
        addresses.named(settings.smtp_reply_to or settings.mail_from)
    except ValueError as error:
        raise SettingsError([Problem(name, "is no address", HINT)]) from error
    return sender
