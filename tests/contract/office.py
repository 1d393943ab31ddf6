"""A program's place of work, and what it must be told when it is refused."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

HERE = Path(__file__).parent
WORKING, SOLVED = "В работе", "Решена"
ERROR = {"success", "error", "message", "status_code", "request_id"}


class Office(NamedTuple):
    """Where a program works, as whom, and on which task (one in work)."""

    url: str
    login: str
    password: str
    task: int

    def run(self, client: str) -> dict[str, Any]:
        """What the program read. Its failure is the test's."""
        command = [sys.executable, HERE / client, self.url, self.login, self.password, str(self.task), SOLVED]
        done = subprocess.run(command, capture_output=True, text=True, timeout=100, env={"PATH": "/usr/bin"})
        assert done.returncode == 0, done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        return found


def assert_refused(told: dict[str, Any], status: int, code: str, *more: str) -> None:
    """`told` is the status of an answer as `code` and its JSON as `body`."""
    body = told["body"]
    assert (told["code"], body["status_code"], body["error"], body["success"]) == (status, status, code, False)
    assert set(body) - {"current"} == ERROR | set(more) and body["message"]
