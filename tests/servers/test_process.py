"""Servers of our own: their start is awaited, their failure explained, their end certain (real processes)."""

import os
import socket
import sys
from pathlib import Path

import pytest

from tests.servers.process import ServerError, free_port, run, running, wait_until


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_a_free_port_can_be_listened_on() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", free_port()))
        server.listen()


def test_children_of_a_server_end_with_it(tmp_path: Path) -> None:
    child_file = tmp_path / "child"
    script = (
        f"(trap '' TERM; exec sleep 600) & echo $! > {child_file}.new; mv {child_file}.new {child_file}; exec sleep 600"
    )

    with running(["sh", "-c", script], log=tmp_path / "log", answers=child_file.exists) as server:
        child = int(child_file.read_text())
        assert alive(child)

    assert server.returncode is not None
    wait_until(lambda: not alive(child), seconds=5, what="the child of the server lives on")


def test_a_server_that_exits_at_its_start_is_explained_by_the_end_of_its_log(tmp_path: Path) -> None:
    command = ["sh", "-c", "echo порт занят; exit 0"]

    with (
        pytest.raises(ServerError, match=r"(?s)exit code 0 at the start.*порт занят"),
        running(command, log=tmp_path / "log", answers=lambda: False),
    ):
        pass


def test_a_server_that_never_answers_is_ended_and_explained(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    command = ["sh", "-c", f"echo $$ > {pid_file}; echo думаю; exec sleep 600"]

    with (
        pytest.raises(ServerError, match=r"(?s)0.5 s in vain: no answer.*думаю"),
        running(command, log=tmp_path / "log", answers=lambda: False, seconds=0.5),
    ):
        pass

    assert not alive(int(pid_file.read_text()))


def test_a_server_does_not_outlive_a_killed_test_run(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    script = f"""
import os, signal, pathlib
from tests.servers.process import running
pid = pathlib.Path({str(pid_file)!r})
with running(["sh", "-c", f"echo $$ > {{pid}}.new; mv {{pid}}.new {{pid}}; exec sleep 600"],
             log=pid.with_name("inner.log"), answers=pid.exists):
    os.kill(os.getpid(), signal.SIGKILL)
"""

    with pytest.raises(ServerError, match="exit code -9"):
        run([sys.executable, "-c", script], log=tmp_path / "log", cwd=Path(__file__).parents[2])

    wait_until(lambda: not alive(int(pid_file.read_text())), seconds=5, what="the server lives on")


def test_a_command_gets_no_more_of_the_environment_than_it_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_KEY", "demo-value")

    run(["env"], log=tmp_path / "log", env={"HOME": str(tmp_path)})

    names = {line.partition("=")[0] for line in (tmp_path / "log").read_text().splitlines()}
    assert names - {"_", "PWD", "SHLVL"} == {"PATH", "LANG", "HOME"}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as another system user")
def test_a_command_runs_as_the_named_system_user(tmp_path: Path) -> None:
    run(["id", "-un"], log=tmp_path / "log", user="nobody")

    assert (tmp_path / "log").read_text() == "nobody\n"
