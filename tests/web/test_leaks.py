"""The look for leaks sees what it is for."""

import logging
from pathlib import Path

import httpx
import pytest

from tests.web.leaks import SECRETS, Leaks

TOKEN = "hd_" + "x" * 43


def answer(text: str, method: str = "GET", path: str = "/tasks") -> httpx.Response:
    return httpx.Response(200, text=text, request=httpx.Request(method, f"http://testserver{path}"))


@pytest.mark.parametrize("secret", [*SECRETS, TOKEN])
def test_a_secret_is_seen_in_an_answer_the_log_and_the_store(secret: str, tmp_path: Path) -> None:
    leaks = Leaks()
    leaks.of_answer(answer(f"<p>{secret}</p>"))
    leaks.handle(logging.LogRecord("helpdesk", logging.INFO, "", 1, "said %s", (secret,), None))
    (tmp_path / "helpdesk.db-wal").write_text(f"row {secret}")
    leaks.of_store(tmp_path)
    assert len(set(leaks.found)) == 3


def test_a_token_is_told_once_and_looked_for_from_then_on() -> None:
    leaks = Leaks()
    leaks.of_answer(answer(TOKEN, *("POST", "/users/tokens")))
    assert leaks.found == [] and leaks.tokens == {TOKEN}
    leaks.of_answer(answer("nothing"))
    assert leaks.found == []
