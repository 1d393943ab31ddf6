"""One request for each JSON answer of the network monitor, and for each way in which it refuses.

Anna sees one host, which has answered twice and failed once, and was down before; the administrator keeps hosts.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.contract.cases import Case, refused

TOMORROW = (datetime.now(UTC) + timedelta(days=1)).isoformat(timespec="seconds")
HOST = {"name": "Почта", "method": "tcp", "address": "mail.example.test", "port": 25, "group_name": "Офис"}
WINDOW = {"of": "host:1", "ends_at": TOMORROW, "reason": "Замена кабеля"}


def kept(name: str, method: str, path: str, body: Any = None, **more: Any) -> Case:
    return Case(name, method, path, body, login="admin", **more)


MONITOR = [
    Case("monitor", "GET", "/netmonitor"),
    Case("monitor_host", "GET", "/netmonitor/1"),
    Case("monitor_host_older", "GET", "/netmonitor/1?before=1"),
    Case("monitor_checked", "POST", "/netmonitor/1/check", {}),
    Case("monitor_watched", "POST", "/netmonitor/watch", {"on": True}),
    Case("monitor_note", "POST", "/netmonitor/incidents/1/note", {"note": "Заменили кабель."}),
    Case("monitor_status", "GET", "/netmonitor/status"),
    Case("monitor_status_at_the_old_address", "GET", "/api/status"),
    Case("monitor_history", "GET", "/netmonitor/history?host=ШЛЮЗ"),
    Case("monitor_history_at_the_old_address", "GET", "/api/ping-history?target=127.0.0.1&limit=50"),
    Case("monitor_ping", "GET", "/api/ping?target=127.0.0.1"),
    Case("monitor_summary", "GET", "/netmonitor/summary"),
    Case("monitor_public", "GET", "/status", login=None, settings={"netmonitor_status_page": True}),
    kept("monitor_hosts", "GET", "/netmonitor/hosts"),
    kept("monitor_host_added", "POST", "/netmonitor/hosts", HOST),
    kept("monitor_host_form", "GET", "/netmonitor/hosts/1"),
    kept("monitor_host_changed", "POST", "/netmonitor/hosts/1", {"address": "127.0.0.2", "lock_version": "1"}),
    kept("monitor_host_removed", "POST", "/netmonitor/hosts/1/remove", {"sure": True}),
    kept("monitor_windows", "GET", "/netmonitor/maintenance"),
    kept("monitor_window_set", "POST", "/netmonitor/maintenance", WINDOW),
    kept("monitor_window_ended", "POST", "/netmonitor/maintenance/1/end", {}),
]
MONITOR_REFUSALS = [
    refused("404_no_such_host", "GET", "/netmonitor/history?host=nowhere"),
    refused("404_monitor_of_others", "GET", "/netmonitor/status", settings={"netmonitor_access": "administrators"}),
    refused("404_status_page_off", "GET", "/status", login=None),
    refused("409_host_conflict", "POST", "/netmonitor/hosts/1", {"lock_version": "7", "port": 1}, login="admin"),
    refused("422_host", "POST", "/netmonitor/hosts", {"name": "шлюз", "method": "smoke"}, login="admin"),
    refused("422_host_not_sure", "POST", "/netmonitor/hosts/1/remove", {}, login="admin"),
    refused("422_no_host_named", "GET", "/netmonitor/history?since=yesterday"),
    refused("422_window", "POST", "/netmonitor/maintenance", {"ends_at": "2020-01-01T10:00"}, login="admin"),
]
