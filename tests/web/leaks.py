"""Look for passwords, keys and tokens in every answer, in the log and in the store of each test of pages."""

import logging
import re
from pathlib import Path

import httpx

from tests.world import PASSWORDS

SECRET = "a secret of the tests, long enough to be one"
SECRETS = (*PASSWORDS.values(), SECRET)
TOKEN = re.compile(r"(?<![\w-])hd_[\w-]{43}(?![\w-])")
START = b"hd_"
TOLD_ONCE = ("POST", "/users/tokens")
"""The only answer that holds a token: the one that makes it."""


class Leaks(logging.Handler):
    """What has leaked so far, by the place where it was seen."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.tokens: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        """Look at a record of ours, not of the tests' own client."""
        if record.name.startswith("http"):
            return
        self._look(f"{record.getMessage()} {vars(record)}".encode(errors="replace"), f"the log: {record.name}")

    def of_answer(self, answer: httpx.Response) -> None:
        """Look at an answer, but not at a stream, which has no end, nor at bytes that a test wants as they come."""
        is_stream = answer.headers.get("content-type", "").startswith("text/event-stream")
        if is_stream or "content-encoding" in answer.headers or answer.request.url.path.startswith("/static/"):
            return
        answer.read()
        text, where = f"{answer.headers} {answer.text}", f"{answer.request.method} {answer.request.url.path}"
        if (answer.request.method, answer.request.url.path) == TOLD_ONCE:
            self.tokens |= set(TOKEN.findall(text))
            return
        self._look(text.encode(errors="replace"), where)

    def of_store(self, folder: Path) -> None:
        """Look at the files of the store."""
        for file in folder.rglob("helpdesk.db*"):
            self._look(file.read_bytes(), f"the store: {file.name}")

    def _look(self, seen: bytes, where: str) -> None:
        found = [secret for secret in (*SECRETS, *self.tokens) if secret.encode() in seen]
        # To decode a store, and to go through it by the pattern, takes longer than most tests.
        tokens = TOKEN.findall(seen.decode("utf-8", "replace")) if START in seen else []
        self.found += [f"{where}: {secret}" for secret in dict.fromkeys(found + tokens)]
