"""The command line, run as an administrator runs it: in a process and a folder of its own."""

import json
import os
import re
import resource
import signal
import socket
import sqlite3
import subprocess
from pathlib import Path

import httpx
import pytest

from helpdesk.commands import MOST_FILES, raise_limit
from helpdesk.notifications.channels.webpush import keys
from tests import forked
from tests.running import database_of, running_helpdesk
from tests.servers.process import free_port, wait_until
from tests.servers.redmine import Redmine

SECRET = "a secret of the tests, long enough to be one"


@pytest.fixture
def run(tmp_path: Path):
    def helpdesk(*arguments: str, typed: str = "", **environ: str) -> subprocess.CompletedProcess[str]:
        return forked.run(arguments, tmp_path, {"PATH": os.environ["PATH"], **environ}, typed)

    return helpdesk


def test_accounts_are_added_listed_and_disabled_and_sign_in(run, tmp_path: Path) -> None:
    assert run("migrate").returncode == 0
    added = run("user", "add", "vera", "--admin", "--name", "Вера", typed="a long password\n")
    assert added.returncode == 0 and "a long password" not in added.stdout
    assert run("user", "add", "VERA", typed="a long password\n").returncode == 1
    assert "too short" in run("user", "add", "nina", typed="short\n").stderr
    assert "vera" in (listed := run("user", "list").stdout) and "admin" in listed and "Вера" in listed
    with running_helpdesk(tmp_path, "serve", environ={"SECRET_KEY": SECRET}) as helpdesk:
        body = {"username": "vera", "password": "a long password"}
        assert httpx.post(f"{helpdesk.url}/users/login", json=body).json()["user"]["is_admin"] is True
        assert "last administrator" in run("user", "disable", "vera").stderr
        assert run("user", "add", "boris", "--admin", typed="a long password\n").returncode == 0
        assert run("user", "disable", "vera").returncode == 0
        assert httpx.post(f"{helpdesk.url}/users/login", json=body).status_code == 401
    assert run("user", "disable", "nobody").returncode == 1


def test_new_keys_of_web_push_can_be_pasted_into_the_settings(run) -> None:
    lines = [line.split("=") for line in run("vapid-keys").stdout.splitlines() if not line.startswith("#")]
    made = dict(lines)
    assert list(made) == ["VAPID_PUBLIC_KEY", "VAPID_PRIVATE_KEY", "VAPID_CLAIM_EMAIL"]
    assert keys.trouble(made["VAPID_PUBLIC_KEY"], made["VAPID_PRIVATE_KEY"], "admin@example.test") is None
    assert run("vapid-keys").stdout != run("vapid-keys").stdout


def test_a_login_that_could_not_be_typed_is_refused(run) -> None:
    assert run("migrate").returncode == 0
    for login in ("", " ", "a b", "a:b", "x" * 121):
        refused = run("user", "add", login, typed="a long password\n")
        assert refused.returncode == 1 and "A login has" in refused.stderr, login


def test_a_store_that_cannot_be_reached_is_reported_in_a_sentence(run) -> None:
    for address in ("sqlite:////nonexistent/folder/x.db", "mysql+pymysql://h:geheim@127.0.0.1:1/h"):
        for verb in (("migrate",), ("serve",), ("user", "list")):
            refused = run(*verb, DATABASE_URL=address, SECRET_KEY=SECRET)
            assert refused.returncode == 1 and refused.stderr and "Traceback" not in refused.stderr
            assert "geheim" not in refused.stderr
    missing = run("migrate", DATABASE_URL="postgresql+psycopg://h@127.0.0.1:1/h")
    assert missing.returncode == 1 and "psycopg" in missing.stderr and "Traceback" not in missing.stderr


def test_every_worker_logs_json_and_knows_the_setup_token(run, tmp_path: Path) -> None:
    run("migrate")
    environ = {"SECRET_KEY": SECRET, "REDMINE_APIKEY": "geheim", "ADMINISTRATORS": "local:vera"}
    with running_helpdesk(tmp_path, "serve", "--workers", "2", environ=environ, forked=False) as helpdesk:
        assert httpx.get(f"{helpdesk.url}/users/login", headers={"X-Request-ID": "find-me"}).is_success
        log = tmp_path / "helpdesk.log"
        (token,) = re.findall("There is no administrator yet.* becomes one: (\\S+)", log.read_text())
        body = {"username": "vera", "email": "v@x.test", "password": "long-enough", "confirm_password": "long-enough"}
        registered = httpx.post(f"{helpdesk.url}/users/register", json=body | {"setup_token": token})
        assert registered.json()["user"]["is_admin"] is True
        wait_until(lambda: "find-me" in log.read_text(), seconds=10, what="no line of the request in the log")
        lines = log.read_text().splitlines()
    assert helpdesk.process.returncode == 0  # it was asked to end, and was not killed for being late
    (told,) = [json.loads(line) for line in lines if "find-me" in line]
    assert (told["path"], told["status"]) == ("/users/login", 200)
    (once,) = [json.loads(line) for line in lines if "REDMINE_APIKEY" in line]
    assert once["notices"] == ["the environment: REDMINE_APIKEY is not understood; is REDMINE_API_KEY meant?"]
    assert "geheim" not in "\n".join(lines)


def test_serving_needs_a_key_a_current_schema_and_no_demo(run, tmp_path: Path) -> None:
    assert "SECRET_KEY" in (missing := run("serve")).stderr and missing.returncode == 1
    assert "helpdesk migrate" in run("serve", SECRET_KEY=SECRET).stderr
    with running_helpdesk(tmp_path, "demo", "--no-colleague", "--data", "demo", forked=False) as helpdesk:
        pass
    assert helpdesk.process.returncode in (0, -signal.SIGTERM)
    demo = run("serve", SECRET_KEY=SECRET, DATABASE_URL="sqlite:///demo/helpdesk.db")
    assert demo.returncode == 1 and "demo" in demo.stderr and "Traceback" not in demo.stderr


def test_migrating_refuses_what_is_not_ours(run, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "others.db") as others:
        others.execute("CREATE TABLE issues (id INTEGER)")
    refused = run("migrate", DATABASE_URL="others.db")
    assert refused.returncode == 1 and "Nothing was touched" in refused.stderr


def test_settings_are_shown_without_secrets(run) -> None:
    shown = run("settings", SECRET_KEY=SECRET, REDMINE_URL="http://127.0.0.1:1", REDMINE_API_KEY="geheim")
    assert shown.returncode == 0 and SECRET not in shown.stdout and "geheim" not in shown.stdout
    assert "http://127.0.0.1:1" in shown.stdout and "environment" in shown.stdout
    told = run("settings", BRAND_LOGO="mail.example.test", MYSQL_ARCHIVE_HOST="geheim").stdout
    assert "mail.example.test" in told and "environment, not used yet" in told
    assert "MYSQL_ARCHIVE_HOST is not understood." in told and "geheim" not in told


def test_the_demo_ignores_outside_systems_keeps_its_data_and_is_for_this_machine_unless_allowed(
    run, tmp_path: Path, no_umask: None
) -> None:
    environ = {"REDMINE_URL": "http://127.0.0.1:1", "REDMINE_API_KEY": "x", "DATABASE_URL": "nowhere://"}
    alone, seen = ("demo", "--no-colleague"), []
    for public in (False, True):  # on loopback alone 127.0.0.2 is somebody else
        own = environ | ({"HELPDESK_DEMO_PUBLIC": "yes"} if public else {})
        with running_helpdesk(tmp_path, *alone, environ=own) as demo, httpx.Client(base_url=demo.url) as anna:
            with socket.socket() as line:
                other = ("127.0.0.2", httpx.URL(demo.url).port)
                assert (line.connect_ex(other) == 0) is public
            anna.post("/users/login", json={"username": "anna", "password": "demo"}).raise_for_status()
            seen.append(anna.get("/tasks/my-tasks").json()["pagination"]["total"])
    assert seen[0] == seen[1] > 25
    assert (tmp_path / "data/demo/secret_key").exists()
    assert [path for path in (tmp_path / "data").rglob("*") if path.stat().st_mode & 0o077] == []
    assert run("demo", "--data", "elsewhere", "--port", "x").returncode == 2


def test_a_folder_with_a_store_in_earnest_is_no_demo(run, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    assert run("migrate", DATABASE_URL="data/helpdesk.db").returncode == 0
    refused = run("demo", "--data", "data")
    assert refused.returncode == 1 and "no demo's" in refused.stderr


def test_the_doctor_tells_what_is_broken_by_its_exit_code_too(run) -> None:
    assert run("migrate").returncode == 0
    well = run("doctor")
    assert (well.returncode, well.stdout) == (0, "The store: ok\n")
    ill = run("doctor", REDMINE_URL="http://127.0.0.1:1", REDMINE_API_KEY="geheim")
    assert ill.returncode == 1 and "The store: ok\nRedmine: broken: " in ill.stdout and "1 of 2" in ill.stderr
    assert "geheim" not in ill.stdout + ill.stderr and "Traceback" not in ill.stderr


@pytest.mark.parametrize("given", [("\u3164",), ("ivanov", "--name", "\u200b\u2800")])
def test_an_account_needs_a_login_and_a_name_that_can_be_seen(run, given: tuple[str, ...]) -> None:
    refused = run("user", "add", *given)
    assert refused.returncode == 1 and "visible" in refused.stderr and "Traceback" not in refused.stderr


def test_the_statements_for_the_database_user_are_printed_for_those_who_are_set(run) -> None:
    assert "GRANT SELECT ON `redmine`.`issues` TO 'helpdesk'@'%';" in run("grants").stdout
    environ = {"REDMINE_URL": "http://127.0.0.1:1", "REDMINE_API_KEY": "x", "MYSQL_HOST": "127.0.0.1"}
    printed = run("grants", **environ, MYSQL_USER="reader", MYSQL_DATABASE="easy", MYSQL_PASSWORD="geheim").stdout
    assert "GRANT SELECT ON `easy`.`issues` TO 'reader'@'%';" in printed and "geheim" not in printed


def test_serving_starts_without_redmines_database_but_not_on_another(run, redmine: Redmine, tmp_path: Path) -> None:
    environ = {
        "SECRET_KEY": SECRET,
        "REDMINE_URL": redmine.url,
        "REDMINE_API_KEY": redmine.admin_key,
        **database_of(redmine),
    }
    assert run("migrate").returncode == 0
    refused = run("serve", **environ | {"MYSQL_DATABASE": "information_schema"})
    assert refused.returncode == 1 and "attachments" in refused.stderr and "Traceback" not in refused.stderr
    nowhere = environ | {"MYSQL_PORT": str(free_port())}
    with running_helpdesk(tmp_path, "serve", environ=nowhere):
        pass


def test_a_process_takes_as_many_connections_as_it_may() -> None:
    before, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, most))
        raise_limit()
        now, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (before, most))
    assert now == (MOST_FILES if most == resource.RLIM_INFINITY else min(most, MOST_FILES))
