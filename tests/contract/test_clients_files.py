"""A program makes a task, sends files, takes them down, edits and clears up: on the demo and over a real Redmine."""

from typing import Any
from urllib.parse import quote

from tests.contract.office import Office, assert_refused

NAMES = ["отчёт за январь.txt", "снимок «экрана».png"]


def test_a_program_makes_a_task_with_files_and_takes_all_down_again(office: Office) -> None:
    read = office.run("client_files.py")
    first, second = read["created"]
    assert first == second and first["code"] == 201 and first["message"]
    made = first["data"]
    assert set(made) == {"task_id", "subject", "status", "assigned_to", "project", "created_on"}
    assert made["subject"] == read["task"]["subject"] == "Новый монитор в 214"
    assert made["project"] == read["task"]["project"]["name"] and made["created_on"] == read["task"]["created_on"]
    assert (read["task"]["start_date"], read["task"]["due_date"]) == ("2026-11-02", "2026-11-09")
    assert_refused(read["nameless"], 422, "invalid", "errors")
    assert list(read["nameless"]["body"]["errors"]) == ["subject"]

    held = read["with_files"]["attachments"]
    assert held == read["with_files"]["data"]["attachments"] and read["attached"]["code"] == 201
    assert [file["filename"] for file in held] == NAMES
    for file, got in zip(held, read["downloads"], strict=True):
        assert_downloaded(file, got)
    assert_refused(read["no_such_file"], 404, "not_found")

    edited = read["edited"]
    assert (edited["subject"], edited["done_ratio"], edited["due_date"]) == ("Два монитора в 214", 30, None)
    assert_refused(read["stale"], 409, "conflict")
    assert read["stale"]["body"]["current"]["subject"] == "Два монитора в 214"
    assert_refused(read["impossible"], 422, "invalid", "errors")
    assert [entry["notes"] for entry in read["history"] if entry["notes"]] == ["Вот они", "Нужно два"]
    assert_refused(read["deleted"], 403, "not_allowed")
    assert read["after"]["code"] == 200


def assert_downloaded(file: dict[str, Any], got: dict[str, Any]) -> None:
    """The very bytes, as a file to be kept and never run, whole and in parts."""
    told, headers = got["told"], {name.lower(): value for name, value in got["headers"].items()}
    assert (told["filename"], told["filesize"]) == (file["filename"], file["size"])
    assert told["download_url"].startswith("/tasks/")
    assert got["same"] and got["joined"] and got["parts"] == [206, 206] and got["again"] == [304, 0]
    assert got["head"] == [200, str(file["size"]), 0]
    assert headers["content-disposition"].startswith("attachment")
    assert f"filename*=UTF-8''{quote(file['filename'])}".lower() in headers["content-disposition"].lower()
    assert headers["x-content-type-options"] == "nosniff" and "sandbox" in headers["content-security-policy"]
