"""An imitated mail server: aiosmtpd in a thread of its own, that refuses, hangs and hangs up as it is told."""

import asyncio
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTPUTF8
from typing import Any, NamedTuple

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.servers.certificates import Authority
from tests.servers.process import free_port

USER, PASSWORD = "helpdesk", "пароль-ключ"
OK, HANG, HANG_UP = "250 OK", "hang", "hang up"
"""Answers; the last two give none: the first one keeps the connection open, the other one ends it."""


class Received(NamedTuple):
    """A message that the server has taken. `session` tells connections apart."""

    sender: str
    recipients: tuple[str, ...]
    content: bytes
    session: int
    encrypted: bool
    user: str

    @property
    def message(self) -> EmailMessage:
        parsed = message_from_bytes(self.content, policy=SMTPUTF8)
        assert isinstance(parsed, EmailMessage)
        return parsed


class ImitatedSmtp:
    """Its `answers` are by the command, or by the address of a recipient: one for always, or a list of which each is
    given once. With `DATA` the answer follows the text, which HANG_UP has taken and does not acknowledge."""

    def __init__(self, port: int, auth: bool) -> None:
        self.host, self.port, self.auth = "127.0.0.1", port, auth
        self.received: list[Received] = []
        self.answers: dict[str, str | list[str]] = {}
        self.sessions: list[Session] = []
        self.came = threading.Condition()

    def wait_for(self, count: int, seconds: float = 20.0) -> list[Received]:
        """Wait until so many messages were taken."""
        with self.came:
            assert self.came.wait_for(lambda: len(self.received) >= count, seconds), self.received
        return self.received

    def _answer(self, *keys: str) -> str:
        for key in keys:
            found = self.answers.get(key, [])
            if isinstance(found, str):
                return found
            if found:
                return found.pop(0)
        return OK

    async def _give(self, server: SMTP, answer: str) -> str:
        if answer == HANG:
            await server.loop.create_future()
        if answer == HANG_UP:
            assert isinstance(server.transport, asyncio.WriteTransport)
            server.transport.abort()
        return answer

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        if session not in self.sessions:
            self.sessions.append(session)
        answer = await self._give(server, self._answer("EHLO"))
        return responses if answer == OK else [answer]

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = await self._give(server, self._answer("MAIL"))
        if self.auth and not session.authenticated:
            return "530 sign in first"
        if answer == OK:
            envelope.mail_from = address
            envelope.mail_options.extend(options)
        return answer

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = await self._give(server, self._answer(address, "RCPT"))
        if answer == OK:
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        answer = self._answer("DATA")
        if answer in (OK, HANG_UP):
            login = session.auth_data.login.decode() if session.auth_data else ""
            content = envelope.original_content or b""
            number = self.sessions.index(session)
            is_encrypted = bool(server.transport and server.transport.get_extra_info("sslcontext"))
            came = Received(envelope.mail_from or "", tuple(envelope.rcpt_tos), content, number, is_encrypted, login)
            with self.came:
                self.received.append(came)
                self.came.notify_all()
        return await self._give(server, answer)


def _authenticate(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
    if not isinstance(data, LoginPassword):
        return AuthResult(success=False, handled=False)
    is_right = (data.login.decode(), data.password.decode()) == (USER, PASSWORD)
    return AuthResult(success=is_right, handled=False, auth_data=data)


@contextmanager
def imitated_smtp(
    authority: Authority | None = None, *, encryption: str = "off", auth: bool = False, size: int = 50_000_000,
    utf8: bool = False,
) -> Iterator[ImitatedSmtp]:  # fmt: skip
    """A mail server with a certificate of this authority. With `auth` it wants USER and PASSWORD."""
    server = ImitatedSmtp(free_port(), auth)
    context: ssl.SSLContext | None = authority.server_context() if authority else None
    options: Mapping[str, Any] = {
        "data_size_limit": size,
        "enable_SMTPUTF8": utf8,
        "auth_require_tls": False,
        "authenticator": _authenticate,
        **({"tls_context": context, "require_starttls": True} if encryption == "starttls" else {}),
    }
    implicit = context if encryption == "tls" else None
    controller = Controller(server, hostname=server.host, port=server.port, ssl_context=implicit, **options)
    controller.start()
    try:
        yield server
    finally:
        controller.stop()
