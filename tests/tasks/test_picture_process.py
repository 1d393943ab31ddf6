"""No picture costs more than it may, and the process that makes them ends with who started it."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from helpdesk.errors import Overloaded
from helpdesk.tasks.pictures import Bounds, NoPicture, PictureProcess
from tests.servers.process import wait_until
from tests.tasks.test_pictures import picture, png

LONG = 60.0
Begin = Callable[..., PictureProcess]


def many_scans(side: int = 3000, scans: int = 4000) -> bytes:
    """A progressive JPEG of some 100 KB whose last scan comes again and again, each time through all points."""
    usual = picture((side, side), "JPEG", progressive=True)
    scan = usual[usual.rindex(b"\xff\xda") : -2]
    return usual[:-2] + scan * scans + usual[-2:]


@pytest.fixture
def begin() -> Iterator[Begin]:
    begun = []

    def process(**bounds: float) -> PictureProcess:
        begun.append(PictureProcess(Bounds(**bounds)))  # type: ignore[arg-type]
        return begun[-1]

    yield process
    for each in begun:
        each.close()


def asked(process: PictureProcess, content: bytes) -> tuple[int, int]:
    """The size of what it makes."""
    return Image.open(BytesIO(process.smaller(BytesIO(content), 192))).size


def wait_for_process(process: PictureProcess) -> None:
    wait_until(lambda: process.process is not None, seconds=LONG, what="a process is begun")


def number(process: PictureProcess) -> int:
    assert process.process
    return process.process.pid


def test_one_process_makes_many_pictures_and_a_new_one_begins_after_a_bad_one(begin: Begin) -> None:
    process = begin()
    assert asked(process, picture()) == (192, 128)
    first = number(process)
    assert asked(process, picture(kind="JPEG")) == (192, 128) and number(process) == first
    with pytest.raises(NoPicture):
        process.smaller(BytesIO(picture()[:60]), 192)
    assert asked(process, picture()) == (192, 128) and number(process) != first


@pytest.mark.parametrize(
    ("bounds", "ended_by"),
    [({"cpu_seconds": 1}, signal.SIGXCPU), ({"seconds": 0.5}, signal.SIGKILL)],
    ids=["CPU", "time"],
)
def test_a_picture_that_takes_longer_than_it_may_is_none(
    begin: Begin, bounds: dict[str, float], ended_by: signal.Signals
) -> None:
    refuse(begin(**bounds), many_scans(), f"ended with {-ended_by}")


def test_a_picture_that_takes_more_memory_than_it_may_is_none(begin: Begin) -> None:
    content = png((5600, 5600), 8, 2, b"\0" * (5600 * 3 + 1) * 5600)
    refuse(begin(memory=100 * 2**20), content, "^$")
    assert asked(begin(), content) == (192, 192), "it is one, and costs no more than is usual"


def refuse(process: PictureProcess, content: bytes, why: str) -> None:
    assert len(content) < 300_000
    with pytest.raises(NoPicture, match=why):
        process.smaller(BytesIO(content), 192)
    assert process.process is None, "a new one is begun for the next"


def test_a_picture_is_not_blamed_when_others_end_its_process(begin: Begin) -> None:
    process, raised = begin(), list[BaseException]()

    def work() -> None:
        try:
            process.smaller(BytesIO(many_scans()), 192)
        except (NoPicture, Overloaded) as error:
            raised.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    wait_for_process(process)
    os.kill(number(process), signal.SIGTERM)
    thread.join(LONG)
    assert [type(error) for error in raised] == [Overloaded]


def test_closing_ends_a_picture_in_the_middle(begin: Begin) -> None:
    process = begin()
    thread = threading.Thread(target=lambda: pytest.raises(NoPicture, process.smaller, BytesIO(many_scans()), 192))
    thread.start()
    wait_for_process(process)
    process.close()
    thread.join(LONG)
    assert not thread.is_alive() and process.process is None


def test_a_process_that_died_between_two_pictures_is_replaced(begin: Begin) -> None:
    process = begin()
    asked(process, picture())
    assert process.process
    process.process.kill()
    process.process.wait()
    assert asked(process, picture()) == (192, 128)


def test_the_process_knows_no_secrets(begin: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "of the whole helpdesk")
    process = begin()
    asked(process, picture())
    assert b"SECRET_KEY" not in Path(f"/proc/{number(process)}/environ").read_bytes()


SERVER = """
import sys, time
from io import BytesIO
from helpdesk.tasks.pictures import PictureProcess
process = PictureProcess()
process.smaller(BytesIO(sys.stdin.buffer.read()), 192)
print(process.process.pid, flush=True)
time.sleep(600)
"""


def test_the_process_ends_with_its_server_however_that_ends() -> None:
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", SERVER], stdin=pipe, stdout=pipe) as server:
        assert server.stdin and server.stdout
        server.stdin.write(picture())
        server.stdin.close()
        status = Path(f"/proc/{int(server.stdout.readline())}/stat")
        assert status.exists()
        server.kill()
    wait_until(
        lambda: not status.exists() or status.read_text().rpartition(")")[2].split()[0] == "Z",
        seconds=LONG,
        what="the process has ended",
    )
