"""Static files: their forms by Accept-Encoding, their names, and what is left out of our own."""

import gzip
import re

import brotli  # type: ignore[import-untyped]
import pytest
from starlette.testclient import TestClient

from helpdesk.assets import folder
from helpdesk.web.static import BUNDLES, StaticFiles, accepted_codings, lighter
from tests.web.conftest import HTML, Visit

FOREVER = "public, max-age=31536000, immutable"


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


def test_a_head_tells_what_a_get_sends(visit: Visit, addresses: list[str]) -> None:
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
    assert accepted_codings(header) == codings


def test_what_is_ours_is_sent_without_indentation_and_remarks() -> None:
    source = "// why\n(() => {\n  const a = 'x // y';\n\n  // more\n  use(a); // here\n})();\n"
    assert lighter(source, ".js") == "(() => {\nconst a = 'x // y';\nuse(a); // here\n})();"
    spanning = "const a = `\n  // kept\n`;\n"
    assert lighter(spanning, ".js") == spanning


def test_styles_lose_blanks_and_remarks_but_nothing_that_is_quoted_or_counts() -> None:
    style = """@media (width < 52rem) {
      /* why: because */
      a :hover, a:hover > b { color: red; inset: calc(1px - 2px) 0; }
      [title="{ ; : , }"]::after { content: " ↑ , : ; /x/ "; }
    }
    """
    assert lighter(style, ".css") == (
        "@media (width < 52rem){a :hover,a:hover > b{color:red;inset:calc(1px - 2px) 0}"
        '[title="{ ; : , }"]::after{content:" ↑ , : ; /x/ "}}'
    )


def test_the_icons_sent_are_those_that_templates_name() -> None:
    drawn = set(re.findall(r'<symbol id="([^"]+)"', (folder("static") / "icons" / "icons.svg").read_text()))
    calls = [
        call
        for file in folder("templates").rglob("*.html")
        for call in re.findall(r"icon\((?!name)(.*?)\) ?}}", file.read_text())
    ]
    assert {name for call in calls for name in re.findall("'([a-z-]+)'", call)} - {"good", "bad"} == drawn


def test_bundles_lose_no_rule_and_no_statement() -> None:
    files = StaticFiles(folder("static"))
    for name, patterns in BUNDLES.items():
        sent = re.sub(r"\s+", "", files.files[files.names[name]].content.decode())
        parts = [part for pattern in patterns for part in folder("static").glob(pattern)]
        assert parts, name
        for part in parts:
            remarks = r"(?m)^\s*//.*$" if part.suffix == ".js" else r"/\*.*?\*/"
            whole = re.sub(r"\s+", "", re.sub(remarks, "", part.read_text()))
            assert (whole.replace(";}", "}") if part.suffix == ".css" else whole) in sent, part.name


def test_a_name_changes_with_the_content(tmp_path_factory: pytest.TempPathFactory) -> None:
    names = set()
    for colour in ("red", "blue", "red"):
        root = tmp_path_factory.mktemp("static")
        (root / "css").mkdir()
        (root / "css" / "a.css").write_text(f"a {{ color: {colour}; }}")
        names.add(StaticFiles(root).address("app.css"))
    assert len(names) == 2
