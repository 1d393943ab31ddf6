"""One request for each JSON answer of quality control, and for each way in which it refuses.

The administrator asks, who has chosen a type for complaints and a field for objects.
"""

from typing import Any

from tests.contract.cases import Case, refused

CHOICES = "/quality-control/choices"
CHOSEN = {"complaint": [1], "object": 1}


def controlled(name: str, path: str, **more: Any) -> Case:
    return Case(name, "GET", path, login="admin", before=(CHOICES, CHOSEN), **more)


QUALITY = [
    controlled("quality", "/quality-control?since=2020-01-01&until=2020-12-31"),
    controlled("quality_by_kind", "/quality-control?tab=type-object&since=2020-01-01&until=2020-12-31"),
    controlled("quality_tasks", "/quality-control/tasks?period=12-months&measure=open"),
    controlled("quality_new", "/quality-control/new"),
    Case("quality_watched", "POST", "/quality-control/watch", {"on": True}, login="admin"),
    controlled("quality_choices", CHOICES),
    Case("quality_choices_saved", "POST", CHOICES, CHOSEN, login="admin"),
]
QUALITY_REFUSALS = [
    refused("501_quality_comparison", "GET", "/quality-control/comparison", login="admin"),
    refused("403_quality_of_others", "GET", "/quality-control"),
    refused("403_quality_watched_by_others", "POST", "/quality-control/watch", {"on": True}),
    refused("409_quality_choices", "POST", CHOICES, {**CHOSEN, "lock_version": "old"}, login="admin"),
    refused("422_quality_choices", "POST", CHOICES, {"complaint": [1, 999], "question": [1]}, login="admin"),
    refused("422_quality_period", "GET", "/quality-control?since=2020-02-30&group=weather", login="admin"),
]
