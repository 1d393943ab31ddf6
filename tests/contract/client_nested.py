"""A program as an office may have written it from the documents that nest things: `task["status"]["name"]`.

    client_nested.py URL LOGIN PASSWORD TASK STATUS

Works a day on TASK, moves it to STATUS, and prints what it read as one JSON object. It knows nothing of our code.
"""

import json
import sys

import requests

SECONDS = 30


class Helpdesk:
    def __init__(self, url):
        self.url, self.session = url, requests.Session()

    def call(self, method, path, **sent):
        return self.session.request(method, self.url + path, timeout=SECONDS, **sent)

    def ask(self, method, path, **sent):
        answer = self.call(method, path, **sent)
        answer.raise_for_status()
        return answer.json()

    def refused(self, method, path, **sent):
        answer = self.call(method, path, **sent)
        return {"code": answer.status_code, "body": answer.json()}


def every_page(helpdesk, per_page):
    """All tasks of mine, page by page."""
    found, page, pages = [], 1, 1
    while page <= pages:
        read = helpdesk.ask("GET", "/tasks/my-tasks", params={"page": page, "per_page": per_page, "closed": 1})
        found += [task["id"] for task in read["tasks"]]
        page, pages, total = page + 1, read["pagination"]["pages"], read["pagination"]["total"]
    return {"ids": found, "total": total}


def a_fifth(total):
    """So many to a page that there are several pages, and not a hundred."""
    return min(100, max(7, total // 5))


def narrowed(helpdesk, task):
    """The same tasks asked for in each of the ways in which a filter may be written."""
    status, priority, project = task["status"]["id"], task["priority"]["id"], task["project"]["id"]
    ways = {
        "id": {"status_id": status, "priority_id": priority, "project_id": project},
        "repeated": [("status_id", status), ("status_id", 0), ("priority_id", priority), ("project_id", project)],
        "list": {"status_id": f"{status},0", "priority_id": f"{priority}", "project_id": f"{project}"},
        "name": {each: task[each]["name"] for each in ("status", "priority", "project")},
    }
    lists = {}
    for way, asked in ways.items():
        extra = [("per_page", "100"), ("sort", "id"), ("order", "asc")]
        pairs = asked if isinstance(asked, list) else list(asked.items())
        lists[way] = [row["id"] for row in helpdesk.ask("GET", "/tasks/my-tasks", params=pairs + extra)["tasks"]]
    return lists


def change(helpdesk, task, status_name):
    """The status, the priority and the assignee; then what must be refused."""
    here = f"/tasks/api/task/{task['id']}"
    offered = helpdesk.ask("GET", f"{here}/statuses")["available_statuses"]
    wanted = next(each["id"] for each in offered if each["name"] == status_name)
    body = {"status_id": wanted, "comment": "Беру в работу", "lock_version": task["lock_version"]}
    read = {"status": helpdesk.ask("PUT", f"{here}/status", json={**body, "notify_users": False})}
    read["stale"] = helpdesk.refused("PUT", f"{here}/status", json={**body, "status_id": task["status"]["id"]})
    read["unchanged"] = helpdesk.refused("PUT", f"{here}/status", json={"status_id": wanted})
    offered = helpdesk.ask("GET", f"{here}/priorities")
    other = next(each for each in offered["available_priorities"] if each != offered["current_priority"])
    read["priority"] = helpdesk.ask("PUT", f"{here}/priority", json={"priority_id": other["id"], "comment": "Срочно"})
    offered = helpdesk.ask("GET", f"{here}/assignees")
    read["nobody"] = helpdesk.ask("PUT", f"{here}/assignee", json={"assignee_id": None})
    one = offered["available_assignees"][0]
    read["assignee"] = helpdesk.ask("PUT", f"{here}/assignee", json={"assignee_id": one["id"]})
    return {**read, "wanted": {"status": wanted, "priority": other, "assignee": one}}


def main(url, login, password, number, status_name):
    helpdesk = Helpdesk(url)
    read = {"wrong": helpdesk.refused("POST", "/users/login", json={"username": login, "password": "wrong"})}
    read["login"] = helpdesk.ask("POST", "/users/login", json={"username": login, "password": password})
    read["first"] = helpdesk.ask("GET", read["login"]["redirect_url"])
    few = a_fifth(read["first"]["pagination"]["total"])
    read["pages"], read["at_once"] = every_page(helpdesk, few), every_page(helpdesk, 100)
    task = read["task"] = helpdesk.ask("GET", f"/tasks/api/task/{number}")
    read["found"] = helpdesk.ask("GET", "/tasks/my-tasks", params={"search": f"#{number}"})
    read["narrowed"] = narrowed(helpdesk, task)
    read["changes"] = change(helpdesk, task, status_name)
    read["comment"] = helpdesk.ask("POST", f"/tasks/api/task/{number}/comments", json={"comment": "Готово: проверьте."})
    updates = [{"task_id": task["id"], "comment": "Всем сразу"}, {"task_id": 2_000_000_000, "comment": "Никому"}]
    read["bulk"] = helpdesk.ask("PUT", "/tasks/api/tasks/bulk", json={"updates": updates})
    read["history"] = helpdesk.ask("GET", f"/tasks/api/task/{number}/history")["history"]
    read["after"] = helpdesk.ask("GET", f"/tasks/api/task/{number}")
    read["logout"] = helpdesk.ask("POST", "/users/logout")
    read["nobody"] = helpdesk.refused("GET", "/tasks/my-tasks")
    print(json.dumps(read))


if __name__ == "__main__":
    main(*sys.argv[1:])
