"""The arrows of docs: who may import whom, and who alone may do what."""

import ast
import re
from collections import Counter
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from helpdesk.web.access import differences
from helpdesk.web.routes import ROUTES

PACKAGE = Path(__file__).parent.parent / "helpdesk"
MODULES = {
    ".".join(file.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__"): file
    for file in sorted(PACKAGE.rglob("*.py"))
}
CLIENTS = {
    "aiohttp",
    "httpx",
    "nh3",
    "markdown_it",
    "argon2",
    "cachetools",
    "redis",
    "yaml",
    "cryptography",
    "defusedxml",
    "pyotp",
    "segno",
    "openpyxl",
    "oracledb",
    "aiosmtplib",
    "firebase_admin",
    "pywebpush",
    "requests",
}
PORT = {
    "tasks.model",
    "tasks.lists",
    "tasks.conversation",
    "tasks.phases",
    "tasks.colors",
    "tasks.fields",
    "tasks.files",
    "tasks.creation",
    "tasks.backend",
    "tasks.projects",
    "tasks.readers",
    "tasks.relations",
    "tasks.search_text",
    "tasks.statistics",
}
REPORTS = {"reports.model", "reports.source"}
REQUESTS = {"requests.addresses", "requests.model", "requests.ownership", "requests.source"}
NOTICES = {
    f"notifications.{module}" for module in ("plain_text", "mentions", "kinds", "links", "messages", "preferences")
}
WIRING = {"adapters", "wiring"}
"""The modules that know which adapters there are."""
CHANNELS = {f"notifications.channels.{name}" for name in ("email", "fcm", "webpush")}
"""Import what needs their client library only where they are set."""
FEED = {"tasks.feed", "tasks.watermark"}
REDMINE = {"redmine_client", "tls"}
MEASURING = {"timings", "slow_queries"}
ADAPTERS = {
    "tasks.embedded": {
        "errors",
        "texts",
        "store",
        *PORT,
        *FEED,
        "tasks.checks",
        "tasks.embedded",
        *REQUESTS,
        "reports",
    },
    "tasks.redmine": {
        "breaker",
        "errors",
        "texts",
        "threads",
        *MEASURING,
        *REDMINE,
        "health",
        *PORT,
        *FEED,
        "tasks.checks",
        "tasks.redmine",
        *REQUESTS,
        "reports",
        "tasks.backend",
    },
    "notifications.redis_wakeups": {"errors", "health", "tls", "notifications.wakeups"},
    "people.local": {"store", "people.model", "people.directory", "people.passwords"},
    "people.ldap": {
        "breaker",
        "errors",
        "health",
        "store",
        "texts",
        "threads",
        "tls",
        "people.directory",
        "people.ldap",
    },
    "people.oracle_erp": {"breaker", "errors", "health", "store", "texts", "people.directory", "people.oracle_erp"},
    "telephony.finesse": {"errors", "health", "threads", "tls", "telephony.finesse", "telephony.phone"},
    "people.redmine": {"errors", "store", "people.model", "people.directory", "redmine_client"},
    "people.redmine_keys": {"encryption", "errors", "people.directory", "store"},
}
MAY = {
    "errors": set(),
    "texts": {"errors"},
    "durations": {"errors"},
    "threads": {"errors"},
    "breaker": set(),
    "timings": set(),
    "slow_queries": set(),
    "encryption": set(),
    "settings": set(),
    "settings.field": {"settings.sources"},
    "settings.access": {"settings.parsing", "settings.field", "settings.origins"},
    "settings.origins": {"settings.parsing"},
    "settings.company": {"settings.parsing", "settings.field"},
    "settings.channels": {"settings.parsing", "settings.field"},
    "settings.telephony": {"settings.parsing", "settings.field"},
    "settings.netmonitor": {"settings.parsing", "settings.field", "store.host_fields"},
    "settings.quality": {"settings.parsing", "settings.field"},
    "settings.settings": {"settings.access", "settings.channels", "settings.company", "settings.field",
                          "settings.netmonitor", "settings.quality", "settings.telephony",
                          "settings.parsing", "settings.poll_schedule", "settings.sources", "settings.later",
                          "settings.origins"},
    "settings.listing": {"settings.parsing", "settings.later", "settings.settings"},
    "settings.sources": {"settings.ini_file", "settings.parsing"},
    "settings.later": {"settings.parsing", "settings.sources"},
    "settings.ini_file": set(),
    "settings.poll_schedule": {"settings.parsing"},
    "settings.parsing": {"people.rights", "tls"},
    "system_names": {"errors"},
    "tls": {"errors", "texts"},
    "paths": set(),
    "http_protocol": set(),
    "json_parser": set(),
    "supervision": set(),
    "logs": set(),
    "languages": {"errors", "texts"},
    "redmine_client": {"errors", "json_parser", "threads", "timings", "tls"},
    "route_times": set(),
    "store": {"errors", "route_times", "store", "paths", "threads", "people.rights", *MEASURING},
    "health": {"errors", "store", "system_names", "texts", "threads"},
    "demo": {"demo", "errors", "store", "people.passwords", "quality.assessments", "telephony.numbers",
             "telephony.phone", *PORT},
    "telephony": {"encryption", "errors", "notifications.wakeups", "people.model", "store", "telephony", "texts",
                  "threads"},
    "reports": {"errors", "languages", "people.model", "promises", "reports", "store", "texts", "threads", *PORT},
    "reports.letters": {"errors", "languages", "notifications.report_letters", "reports"},
    "reports.mailing": {"errors", "languages", "notifications", "people.model", "people.rights", "reports", "store",
                        *PORT},
    **{port: {"errors", *REPORTS, *PORT} for port in REPORTS},
    "promises": {"errors", "notifications", "people.model", "promises", "store", "texts", "threads", "visible_tasks",
                 *REPORTS, *PORT},
    "quality": {"errors", "notifications", "people.model", "people.rights", "quality", "reports", "settings.quality",
                "store", "texts", "threads", *PORT},
    "posts": {"errors", "notifications", "people.model", "posts", "store", "tasks.markup"},
    "netmonitor.access": {"settings.netmonitor"},
    "netmonitor": {"errors", "health", "netmonitor", "notifications", "store", "texts", "threads", "tls"},
    "netmonitor.author": {"errors", "people.model", "store", "tasks.model"},
    "netmonitor.tasks": {"errors", "languages", "netmonitor.model", "store", "tasks"},
    "system_monitor": {"errors", "health", "notifications", "store"},
    "services": {"notifications", "people.authentication", "people.model", "requests.service", "settings.settings",
                 "visible_tasks", "store", "supervision", "system_monitor", "tasks.model", "tasks.backend",
                 "telephony.desk", "netmonitor.service", "reports.source", "promises", "quality"},
    "visible_tasks": {"errors", "people.model", "requests.service", "tasks.backend", "tasks.model"},
    "requests": {"errors", "people.model", "requests", "store", "texts", "threads", *PORT, *FEED, "tasks.backend"},
    "tasks": {"errors", "texts", *PORT, "tasks.safe_html", "tasks.markup", "threads"},
    "tasks.picture_worker": set(),
    "people.grace": {"people.directory", "people.passwords", "store"},
    "people.blocked": {"errors", "store"},
    "people.redmine_binding": {"encryption", "errors", "people.directory", "store"},
    "people.authentication": {"errors", "people.directory", "people.grace", "people.model", "people.redmine_binding",
                              "store"},
    "people.reread": {"errors", "people.directory", "store"},
    "people": {"errors", "people.avatars", "people.model", "people.passwords", "people.rights", "store", "texts",
               "threads"},
    "people.rights": {"errors"},
    "notifications": {"errors", "texts", "threads", "notifications", "requests.service", "store", "tasks.feed",
                      "tasks.model"},
    "notifications.readers": {"netmonitor.access", "notifications.delivery", "notifications.kinds",
                              "notifications.links", "people.model", "people.rights", "settings.netmonitor", "store"},
    **{pure: {"errors", "texts", "store.casefold", "tasks.feed", "tasks.model", *NOTICES} for pure in NOTICES},
    "notifications.messages": {"durations", "errors", "texts", "system_names", "tasks.feed", *NOTICES,
                               "store.models.notifications"},
    "notifications.links": {"notifications.kinds", "store.models.notifications"},
    "notifications.channel_health": {"errors", "health", "store"},
    "notifications.feed_health": {"errors", "health", "notifications.feed_poller"},
    "notifications.preferences": {*NOTICES, "notifications.channels.registry", "notifications.channels.port"},
    "notifications.channels": {"errors", "languages", "notifications.channels", "notifications.kinds",
                               "notifications.links", "notifications.messages", "notifications.wakeups",
                               "people.model", "texts", "threads", "tls", "settings.settings", "store", "tasks.model"},
    "notifications.channels.email": {"errors", "health", "languages", "notifications.channels", "notifications.kinds",
                                     "notifications.links", "notifications.messages", "notifications.report_letters",
                                     "paths", "requests.addresses",
                                     "settings", "store", "texts", "threads", "tls"},
    "web": {"errors", "texts", "timings", "languages", "paths", "services", "store", "web", *PORT - {"tasks.backend"},
            "durations", "tasks.markup", "tasks.change_messages", "tasks.board", "tasks.safe_html", "tasks.bulk",
            "tasks.pictures", "threads", "people.model", "people.rights", "people.directory",
            "route_times", "system_monitor", "system_names",
            "people.absences", "people.accounts", "people.avatars", "people.passwords", "people.personal_file",
            "people.reread", "people.second_factor", "people.signature",
            "encryption", "notifications", "posts.excerpts", "requests", "requests.model", "requests.service",
            "telephony", "netmonitor", "reports", "promises", "quality"},
    **ADAPTERS,
}  # fmt: skip


FLOORS = (
    "core",
    "edge",
    "files drafts replies",
    "notifications task_calls clocks task_assessments",
    "tasks",
    "lists",
    "people",
    "live search neighbours requests",
    "board accounts leaving",
    "admin push",
    "tracker mail calls posts netmonitor promises",
    "knowledge feeds reports",
    "call_log quality",
    "start",
    "access",
    "routes",
)
"""The folders of web/ from the ground up: each imports only from those before it."""

FLOOR = {folder: number for number, folders in enumerate(FLOORS) for folder in folders.split()}


CONTAINER = "web.core.services"
"""The module that gives handlers everything. It names classes of upper floors, for a type checker alone."""


Import = ast.Import | ast.ImportFrom


class Imports(NamedTuple):
    """The imports of a module: all, those in functions, and the lines that only a type checker reads."""

    every: list[Import]
    inner: list[Import]
    for_types_alone: set[int]


@cache
def statements(module: str) -> Imports:
    """Parse a module once for all tests, and keep no more of it: to parse all takes seconds."""
    tree = ast.parse(MODULES[module].read_text())
    nodes = list(ast.walk(tree))
    functions = [node for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    checked = [node for node in tree.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"]
    return Imports(
        [node for node in nodes if isinstance(node, Import)],
        [node for function in functions for node in ast.walk(function) if isinstance(node, Import)],
        {statement.lineno for node in checked for statement in node.body},
    )


@cache
def imports(module: str) -> list[tuple[str, Import]]:
    """What a module imports of ours, each with its statement."""
    found = []
    for node in statements(module).every:
        prefix = f"{node.module}." if isinstance(node, ast.ImportFrom) else ""
        for name in (f"{prefix}{alias.name}" for alias in node.names):
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


def folder_of(module: str) -> str:
    """The folder of web/ that a module is in."""
    return module.split(".")[1]


MOST_IN_A_FOLDER = 14  # beside its __init__
WEB = [module for module in MODULES if module.startswith("web.")]


def test_every_folder_of_web_has_a_floor() -> None:
    assert {folder_of(module) for module in WEB} == FLOOR.keys()


def test_only_wiring_and_the_container_import_for_types_alone() -> None:
    assert {module for module in MODULES if statements(module).for_types_alone} == {"adapters", "wiring", CONTAINER}


def test_every_address_is_listed_with_its_guard() -> None:
    """Deny by default: the application does not start without it."""
    assert differences(ROUTES) == []


def test_handlers_reach_everything_by_the_container() -> None:
    assert users(r"app\.state|\.state\.services|\"state\"\]\.services") == {"app", CONTAINER}


def arrows_between_folders() -> list[tuple[str, str]]:
    """Which module of web/ imports which module of another folder of web/."""
    return [
        (module, imported)
        for module in WEB
        for imported, statement in imports(module)
        if within(imported, "web") and folder_of(imported) != folder_of(module)
        if module != CONTAINER or statement.lineno not in statements(module).for_types_alone
    ]


def test_a_folder_of_web_imports_only_from_the_floors_below_it() -> None:
    upwards = [
        f"{module} → {imported}"
        for module, imported in arrows_between_folders()
        if FLOOR[folder_of(imported)] >= FLOOR[folder_of(module)]
    ]
    assert upwards == []


def test_no_folder_of_web_imports_the_views_of_another() -> None:
    foreign = {module for module, imported in arrows_between_folders() if imported.endswith(".views")}
    assert foreign == {"web.routes"}


ASKS = re.compile(r"\b(?:wants_html|is_htmx|face_of)\b|\.get\(\"view\"\)")
STILL_ASK = {
    "web.edge.idempotency": "a stored answer is given again only in the face that asked for it",
    "web.edge.middleware": "what headers an answer needs depends on whether only htmx can get it",
    "web.people.views": "`?view=rows` of an address says how people are listed, not in which face",
    "web.tasks.comment_edit": "`?view=entry` of an address says what it shows, not in which face",
}


def test_a_face_is_chosen_in_one_place() -> None:
    """A handler hands over what each face shows; which one was asked for, `web/core/faces.py` says."""
    asking = {module for module in WEB if folder_of(module) != "core" and ASKS.search(MODULES[module].read_text())}
    assert asking == STILL_ASK.keys()


def test_every_module_has_a_place() -> None:
    composing = {
        "__init__",
        "__main__",
        "account_commands",
        "leaving_commands",
        "monitoring",
        "news",
        "quality_control",
        "adapters",
        "app",
        "asgi",
        "commands",
        "password_commands",
        "secret_commands",
        "user_commands",
        "wiring",
    }
    assert {module for module in MODULES if not area_of(module)} == composing


def test_only_wiring_names_adapters() -> None:
    for module in MODULES:
        for imported, _ in imports(module):
            for adapter in ADAPTERS:
                if within(imported, adapter):
                    assert module in WIRING or within(module, adapter), f"{module} → {imported}"


def test_only_a_command_serves_the_demo() -> None:
    """Who serves in earnest has no made-up people, and nobody who works on by himself."""
    serving = {module for module in MODULES for imported, _ in imports(module) if within(imported, "demo")}
    assert {module for module in serving if not within(module, "demo")} == {"commands"}


def test_only_wiring_and_channels_import_inside_functions_and_only_adapters_and_their_clients() -> None:
    for module in MODULES:
        assert not statements(module).inner or module in WIRING | CHANNELS, module


def test_only_settings_reads_the_environment() -> None:
    readers = {module for module, file in MODULES.items() if re.search(r"os\.environ|getenv", file.read_text())}
    assert readers == {"settings.settings"}


def test_web_knows_no_client_library_and_nobody_else_knows_http() -> None:
    for module in MODULES:
        roots = {
            name.split(".")[0]
            for node in statements(module).every
            for name in (
                [node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
            )
        }
        if within(module, "web"):
            assert not roots & CLIENTS, module
        elif module not in ("app", "commands", "http_protocol"):
            assert "starlette" not in roots and "uvicorn" not in roots, module


def users(names: str) -> set[str]:
    """The modules in which one of these names stands."""
    return {module for module, file in MODULES.items() if re.search(names, file.read_text())}


def test_threads_are_bounded_and_pictures_are_decoded_where_they_can_be_ended() -> None:
    """A thread's place must be held until it has ended, and no decoder may run in a server."""
    crossing = r"to_thread|run_sync|run_in_threadpool|run_in_executor|PoolExecutor|Thread\("
    assert users(crossing) == {"threads"}
    assert users(r"import PIL|from PIL") == {"tasks.picture_worker"}
    assert not any(imported == "tasks.picture_worker" for module in MODULES for imported, _ in imports(module))


def test_modules_stay_about_a_screen() -> None:
    """A file of more than 300 lines has swallowed its subject."""
    sizes = {module: len(file.read_text().splitlines()) for module, file in MODULES.items()}
    assert {module: size for module, size in sizes.items() if size > 300} == {}


def test_folders_of_web_stay_about_a_screen() -> None:
    """A reader finds a module by its name among a dozen, not among thirty. Rooms are folders, and there may be more."""
    modules = (module for module in WEB if MODULES[module].stem != "__init__")
    sizes = Counter(module.rpartition(".")[0] for module in modules)
    assert {folder: size for folder, size in sizes.items() if size > MOST_IN_A_FOLDER} == {}
