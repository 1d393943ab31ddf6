"""The settings of what is sent to people: e-mail, Web Push and Firebase."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from helpdesk.settings import parsing
from helpdesk.settings.field import setting
from helpdesk.settings.parsing import InvalidSetting

SmtpTls = Literal["starttls", "tls", "off"]
TLS_PORT = 465
PORTS: dict[SmtpTls, int] = {"starttls": 587, "tls": TLS_PORT, "off": 25}
MOST_RECIPIENTS = 100_000

NO_SENDER = "SMTP_HOST is given without an address in SMTP_FROM: no mail is sent"
NO_WEB_PUSH = (
    "VAPID_PUBLIC_KEY, VAPID_PRIVATE_KEY and VAPID_CLAIM_EMAIL are not all given: there is no Web Push; new keys are "
    "made by: helpdesk vapid-keys"
)
NO_FIREBASE = "FIREBASE_PROJECT_ID and FIREBASE_SERVICE_ACCOUNT_PATH are not both given: there is no Firebase"


def smtp_tls(text: str) -> str:
    """Parse the encryption of mail. Yes and no, as the predecessor wrote it, are left to the port. Raises
    InvalidSetting."""
    value = text.lower()
    if value in parsing.TRUE:
        return "on"
    if value in parsing.FALSE:
        return "off"
    if value not in PORTS:
        raise InvalidSetting("is no encryption of mail", "Give starttls, tls or off")
    return value


def recipients(text: str) -> int:
    """Parse a number of addresses. Raises InvalidSetting."""
    number = parsing.number(text)
    if not 1 <= number <= MOST_RECIPIENTS:
        raise InvalidSetting("is no number of addresses", f"Give a whole one from 1 to {MOST_RECIPIENTS:,}")
    return number


def push_hosts(text: str) -> tuple[str, ...]:
    """Parse hosts of push services; `*.` in front means all below. Raises InvalidSetting."""
    hosts = tuple(part.strip().lower().rstrip(".") for part in text.split(",") if part.strip())
    for host in hosts:
        name = host.removeprefix("*.")
        if not name or any(letter in name for letter in "*/:@ ") or "." not in name:
            raise InvalidSetting("holds something else than hosts", "Give push.example.ru,*.push.example.ru")
    return hosts


@dataclass(frozen=True)
class ChannelSettings:
    smtp_host: str | None = setting("SMTP_HOST", "the mail server; absent: no mail is sent", ini="email.smtp_server")
    smtp_given_port: int | None = setting(
        "SMTP_PORT", "its port; absent: 587 for starttls, 465 for tls, 25 without", parsing.port, ini="email.smtp_port"
    )
    smtp_user: str | None = setting("SMTP_USER", "the account there; absent: none is needed", ini="email.username")
    smtp_password: str | None = setting("SMTP_PASSWORD", "its password", ini="email.password", secret=True)
    smtp_encryption: str = setting(
        "SMTP_TLS",
        "starttls, tls or off; on means tls with port 465, else starttls",
        smtp_tls,
        default="on",
        ini="email.use_tls",
    )
    smtp_from: str | None = setting(
        "SMTP_FROM", "the sender of mails: helpdesk@example.ru or Helpdesk <helpdesk@example.ru>; absent: SMTP_USER"
    )
    smtp_reply_to: str | None = setting(
        "SMTP_REPLY_TO", "where answers to letters from a task go; absent: to the person who wrote it"
    )
    letters_per_day: int = setting(
        "LETTERS_PER_DAY",
        "to how many addresses one person may write from tasks in 24 hours; a quarter of them, but at least 20, in one",
        recipients,
        default=200,
    )
    smtp_ca_bundle: Path | None = setting(
        "SMTP_CA_BUNDLE", "the authority of the mail server's certificate; absent: CA_BUNDLE", parsing.ca_bundle
    )
    push_notifications_enabled: bool = setting(
        "PUSH_NOTIFICATIONS_ENABLED",
        "whether pushes are sent; off: no device is asked for",
        parsing.flag,
        default=True,
    )
    vapid_public_key: str | None = setting(
        "VAPID_PUBLIC_KEY",
        "the public key of Web Push: helpdesk vapid-keys; absent: no Web Push",
        ini="push_notifications.vapid_public_key",
    )
    vapid_private_key: str | None = setting(
        "VAPID_PRIVATE_KEY", "its private key", ini="push_notifications.vapid_private_key", secret=True
    )
    vapid_claim_email: str | None = setting(
        "VAPID_CLAIM_EMAIL",
        "the address by which push services reach you: admin@example.ru",
        ini="push_notifications.vapid_claim_email",
    )
    push_hosts: tuple[str, ...] | None = setting(
        "PUSH_HOSTS",
        "push services besides those of the well-known browsers, with commas: push.example.ru,*.push.example.ru",
        push_hosts,
    )
    firebase_project_id: str | None = setting(
        "FIREBASE_PROJECT_ID",
        "the project of Firebase Cloud Messaging; absent: none",
        ini="firebase.project_id firebase.firebase_project_id",
    )
    firebase_service_account_path: Path | None = setting(
        "FIREBASE_SERVICE_ACCOUNT_PATH",
        "the file with its service account (JSON)",
        Path,
        ini="firebase.service_account_path firebase.firebase_service_account_path",
    )

    @property
    def sends_mail(self) -> bool:
        return bool(self.smtp_host) and "@" in self.mail_from

    @property
    def sends_web_push(self) -> bool:
        given = self.vapid_public_key and self.vapid_private_key and self.vapid_claim_email
        return self.push_notifications_enabled and bool(given)

    @property
    def sends_fcm(self) -> bool:
        given = self.firebase_project_id and self.firebase_service_account_path
        return self.push_notifications_enabled and bool(given)

    @property
    def unfinished(self) -> list[str]:
        """Return a notice for each channel of which only a part is set. It is left out: a file of the predecessor with
        such a part must start as well."""
        vapid = self.vapid_public_key, self.vapid_private_key, self.vapid_claim_email
        firebase = self.firebase_project_id, self.firebase_service_account_path
        is_unfinished = {
            NO_SENDER: bool(self.smtp_host) and not self.sends_mail,
            NO_WEB_PUSH: any(vapid) and not all(vapid),
            NO_FIREBASE: any(firebase) and not all(firebase),
        }
        return [notice for notice, applies in is_unfinished.items() if applies]

    @property
    def smtp_tls(self) -> SmtpTls:
        if self.smtp_encryption == "on":
            return "tls" if self.smtp_given_port == TLS_PORT else "starttls"
        tls: SmtpTls = next(it for it in PORTS if it == self.smtp_encryption)
        return tls

    @property
    def smtp_port(self) -> int:
        return self.smtp_given_port or PORTS[self.smtp_tls]

    @property
    def mail_from(self) -> str:
        """Return the sender of mails; empty without one."""
        return self.smtp_from or self.smtp_user or ""
