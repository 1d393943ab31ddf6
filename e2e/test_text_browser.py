"""A day's work in a text browser, which knows neither scripts nor styles (w3m, as it comes)."""

from pathlib import Path

import httpx

from e2e import steps
from e2e.conftest import AsProgram
from e2e.terminal import W3M, W3mDied, terminal
from tests.servers.fixtures import unavailable


def test_a_task_is_found_changed_and_commented_in_a_terminal(site: str, as_program: AsProgram, tmp_path: Path) -> None:
    if not W3M.exists():
        unavailable("no w3m: run scripts/install-test-services")
    program = as_program("anna")
    try:
        _a_day(site, program, tmp_path)
    except W3mDied:  # no word about us: the day begins again, with another task
        _a_day(site, program, tmp_path)


def _a_day(site: str, program: httpx.Client, folder: Path) -> None:
    task = steps.some_task(program, status="В работе")
    before = len(steps.history(program, task["id"]))
    with terminal(folder, f"{site}/tasks/my-tasks") as anna:
        anna.fill("Логин или почта", "anna")
        anna.fill("Пароль", "demo")
        anna.follow("Войти")
        anna.sees("Назначены мне")
        anna.fill("по номеру или словам", f"#{task['id']}")
        anna.follow("Найти$")
        anna.sees(f"#{task['id']} {task['subject']}")

        anna.choose("Статус$", "Решена")
        anna.follow("Сохранить")
        anna.sees(f"{before + 1}. Анна Светлова: Статус: В работе → Решена")
        anna.write("Комментарий:", "И звук тоже.\nСпасибо!")
        anna.follow("Ответить")
        anna.sees(f"{before + 2}. Анна Светлова")
        anna.sees("И звук тоже. Спасибо!")

        anna.follow("Настройки и выход")
        anna.sees("Шаблоны ответов")
        anna.follow("Выйти")
        anna.sees("Выйти на всех устройствах")
        anna.follow("Выйти Выйти")
        anna.sees("Логин или почта")
    change, comment = steps.history(program, task["id"])[before:]
    assert (change["changes"], change["notes"]) == (["Статус: В работе → Решена"], "")
    assert comment["notes"] == "И звук тоже.\nСпасибо!"
