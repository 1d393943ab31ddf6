"""Processes beside a measured one, for what is imitated: its work is not to be measured with the rest."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import Pipe, get_context
from multiprocessing.connection import Connection
from typing import Any


@contextmanager
def beside(imitate: Callable[..., None], *arguments: Any) -> Iterator[Connection]:
    """Run `imitate(line, *arguments)` in a process of its own. It ends when it reads None from the line."""
    here, there = Pipe()
    child = get_context("spawn").Process(target=imitate, args=(there, *arguments))
    child.start()
    try:
        yield here
    finally:
        here.send(None)
        child.join()
