"""A program as an office may have written it from the documents that keep things flat: `answer["data"]["status_name"]`.

    client_flat.py URL LOGIN PASSWORD TASK STATUS

Sends forms and uses the oldest addresses, moves TASK to STATUS, and prints what it read as one JSON object. It knows
nothing of our code.
"""

import json
import sys

import requests

session = requests.Session()


def send(method, address, ok=True, **sent):
    answer = session.request(method, address, timeout=30, **sent)
    if ok:
        answer.raise_for_status()
        return answer.json()
    return {"code": answer.status_code, "body": answer.json()}


def my_tasks(url, **asked):
    return send("GET", f"{url}/my-tasks", params=asked)  # redirects to today's address


def all_ids(url, limit):
    first = my_tasks(url, limit=limit, closed="true")
    ids = [task["id"] for task in first["tasks"]]
    for page in range(2, first["pagination"]["pages"] + 1):
        ids += [task["id"] for task in my_tasks(url, limit=limit, page=page, closed="yes")["tasks"]]
    return ids, first["pagination"]["total"]


def by_name(url, data):
    """The task must be among those that share its words."""
    words = {"status": data["status_name"], "priority": data["priority_name"], "project": data["project_name"]}
    found = my_tasks(url, limit=100, **words)
    return [task["id"] for task in found["tasks"]], found["filters"]


def comment_twice(task):
    """A line that broke: the program does not know, and sends the same once more under the same key."""
    key = {"idempotency-key": "flat-client-1"}
    return [send("POST", f"{task}/comment", data={"comment": "Уже иду", "private": "0"}, headers=key) for _ in "12"]


def retyped_key(task):
    return send(
        "POST", f"{task}/comment", ok=False, data={"comment": "Другое"}, headers={"IDEMPOTENCY-KEY": "flat-client-1"}
    )


url, login, password, number, status_name = sys.argv[1:]
task = f"{url}/tasks/api/task/{number}"
read = {"wrong": send("POST", f"{url}/login", ok=False, data={"username": login, "password": "wrong"})}
read["login"] = send("POST", f"{url}/login", data={"username": login, "password": password, "remember": "on"})
read["ids"], read["total"] = all_ids(url, min(100, max(7, my_tasks(url)["pagination"]["total"] // 5)))
read["data"] = send("GET", task)["data"]
read["by_name"], read["filters"] = by_name(url, read["data"])
read["of_person"] = send("GET", f"{url}/api/user/{read['login']['user']['id']}/tasks", params={"limit": 100})
read["projects"] = send("GET", f"{url}/api/redmine/projects")["projects"]
read["words"] = send("GET", f"{url}/api/redmine/statuses")["statuses"]

offered = send("GET", f"{task}/statuses")
wanted = next(each["id"] for each in offered["available_statuses"] if each["name"] == status_name)
form = {"status_id": wanted, "comment": "Беру", "notify_users": "no"}
read["offered"] = offered
read["status"] = send("PUT", f"{url}/api/task/{number}/status", data=form)
read["impossible"] = send("PUT", f"{task}/status", ok=False, data={"status_id": "сломано"})
now = send("GET", f"{task}/priorities")
other = next(each["id"] for each in now["available_priorities"] if each != now["current_priority"])
read["priority"] = send("PUT", f"{task}/priority", data={"priority_id": other})
read["assignee"] = send("PUT", f"{task}/assignee", data={"assignee_id": ""})

read["comments"] = comment_twice(task)
read["key_reused"] = retyped_key(task)
entries = send("GET", f"{task}/history")["history"]
read["notes"] = [entry["notes"] for entry in entries if entry["notes"]]
read["changes"] = [line for entry in entries for line in entry["changes"]]
updates = [{"task_id": int(number), "status_id": str(offered["current_status"]["id"]), "comment": "Обратно"}]
read["bulk"] = send("PUT", f"{url}/tasks/api/tasks/bulk", json={"updates": updates})
read["after"] = send("GET", task)["data"]
read["logout"] = send("GET", f"{url}/logout")
read["nobody"] = send("GET", task, ok=False)
print(json.dumps(read))
