"""Talk with the mail server over one connection, with a limit of time for each step.

The connection is opened for the first message, serves all that follow, and ends when it was idle for a while. A broken
one is opened again.
"""

import asyncio
import time
from base64 import b64encode
from collections.abc import Collection, Mapping
from contextlib import suppress
from typing import NamedTuple, cast

import aiosmtplib
from aiosmtplib import (
    SMTPException,
    SMTPRecipientRefused,
    SMTPResponseException,
    SMTPSenderRefused,
    SMTPServerDisconnected,
)

from helpdesk.notifications.channels.email.account import Account
from helpdesk.notifications.channels.email.faults import ENDED, NO_AUTH, NO_STARTTLS, Fault, fault_of, plain
from helpdesk.notifications.channels.email.mime import pieces

CONNECT_SECONDS = 10.0
COMMAND_SECONDS = 15.0
LONGEST_DATA_SECONDS = 45.0
BYTES_A_SECOND = 500_000
"""The slowest line that a large message is given time for."""
FULL_SECONDS = 0.002
"""Between two looks whether a line that can't keep up takes more."""
PROVEN_SECONDS = 2.0
"""A connection that was used so shortly ago is not asked whether it still works."""
IDLE_SECONDS = 30.0
TAKEN, GO_ON, SIGNING_OFF, PERMANENT, TOO_LARGE = 250, 354, 421, 500, 552
BROKEN = (SMTPException, OSError, TimeoutError)


class Answer(NamedTuple):
    """What the server said: a number, and its words without secrets."""

    code: int
    words: str

    @property
    def is_permanent(self) -> bool:
        return self.code >= PERMANENT

    def __str__(self) -> str:
        return f"{self.code} {self.words}"


class Result(NamedTuple):
    """What became of a message. Without an `answer` it was taken, by all but the `refused` recipients. The outcome is
    unknown (`is_unknown`) when the connection was lost before the answer to the text."""

    refused: Mapping[str, Answer] = {}
    answer: Answer | None = None
    is_unknown: bool = False


LOST = Result(is_unknown=True)
NO_UTF8 = Answer(553, "the server takes no addresses with letters beyond ASCII")


class Connection:
    """A connection with the mail server. It serves one message at a time."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self._client: aiosmtplib.SMTP | None = None
        self._used_at = 0.0
        self._closing: asyncio.Task[None] | None = None

    async def send(self, recipients: Collection[str], message: bytes, *, utf8: bool = False) -> Result:
        """Hand over a message. Raises Fault when the server takes none.

        A connection that was kept may have been ended meanwhile: then it is opened once more.
        """
        while True:
            client, is_new = await self._ready()
            try:
                return await self._deliver(client, recipients, message, utf8)
            except Fault:
                self._drop()
                if is_new:
                    raise
            except BaseException:
                self._drop()
                raise

    async def refused(self, recipients: Collection[str]) -> dict[str, Answer]:
        """Return those of these recipients that the server refuses now. Raises Fault."""
        client, _ = await self._ready()
        try:
            await client.mail(self.account.sender, timeout=COMMAND_SECONDS)
            found = await self._recipients(client, recipients, False)
            await client.rset()
        except BROKEN as error:
            self._drop()
            raise fault_of(error) from error
        return found

    async def probe(self) -> None:
        """Open the connection, and ask whether it works. Raises Fault."""
        client, _ = await self._ready()
        try:
            await client.noop()
        except BROKEN as error:
            raise fault_of(error) from error

    def rest(self) -> None:
        """Keep the connection for a while, in case there is more to send."""
        if self._client and not self._closing:
            self._closing = asyncio.create_task(self._close_later())

    async def close(self) -> None:
        """Take leave of the server, if there is a connection."""
        self._stay()
        client, self._client = self._client, None
        if client and client.is_connected:
            with suppress(*BROKEN):
                await client.quit(timeout=1.0)
            client.close()

    async def _close_later(self) -> None:
        await asyncio.sleep(IDLE_SECONDS)
        self._closing = None
        await self.close()

    def _stay(self) -> None:
        if self._closing:
            self._closing.cancel()
        self._closing = None

    def _drop(self) -> None:
        if self._client:
            self._client.close()
        self._client = None

    async def _ready(self) -> tuple[aiosmtplib.SMTP, bool]:
        """Return the open connection, and whether it is a new one. Raises Fault."""
        self._stay()
        if self._client and not await self._works(self._client):
            self._drop()
        is_new = self._client is None
        if self._client is None:
            self._client = await self._opened()
        self._used_at = time.monotonic()
        return self._client, is_new

    async def _works(self, client: aiosmtplib.SMTP) -> bool:
        if not client.is_connected or time.monotonic() - self._used_at < PROVEN_SECONDS:
            return client.is_connected
        with suppress(*BROKEN):
            await client.noop(timeout=CONNECT_SECONDS)
            return client.is_connected
        return False

    async def _opened(self) -> aiosmtplib.SMTP:
        """Connect, encrypt and sign in. Raises Fault. Nothing but SMTP_TLS=off leaves the connection in clear."""
        client = aiosmtplib.SMTP(
            hostname=self.account.host,
            port=self.account.port,
            local_hostname=self.account.domain,
            use_tls=self.account.encryption == "tls",
            start_tls=False,
            tls_context=self.account.context,
            timeout=COMMAND_SECONDS,
        )
        try:
            await client.connect(timeout=CONNECT_SECONDS)
            await client.ehlo()
            if self.account.encryption == "starttls":
                await self._encrypt(client)
            if self.account.user:
                await self._sign_in(client)
        except BROKEN as error:
            client.close()
            raise self._without_secrets(error) from error
        except BaseException:
            client.close()
            raise
        return client

    async def _encrypt(self, client: aiosmtplib.SMTP) -> None:
        if not client.supports_extension("starttls"):
            raise Fault("not_ours", NO_STARTTLS)
        await client.starttls()
        await client.ehlo()

    async def _sign_in(self, client: aiosmtplib.SMTP) -> None:
        if not client.supported_auth_methods:
            raise Fault("not_ours", NO_AUTH)
        await client.login(self.account.user, self.account.password)

    def _without_secrets(self, error: Exception) -> Fault:
        """Explain an error. A server that repeats what it was sent must not bring the password into a log."""
        fault = fault_of(error)
        sent = (self.account.password, f"\0{self.account.user}\0{self.account.password}")
        for secret in (*sent, *(b64encode(it.encode()).decode() for it in sent)):
            if self.account.password and secret in fault.detail:
                return Fault(fault.kind, (fault.reason, fault.advice))
        return fault

    async def _deliver(
        self, client: aiosmtplib.SMTP, recipients: Collection[str], message: bytes, utf8: bool
    ) -> Result:
        """Hand over a message. Raises Fault until the text was begun; then the outcome is unknown without an answer."""
        if utf8 and not client.supports_extension("smtputf8"):
            return Result(answer=NO_UTF8)
        try:
            if too_large := await self._begin(client, len(message), utf8):
                return Result(answer=too_large)
            refused = await self._recipients(client, recipients, utf8)
            if len(refused) == len(recipients):
                await client.rset()
                return Result(refused)
        except BROKEN as error:
            raise fault_of(error) from error
        return await self._text(client, message, refused)

    async def _begin(self, client: aiosmtplib.SMTP, size: int, utf8: bool) -> Answer | None:
        """Name the sender. Return the answer of a server for which the message is too large."""
        options = [f"SIZE={size}"] if client.supports_extension("size") else []
        encoding = "utf-8" if utf8 else "ascii"
        try:
            await client.mail(self.account.sender, options=[*options, *["SMTPUTF8"] * utf8], encoding=encoding)
        except SMTPSenderRefused as error:
            if error.code != TOO_LARGE:
                raise
            return _answer(error)
        return None

    async def _recipients(self, client: aiosmtplib.SMTP, recipients: Collection[str], utf8: bool) -> dict[str, Answer]:
        """Name the recipients, and return those that are refused."""
        refused = {}
        for each in recipients:
            try:
                await client.rcpt(each, encoding="utf-8" if utf8 else "ascii")
            except SMTPRecipientRefused as error:
                if error.code == SIGNING_OFF:
                    raise Fault("unreachable", ENDED, f"{error.code} {plain(error.message)}") from error
                refused[each] = _answer(error)
        return refused

    async def _text(self, client: aiosmtplib.SMTP, message: bytes, refused: Mapping[str, Answer]) -> Result:
        seconds = min(COMMAND_SECONDS + len(message) / BYTES_A_SECOND, LONGEST_DATA_SECONDS)
        try:
            async with asyncio.timeout(seconds):
                response = await client.execute_command(b"DATA")
                if response.code == GO_ON:
                    await _write(client, message)
                    response = await client.execute_command(b".", timeout=seconds)
        except BROKEN:
            self._drop()
            return LOST
        self._used_at = time.monotonic()
        return Result(refused, None if response.code == TAKEN else Answer(response.code, plain(response.message)))


async def _write(client: aiosmtplib.SMTP, message: bytes) -> None:
    """Write the text of a message piece by piece: the library would hold up the event loop with a large one."""
    for piece in pieces(message):
        if client.protocol is None or client.transport is None:
            raise SMTPServerDisconnected("the connection was lost")
        client.protocol.write(piece)
        # The transports of uvloop are of no class of asyncio's.
        while (transport := cast("asyncio.WriteTransport | None", client.transport)) and (
            transport.get_write_buffer_size() > len(piece)
        ):
            await asyncio.sleep(FULL_SECONDS)
        await asyncio.sleep(0)


def _answer(error: SMTPResponseException) -> Answer:
    return Answer(error.code, plain(error.message))
