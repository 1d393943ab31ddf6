"""The wheel carries all that serving needs, and declares all that it imports."""

import ast
import re
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import httpx
import pytest

from tests.servers.process import free_port, running

ROOT = Path(__file__).parent.parent
NOT_IMPORTED = {"tzdata"}  # zoneinfo reads it where the system has no time zones


def test_the_wheel_serves_a_page_from_elsewhere(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", tmp_path, ROOT],
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as inside:
        names = inside.namelist()
    needed = {"templates/base.html", "migrations/env.py", "locale/ru.po", "demo/seed.jsonl"}
    assert {f"helpdesk/{name}" for name in needed} <= set(names)
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
    for name in ("requirements.txt", "requirements-postgresql.txt", "requirements-dev.txt"):
        text = (ROOT / name).read_text()
        pinned = [line for line in text.splitlines() if line and not line.startswith((" ", "#"))]
        assert pinned and all("==" in line for line in pinned)
        assert text.count("--hash=sha256:") >= len(pinned)
        assert "://" not in text and "index" not in text.replace("markupsafe", "")


def test_imports_and_declared_dependencies_are_the_same() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    declared = {normal(re.split(r"[\[<>=]", requirement)[0]) for requirement in project["dependencies"]}
    distributions = packages_distributions()
    imported = {normal(distribution) for name in imported_roots() for distribution in distributions.get(name, [name])}
    assert declared - NOT_IMPORTED == imported


@pytest.mark.parametrize(
    ("requirements", "extra"),
    [("requirements.txt", None), ("requirements-postgresql.txt", "postgresql"), ("requirements-dev.txt", "dev")],
)
def test_every_declared_dependency_is_pinned(requirements: str, extra: str | None) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    declared = [*project["dependencies"], *(project["optional-dependencies"][extra] if extra else [])]
    pinned = set(re.findall(r"^([^\s=]+)==", (ROOT / requirements).read_text(), re.MULTILINE))
    assert {normal(re.split(r"[\[<>=]", requirement)[0]) for requirement in declared} <= pinned


def imported_roots() -> Iterator[str]:
    """Yield the first name of every import of a library in what is shipped."""
    for file in (file for folder in ("helpdesk", "migrations") for file in (ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and not node.level:
                modules = [node.module or ""]
            roots = {module.split(".")[0] for module in modules}
            yield from roots - sys.stdlib_module_names - {"helpdesk"}


def normal(name: str) -> str:
    """Return the name of a distribution as requirements files write it."""
    return re.sub(r"[-_.]+", "-", name).lower()
