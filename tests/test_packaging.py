"""The wheel carries all that serving needs."""

import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import httpx

from tests.servers.process import free_port, running

ROOT = Path(__file__).parent.parent


def test_the_wheel_serves_a_page_from_elsewhere(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", tmp_path, ROOT],
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as inside:
        names = inside.namelist()
    assert {"helpdesk/templates/base.html", "helpdesk/migrations/env.py", "helpdesk/locale/ru.po"} <= set(names)
    assert not [name for name in names if name.startswith(("tests", "e2e"))]

    home = tmp_path / "venv"
    venv.create(home, symlinks=True, with_pip=False)
    install = [sys.executable, "-m", "uv", "pip", "install", "--offline", "--no-deps", "--python", home, wheel]
    subprocess.run(install, check=True, capture_output=True)
    (site,) = home.glob("lib/python*/site-packages")
    # The environment's packages come after its own: what is proven is that nothing of the checkout is needed.
    (site / "rest.pth").write_text(sysconfig.get_path("purelib"))
    port = free_port()
    command = [home / "bin/helpdesk", "demo", "--data", tmp_path / "data", "--port", str(port)]

    def answers() -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{port}/readyz").is_success
        except httpx.TransportError:
            return False

    with running(command, log=tmp_path / "log", answers=answers, env={}, cwd=tmp_path, seconds=60):
        page = httpx.get(f"http://127.0.0.1:{port}/users/login", headers={"Accept": "text/html"})
        assert page.status_code == 200 and 'name="password"' in page.text
        where = [home / "bin/python", "-c", "import helpdesk; print(helpdesk.__file__)"]
        found = subprocess.run(where, cwd=tmp_path, capture_output=True, text=True, check=True, env={})
        assert found.stdout.startswith(str(site))


def test_the_requirements_are_pinned_hashed_and_name_no_index() -> None:
    for name in ("requirements.txt", "requirements-dev.txt"):
        text = (ROOT / name).read_text()
        pinned = [line for line in text.splitlines() if line and not line.startswith((" ", "#"))]
        assert pinned and all("==" in line for line in pinned)
        assert text.count("--hash=sha256:") >= len(pinned)
        assert "://" not in text and "index" not in text.replace("markupsafe", "")
