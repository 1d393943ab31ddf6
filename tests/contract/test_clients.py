"""Programs written from the predecessor's documents, in both of the shapes that those promised, do a day's work.

Each runs as a process of its own that knows nothing of our code, over the embedded tracker and over a real Redmine."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote

import requests

from tests.contract.office import SOLVED, WORKING, Office, assert_refused


def test_a_program_of_the_nested_shape_does_its_day(office: Office) -> None:
    read = office.run("client_nested.py")
    assert_refused(read["wrong"], 401, "wrong_credentials")
    assert read["login"]["success"] is True and read["login"]["message"]
    assert read["login"]["user"]["username"] == "anna" and read["login"]["user"]["is_admin"] is False
    assert read["login"]["redirect_url"] == "/tasks/my-tasks" and read["first"]["success"] is True
    assert read["first"]["pagination"]["page"] == 1 and len(read["first"]["tasks"]) <= 25

    assert len(read["pages"]["ids"]) == read["pages"]["total"] == len(set(read["pages"]["ids"])) > 0
    assert read["at_once"]["ids"][:100] == read["pages"]["ids"][:100]
    task = read["task"]
    assert task["id"] == office.task and task["status"]["name"] == WORKING and task["status"]["color"].startswith("#")
    assert task["assignee"]["name"] == read["login"]["user"]["full_name"] and task["project"]["name"]
    assert [row["id"] for row in read["found"]["tasks"]] == [office.task]
    assert office.task in read["narrowed"]["id"] and len(set(map(tuple, read["narrowed"].values()))) == 1

    changes = read["changes"]
    solved = changes["status"]["task"]["status"]
    assert (solved["name"], solved["color"]) == (SOLVED, "#00ff00")
    assert changes["status"]["task"]["id"] == office.task and changes["status"]["lock_version"] != task["lock_version"]
    assert_refused(changes["stale"], 409, "conflict")
    assert changes["stale"]["body"]["current"]["status"]["name"] == SOLVED
    assert_refused(changes["unchanged"], 400, "unchanged")
    assert changes["priority"]["task"]["priority"]["id"] == changes["wanted"]["priority"]["id"]
    assert (
        changes["nobody"]["task"]["assignee"] is None and changes["nobody"]["old_assignee_id"] == task["assignee"]["id"]
    )
    assert changes["assignee"]["task"]["assignee"]["id"] == changes["wanted"]["assignee"]["id"]

    assert read["comment"]["comment"]["notes"] == "Готово: проверьте."
    assert [result["success"] for result in read["bulk"]["results"]] == [True, False]
    assert (read["bulk"]["successful_count"], read["bulk"]["failed_count"]) == (1, 1)
    assert read["bulk"]["results"][1]["error"] == "not_found"
    said = [entry["notes"] for entry in read["history"] if entry["notes"]]
    assert said[-4:] == ["Беру в работу", "Срочно", "Готово: проверьте.", "Всем сразу"]
    assert f"Статус: {WORKING} → {SOLVED}" in [line for entry in read["history"] for line in entry["changes"]]
    assert read["after"]["status"]["name"] == SOLVED and read["after"]["updated_on"].endswith("Z")
    assert read["logout"]["success"] is True
    assert_refused(read["nobody"], 401, "not_signed_in")


def test_a_program_of_the_flat_shape_does_its_day(office: Office) -> None:
    read = office.run("client_flat.py")
    assert_refused(read["wrong"], 401, "wrong_credentials")
    assert read["login"]["redirect"] == read["login"]["redirect_url"] == "/tasks/my-tasks"
    assert len(read["ids"]) == read["total"] == len(set(read["ids"])) > 0

    data, status = read["data"], read["status"]
    assert (data["id"], data["status_name"]) == (office.task, WORKING)
    assert data["assigned_to_name"] == read["login"]["user"]["full_name"]
    assert office.task in read["by_name"]
    assert office.task in [task["id"] for task in read["of_person"]["tasks"]]
    assert read["of_person"]["user"].items() <= read["login"]["user"].items()
    asked = {name: data[f"{name}_name"] for name in ("status", "priority", "project")}
    assert read["filters"] == {**asked, "search": None}
    assert data["project_id"] in [project["id"] for project in read["projects"]]
    assert {(word["id"], word["name"]) for word in read["words"]} >= {(data["status_id"], WORKING)}
    assert read["offered"]["current_status"] == {"id": data["status_id"], "name": WORKING}
    assert read["offered"]["total_available"] == len(read["offered"]["available_statuses"])

    assert (status["old_status_id"], status["new_status_name"]) == (data["status_id"], SOLVED)
    assert status["data"]["old_status"] == WORKING and status["data"]["new_status"] == SOLVED
    assert status["data"]["comment_added"] is True and status["task_id"] == status["data"]["task_id"] == office.task
    assert_refused(read["impossible"], 422, "invalid", "errors")
    assert read["priority"]["old_priority_id"] == data["priority_id"] != read["priority"]["new_priority_id"]
    assert read["assignee"]["old_assignee_id"] == data["assigned_to_id"] and read["assignee"]["new_assignee_id"] is None

    first, second = read["comments"]
    assert first == second and read["notes"].count("Уже иду") == 1
    assert_refused(read["key_reused"], 409, "key_reused")
    assert read["notes"][-2:] == ["Беру", "Уже иду"] and f"Статус: {WORKING} → {SOLVED}" in read["changes"]
    assert read["bulk"]["results"] == [{"task_id": office.task, "success": True}]
    assert (read["after"]["status_name"], read["after"]["assigned_to_id"]) == (WORKING, None)
    assert read["logout"]["success"] is True
    assert_refused(read["nobody"], 401, "not_signed_in")


# A program makes a task, sends files, takes them down, edits and clears up: on the demo and over a real Redmine


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


# The same write sent five times at once under one key, by a program whose line stutters, is done once


TIMES = 5


def test_five_posts_at_once_write_one_comment(office: Office) -> None:
    task = f"{office.url}/tasks/api/task/{office.task}"
    with requests.Session() as session:
        session.post(f"{office.url}/users/login", json={"username": office.login, "password": office.password})
        sent = {"json": {"comment": "Пять раз, один"}, "headers": {"Idempotency-Key": "k5"}, "timeout": 60}
        cookies = session.cookies.get_dict()

        def post() -> requests.Response:
            return requests.post(f"{task}/comments", cookies=cookies, **sent)

        with ThreadPoolExecutor(TIMES) as pool:
            answers = [each.result() for each in [pool.submit(post) for _ in range(TIMES)]]
        history = session.get(f"{task}/history", timeout=60).json()["history"]
    assert [answer.status_code for answer in answers] == [201] * TIMES
    assert len({answer.text for answer in answers}) == 1
    assert [entry["notes"] for entry in history].count("Пять раз, один") == 1
