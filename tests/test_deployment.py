"""What lies in deploy/ works: a real nginx before a real helpdesk, a unit that systemd takes, commands that exist."""

import re
import shlex
import shutil
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from helpdesk.__main__ import parser
from tests.listening import STREAM, listening, until
from tests.running import STORE, running_helpdesk
from tests.servers import nginx
from tests.servers.certificates import Authority
from tests.servers.fixtures import unavailable
from tests.servers.nginx import running_nginx
from tests.servers.process import free_port
from tests.world import PASSWORDS, PEOPLE_IDS, PROJECT_IDS

ROOT = Path(__file__).parent.parent
DEPLOY = ROOT / "deploy"
UNIT = DEPLOY / "helpdesk.service"
MEGABYTE = 2**20


class Deployed:
    """A helpdesk behind nginx: its address, and the authority that both ends trust."""

    def __init__(self, url: str, authority: Authority) -> None:
        self.url = url
        self.trusting = ssl.create_default_context(cafile=authority.file)

    @contextmanager
    def visited(self, login: str = "", **headers: str) -> Iterator[httpx.Client]:
        with httpx.Client(base_url=self.url, verify=self.trusting, timeout=30, headers=headers) as client:
            if login:
                body = {"username": login, "password": PASSWORDS[login]}
                client.post("/users/login", json=body).raise_for_status()
            yield client


pytestmark = pytest.mark.xdist_group("deployment")  # they share an nginx and what is behind it


@pytest.fixture(scope="module")
def deployed(settled_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    """The nginx that is deployed; only its ports and files are a test's, and the limit of a body is raised on both
    sides."""
    if reason := nginx.why_not_here():
        unavailable(f"no real nginx: {reason}")
    folder = tmp_path_factory.mktemp("deployed")
    authority, port, https = Authority(folder / "authority"), free_port(), free_port()
    certificate, key = authority.certify()
    shutil.copy(settled_store, folder / STORE)
    url = f"https://127.0.0.1:{https}"
    environ = {
        "SECRET_KEY": "for the length of a test and no longer",
        "PUBLIC_URL": url,
        "MAX_CONTENT_LENGTH": "32 MB",
        "LOGIN_RATE_LIMIT": "1/hour",
    }
    changed = {
        "127.0.0.1:5000": f"127.0.0.1:{port}",
        "    listen 80;\n    listen [::]:80;\n": f"    listen 127.0.0.1:{free_port()};\n",
        "    listen 443 ssl http2;\n    listen [::]:443 ssl http2;\n": f"    listen 127.0.0.1:{https} ssl http2;\n",
        "/etc/ssl/certs/helpdesk.crt": str(certificate),
        "/etc/ssl/private/helpdesk.key": str(key),
        "client_max_body_size 17m": "client_max_body_size 33m",
    }
    with ExitStack() as stack:
        stack.enter_context(running_nginx(folder, (DEPLOY / "nginx.conf").read_text(), changed, https))
        stack.enter_context(running_helpdesk(folder, "serve", environ=environ, port=port))
        yield Deployed(url, authority)


def made_task(client: httpx.Client) -> int:
    body = {"subject": "Принтер", "project_id": PROJECT_IDS["office"], "assigned_to_id": PEOPLE_IDS["anna"]}
    told = client.post("/tasks/api/task", json=body).raise_for_status().json()
    return int(told["data"]["task_id"])


def test_events_and_a_file_of_20_megabytes_come_through_nginx(deployed: Deployed) -> None:
    content = bytes(range(256)) * (20 * MEGABYTE // 256)
    with deployed.visited("anna") as anna, deployed.visited("boris") as boris:
        task = made_task(boris)
        with listening(anna, STREAM) as told:
            files = {"files": ("отчёт.bin", content, "application/octet-stream")}
            sent = boris.post(f"/tasks/{task}/attachments", files=files, headers={"Accept": "text/html"})
            assert sent.status_code == 303
            boris.post(f"/tasks/api/task/{task}/comments", json={"comment": "Готово"}).raise_for_status()
            until(told, "new_notification")  # while the stream goes on: nothing is held back
        (file,) = anna.get(f"/tasks/api/task/{task}").json()["attachments"]
        assert file["size"] == len(content)
        assert anna.get(f"/tasks/api/task/{task}/attachment/{file['id']}/download").content == content


def test_a_body_over_the_limit_is_refused_by_nginx(deployed: Deployed) -> None:
    with deployed.visited("anna") as anna:
        too_much = {"files": ("big.bin", b"0" * (34 * MEGABYTE), "application/octet-stream")}
        refused, ours = anna.post("/tasks/1/attachments", files=too_much), anna.get("/tasks/my-tasks")
    assert refused.status_code == 413 and "x-request-id" not in refused.headers
    assert "x-request-id" in ours.headers, "what the helpdesk itself answers has one"


def test_a_browser_of_our_own_address_may_write_and_its_cookie_is_secure(deployed: Deployed) -> None:
    with deployed.visited(Origin=deployed.url, Accept="text/html") as browser:
        form = {"username": "anna", "password": PASSWORDS["anna"]}
        answer = browser.post("/users/login", data=form)
        assert answer.status_code == 303 and "Secure" in answer.headers["set-cookie"]


def test_guesses_are_counted_by_the_address_that_nginx_sees(deployed: Deployed) -> None:
    guess = {"username": "irina", "password": "a wrong password"}
    with deployed.visited() as client:
        codes = [
            client.post("/users/login", json=guess, headers={"X-Forwarded-For": f"10.0.0.{n}"}).status_code
            for n in range(2)
        ]
    assert codes == [401, 429]


def test_the_unit_is_one_that_systemd_takes_and_leaves_little_open(tmp_path: Path) -> None:
    if not shutil.which("systemd-analyze"):
        unavailable("no systemd-analyze")
    command = Path(sys.executable).with_name("helpdesk")
    unit = tmp_path / UNIT.name
    unit.write_text(UNIT.read_text().replace("/opt/helpdesk/.venv/bin/helpdesk", str(command)))
    verified = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True)
    assert (verified.returncode, verified.stderr) == (0, "")
    judged = ["systemd-analyze", "security", "--offline=true", "--threshold=20", unit]
    assert subprocess.run(judged, capture_output=True).returncode == 0


def test_the_unit_takes_the_predecessors_name_and_migrates_before_it_serves() -> None:
    unit = UNIT.read_text()
    assert "\nAlias=flask-helpdesk.service\n" in unit
    assert re.search(r"^ExecStartPre=\S+/helpdesk migrate$", unit, re.MULTILINE)


def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    return found


def commands() -> list[list[str]]:
    """What Procfile, unit, image and compose file start us with, without the program's own name."""
    lines = [line.partition(": ")[2] for line in (ROOT / "Procfile").read_text().splitlines()]
    lines += re.findall(r"^Exec\w+=(.+)$", UNIT.read_text(), re.MULTILINE)
    image = re.findall(r"^CMD (\[.+\])$", (DEPLOY / "Dockerfile").read_text(), re.MULTILINE)
    composed = [service["command"] for service in compose()["services"].values() if service.get("image") == "helpdesk"]
    return [shlex.split(re.sub(r"\$\{\w+(:-)?(\d*)\}", "2", line))[1:] for line in lines] + [
        *map(yaml.safe_load, image),
        *composed,
    ]


def test_every_command_that_is_deployed_is_one_of_ours() -> None:
    found = commands()
    assert len(found) == 7
    for arguments in found:
        assert parser().parse_args(arguments).run


def test_the_image_is_made_of_what_is_here_and_runs_as_nobody_in_particular() -> None:
    text = (DEPLOY / "Dockerfile").read_text()
    taken = [words.split()[:-1] for words in re.findall(r"^COPY (?!--from)(.+)$", text, re.MULTILINE)]
    sources = [source for words in taken for source in words]
    assert sources and all((ROOT / source).exists() for source in sources)
    ignored = (DEPLOY / "Dockerfile.dockerignore").read_text()
    assert all(f"\n!{source}\n" in ignored for source in sources)
    last = text.rpartition("\nFROM ")[2]
    assert re.search(r"^USER \d+:\d+$", last, re.MULTILINE) and "HEALTHCHECK" in last


def test_the_composed_services_write_only_to_their_volumes() -> None:
    ours = [service for service in compose()["services"].values() if service.get("image") == "helpdesk"]
    assert len(ours) == 2
    for service in ours:
        assert service["read_only"] is True and service["cap_drop"] == ["ALL"] and service["volumes"] == ["data:/data"]
