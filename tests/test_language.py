"""Names are the field's own words: docs/glossary.md has them, and what was called otherwise once does not come back."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "helpdesk"
INSTEAD = {
    "happening": "event",
    "happenings": "events",
    "hearer": "recipient",
    "hearers": "recipients",
    "hearing": "recipient",
    "gist": "message",
    "bell": "wakeups",
    "freshness": "feed_status",
    "troubles": "retry_queue",
    "visible_tasks": "permissions",
    "seers": "visible_to",
    "canary": "consistency_check",
    "carrying": "handoff",
    "mending": "comment_edit",
    "marking": "mark_read",
    "lean": "jinja_extensions",
    "onlooker": "task_viewer",
    "onlookers": "task_viewers",
    "demanded": "required",
    "announcing": "notify_flag",
    "returning": "return_url",
    "nonsense": "bad_response",
    "dealt": "processed",
    "shelf": "placeholders",
    "offtags": "verbatim",
}
"""Words of names that are not used, and what is said instead."""


def names(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id


def words(name: str) -> list[str]:
    return [word.lower() for word in re.split(r"_|(?<=[a-z])(?=[A-Z])", name)]


@pytest.mark.parametrize("folder", sorted({file.parent for file in PACKAGE.rglob("*.py")}), ids=lambda it: it.name)
def test_names_are_words_of_the_glossary(folder: Path) -> None:
    for file in folder.glob("*.py"):
        for name in {file.stem, *names(ast.parse(file.read_text()))}:
            for word in words(name):
                assert word not in INSTEAD, f"{file.relative_to(PACKAGE)}: {name} should say {INSTEAD[word]}"
