"""The arrows of docs: who may import whom, and who alone may do what."""

import ast
import re
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "helpdesk"
MODULES = {
    ".".join(file.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__"): file
    for file in sorted(PACKAGE.rglob("*.py"))
}
CLIENTS = {"httpx", "textile", "nh3", "markdown_it", "argon2", "cachetools", "redis", "yaml"}
PORT = {
    "tasks.model",
    "tasks.lists",
    "tasks.cards",
    "tasks.fields",
    "tasks.files",
    "tasks.creation",
    "tasks.tracker",
    "tasks.projects",
    "tasks.statistics",
}
NOTICES = {f"notifications.{module}" for module in ("plain", "mentions", "rules", "urgency", "wording", "preferences")}
FEED = {"tasks.feed", "tasks.watermark"}
ADAPTERS = {
    "tasks.embedded": {"errors", "store", *PORT, *FEED, "tasks.checking", "tasks.embedded"},
    "tasks.redmine": {"errors", "redmine_client", "doctor", *PORT, *FEED, "tasks.checking", "tasks.redmine"},
    "notifications.redis_bell": {"doctor", "notifications.bell"},
    "people.local": {"store", "people.model", "people.accounts", "people.passwords"},
    "people.redmine": {"errors", "store", "people.model", "people.accounts", "redmine_client"},
}
MAY = {
    "errors": set(),
    "settings": {"casts", "pacing", "setting_sources"},
    "setting_sources": set(),
    "pacing": {"casts"},
    "casts": set(),
    "assets": set(),
    "logs": set(),
    "languages": {"errors"},
    "redmine_client": {"errors"},
    "store": {"store", "assets"},
    "doctor": {"errors", "store"},
    "demo": {"demo", "errors", "store", "people.passwords", *PORT},
    "services": {"notifications", "people.directory", "people.model", "settings", "store", "tasks.model",
                 "tasks.tracker"},
    "tasks": {"errors", *PORT, "tasks.safe_html", "tasks.textile_reader"},
    "people": {"errors", "people.model", "store"},
    "notifications": {"errors", "notifications", "store", "tasks.feed", "tasks.model"},
    **{pure: {"errors", "store.folding", "tasks.feed", "tasks.model", *NOTICES} for pure in NOTICES},
    "web": {"errors", "languages", "assets", "services", "store", "web", *PORT - {"tasks.tracker"}, "tasks.markup",
            "tasks.wording", "tasks.board", "tasks.safe_html", "tasks.bulk", "tasks.pictures", "people.model",
            "people.directory", "people.accounts", "notifications"},
    **ADAPTERS,
}  # fmt: skip


def imports(module: str) -> list[tuple[str, ast.stmt]]:
    """What a module imports of ours, each with its statement."""
    found = []
    for node in ast.walk(ast.parse(MODULES[module].read_text())):
        names = []
        if isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        for name in names:
            if name.startswith("helpdesk"):
                ours = name.removeprefix("helpdesk").lstrip(".")
                found.append((ours if ours in MODULES else ours.rpartition(".")[0], node))
    return found


def within(name: str, area: str) -> bool:
    return name == area or name.startswith(f"{area}.")


def area_of(module: str) -> str | None:
    """The most particular rule for a module."""
    return max((area for area in MAY if within(module, area)), key=len, default=None)


@pytest.mark.parametrize("module", [module for module in MODULES if area_of(module)])
def test_a_module_imports_only_what_its_place_allows(module: str) -> None:
    area = area_of(module)
    for imported, _ in imports(module):
        assert imported in ("", module) or any(within(imported, each) for each in MAY[area]), f"{module} → {imported}"


def test_every_module_has_a_place() -> None:
    composing = {"__init__", "__main__", "app", "asgi", "commands", "wiring"}
    assert {module for module in MODULES if not area_of(module)} == composing


def test_only_wiring_names_adapters() -> None:
    for module in MODULES:
        for imported, _ in imports(module):
            for adapter in ADAPTERS:
                if within(imported, adapter):
                    assert module == "wiring" or within(module, adapter), f"{module} → {imported}"


def test_only_a_command_serves_the_demo() -> None:
    """Who serves in earnest has no made-up people, and nobody who works on by himself."""
    serving = {module for module in MODULES for imported, _ in imports(module) if within(imported, "demo")}
    assert {module for module in serving if not within(module, "demo")} == {"commands"}


def test_only_wiring_imports_inside_functions_and_only_adapters_and_their_clients() -> None:
    for module, file in MODULES.items():
        tree = ast.parse(file.read_text())
        inner = [
            node
            for function in ast.walk(tree)
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
            for node in ast.walk(function)
            if isinstance(node, ast.Import | ast.ImportFrom)
        ]
        assert not inner or module == "wiring", module


def test_only_settings_reads_the_environment() -> None:
    readers = {module for module, file in MODULES.items() if re.search(r"os\.environ|getenv", file.read_text())}
    assert readers == {"settings"}


def test_web_knows_no_client_library_and_nobody_else_knows_http() -> None:
    for module, file in MODULES.items():
        tree = ast.parse(file.read_text())
        roots = {
            name.split(".")[0]
            for node in ast.walk(tree)
            for name in (
                [node.module or ""] if isinstance(node, ast.ImportFrom) else
                [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            )
        }  # fmt: skip
        if within(module, "web"):
            assert not roots & CLIENTS, module
        elif module not in ("app", "commands"):
            assert "starlette" not in roots and "uvicorn" not in roots, module


def test_modules_stay_about_a_screen() -> None:
    """A file of more than 300 lines has swallowed its subject."""
    sizes = {module: len(file.read_text().splitlines()) for module, file in MODULES.items()}
    assert {module: size for module, size in sizes.items() if size > 300} == {}
