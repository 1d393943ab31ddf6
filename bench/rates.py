"""How many pages a second, and how soon: a plain client over kept connections, which costs little beside a page."""

import asyncio
import time
from statistics import median, quantiles
from typing import NamedTuple
from urllib.parse import urlsplit


class Rate(NamedTuple):
    """Medians of rounds: requests a second with the least and the most, and the wait in ms of 50 and 95 of 100."""

    per_second: float
    least: float
    most: float
    p50: float
    p95: float


def rate(url: str, path: str, cookie: str, parallel: int, seconds: float, rounds: int) -> Rate:
    """Ask for `path` by `parallel` connections for `seconds`, `rounds` times, after a first one that is not counted."""
    asyncio.run(_round(url, path, cookie, parallel, min(seconds, 0.5)))
    found = [asyncio.run(_round(url, path, cookie, parallel, seconds)) for _ in range(rounds)]
    rates = [len(waits) / seconds for waits in found]
    cuts = [quantiles(waits, n=20) for waits in found]
    p50, p95 = (median(cut[place] * 1000 for cut in cuts) for place in (9, 18))
    return Rate(median(rates), min(rates), max(rates), p50, p95)


async def _round(url: str, path: str, cookie: str, parallel: int, seconds: float) -> list[float]:
    """The wait of every answer, in seconds."""
    address = urlsplit(url)
    lines = (
        f"GET {path} HTTP/1.1",
        f"Host: {address.netloc}",
        "Accept: text/html",
        "Accept-Language: ru",
        "Accept-Encoding: gzip, deflate, br, zstd",
        f"Cookie: session={cookie}",
    )
    request = ("\r\n".join(lines) + "\r\n\r\n").encode()
    waits: list[float] = []
    until = time.perf_counter() + seconds

    async def ask() -> None:
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        while time.perf_counter() < until:
            began = time.perf_counter()
            writer.write(request)
            await _read(reader)
            waits.append(time.perf_counter() - began)
        writer.close()

    await asyncio.gather(*(ask() for _ in range(parallel)))
    return waits


async def _read(reader: asyncio.StreamReader) -> None:
    """One answer to its end. Raises RuntimeError for any but 200."""
    head = await reader.readuntil(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(head.split(b"\r\n", 1)[0].decode())
    length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
    await reader.readexactly(int(length))
