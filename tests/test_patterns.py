"""Every regular expression of ours takes time in proportion to its text, whoever wrote that."""

import ast
import importlib
import re
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest

from tests.worst_inputs import Worst, candidates

PACKAGE = Path(__file__).parent.parent / "helpdesk"
SCRIPTS = PACKAGE.parent / "static/js"
FUNCTIONS = ("compile", "search", "match", "fullmatch", "split", "sub", "subn", "findall", "finditer")
USES: dict[str, Callable[[re.Pattern[Any], Any], object]] = {
    "match": lambda pattern, text: pattern.match(text),
    "fullmatch": lambda pattern, text: pattern.fullmatch(text),
    "search": lambda pattern, text: sum(1 for _ in pattern.finditer(text)),
}
KB = 1024
LENGTHS = (64 * KB, KB * KB)
SECONDS_A_MB = 3.0
"""Of CPU. What is linear takes a tenth of a second; what is quadratic takes minutes, and a second for 64 KB."""
FIRST_LENGTH, LOOKED_AT = KB, 2
NAMES: dict[str, object] = {
    "name": "script",
    "quoted": r"\*",
    "begins": r"(?<![\w*])\*(?=\S)",
    "pattern": r"-?\d+",
    "files": SimpleNamespace(task_id=7),
    "start": "/tasks/7/files/",
}
"""What names inside functions stand for, in patterns that are made there."""
OUR_OWN_TEXT = {"/.*\\./"}
"""Expressions of scripts that are given nothing but what this server made: the key of an act is short."""


class Found(NamedTuple):
    """A pattern, how it is used, and where it stands."""

    place: str
    use: str
    pattern: re.Pattern[Any]


@cache
def texts() -> dict[str, str]:
    files = {".".join(it.relative_to(PACKAGE.parent).with_suffix("").parts): it for it in sorted(PACKAGE.rglob("*.py"))}
    return {name.removesuffix(".__init__"): file.read_text() for name, file in files.items()}


@cache
def sources() -> dict[str, ast.Module]:
    """The modules that may make or use a pattern: to parse all of them takes a second of each run."""
    mentioned = re.compile(rf"\.({'|'.join(FUNCTIONS)})\b")
    return {name: ast.parse(text) for name, text in texts().items() if mentioned.search(text)}


@cache
def found() -> tuple[Found, ...]:
    """Every pattern of helpdesk/, once for each way it is used."""
    trees = sources()
    used = {name: _methods(tree) for name, tree in trees.items()}
    everywhere = [pair for pairs in used.values() for pair in pairs]
    return tuple(
        Found(f"{module.removeprefix('helpdesk.')}:{call.lineno} {use}", use, _pattern(module, call))
        for module, tree in trees.items()
        for name, call in _calls(tree)
        for use in sorted(_uses(call, name, used[module] if name.startswith("_") else everywhere))
    )


def _calls(tree: ast.Module) -> Iterator[tuple[str, ast.Call]]:
    """Calls of `re`, each with the name that its result is given, if any."""
    named = {id(node.value): node.targets[0] for node in ast.walk(tree) if isinstance(node, ast.Assign)}
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name("re"), attr=name)) if name in FUNCTIONS:
                target = named.get(id(node))
                yield target.id if isinstance(target, ast.Name) else "", node


def _methods(tree: ast.Module) -> list[tuple[str, str]]:
    """`name.method`, and `module.name.method` as the same."""
    return [
        (node.value.id if isinstance(node.value, ast.Name) else node.value.attr, node.attr)
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name | ast.Attribute)
    ]


def _uses(call: ast.Call, name: str, methods: list[tuple[str, str]]) -> set[str]:
    assert isinstance(call.func, ast.Attribute)
    called = {call.func.attr} - {"compile"} or {method for of, method in methods if of == name and method in FUNCTIONS}
    return {method if method in USES else "search" for method in called or {"search"}}


def _pattern(module: str, call: ast.Call) -> re.Pattern[Any]:
    place = {"compile": 1, "match": 2, "fullmatch": 2, "search": 2, "findall": 2, "finditer": 2}
    assert isinstance(call.func, ast.Attribute)
    flags = [it.value for it in call.keywords if it.arg == "flags"] or call.args[place.get(call.func.attr, 9) :]
    names = NAMES | vars(importlib.import_module(module))
    source, *rest = (eval(compile(ast.Expression(it), module, "eval"), names) for it in (call.args[0], *flags[:1]))
    return source if isinstance(source, re.Pattern) else re.compile(source, *rest)


class TooLong(Exception):
    pass


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Raises TooLong after so much CPU: even a search that goes on for hours looks for signals."""

    def stop(*_: object) -> None:
        raise TooLong

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def seconds(one: Found, worst: Worst, length: int) -> float:
    text = worst.of(one.pattern, length)
    began = time.thread_time()
    try:
        with at_most(SECONDS_A_MB):
            USES[one.use](one.pattern, text)
    except TooLong:
        pytest.fail(f"{one.place}: {one.pattern.pattern!r} takes too long for {length} characters of {worst}")
    return time.thread_time() - began


def assert_linear(one: Found) -> None:
    """The inputs that take longest at first are made long."""
    left = sorted(candidates(one.pattern), key=lambda worst: seconds(one, worst, FIRST_LENGTH), reverse=True)
    for length, most in zip(LENGTHS, (LOOKED_AT, 1), strict=True):
        left = sorted(left[:most], key=lambda worst: seconds(one, worst, length), reverse=True)


def test_every_pattern_is_looked_at() -> None:
    """Whatever of `re` the text of a module names, however it is taken apart here, but for what makes no pattern. One
    that is made of names inside a function must say in NAMES what these stand for."""
    named = Counter(
        f"{module.removeprefix('helpdesk.')}:{number}"
        for module, text in texts().items()
        for number, line in enumerate(text.splitlines(), 1)
        for _ in re.findall(r"\bre\.(?!escape\b)[a-z]", line)
    )
    called = [
        f"{module.removeprefix('helpdesk.')}:{call.lineno}"
        for module, tree in sources().items()
        for _, call in _calls(tree)
    ]
    assert named == Counter(called) and named.keys() == {it.place.partition(" ")[0] for it in found()}
    assert named.total() > 100
    assert not [it for it, text in texts().items() if re.search(r"\bfrom re import\b|\bimport re as\b", text)]


@pytest.mark.parametrize("one", found(), ids=lambda one: one.place)
def test_a_pattern_takes_time_in_proportion_to_its_text(one: Found) -> None:
    assert_linear(one)


def test_the_patterns_of_scripts_take_time_in_proportion_to_their_text() -> None:
    """By Python's engine, which backtracks as browsers' do."""
    literals = re.compile(r"(?:[(=:,] ?)(/(?![/*])(?:[^/\\\n\[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+/)[gimsuy]*")
    there = {
        it
        for file in sorted(SCRIPTS.rglob("*.js"))
        if "htmx" not in file.parts
        for it in literals.findall(file.read_text())
    }
    assert len(there) > 5 and there >= OUR_OWN_TEXT
    for literal in sorted(there - OUR_OWN_TEXT):
        source = literal[1:-1].replace(r"\p{L}\p{N}", r"\w").replace(r"\p{Ps}\p{Pi}", "(«").replace(r"\/", "/")
        assert_linear(Found(literal, "search", re.compile(source)))
