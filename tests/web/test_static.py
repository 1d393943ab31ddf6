"""Static files: their forms by Accept-Encoding, their names, and what is left out of our own."""

import gzip
import re
import subprocess
import sys
from pathlib import Path

import brotli  # type: ignore[import-untyped]
import pytest
from starlette.testclient import TestClient

from helpdesk.paths import folder
from helpdesk.web.core import navigation
from helpdesk.web.core.faces import accepted
from helpdesk.web.edge.static_files import BUNDLES, StaticFiles, minified
from tests.web.conftest import HTML, Visit

FOREVER = "public, max-age=31536000, immutable"
SHARED = {"00-tokens", "01-base", "02-layout", "forms", "marks"}
"""The stylesheets of what all pages share."""


def raw(client: TestClient, address: str, accept: str) -> tuple[bytes, str | None]:
    """The body as it went over the line, and its coding."""
    with client.stream("GET", address, headers={"Accept-Encoding": accept}) as answer:
        assert answer.status_code == 200 and answer.headers["cache-control"] == FOREVER
        assert "accept-encoding" in answer.headers["vary"].lower()
        return b"".join(answer.iter_raw()), answer.headers.get("content-encoding")


@pytest.fixture
def addresses(visit: Visit) -> list[str]:
    page = visit("anna").get("/tasks/my-tasks", headers=HTML).text
    found = sorted(set(re.findall(r'(?:src|href)="(/static/[^"#]+)', page)))
    assert len(found) >= 5
    return found


def test_every_file_comes_in_the_smallest_form_that_is_taken(visit: Visit, addresses: list[str]) -> None:
    client = visit()
    for address in addresses:
        plain, none = raw(client, address, "identity")
        small, br = raw(client, address, "gzip, deflate, br, zstd")
        larger, gz = raw(client, address, "gzip")
        assert (none, br, gz) == (None, "br", "gzip")
        assert brotli.decompress(small) == gzip.decompress(larger) == plain
        assert len(small) < len(larger) < len(plain)


def test_a_form_that_is_refused_is_not_sent(visit: Visit, addresses: list[str]) -> None:
    assert raw(visit(), addresses[0], "br;q=0, gzip;q=0.5")[1] == "gzip"
    assert raw(visit(), addresses[0], "br;q=0.0, gzip; q=0")[1] is None
    assert raw(visit(), addresses[0], "zstd")[1] is None


def test_a_head_has_the_headers_of_a_get(visit: Visit, addresses: list[str]) -> None:
    told = visit().head(addresses[0], headers={"Accept-Encoding": "br"}).headers
    assert told["content-encoding"] == "br"
    assert int(told["content-length"]) == len(raw(visit(), addresses[0], "br")[0])


@pytest.mark.parametrize(
    ("header", "codings"),
    [
        ("", {""}), ("gzip, br", {"gzip", "br"}), ("GZIP;q=0.1", {"gzip"}), ("br;q=0,gzip", {"gzip"}),
        ("br; q=0.000", set()), ("br;q=0.001", {"br"}),
    ],
)  # fmt: skip
def test_codings_are_read_as_they_are_meant(header: str, codings: set[str]) -> None:
    assert accepted(header) == codings


def test_scripts_are_sent_without_comments_and_blanks_and_a_minified_one_as_it_is(tmp_path: Path) -> None:
    source = "// why\n(() => {\n  const a = 'x // y';\n\n  /* more */\n  use(a, `b  ${a}\n  c`); // here\n})();\n"
    written, minified_already = tmp_path / "a.js", tmp_path / "a.min.js"
    written.write_text(source)
    minified_already.write_text(source)
    assert minified(written) == "(()=>{const a='x // y';use(a,`b  ${a}\n  c`);})();"
    assert minified(minified_already) == source


def test_styles_lose_blanks_and_comments_but_nothing_that_is_quoted_or_counts(tmp_path: Path) -> None:
    written = tmp_path / "a.css"
    written.write_text("""@media (width < 52rem) {
      /* why: because */
      a :hover, a:hover > b { color: red; inset: calc(1px - 2px) 0; }
      [title="{ ; : , }"]::after { content: " ↑ , : ; /x/ "; }
    }
    """)
    assert minified(written) == (
        "@media (width < 52rem){a :hover,a:hover > b{color:red;inset:calc(1px - 2px) 0}"
        '[title="{ ; : , }"]::after{content:" ↑ , : ; /x/ "}}'
    )


def test_the_icons_sent_are_those_that_templates_name() -> None:
    drawn = set(re.findall(r'<symbol id="([^"]+)"', (folder("static") / "icons" / "icons.svg").read_text()))
    calls = [
        call
        for file in folder("templates").rglob("*.html")
        for call in re.findall(r"icon\((?!name|room)(.*?)\) ?}}", file.read_text())
    ]
    named = {name for call in calls for name in re.findall("'([a-z-]+)'", call)} - {"good", "bad"}
    assert named | {room.icon for room in (*navigation.ROOMS, *navigation.OWN)} == drawn


def test_bundles_lose_no_rule_no_statement_and_nothing_of_a_literal() -> None:
    files = StaticFiles(folder("static"))
    for name, patterns in BUNDLES.items():
        sent = files.files[files.names[name]].content.decode()
        parts = [part for pattern in patterns for part in sorted(folder("static").glob(pattern))]
        assert parts, name
        for part in (part for part in parts if not part.stem.endswith(".min")):
            blank, literals = without_comments(part.read_text())
            assert without_comments(minified(part)) == (
                blank.replace(";}", "}") if name.endswith("css") else blank,
                literals,
            )
            assert minified(part) in sent, part.name


@pytest.mark.parametrize("script", sorted((folder("static") / "js").rglob("*.js")), ids=lambda it: it.stem)
def test_no_script_of_ours_has_a_template_literal_inside_another(script: Path) -> None:
    """The minifier takes blanks out of the inner one."""
    assert not has_nested_literal(re.sub(r"(?m)^\s*//.*$|/\*(?s:.*?)\*/", "", script.read_text()))


OXLINT = Path(sys.executable).with_name("oxlint")


@pytest.mark.parametrize("bundle", ["board", "lazy"])
def test_the_parts_of_a_bundle_define_and_use_all_names_between_them(bundle: str, tmp_path: Path) -> None:
    parts = sorted((folder("static") / "js" / bundle).glob("*.js"))
    whole = tmp_path / "bundle.js"
    whole.write_text("".join(part.read_text() for part in parts))
    config = folder("static").parent / ".oxlintrc.json"
    result = subprocess.run([OXLINT, "--deny-warnings", "-c", config, whole], capture_output=True, text=True)
    assert result.returncode == 0, result.stdout


def test_a_template_literal_inside_another_is_found_behind_braces() -> None:
    assert has_nested_literal("`${xs.map((x) => { const o = {}; return `a  b`; })}`")
    assert not has_nested_literal("`${a}` + f({}) + `${b.map(() => ({}))} c`")


def has_nested_literal(text: str) -> bool:
    for found in re.finditer(r"\$\{", text):
        depth, at = 1, found.end()
        while depth and at < len(text):
            if text[at] == "`":
                return True
            depth += {"{": 1, "}": -1}.get(text[at], 0)
            at += 1
    return False


LITERAL_OR_COMMENT = re.compile(
    r"""(?P<literal>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`)|//[^\n]*|/\*.*?\*/""", re.DOTALL
)


def without_comments(source: str) -> tuple[str, list[str]]:
    """Return a script or stylesheet without comments and blanks, and its literals as they stand."""
    literals = [found["literal"] for found in LITERAL_OR_COMMENT.finditer(source) if found["literal"]]
    return re.sub(r"\s+", "", LITERAL_OR_COMMENT.sub(lambda found: found["literal"] or "", source)), literals


def test_a_name_changes_with_the_content(tmp_path_factory: pytest.TempPathFactory) -> None:
    names = set()
    for colour in ("red", "blue", "red"):
        root = tmp_path_factory.mktemp("static")
        (root / "css").mkdir()
        (root / "css" / "a.css").write_text(f"a {{ color: {colour}; }}")
        names.add(StaticFiles(root).address("app.css"))
    assert len(names) == 2


def test_a_class_that_one_stylesheet_styles_by_itself_means_nothing_else_in_another() -> None:
    """Such a class is a component's: another stylesheet neither styles it by itself nor makes it another's state.

    Two pages' stylesheets are never on the screen together, but for the notifications', which come anywhere.
    """
    sheets = {file: selectors(file) for file in sorted((folder("static") / "css").rglob("*.css"))}
    for one, its in sheets.items():
        own = {match[1] for selector in its if (match := re.fullmatch(r"\.([\w-]+)(?::[\w-]+)*", selector))}
        for other, theirs in sheets.items():
            apart = {one.parent.name, other.parent.name} == {"pages"} and "notifications.css" not in (
                one.name,
                other.name,
            )
            if one != other and not apart:
                told = {each for each in own for selector in theirs if takes_over(selector, each)}
                assert not told, f"{one.name} and {other.name}: {told}"


def test_no_class_is_styled_by_two_components() -> None:
    """What all pages share may look different within a component. Any other class belongs to one."""
    css = folder("static") / "css"
    component_of = {file: "task" if file.parent.name == "task" else file.stem for file in css.rglob("*.css")}
    styled: dict[str, set[str]] = {}
    for file, component in component_of.items():
        for name in re.findall(r"\.([a-z][\w-]*)", " ".join(selectors(file))):
            styled.setdefault(name, set()).add(component)
    shared = {name for name, components in styled.items() if components & SHARED}
    assert {name: its for name, its in styled.items() if len(its) > 1 and name not in shared} == {}


def selectors(file: Path) -> list[str]:
    """Of each rule, one by one, but for what is only hidden, as on paper."""
    rules = re.findall(r"([^{};]+)\{([^{}]*)\}", re.sub(r"/\*.*?\*/", "", file.read_text(), flags=re.DOTALL))
    shown = (rule for rule, said in rules if "@" not in rule and not said.strip().startswith("display: none"))
    return [each.strip() for rule in shown for each in re.split(r",(?![^(]*\))", rule)]


def takes_over(selector: str, name: str) -> bool:
    """Whether it is of the class alone, or of the class together with another on the same element."""
    last = re.split(r"[\s>+~]+(?![^(]*\))", selector)[-1]
    classes = re.findall(r"\.([\w-]+)", re.sub(r":(?:has|not|is)\([^)]*\)", "", last))
    return name in classes and (len(classes) > 1 or re.fullmatch(rf"\.{name}(?::[\w-]+)*", selector) is not None)
