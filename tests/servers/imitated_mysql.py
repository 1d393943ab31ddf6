"""The signing-in of a MySQL 8 on a real loopback socket, by its default `caching_sha2_password` without TLS.

It has nothing cached: so a client must ask for the server's public key and send its password encrypted by that. To
whatever is asked then it answers one row with one text. Source: MySQL's protocol, "Caching_sha2_password information".
"""

import socketserver
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from socket import socket
from threading import Thread
from typing import Any

NONCE = b"a nonce of 20 bytes!"
PLUGIN = b"caching_sha2_password"
FULL_AUTHENTICATION, REQUEST_PUBLIC_KEY = b"\x01\x04", b"\x02"
OK, END = b"\x00\x00\x00\x02\x00\x00\x00", b"\xfe\x00\x00\x02\x00"
DENIED = b"\xff" + struct.pack("<H", 1045) + b"#28000Access denied"
UTF8MB4 = 255
CAPABILITIES = 0x0000_0001 | 0x0000_0200 | 0x0000_8000 | 0x0008_0000 | 0x0000_0008 | 0x0000_2000
"""Long passwords, protocol 4.1, secure connections, plugins, a database to connect with, transactions; no TLS."""
SAYS = {
    b"VERSION()": b"8.0.36",
    b"isolation": b"REPEATABLE-READ",
    b"sql_mode": b"STRICT_TRANS_TABLES",
    b"lower_case": b"0",
}


@contextmanager
def imitated_mysql(password: str) -> Iterator[int]:
    """Its port, for the length of the block; it lets in whoever knows the password."""
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            Session(self.request, password.encode(), key).run()

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


class Session:
    """One client's connection."""

    def __init__(self, line: socket, password: bytes, key: Any) -> None:
        self.file = line.makefile("rwb")
        self.password, self.key = password, key
        self.number = 0

    def run(self) -> None:
        self.send(greeting())
        self.receive()  # what the client knows, and a scramble that is of no use: nothing is cached
        self.send(FULL_AUTHENTICATION)
        if self.receive() != REQUEST_PUBLIC_KEY:
            return
        self.send(b"\x01" + public_pem(self.key))
        if decrypted(self.key, self.receive()) != self.password + b"\x00":
            self.send(DENIED)
            return
        self.send(OK)
        while command := self.receive():
            self.answer(command)

    def answer(self, command: bytes) -> None:
        if not command[1:].lstrip().upper().startswith(b"SELECT"):
            self.send(OK)
            return
        text = next((says for name, says in SAYS.items() if name in command), b"1")
        column = [b"def", b"", b"", b"", b"it", b"it"]
        described = b"".join(map(sized, column)) + struct.pack("<BHIBHBH", 12, UTF8MB4, 1024, 253, 0, 0, 0)
        for packet in (b"\x01", described, END, sized(text), END):
            self.send(packet)

    def send(self, packet: bytes) -> None:
        self.file.write(len(packet).to_bytes(3, "little") + bytes([self.number % 256]) + packet)
        self.file.flush()
        self.number += 1

    def receive(self) -> bytes:
        """The next packet; nothing when the client has gone."""
        head = self.file.read(4)
        if len(head) < 4:
            return b""
        self.number = head[3] + 1
        return bytes(self.file.read(int.from_bytes(head[:3], "little")))


def greeting() -> bytes:
    low, high = CAPABILITIES & 0xFFFF, CAPABILITIES >> 16
    first = b"\x0a8.0.36\x00" + struct.pack("<I", 7) + NONCE[:8] + b"\x00"
    rest = struct.pack("<HBHHB", low, UTF8MB4, 2, high, len(NONCE) + 1) + bytes(10)
    return first + rest + NONCE[8:] + b"\x00" + PLUGIN + b"\x00"


def sized(text: bytes) -> bytes:
    return bytes([len(text)]) + text


def public_pem(key: Any) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))


def decrypted(key: Any, packet: bytes) -> bytes:
    """A password as it was before it was mixed with the nonce and encrypted."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding

    mixed = key.decrypt(packet, padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None))
    return bytes(one ^ NONCE[place % len(NONCE)] for place, one in enumerate(mixed))
