"""Explain why the mail server takes no mail of ours at all, by the number of its answer."""

import ssl

import aiosmtplib

from helpdesk import tls
from helpdesk.errors import Sentence, Unavailable, sentence
from helpdesk.texts import in_english, squeezed

LONGEST_WORDS = 160
PERMANENT = 500

NO_STARTTLS = (
    sentence("it knows no STARTTLS"),
    sentence("Set SMTP_TLS=tls and its port, or let it encrypt. SMTP_TLS=off would send mail in clear."),
)
NO_AUTH = (
    sentence("it asks for no account on this connection"),
    sentence("Take SMTP_USER away, or check SMTP_PORT and SMTP_TLS."),
)
REFUSED = (
    sentence("it refuses our account"),
    sentence("Check SMTP_USER and SMTP_PASSWORD, and that the account is not locked."),
)
WRONG_SENDER = (sentence("it refuses our sender"), sentence("Check SMTP_FROM, and what our account may send as."))
TURNED_AWAY = (sentence("it turns us away"), sentence("Ask whoever runs it, or read its log."))
NOBODY = (sentence("nobody answers there"), sentence("Check SMTP_HOST and SMTP_PORT, and whether it runs."))
SILENT = (sentence("it does not answer in time"), NOBODY[1])
ENDED = (sentence("it ends the connection"), TURNED_AWAY[1])


class Fault(Unavailable):
    """The mail server takes no mail of ours. `kind` is a key of `notifications/reasons.py`; `words` are its own."""

    def __init__(self, kind: str, trouble: tuple[Sentence, Sentence], words: str = "") -> None:
        reason = in_english(trouble[0])
        super().__init__(detail=f"{reason}: {words}" if words else reason)
        self.kind, self.words, (self.reason, self.advice) = kind, words, trouble


def plain(message: object) -> str:
    """Return the words of a server as one short line."""
    text = message.decode("utf-8", "replace") if isinstance(message, bytes) else str(message)
    return squeezed(text)[:LONGEST_WORDS]


def fault_of(error: Exception) -> Fault:
    """Explain an error of connecting, of signing in, or of the beginning of a message."""
    if refusal := tls.refusal(error, "SMTP_HOST", "SMTP_CA_BUNDLE"):
        return Fault("not_ours", (refusal.reason, refusal.advice))
    if isinstance(error, aiosmtplib.SMTPResponseException):
        kind = "not_ours" if error.code >= PERMANENT else "unreachable"
        return Fault(kind, _of_answer(error), f"{error.code} {plain(error.message)}")
    if isinstance(error, TimeoutError):
        return Fault("unreachable", SILENT)
    if isinstance(error, aiosmtplib.SMTPServerDisconnected):
        return Fault("unreachable", ENDED)
    if isinstance(error, ssl.SSLError | OSError):
        return Fault("unreachable", NOBODY)
    return Fault("not_ours", TURNED_AWAY, plain(getattr(error, "message", type(error).__name__)))


def _of_answer(error: aiosmtplib.SMTPResponseException) -> tuple[Sentence, Sentence]:
    if isinstance(error, aiosmtplib.SMTPAuthenticationError):
        return REFUSED
    return WRONG_SENDER if isinstance(error, aiosmtplib.SMTPSenderRefused) else TURNED_AWAY
