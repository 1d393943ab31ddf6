"""Fields that keep numbers: whom, which version and which file they mean is told, and nobody is shown a bare number."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import pymysql  # type: ignore[import-untyped]  # ships no types
import pytest

from helpdesk.errors import NotAllowed, NotFound
from helpdesk.tasks.model import Edit, FieldChange, Task
from tests.tasks.test_contract_files import read
from tests.tasks.worlds import RedmineWorld, SqlWorld


@contextmanager
def new_fields(world: RedmineWorld, **formats: str) -> Iterator[dict[str, int]]:
    """Fields of all projects and trackers by their names, as long as the block lasts: Redmine has no REST for this."""
    access, found, fields = world.redmine.mysql_writer, dict[str, int](), list[int]()
    with pymysql.connect(
        host=access.host, port=access.port, user=access.user, password=access.password, database=access.database,
        autocommit=True, charset="utf8mb4",
    ) as connection, connection.cursor() as cursor:  # fmt: skip
        try:
            for name, format in formats.items():
                cursor.execute(
                    "INSERT INTO custom_fields (type, name, field_format, is_for_all, visible, editable, position)"
                    " VALUES ('IssueCustomField', %s, %s, 1, 1, 1, 99)",
                    (name, format),
                )
                found[name] = cursor.lastrowid
                fields.append(cursor.lastrowid)
                for tracker in world.redmine.trackers.values():
                    cursor.execute("INSERT INTO custom_fields_trackers VALUES (%s, %s)", (found[name], tracker))
                if format == "enumeration":
                    for place, word in enumerate(("Первая", "Вторая")):
                        cursor.execute(
                            "INSERT INTO custom_field_enumerations (custom_field_id, name, active, position)"
                            " VALUES (%s, %s, 1, %s)",
                            (found[name], word, place),
                        )
                        found[word] = cursor.lastrowid
            found["cursor"] = cursor  # type: ignore[assignment]  # for what a test alters
            yield found
        finally:
            for table, column in (
                ("custom_fields", "id"), ("custom_fields_trackers", "custom_field_id"),
                ("custom_field_enumerations", "custom_field_id"), ("custom_values", "custom_field_id"),
            ):  # fmt: skip
                cursor.execute(f"DELETE FROM {table} WHERE {column} IN %s", (tuple(fields),))


def upload(world: RedmineWorld, name: str, content: bytes) -> str:
    kind = {"Content-Type": "application/octet-stream"}
    made = world.http.post("/uploads.json", params={"filename": name}, content=content, headers=kind)
    made.raise_for_status()
    return str(made.json()["upload"]["token"])


def put(world: RedmineWorld, number: int, **values: object) -> None:
    world.put(number, {"custom_fields": [{"id": int(name[3:]), "value": it} for name, it in values.items()]}, "admin")


def held(task: Task, field: int) -> tuple[str, ...]:
    return next(it.field.labels(it.value) for it in task.custom if it.field.id == field)


def last(task: Task, label: str) -> FieldChange:
    return next(change for entry in reversed(task.entries) for change in entry.changes if change.label == label)


async def test_a_file_of_a_field_is_named_told_and_opened(redmine_world: RedmineWorld, sql_world: SqlWorld) -> None:
    number, other = redmine_world.new_task(author="irina"), redmine_world.new_task(author="irina")
    name = f"Акт {secrets.token_hex(3)}"
    with new_fields(redmine_world, **{name: "attachment"}) as fields:
        field = fields[name]
        put(redmine_world, number, **{f"cf_{field}": {"token": upload(redmine_world, "акт.pdf", b"%PDF")}})
        for world in (redmine_world, sql_world):
            if isinstance(world, SqlWorld):
                world.restart_reading()
            task = await world.backend.task(world.actor("irina"), number)
            (file,) = next(it.value for it in task.custom if it.field.id == field)
            assert held(task, field) == ("акт.pdf",)
            assert (last(task, name).new, last(task, name).kind) == ("акт.pdf", "file")
            assert await read(world, "irina", number, int(file)) == b"%PDF"
            for login, task_id in (("stranger", number), ("irina", other)):
                with pytest.raises(NotFound):
                    await read(world, login, task_id, int(file))
            assert field not in (await world.backend.task(world.actor("anna"), number)).choices.custom
            with pytest.raises(NotAllowed):
                await world.backend.change(world.actor("anna"), number, Edit(custom={field: ("1",)}))
        put(redmine_world, number, **{f"cf_{field}": {"token": upload(redmine_world, "новый.pdf", b"%PDF2")}})
        for world in (redmine_world, sql_world):
            task = await world.backend.task(world.actor("irina"), number)
            assert held(task, field) == ("новый.pdf",)
            assert (last(task, name).old, last(task, name).new) == (f"#{file}", "новый.pdf")


async def test_numbers_are_called_by_their_names_in_the_history_too(
    redmine_world: RedmineWorld, sql_world: SqlWorld
) -> None:
    number, mark = redmine_world.new_task(), uuid4().hex[:6]
    names = {f"{word} {mark}": format for word, format in
             {"Кто": "user", "Версия": "version", "Очередь": "enumeration"}.items()}  # fmt: skip
    version = redmine_world.http.post(
        f"/projects/{redmine_world.project('help')}/versions.json", json={"version": {"name": f"v{mark}"}}
    ).json()["version"]["id"]
    anna, boris = (redmine_world.redmine.user_ids[login] for login in ("anna", "boris"))
    with new_fields(redmine_world, **names) as fields:
        who, which, queue = (fields[name] for name in names)
        first, second = str(fields["Первая"]), str(fields["Вторая"])
        put(redmine_world, number, **{f"cf_{who}": str(anna), f"cf_{which}": str(version), f"cf_{queue}": first})
        put(redmine_world, number, **{f"cf_{who}": str(boris), f"cf_{queue}": second})
        cursor: Any = fields["cursor"]
        cursor.execute("UPDATE custom_field_enumerations SET active = 0 WHERE id = %s", (int(first),))
        for world in (redmine_world, sql_world):
            if isinstance(world, SqlWorld):
                world.restart_reading()
            task = await world.backend.task(world.actor("irina"), number)
            assert held(task, who) == (world.name("boris"),) and held(task, which) == (f"v{mark}",)
            assert held(task, queue) == ("Вторая",)
            told = {name.split()[0]: last(task, name) for name in names}
            assert (told["Кто"].old, told["Кто"].new) == (world.name("anna"), world.name("boris"))
            assert told["Версия"].new == f"v{mark}"
            gone = "Первая" if isinstance(world, SqlWorld) else f"#{first}"
            assert (told["Очередь"].old, told["Очередь"].new) == (gone, "Вторая")
