"""What the network monitor's page costs: `python -m bench.monitor_page` prints its time and its size with 200 hosts.

The demo serves it in another process. The time is the server's own, by X-Response-Time; the sampler runs beside it.
"""

import tempfile
from contextlib import closing
from pathlib import Path
from statistics import median, quantiles

import httpx

from helpdesk.store.database import Database
from tests.running import STORE, running_demo
from tests.web.netmonitor import watched

HOSTS, REQUESTS, WARM = 200, 300, 20
PARTS = {"page": {}, "fragment": {"HX-Request": "true"}}


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        home.mkdir()
        (Path(folder) / "seeded").mkdir()
        with running_demo(home, Path(folder) / "seeded") as demo, httpx.Client(base_url=demo.url) as anna:
            with closing(Database(f"sqlite:///{home / 'data' / STORE}")) as store:
                watched.company(store, HOSTS)
            anna.post("/users/login", json={"username": "anna", "password": "demo"}).raise_for_status()
            for name, headers in PARTS.items():
                print(f"{name} with {HOSTS} hosts: {_measured(anna, headers)}")


def _measured(client: httpx.Client, headers: dict[str, str]) -> str:
    asked = {"Accept": "text/html", "Accept-Language": "ru", "Accept-Encoding": "br", **headers}
    times, size = list[float](), 0
    for number in range(WARM + REQUESTS):
        with client.stream("GET", "/netmonitor", headers=asked) as answer:
            size = sum(map(len, answer.iter_raw()))
        answer.raise_for_status()
        if number >= WARM:
            times.append(float(answer.headers["x-response-time"].removesuffix("s")) * 1_000)
    return f"p50 {median(times):.0f} ms, p95 {quantiles(times, n=20)[-1]:.0f} ms, {size:,} bytes by Brotli"


if __name__ == "__main__":
    main()
