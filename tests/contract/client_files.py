"""A program that makes tasks, sends files to them, takes them down again and clears up, written from the documents.

    client_files.py URL LOGIN PASSWORD TASK STATUS

Makes tasks like TASK, where that is and of its kind, and prints what it read as one JSON object; STATUS is for the
other programs. It knows nothing of our code.
"""

import json
import sys

import requests

PICTURE = bytes.fromhex("89504e470d0a1a0a") + b"not really a picture, and nobody shall run it"
FILES = {"отчёт за январь.txt": "Всё напечатано.\n".encode() * 1000, "снимок «экрана».png": PICTURE}

url, login, password, like, _ = sys.argv[1:]
session = requests.Session()


def call(method, path, **sent):
    return session.request(method, url + path, timeout=30, **sent)


def ask(method, path, **sent):
    answer = call(method, path, **sent)
    answer.raise_for_status()
    return {"code": answer.status_code, **answer.json()}


def refused(method, path, **sent):
    answer = call(method, path, **sent)
    return {"code": answer.status_code, "body": answer.json()}


def download(file):
    """The same file as a whole, in two parts, and not at all because it is here already."""
    told = ask("GET", f"{task}/attachment/{file['id']}/download", params={"format": "json"})
    whole = call("GET", told["download_url"])
    whole.raise_for_status()
    parts = [call("GET", told["download_url"], headers={"Range": span}) for span in ("bytes=0-9", "bytes=10-")]
    again = call("GET", told["download_url"], headers={"If-None-Match": whole.headers["ETag"]})
    head = call("HEAD", told["download_url"])
    return {
        "told": told,
        "same": whole.content == FILES[file["filename"]],
        "headers": dict(whole.headers),
        "parts": [part.status_code for part in parts],
        "joined": b"".join(part.content for part in parts) == whole.content,
        "again": [again.status_code, len(again.content)],
        "head": [head.status_code, head.headers["Content-Length"], len(head.content)],
    }


ask("POST", "/users/login", json={"username": login, "password": password})
like = ask("GET", f"/tasks/api/task/{like}")["data"]
wish = {
    "subject": "Новый монитор в 214",
    "project_id": like["project_id"],
    "tracker_id": like["tracker_id"],
    "description": "Старый *мигает*.",
    "start_date": "2026-11-02",
    "due_date": "2026-11-09",
}
key = {"Idempotency-Key": "files-client"}
read = {"created": [ask("POST", "/tasks/api/task", json=wish, headers=key) for _ in "12"]}
read["nameless"] = refused("POST", "/tasks/api/task", json={**wish, "subject": " "})
number = read["created"][0]["data"]["task_id"]
task = f"/tasks/api/task/{number}"
read["task"] = ask("GET", task)

parts = [("files", (name, content)) for name, content in FILES.items()]
read["attached"] = ask("POST", f"/tasks/{number}/attachments", data={"comment": "Вот они"}, files=parts)
read["with_files"] = ask("GET", task)
read["downloads"] = [download(file) for file in read["with_files"]["attachments"]]
read["no_such_file"] = refused("GET", f"{task}/attachment/2000000000/download")

version = read["with_files"]["lock_version"]
edit = {"subject": "Два монитора в 214", "done_ratio": 30, "due_date": None, "comment": "Нужно два"}
read["edited"] = ask("PUT", task, json={**edit, "lock_version": version})
read["stale"] = refused("PUT", task, json={"subject": "Три монитора", "lock_version": version})
read["impossible"] = refused("PUT", task, json={"done_ratio": 200})
read["history"] = ask("GET", f"{task}/history")["history"]
read["deleted"] = refused("DELETE", task)
read["after"] = refused("GET", task)
print(json.dumps(read))
