"""How many pages a second, and how soon: a plain client over kept connections, which costs little beside a page."""

import asyncio
import time
from collections.abc import Sequence
from statistics import median, quantiles
from typing import NamedTuple
from urllib.parse import urlsplit

from bench.sides import Side

CLOSED = (ConnectionError, asyncio.IncompleteReadError)
Round = tuple[list[float], float]


class Rate(NamedTuple):
    """Medians of rounds: requests a second with the least and the most, and the wait in ms of 50 and 95 of 100."""

    per_second: float
    least: float
    most: float
    p50: float
    p95: float


def rates(pages: Sequence[tuple[Side, str]], parallel: int, seconds: float, rounds: int) -> list[Rate]:
    """Ask for each page by `parallel` connections for `seconds`, `rounds` times after one that is not counted.

    The pages take turns, so that what else the machine does meanwhile slows them all.
    """
    found: list[list[Round]] = [[] for _ in pages]
    for number in range(rounds + 1):
        for place, (side, path) in enumerate(pages):
            done = asyncio.run(_round(side, path, parallel, seconds if number else 1.0))
            found[place] += [done] if number else []
    return [_rate(rounds) for rounds in found]


def _rate(rounds: list[Round]) -> Rate:
    per_second = [len(waits) / took for waits, took in rounds]
    cuts = [quantiles(waits, n=20) for waits, _ in rounds]
    p50, p95 = (median(cut[place] * 1000 for cut in cuts) for place in (9, 18))
    return Rate(median(per_second), min(per_second), max(per_second), p50, p95)


async def _round(side: Side, path: str, parallel: int, seconds: float) -> Round:
    """The wait of every answer, and how long all took, in seconds."""
    address = urlsplit(side.url)
    lines = (
        f"GET {path} HTTP/1.1",
        f"Host: {address.netloc}",
        "Accept: text/html",
        "Accept-Language: ru",
        "Accept-Encoding: gzip, deflate, br, zstd",
        side.identity(path),
    )
    request = ("\r\n".join(lines) + "\r\n\r\n").encode()
    waits: list[float] = []
    start = time.perf_counter()
    until = start + seconds

    async def ask() -> None:
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        while time.perf_counter() < until:
            began = time.perf_counter()
            try:
                writer.write(request)
                await _read(reader)
            except CLOSED:  # Puma lets go of a connection now and then; a browser would ask again, too
                writer.close()
                reader, writer = await asyncio.open_connection(address.hostname, address.port)
                writer.write(request)
                await _read(reader)
            waits.append(time.perf_counter() - began)
        writer.close()

    await asyncio.gather(*(ask() for _ in range(parallel)))
    return waits, time.perf_counter() - start


async def _read(reader: asyncio.StreamReader) -> None:
    """One answer to its end. Raises RuntimeError for any but 200."""
    head = await reader.readuntil(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(head.split(b"\r\n", 1)[0].decode())
    length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
    if length:
        await reader.readexactly(int(length))
        return
    size = 1
    while size:  # large answers come in chunks
        size = int(await reader.readuntil(b"\r\n"), 16)
        await reader.readexactly(size + len(b"\r\n"))
