"""An imitated LDAP server for answers that slapd does not give: it lets our account in, knows one person, and answers
that person's bind by any number."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from tests.servers.slapd import SERVICE

BIND, BOUND, SEARCH, FOUND, DONE = 0x60, 0x61, 0x63, 0x64, 0x65
ONE_BYTE = 128
PERSON = f"cn=anna,{SERVICE.partition(',')[2]}"
ATTRIBUTES = {"uid": ["anna"], "cn": ["Anna"], "entryUUID": ["an-id"], "mail": []}


def _tlv(tag: int, content: bytes) -> bytes:
    size = bytes([len(content)]) if len(content) < ONE_BYTE else b"\x82" + len(content).to_bytes(2, "big")
    return bytes([tag]) + size + content


def _message(number: bytes, operation: int, content: bytes) -> bytes:
    return _tlv(0x30, _tlv(0x02, number) + _tlv(operation, content))


def _result(number: bytes, operation: int, code: int) -> bytes:
    return _message(number, operation, _tlv(0x0A, bytes([code])) + _tlv(0x04, b"") * 2)


def _person(number: bytes) -> bytes:
    attributes = b""
    for name, values in ATTRIBUTES.items():
        told = b"".join(_tlv(0x04, value.encode()) for value in values)
        attributes += _tlv(0x30, _tlv(0x04, name.encode()) + _tlv(0x31, told))
    return _message(number, FOUND, _tlv(0x04, PERSON.encode()) + _tlv(0x30, attributes))


def _answer(request: bytes, code: int) -> bytes:
    """The answer to one request, which has come in one piece."""
    start = 2 if request[1] < ONE_BYTE else 2 + request[1] - ONE_BYTE
    end = start + 2 + request[start + 1]
    number, operation = request[start + 2 : end], request[end]
    if operation == BIND:
        return _result(number, BOUND, 0 if SERVICE.encode() in request else code)
    return _person(number) + _result(number, DONE, 0) if operation == SEARCH else b""


@contextmanager
def imitated_ldap(code: int) -> Iterator[str]:
    """The address of a server that answers the person's bind by this number."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with suppress(OSError):
                while request := self.request.recv(65_536):
                    self.request.sendall(_answer(request, code))

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        serving.start()
        try:
            yield f"ldap://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            serving.join()
