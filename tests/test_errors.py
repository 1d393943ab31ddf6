"""One error tree: what fails is told by it, and nothing is caught that nobody can handle."""

import ast
import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from helpdesk.errors import HelpdeskError, StoreUnavailable
from helpdesk.store.database import Database

ROOT = Path(__file__).parent.parent
MODULES = {
    ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): file
    for file in sorted((ROOT / "helpdesk").rglob("*.py"))
}
CAUGHT_BY = {
    "helpdesk.settings.parsing.InvalidSetting": "helpdesk.settings.sources",
    "helpdesk.commands.Refused": "helpdesk.__main__",
    "helpdesk.health.Trouble": "helpdesk.health",
    "helpdesk.settings.ini_file.Unreadable": "helpdesk.settings.sources",
    "helpdesk.notifications.channels.fcm.account.NotReady": "helpdesk.notifications.channels.fcm.sender",
    "helpdesk.notifications.event_processing.LeaseLost": "helpdesk.notifications.feed_poller",
    "helpdesk.promises.watcher.LeaseLost": "helpdesk.promises.watcher",
    "helpdesk.settings.sources.SettingsError": "helpdesk.__main__",
    "helpdesk.store.api_tokens.TooMany": "helpdesk.web.accounts.api_tokens",
    "helpdesk.store.backups.Impossible": "helpdesk.commands",
    "helpdesk.store.reply_templates.TooMany": "helpdesk.web.replies.views",
    "helpdesk.store.schema.NotOurs": "helpdesk.commands",
    "helpdesk.store.saved_reports.NameTaken": "helpdesk.web.reports.saved",
    "helpdesk.store.saved_reports.TooMany": "helpdesk.web.reports.saved",
    "helpdesk.store.saved_views.NameTaken": "helpdesk.web.lists.saved_views",
    "helpdesk.store.request_categories.TooMany": "helpdesk.web.admin.categories",
    "helpdesk.store.saved_views.TooMany": "helpdesk.web.lists.saved_views",
    "helpdesk.store.phone_favourites.TooMany": "helpdesk.web.calls.favourites",
    "helpdesk.netmonitor.tasks.Refused": "helpdesk.netmonitor.health",
    "helpdesk.netmonitor.probes.faults.ProbeFailed": "helpdesk.netmonitor.probes",
    "helpdesk.telephony.finesse.client.NotReached": "helpdesk.telephony.finesse.client",
    "helpdesk.telephony.finesse.xml.TooMuch": "helpdesk.telephony.finesse.xml",
    "helpdesk.telephony.leaving.CameBack": "helpdesk.telephony.leaving",
    "helpdesk.tasks.pictures.NoPicture": "helpdesk.web.files.downloads",
    "helpdesk.tls.NoCertificates": "helpdesk.settings.parsing",
}
"""Exceptions that are no answer to a request, each with the module that catches it."""

LAST_RESORTS = {
    "helpdesk.demo.simulated_colleague": "the demo's colleague goes on with the next thing",
    "helpdesk.notifications.channels.sse.streams": "the other people's streams are woken, then it is raised",
    "helpdesk.notifications.channels.email.sender": "a mail that can't be written must not keep the others back",
    "helpdesk.netmonitor.sampler": "a host whose probe fails by a bug must not keep the others back",
    "helpdesk.netmonitor.tasks": "an incident with an odd answer is tried again later, and holds up no other",
    "helpdesk.health": "a check that fails must not hide the others",
    "helpdesk.notifications.channels.fcm.sender": "what can't be put into words stops no other push",
    "helpdesk.notifications.channels.webpush.sender": "what can't be put into words stops no other push",
    "helpdesk.notifications.suppression": "the act was done: who hears of it must not hide that",
    "helpdesk.notifications.event_processing": "the poller goes on: an event in error is tried again, then dropped",
    "helpdesk.notifications.feed_poller": "the poller goes on and polls again",
    "helpdesk.notifications.outbox_worker": "what was to be sent is tried again, then given up",
    "helpdesk.notifications.outcome_recorder": "outcomes that can't be recorded together are recorded one by one",
    "helpdesk.notifications.redis_wakeups": "the bell rings within the process and connects anew",
    "helpdesk.supervision": "what ended is logged with its error, and begun again",
    "helpdesk.tasks.bulk": "every task gets an outcome",
    "helpdesk.tasks.redmine.consistency_check": "the consistency check runs again",
    "helpdesk.telephony.poller": "an agent in error is polled again later, and the others are polled on",
    "helpdesk.web.edge.middleware": "the outermost layer logs what was answered with 500",
    "helpdesk.web.live.removed_tasks": "the next person is asked for",
    "helpdesk.web.edge.idempotency": "the work is over: a failure to keep its answer hides nothing",
    "helpdesk.web.live.hub": "streams are woken again",
    "helpdesk.web.live.task_viewers": "an act in error is tried again, then given up",
}


LOGS = ("log.exception", "exc_info=True", "troubles.note", "failed")


def names(node: ast.expr | None) -> list[str]:
    if node is None:
        return ["BaseException"]
    parts = node.elts if isinstance(node, ast.Tuple) else [node]
    return [part.attr if isinstance(part, ast.Attribute) else ast.unparse(part) for part in parts]


def caught(tree: ast.AST) -> Iterator[tuple[list[str], ast.ExceptHandler | None]]:
    """What each `except` and each `suppress` of a module names; a handler by itself has a body to look at."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler):
            yield names(node.type), node
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "suppress":
            yield [name for argument in node.args for name in names(argument)], None


def test_every_exception_of_ours_is_of_the_tree_or_is_caught_where_it_is_said() -> None:
    ours = {
        f"{kind.__module__}.{kind.__name__}": kind
        for module in MODULES
        if module != "helpdesk.asgi"  # which serves when it is imported
        for kind in vars(importlib.import_module(module)).values()
        if isinstance(kind, type) and issubclass(kind, Exception) and kind.__module__.startswith("helpdesk")
    }
    others = {name for name, kind in ours.items() if not issubclass(kind, HelpdeskError)}
    assert others == set(CAUGHT_BY)
    for name, module in CAUGHT_BY.items():
        found = {each for told, _ in caught(ast.parse(MODULES[module].read_text())) for each in told}
        assert name.rpartition(".")[2] in found, f"{name} is not caught by {module}"


@pytest.mark.parametrize("module", MODULES)
def test_everything_is_caught_only_where_it_is_said_and_then_logged(module: str) -> None:
    for told, handler in caught(ast.parse(MODULES[module].read_text())):
        if not {"Exception", "BaseException"} & set(told):
            continue
        assert handler is not None, f"{module} suppresses everything"
        raises = any(isinstance(node, ast.Raise) for node in ast.walk(handler))
        if told == ["BaseException"] or module not in LAST_RESORTS:
            assert raises, f"{module}:{handler.lineno} catches everything"
        else:
            text = ast.unparse(handler)
            assert raises or any(word in text for word in LOGS), text


def test_a_store_that_does_not_answer_is_a_domain_error(tmp_path: Path) -> None:
    with pytest.raises(HelpdeskError) as error:
        Database(f"sqlite:///{tmp_path}/no/such/folder/store.db").run_here(lambda session: session.connection())
    assert isinstance(error.value, StoreUnavailable)
