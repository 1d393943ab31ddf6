"""One connection to an LDAP server, used by one thread: ldap3 knows no asyncio."""

import math
import socket
import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from threading import Event
from typing import Any, NamedTuple, TypeVar

import ldap3
from ldap3.core.exceptions import LDAPException, LDAPStartTLSError

from helpdesk.people.ldap import failures
from helpdesk.people.ldap.schema import Entry

T = TypeVar("T")
SECONDS = 4.0
NOTHING = "1.1"  # asks for no attribute


class Server(NamedTuple):
    """The address of a server, and how connections to it are encrypted and bounded in time."""

    url: str
    starttls: bool
    context: ssl.SSLContext
    seconds: float = SECONDS


@dataclass(frozen=True)
class Account:
    """A name to bind as, with its password."""

    dn: str
    password: str = field(repr=False)


class _Encryption(ldap3.Tls):  # type: ignore[misc]  # ldap3 has no types
    """Encrypt by our own context. `error` is why a handshake failed, whose kind ldap3 does not keep."""

    def __init__(self, context: ssl.SSLContext, is_cut: Event) -> None:
        super().__init__(validate=ssl.CERT_REQUIRED)
        self.context, self.is_cut = context, is_cut
        self.error: Exception | None = None

    def wrap_socket(self, connection: Any, do_handshake: bool = False) -> None:
        host = connection.server.host
        # Else the first request waits 40 ms for the acknowledgement of the handshake's last message.
        connection.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            # The socket is known before the handshake, so that `cut` reaches it.
            connection.socket = self.context.wrap_socket(
                connection.socket, server_hostname=host, do_handshake_on_connect=False
            )
            _require_uncut(self.is_cut)
            connection.socket.do_handshake()
        except Exception as error:
            self.error = error
            raise


class Connection:
    """A connection that lasts as long as `run`. Only `cut` may be called by another thread."""

    def __init__(self, server: Server, account: Account) -> None:
        self.server, self.account = server, account
        self._is_cut = Event()
        self._encryption = _Encryption(server.context, self._is_cut)
        self._ldap: Any = None

    def run(self, work: Callable[["Connection"], T]) -> T:
        """Connect, encrypt, work and close. Raises DirectoryUnavailable, of which Misconfigured is one."""
        try:
            with self._asking():
                self._ldap = self._new()
                self._open()
            return work(self)
        finally:
            self._close()

    def cut(self) -> None:
        """End the connection from another thread, which frees the thread that waits for the server.

        The socket is shut down below TLS: what is still sent goes nowhere, and not in clear. If nothing is connected
        yet, the thread sees that it was cut as soon as it is.
        """
        self._is_cut.set()
        with suppress(OSError, AttributeError, TypeError):
            socket.socket.shutdown(self._ldap.socket, socket.SHUT_RDWR)

    def bind(self) -> int:
        """Return the number of the server's answer to the name and the password.

        An empty one is never sent: servers take it as anonymous, and succeed.
        """
        if not self.account.dn or not self.account.password:
            return failures.INVALID_CREDENTIALS
        with self._asking():
            self._ldap.bind(read_server_info=False)
        return int(self._ldap.result["result"])

    def search(self, base: str, query: str, attributes: Sequence[str], most: int = 0) -> list[Entry]:
        """Return the entries below `base`: at most `most`, or all. Referrals among them are left out."""
        number, entries = self._search(base, query, attributes, ldap3.SUBTREE, most)
        if number != failures.SIZE_LIMIT_EXCEEDED or not most:
            _require_success(number)
        return entries[: most or None]

    def matches(self, dn: str, query: str) -> bool | None:
        """Return whether the entry fits the filter; None when there is no such entry."""
        number, entries = self._search(dn, query, [NOTHING], ldap3.BASE, 1)
        if number in (failures.NO_SUCH_OBJECT, failures.INVALID_DN):
            return None
        _require_success(number)
        return bool(entries)

    def _new(self) -> Any:
        server = ldap3.Server(
            self.server.url,
            get_info=ldap3.NONE,
            tls=self._encryption,
            connect_timeout=self.server.seconds,
            allowed_referral_hosts=[],
        )
        return ldap3.Connection(
            server,
            self.account.dn,
            self.account.password.encode(),  # of text ldap3 takes not every character, and changes some
            authentication=ldap3.SIMPLE,
            auto_bind=ldap3.AUTO_BIND_NONE,
            auto_referrals=False,
            check_names=False,
            read_only=True,
            receive_timeout=math.ceil(self.server.seconds),
        )

    def _open(self) -> None:
        self._ldap.open(read_server_info=False)
        _require_uncut(self._is_cut)
        if not self.server.starttls or self._ldap.server.ssl:
            return
        try:
            started = self._ldap.start_tls(read_server_info=False)
        except LDAPStartTLSError:
            if self._encryption.error:
                raise
            raise failures.Fault(*failures.NO_STARTTLS) from None
        if not started:
            raise failures.Fault(*failures.NO_STARTTLS)

    def _search(
        self, base: str, query: str, attributes: Sequence[str], scope: str, most: int
    ) -> tuple[int, list[Entry]]:
        with self._asking():
            self._ldap.search(
                base,
                query,
                search_scope=scope,
                dereference_aliases=ldap3.DEREF_NEVER,
                attributes=list(attributes),
                size_limit=most,
                time_limit=math.ceil(self.server.seconds),
            )
            found = [it for it in self._ldap.response or () if it["type"] == "searchResEntry"]
            return self._ldap.result["result"], [_entry(it) for it in found]

    @contextmanager
    def _asking(self) -> Iterator[None]:
        """Convert what ldap3 raises: of its own kinds, and any other where it can't read what was sent.

        "from None", since their texts may hold a name or a password.
        """
        try:
            yield
        except Exception as error:
            raise failures.of_exception(error, self._encryption.error) from None

    def _close(self) -> None:
        """Say goodbye, and close the socket also where ldap3 leaves it open: after a failure."""
        with suppress(LDAPException, OSError):
            self._ldap.unbind()
        with suppress(AttributeError):  # there is no socket, or none any more
            self._ldap.socket.close()


def _require_uncut(is_cut: Event) -> None:
    if is_cut.is_set():
        raise ConnectionAbortedError


def _require_success(number: int) -> None:
    if number != failures.SUCCESS:
        raise failures.of_result(number)


def _entry(answer: Any) -> Entry:
    """Return an entry of an answer, in which ldap3 says None for an attribute that was sent without values."""
    values = answer["raw_attributes"].items()
    return Entry(answer["dn"], {name.lower(): tuple(map(bytes, several or ())) for name, several in values})
