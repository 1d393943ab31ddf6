"""The monitor's pages: how hosts are, who may see them, and what they weigh."""

import brotli  # type: ignore[import-untyped]

from helpdesk.services import Services
from tests.web.conftest import HTML, Client, Visit
from tests.web.dom import parsed
from tests.web.netmonitor import watched

KB = 1024
MONITOR = 12 * KB
ADDRESS = "/netmonitor"


def size(client: Client, address: str) -> int:
    with client.stream("GET", address, headers={**HTML, "Accept-Language": "ru", "Accept-Encoding": "br"}) as answer:
        raw = b"".join(answer.iter_raw())
    assert answer.status_code == 200 and b"</html>" in brotli.decompress(raw)
    return len(raw)


def test_the_page_of_200_hosts_is_light(visit: Visit, services: Services) -> None:
    watched.company(services.database)
    anna = visit("anna")
    page = parsed(anna.get(ADDRESS, headers=HTML).text)
    assert len(page.all(lambda it: it.tag == "svg" and it.within("hosts"))) == 200
    found = size(anna, ADDRESS)
    print(f"200 hosts: {found} bytes")
    assert found <= MONITOR
