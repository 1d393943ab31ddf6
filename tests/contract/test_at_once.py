"""The same write sent five times at once under one key, by a program whose line stutters, is done once."""

from concurrent.futures import ThreadPoolExecutor

import requests

from tests.contract.office import Office

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
