"""Reports as files: opened again by openpyxl, with the very numbers of the page."""

import asyncio
import csv
import tempfile
from collections.abc import AsyncIterator, Sequence
from io import BytesIO, StringIO
from typing import Any

import pytest
from openpyxl import load_workbook

from helpdesk.reports import listed, xlsx
from helpdesk.reports.model import Life, Question
from helpdesk.services import Services
from helpdesk.store import promises
from helpdesk.store.promises import PromiseValues
from helpdesk.tasks.model import Actor
from helpdesk.web.reports.exports import export, files
from tests.web.conftest import HTML, Client, Visit
from tests.web.reports import world
from tests.world import FIELD_IDS, PEOPLE_IDS, EmbeddedWorld

REST = " are too many to read."
NUMBERS = ("created", "closed", "reopened", "open")
QUERIES = ["", "group=executor&group=time", f"group=cf_{FIELD_IDS['Способ связи']}&period=year", "group=department"]


@pytest.fixture
def boris(embedded: EmbeddedWorld, visit: Visit) -> Client:
    world.fill(embedded)
    return visit("boris")


def sheets(boris: Client, query: str) -> dict[str, list[list[Any]]]:
    answer = boris.get(f"/reports/export.xlsx?{query}")
    assert answer.status_code == 200, answer.text
    assert (
        answer.headers["content-type"].endswith("spreadsheetml.sheet")
        and ".xlsx" in answer.headers["content-disposition"]
    )
    return {it.title: [[cell.value for cell in row] for row in it] for it in load_workbook(BytesIO(answer.content))}


def lines(boris: Client, query: str) -> list[list[str]]:
    answer = boris.get(f"/reports/export.csv?{query}")
    assert answer.status_code == 200, answer.text
    return list(csv.reader(StringIO(answer.content.decode("utf-8-sig")), delimiter=";"))


@pytest.mark.parametrize("query", QUERIES)
def test_the_numbers_of_a_file_are_those_of_the_page(boris: Client, query: str) -> None:
    report, found = boris.get(f"/reports?{query}").json()["report"], sheets(boris, query)
    depth = len(report["groups"]) or 1
    total = [report["total"][it] for it in NUMBERS]
    expected = [[line[it] for it in NUMBERS] for line in report["lines"] or report["parts"]]
    assert [row[depth:] for row in found["Report"][1:]] == [*expected, total]
    if report["groups"]:
        names = [[it["name"] for it in line["values"]] for line in report["lines"]]
        assert [[name for name in row[:depth] if name] for row in found["Report"][1:-1]] == names
        parts = [[it[name] for name in NUMBERS] for it in report["parts"]]
        assert [row[1:] for row in found["Period"][1:]] == [*parts, total]
    marked = found["Task list"][1:]
    assert [sum(1 for row in marked if row[place]) for place in range(-4, 0)] == total
    assert [["" if it is None else str(it) for it in row] for row in found["Report"]] == lines(boris, query)


def test_the_tasks_of_a_number_are_those_of_its_page(boris: Client) -> None:
    query = "measure=open&group=priority&cell=3"
    page = boris.get(f"/reports/tasks?{query}").json()
    rows = sheets(boris, query)["Task list"][1:]
    assert len(rows) == page["pagination"]["total"] > 0
    assert [row[0] for row in rows][: len(page["tasks"])] == [it["id"] for it in page["tasks"]]
    assert all(row[1].startswith("=Задача") for row in rows)
    assert all(line[1].startswith("'=Задача") for line in lines(boris, query)[1:])


@pytest.mark.parametrize("days", [7, 15, 30])
def test_stale_tasks_are_those_of_their_page(boris: Client, days: int) -> None:
    page = boris.get(f"/reports/stale?days={days}").json()
    rows = sheets(boris, f"of=stale&days={days}")["Stale tasks"][1:]
    expected = [(it["id"], it["days_unchanged"]) for it in page["tasks"]]
    assert [(row[0], row[-1]) for row in rows][: len(expected)] == expected
    assert len(rows) == page["pagination"]["total"] > 0


@pytest.mark.parametrize("split", ["priority", "age", "status"])
def test_the_workload_is_that_of_its_page(boris: Client, split: str) -> None:
    page = boris.get(f"/reports/workload?split={split}").json()
    rows = sheets(boris, f"of=workload&split={split}")["Workload"][1:]
    names = [*(it["assigned_to"] for it in page["rows"]), "Total"]
    people = zip(names, [*page["rows"], page["whole"]], strict=True)
    assert rows == [[name, it["open"], it["stuck"], *it["open_by"]] for name, it in people]


@pytest.mark.parametrize("group", ["", "group=executor&group=time"])
def test_times_are_those_of_their_page(boris: Client, group: str) -> None:
    page = boris.get(f"/reports/times?{group}").json()["times"]
    rows = sheets(boris, f"of=times&{group}")["Times"][1:]
    expected = [*page["rows"], page["total"]]
    assert len(expected) > 5

    def numbers(row: dict[str, Any]) -> list[Any]:
        shown = [row["tasks"]]
        for name in ("answer", "solution"):
            spreads = [row[name][it] or {"median": None, "p90": None} for it in ("working", "whole")]
            hours = [it and round(it / 3_600, 2) for spread in spreads for it in spread.values()]
            shown += [row[name]["number"], *hours]
        return shown

    assert [row[-11:] for row in rows] == [numbers(it) for it in expected] and expected[0]["tasks"]


@pytest.mark.parametrize("group", ["", "group=executor&group=priority"])
def test_promises_are_those_of_their_page(boris: Client, services: Services, group: str) -> None:
    usual = PromiseValues("Всем", None, None, None, 240, 60 * 24 * 60, None, True)
    services.database.run_here(lambda db: promises.add(db, PEOPLE_IDS["admin"], usual), writes=True)
    page = boris.get(f"/reports/promises?{group}").json()["promises"]
    rows = sheets(boris, f"of=promises&{group}")["Promises of time"]
    expected = [[*line["answer"].values(), *line["solution"].values()] for line in (*page["lines"], page["total"])]
    assert [row[-8:] for row in rows[1:]] == expected and len(expected) > 3
    assert rows[0][-8] == "First answer: Kept" and rows[0][-1] == "Solution: Share kept"
    assert "of=promises" in boris.get("/reports/promises", headers=HTML).text


@pytest.mark.parametrize("of", ["", "of=tasks&", "of=stale&", "of=workload&"])
def test_what_is_not_divided_may_be_of_any_length(boris: Client, of: str) -> None:
    query = f"{of}since=1970-01-02&until=2026-09-01&by=day&measure=created"
    assert len(lines(boris, query)) > 1


def test_everybody_exports_what_they_see(boris: Client, visit: Visit) -> None:
    mine, theirs = (len(sheets(it, "")["Task list"]) for it in (boris, visit("irina")))
    assert mine > theirs > 1
    for kind in ("xlsx", "csv"):
        assert visit("anna").get(f"/reports/export.{kind}").status_code == 403
        assert visit().get(f"/reports/export.{kind}").status_code == 401


@pytest.mark.parametrize(
    "query", ["of=nonsense", "since=2026-02-01&until=2026-01-01", "group=cf_999", "of=stale&days=8"]
)
def test_what_is_not_understood_is_refused(boris: Client, query: str) -> None:
    for kind in ("xlsx", "csv"):
        assert boris.get(f"/reports/export.{kind}?{query}").status_code == 422


def test_too_many_rows_are_refused_with_a_sentence_and_free_the_place(
    boris: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr("helpdesk.web.reports.exports.files.MOST_ROWS", 5)
        for _ in range(6):
            answer = boris.get("/reports/export.xlsx?of=tasks")
            assert answer.status_code == 422 and "too many" in answer.json()["message"]
    assert sheets(boris, "of=tasks")
    assert len(lines(boris, "of=tasks")) > 5


def test_a_report_of_too_many_tasks_says_so_in_place_of_them(boris: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "MOST_TASKS", 3)
    found = sheets(boris, "")
    assert len(found["Report"]) > 2 and len(found["Task list"]) == 2
    assert "single number" in found["Task list"][1][1]


def test_tasks_of_several_pages_come_once_each(boris: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    queries = ("", "of=tasks", "of=stale&days=7")
    whole = [list(sheets(boris, it).values())[-1] for it in queries]
    monkeypatch.setattr(export, "BATCH", 7)
    assert [list(sheets(boris, it).values())[-1] for it in queries] == whole
    assert all(len(it) > 8 for it in whole)


def test_unanswered_tasks_are_picked_once_and_a_sample_says_so(
    boris: Client, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, query, reads = services.reports, "measure=created&since=2024-01-01&unanswered=1", list[object]()
    assert source
    lives_of = source.lives_of

    def counted(actor: Actor, question: Question) -> AsyncIterator[Sequence[Life]]:
        reads.append(question)
        return lives_of(actor, question)

    monkeypatch.setattr(source, "lives_of", counted)
    monkeypatch.setattr(export, "BATCH", 3)
    whole = [row[0] for row in lines(boris, query)[1:]]
    assert len(whole) > 9 and all(whole) and len(reads) == 1
    monkeypatch.setattr(listed, "MOST_READ", 20)
    page = boris.get(f"/reports/tasks?{query}")
    *rows, (number, note, *_) = lines(boris, query)[1:]
    assert {row[0] for row in rows} < {*whole} and len(rows) == page.json()["pagination"]["total"] > 0
    assert number == "" and note == f"These are those of one task in {page.json()['sampled_every']}: all of them" + REST
    assert note in boris.get(f"/reports/tasks?{query}", headers=HTML).text
    assert sheets(boris, query)["Task list"][-1][1] == note


async def test_a_long_table_gives_others_their_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MOST_AT_ONCE", 2 * files.CELL)
    rows = [[number] for number in range(5)]
    turns, found = list[int](), list[Any]()

    async def other() -> None:
        for turn in range(3):
            turns.append(turn)
            await asyncio.sleep(0)

    others = asyncio.create_task(other())
    async for batch in files.in_batches(rows):
        found.append((len(turns), *batch))
    await others
    assert found == [(0, [0], [1]), (1, [2], [3]), (2, [4])]


async def test_long_texts_and_many_columns_are_few_rows_at_once() -> None:
    for row in (["слово " * 2_000], [1] * 120):
        sizes = [len(batch) async for batch in files.in_batches([row] * 1_000)]
        assert sum(sizes) == 1_000 and max(sizes) < 50
    assert [len(batch) async for batch in files.in_batches([[1, 2]] * 1_000)] == [1_000]


def test_only_so_many_are_made_at_once(boris: Client, visit: Visit) -> None:
    exports = boris.app.app.state.services.exports  # type: ignore[attr-defined]  # an Edge around the application
    for _ in range(2):
        exports.begin(3)
    answer = boris.get("/reports/export.xlsx")
    assert answer.status_code == 429 and answer.headers["retry-after"]
    for _ in range(2):
        exports.end(3)
    assert sheets(boris, "")
    assert not exports.running


def test_a_head_has_no_body(boris: Client) -> None:
    answer = boris.head("/reports/export.xlsx")
    assert answer.status_code == 200 and not answer.content and "xlsx" in answer.headers["content-disposition"]


def test_no_file_is_left_when_the_disk_is_full(boris: Client, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    (tmp_path / "t").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "t"))

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(xlsx.Book, "save", full)
        assert boris.get("/reports/export.xlsx").status_code == 500
    assert sheets(boris, "")
    assert not list((tmp_path / "t").iterdir())
