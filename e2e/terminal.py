"""A person at a text terminal: w3m without any script, driven by its keys through a real pseudo-terminal."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pexpect

W3M = Path("/usr/bin/w3m")
SIZE = (120, 110)
SECONDS = 30  # only a machine that is very busy needs more than one
REDRAW = "\x0c"
BETWEEN = r"(?:\s|\x1b\[[\d;]*[A-Za-z])+"  # words: spaces, moves of the cursor, colours


class W3mDied(Exception):
    """w3m ended by itself, as Debian's 0.5.3 does once in fifty times after its editor: `free(): invalid pointer`."""


class Terminal:
    """What is done with the keys. Places are found by w3m's own search, by regular expression, whatever the layout."""

    def __init__(self, w3m: "pexpect.spawn[str]", said: Path) -> None:
        self.w3m, self.said = w3m, said

    def sees(self, text: str) -> None:
        """Wait for a text on the screen, drawn anew: w3m sends only what changed otherwise."""
        words, until = BETWEEN.join(map(re.escape, text.split())), time.monotonic() + SECONDS
        while time.monotonic() < until:
            self.w3m.send(REDRAW)
            if self.w3m.expect([words, pexpect.TIMEOUT], timeout=0.5) == 0:
                return
        raise AssertionError(f"{text!r} is not on the screen: {self.w3m.before}")

    def follow(self, text: str) -> None:
        """Go to a link or a button by its words, and press it."""
        self._find(text)
        self.w3m.send("\r")

    def fill(self, after: str, value: str) -> None:
        """Type into the line that comes after a text."""
        self._find(after)
        self.w3m.send("\t\r")
        self.w3m.expect("TEXT|PASSWORD|Password", timeout=SECONDS)
        self.w3m.send(f"{value}\r")

    def write(self, after: str, text: str) -> None:
        """Write into the box that comes after a text; w3m calls an editor for it, and forgets other keys."""
        self.said.write_text(text, encoding="utf-8")
        self._find(after)
        self.w3m.send("\t\r")
        self.sees(text.split()[0])

    def choose(self, after: str, option: str) -> None:
        """Take an option of the list that comes after a text."""
        self._find(after)
        self.w3m.send(f"\t\r/{option}\r\r")

    def _find(self, text: str) -> None:
        self.w3m.send(f"g/{text}\r")


@contextmanager
def terminal(folder: Path, address: str) -> Iterator[Terminal]:
    """w3m as it comes, on `address`, but for an editor that writes what `Terminal.write` was given."""
    said, editor = folder / "said", folder / "editor"
    editor.write_text(f'#!/bin/sh\ncp "{said}" "$1"\n')
    editor.chmod(0o755)
    environ = {"HOME": str(folder), "TERM": "xterm", "LANG": "C.UTF-8", "PATH": "/usr/bin:/bin"}
    options = ["-cookie", "-o", "accept_language=ru", "-o", f"editor={editor} %s"]
    w3m = pexpect.spawn(str(W3M), [*options, address], env=environ, dimensions=SIZE, encoding="utf-8", timeout=SECONDS)
    try:
        yield Terminal(w3m, said)
    except pexpect.EOF as ended:
        if "free(): invalid pointer" in str(w3m.before):
            raise W3mDied from ended
        raise
    finally:
        w3m.close(force=True)
