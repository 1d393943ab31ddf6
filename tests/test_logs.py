"""A line of the log is one line, and shows what it is; LOG_LEVEL says which lines are written."""

import json
import logging
import sys
from collections.abc import Iterator

import pytest

from helpdesk import logs
from helpdesk.logs import JsonLines, printable

OURS, LIBRARY = logging.getLogger("helpdesk.web"), logging.getLogger("python_multipart")
HOSTILE = {
    "C0": "\x00\x1b[2J\r\n",
    "DEL": "\x7f",
    "C1": "\x80\x85\x9b2J",
    "line separators": "\u2028\u2029",
    "turns text around": "\u202e\u2066\u200f\u061c",
    "is not seen": "\u200b\ufeff\xad",
    "half a character": "\ud800",
    "tags": "\U000e0041",
}


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    root, ours = logging.getLogger(), logging.getLogger("helpdesk")
    handlers, levels = root.handlers[:], (root.level, ours.level)
    yield
    root.handlers[:] = handlers
    root.setLevel(levels[0])
    ours.setLevel(levels[1])


@pytest.mark.parametrize(
    ("level", "ours", "others"),
    [
        ("debug", logging.DEBUG, logging.INFO),
        ("info", logging.INFO, logging.INFO),
        ("error", logging.ERROR, logging.ERROR),
        ("critical", logging.CRITICAL, logging.CRITICAL),
    ],
)
def test_debugging_shows_what_we_do_and_not_what_libraries_hold(level: str, ours: int, others: int) -> None:
    logs.configure(level)
    assert OURS.getEffectiveLevel() == ours and LIBRARY.getEffectiveLevel() == others
    assert logging.getLogger("httpx").getEffectiveLevel() >= logging.WARNING


@pytest.mark.parametrize("name", HOSTILE)
def test_controls_are_written_as_json_writes_them(name: str) -> None:
    text = HOSTILE[name]
    record = logging.makeLogRecord({"name": text, "msg": text, "login": f"Анна{text}", text: text, "levelname": "INFO"})
    try:
        raise ValueError(text)
    except ValueError:
        record.exc_info = sys.exc_info()
    line = JsonLines().format(record)
    assert line.isprintable() and "Анна" in line and line.encode()
    told = json.loads(line)
    assert (told["message"], told["login"], told[text]) == (text, f"Анна{text}", text) and text in told["exception"]


def test_visible_characters_are_left_as_they_are() -> None:
    assert printable("Анна «Ёж» 😀 \\u202e") == "Анна «Ёж» 😀 \\u202e"
