"""The addresses by which browsers and phones subscribe to pushes."""

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlmodel import Session, select

from helpdesk.notifications.channels import push_message
from helpdesk.notifications.channels.webpush import keys
from helpdesk.notifications.channels.webpush.sender import WebPushSender
from helpdesk.services import Services
from helpdesk.settings import settings as configuration
from helpdesk.store import devices
from helpdesk.store.database import Database
from helpdesk.store.models.delivery import Device, OutboxRow
from helpdesk.wiring import wire
from tests.servers.answering import Answer
from tests.servers.certificates import Authority
from tests.servers.imitated_push_service import imitated_push_service
from tests.web.conftest import Client, Visit
from tests.web.leaks import SECRET
from tests.world import PASSWORDS, PEOPLE_IDS

PAIR = keys.new_pair()
ANNA = PEOPLE_IDS["anna"]
SUBSCRIBE, TOKEN = "/tasks/api/push-subscribe", "/tasks/api/push-token"
CHROME = {"User-Agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36"}
POINT = generate_private_key(SECP256R1()).public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


@pytest.fixture
def services(database: Database, tmp_path: Path) -> Services:
    """With keys of Web Push, and an account of Firebase that is read only by who sends."""
    environ = {
        "SECRET_KEY": SECRET,
        "DATABASE_URL": str(database.engine.url),
        "DEFAULT_LOCALE": "en",
        "VAPID_PUBLIC_KEY": PAIR.public,
        "VAPID_PRIVATE_KEY": PAIR.private,
        "VAPID_CLAIM_EMAIL": "admin@example.test",
        "FIREBASE_PROJECT_ID": "helpdesk-test",
        "FIREBASE_SERVICE_ACCOUNT_PATH": str(tmp_path / "account.json"),
    }
    return wire(configuration.load(environ, Path("/nonexistent")))


def subscription(number: int = 1, **changed: Any) -> dict[str, Any]:
    its = {"p256dh": keys.text_of(POINT), "auth": keys.text_of(b"\xfb" * 16)}
    return {"endpoint": f"https://fcm.googleapis.com/wp/{number}", "expirationTime": None, "keys": its, **changed}


def stored(database: Database) -> list[Device]:
    return database.run_here(lambda db: list(db.exec(select(Device).order_by(Device.id))))


def test_a_browser_subscribes_renews_and_leaves(visit: Visit, database: Database) -> None:
    anna = visit("anna")
    answer = anna.post(SUBSCRIBE, json=subscription(), headers=CHROME)
    (device,) = stored(database)
    assert answer.status_code == 201 and answer.json()["subscription_id"] == device.id
    assert answer.json()["success"] is True and answer.json()["message"]
    assert (device.person_id, device.service, device.name) == (ANNA, "webpush", "Chrome on Windows")
    assert device.session_hash and device.p256dh == keys.text_of(POINT)
    again = {
        "subscription": subscription(keys={"p256dh": keys.text_of(POINT) + "=", "auth": "+/v7+/v7+/v7+/v7+/v7+w=="})
    }
    assert anna.post(SUBSCRIBE, json=again).json()["subscription_id"] == device.id
    assert stored(database)[0].auth == keys.text_of(b"\xfb" * 16)
    leaving = {"endpoint": subscription()["endpoint"]}
    assert visit("boris").request("DELETE", SUBSCRIBE, json=leaving).status_code == 404
    assert anna.request("DELETE", SUBSCRIBE, json=leaving).status_code == 200 and stored(database) == []
    assert anna.request("DELETE", SUBSCRIBE, json=leaving).status_code == 404


def test_the_old_path_of_google_is_the_same_browser(anna: Client, database: Database) -> None:
    for path in ("fcm/send/1", "wp/1"):
        assert anna.post(SUBSCRIBE, json=subscription(endpoint=f"https://fcm.googleapis.com/{path}")).status_code == 201
    assert [it.address for it in stored(database)] == ["https://fcm.googleapis.com/wp/1"]


def test_a_phone_gives_its_token(visit: Visit, database: Database) -> None:
    anna = visit("anna")
    for platform, name in (("android", "Android phone"), ("", "Chrome on Windows")):
        answer = anna.post(TOKEN, json={"token": f"a:b-{platform}", "platform": platform}, headers=CHROME)
        assert answer.status_code == 201 and stored(database)[-1].name == name
    assert stored(database)[0].service == "fcm"
    assert anna.request("DELETE", TOKEN, json={"token": "a:b-"}).status_code == 200 and len(stored(database)) == 1


WRONG = [
    ({"endpoint": "https://127.0.0.1/x"}, "endpoint"),
    ({"endpoint": "https://169.254.169.254/latest"}, "endpoint"),
    ({"endpoint": "https://fcm.googleapis.com/" + "x" * 3_000}, "endpoint"),
    ({"endpoint": 7}, "endpoint"),
    ({"endpoint": None}, "endpoint"),
    ({"keys": None}, "keys"),
    ({"keys": ["p256dh"]}, "keys"),
    ({"keys": {}}, "p256dh"),
    ({"keys": {"p256dh": keys.text_of(POINT[:64] + bytes([POINT[64] ^ 1])), "auth": "A" * 22}}, "p256dh"),
    ({"keys": {"p256dh": keys.text_of(b"\4" + b"\0" * 64), "auth": "A" * 22}}, "p256dh"),
    ({"keys": {"p256dh": keys.text_of(bytes([2 + POINT[64] % 2]) + POINT[1:33]), "auth": "A" * 22}}, "p256dh"),
    ({"keys": {"p256dh": keys.text_of(POINT), "auth": "AAAA"}}, "auth"),
    ({"keys": {"p256dh": keys.text_of(POINT), "auth": "ж" * 22}}, "auth"),
    ({"keys": {"p256dh": "x" * 2_000, "auth": "A" * 22}}, "p256dh"),
]


@pytest.mark.parametrize(("changed", "field"), WRONG)
def test_what_is_no_subscription_is_refused_in_words(
    anna: Client, database: Database, changed: dict[str, Any], field: str
) -> None:
    for body in (subscription(**changed), {"subscription": subscription(**changed)}):
        answer = anna.post(SUBSCRIBE, json=body)
        assert answer.status_code == 422 and list(answer.json()["errors"]) == [field]
    assert stored(database) == []


@pytest.mark.parametrize("body", [{"subscription": []}, {"subscription": None}, {"subscription": "x"}, {}])
def test_a_body_of_another_shape_is_refused(anna: Client, body: dict[str, Any]) -> None:
    assert anna.post(SUBSCRIBE, json=body).status_code == 422
    assert anna.request("DELETE", SUBSCRIBE, json=body).status_code == 422


def test_a_large_body_is_not_read(anna: Client, database: Database) -> None:
    for size in (9_000, 10_000_000):
        answer = anna.post(SUBSCRIBE, content=json.dumps(subscription(padding="x" * size)), headers=JSON)
        assert answer.status_code == 413
    deep = b'{"endpoint": ' + b"[" * 100 + b"]" * 100 + b"}"
    assert anna.post(SUBSCRIBE, content=deep, headers=JSON).status_code == 400
    assert stored(database) == []


JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize("token", ["", " ", "a b", "ж", "a\nb", "x" * 2_001, 7, None])
def test_what_is_no_token_is_refused(anna: Client, token: object) -> None:
    assert anna.post(TOKEN, json={"token": token, "platform": "android"}).status_code == 422


def test_of_many_subscriptions_the_last_20_are_kept(anna: Client, database: Database) -> None:
    for number in range(40):
        assert anna.post(SUBSCRIBE, json=subscription(number)).status_code == 201
    assert len(stored(database)) == devices.MOST_DEVICES


def test_the_picture_of_a_push_is_there(visit: Visit) -> None:
    answer = visit("anna").get(push_message.ICON, follow_redirects=True)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")


def test_a_browser_learns_our_key_and_programs_that_pushes_are_sent(anna: Client) -> None:
    assert anna.get("/tasks/api/push-key").json()["publicKey"] == PAIR.public
    assert anna.get("/api/config").json()["notifications"]["push_enabled"] is True


def test_without_keys_nothing_is_asked_for(services: Services, visit: Visit) -> None:
    services.outbox.workers.clear()
    for method, address in (("GET", "/tasks/api/push-key"), ("POST", SUBSCRIBE), ("DELETE", TOKEN)):
        answer = visit("anna").request(method, address)
        assert (answer.status_code, answer.json()["error"]) == (501, "not_configured")
        assert visit().request(method, address).status_code == 401


def test_another_sites_page_subscribes_nobody(anna: Client) -> None:
    foreign = {"Origin": "https://evil.test"}
    assert anna.post(SUBSCRIBE, json=subscription(), headers=foreign).status_code == 403


def test_signing_out_forgets_this_browser_alone(visit: Visit, database: Database) -> None:
    here, there = visit("anna"), visit("anna")
    here.post(SUBSCRIBE, json=subscription(1))
    there.post(SUBSCRIBE, json=subscription(2))
    here.post("/users/logout")
    assert [it.address[-1] for it in stored(database)] == ["2"]
    visit("anna").post("/users/sessions", json={"end": "all"})
    assert stored(database) == []


@pytest.mark.parametrize("login", ["boris", "anna"])
def test_whoever_signs_in_next_in_a_browser_that_was_closed_gets_nothing_of_others(
    visit: Visit, database: Database, login: str
) -> None:
    browser = visit()
    signed_in = lambda login: browser.post("/users/login", json={"username": login, "password": PASSWORDS[login]})  # noqa: E731
    assert signed_in("anna").status_code == 200
    assert browser.post(SUBSCRIBE, json=subscription()).status_code == 201
    mark = stored(database)[0].session_hash
    for _ in range(2):
        browser.cookies.delete("session")
        assert signed_in(login).status_code == 200
    assert [it.person_id for it in stored(database)] == ([ANNA] if login == "anna" else [])
    assert all(it.session_hash != mark for it in stored(database))


def test_a_test_to_ones_own_device_waits_in_the_outbox(services: Services, anna: Client, database: Database) -> None:
    number = anna.post(SUBSCRIBE, json=subscription()).json()["subscription_id"]
    now = services.clock()

    def work(db: Session) -> list[OutboxRow]:
        services.outbox.add_test(db, ANNA, "webpush", number, now)
        return list(db.exec(select(OutboxRow)))

    (row,) = database.run_here(work, writes=True)
    assert (row.person_id, row.device_id, row.state, row.event[:5]) == (ANNA, number, "waiting", "test.")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


def test_a_test_arrives_in_the_browser_that_subscribed_and_a_browser_that_is_gone_is_forgotten(
    services: Services, visit: Visit, database: Database, authority: Authority
) -> None:
    """All from the address by which it subscribes to the bytes that it decrypts."""
    settings = replace(services.settings, push_hosts=("127.0.0.1",), ca_bundle=authority.file)
    worker = services.outbox.workers["webpush"]
    worker.sender = WebPushSender(settings)
    anna = visit("anna", push_hosts=("127.0.0.1",))
    with imitated_push_service(authority, PAIR.public) as service:
        browser = service.subscribe()
        body = {"endpoint": browser.endpoint, "keys": browser.keys}
        number = anna.post(SUBSCRIBE, json=body).json()["subscription_id"]

        async def send(ago: timedelta = timedelta()) -> None:
            add = partial(services.outbox.add_test, person_id=ANNA, channel="webpush", device_id=number)
            database.run_here(lambda db: add(db, now=services.clock() - ago), writes=True)
            await worker.step()

        async def twice() -> None:
            await send(timedelta(minutes=2))
            (device,) = stored(database)
            assert device.succeeded_at and [it.shown["title"] for it in service.pushes] == ["A test"]
            service.told = lambda path: Answer(410)
            await send()
            await worker.sender.close()

        asyncio.run(twice())
    assert stored(database) == [] and len(service.pushes) == 1
    ended = database.run_here(lambda db: [(it.state, it.reason) for it in db.exec(select(OutboxRow))])
    assert ended == [("sent", ""), ("failed", "gone")]
