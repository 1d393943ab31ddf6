"""Pushes to browsers, by an imitated push service that checks our token and decrypts by itself."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace

import pytest
import uvloop
from aiohttp.abc import ResolveResult
from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as st

from helpdesk.notifications.channels.port import Item, Outcome, Resources
from helpdesk.notifications.channels.push_message import cut, payload, push_message
from helpdesk.notifications.channels.retry_after import retry_after
from helpdesk.notifications.channels.webpush import connect, keys, network
from helpdesk.notifications.channels.webpush.endpoints import current, is_global, trouble
from helpdesk.notifications.channels.webpush.sender import WebPushSender
from helpdesk.notifications.kinds import TYPES
from helpdesk.settings.settings import Settings
from tests.notifications.pushing import NOW, item, notification, outcomes
from tests.servers import certificates
from tests.servers.answering import Answer
from tests.servers.certificates import Authority
from tests.servers.imitated_outbound_proxy import imitated_outbound_proxy
from tests.servers.imitated_push_service import ImitatedPushService, Subscription, imitated_push_service

PAIR = keys.new_pair()
LONGEST = 3_000


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return certificates.Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def service(authority: Authority) -> Iterator[ImitatedPushService]:
    with imitated_push_service(authority, PAIR.public) as running:
        yield running


@pytest.fixture
def wanted(authority: Authority) -> Settings:
    return replace(
        Settings(),
        vapid_public_key=PAIR.public,
        vapid_private_key=PAIR.private,
        vapid_claim_email="admin@example.test",
        push_hosts=("127.0.0.1", "*.company.test"),
        ca_bundle=authority.file,
    )


@pytest.fixture
async def sender(wanted: Settings, service: ImitatedPushService) -> AsyncIterator[WebPushSender]:
    """The service ends before the event loop: what it did not answer is closed by its end."""
    sender = WebPushSender(wanted)
    yield sender
    await sender.close()
    service.server.end()
    sockets = asyncio.get_running_loop()._selector.get_map()
    async with asyncio.timeout(10):
        while len(sockets) > 1:  # the loop's own
            await asyncio.sleep(0.01)


def to(subscription: Subscription, number: int = 1, **changed: object) -> Item:
    return item(number, address=subscription.endpoint, **subscription.keys, **changed)


async def sent_one(sender: WebPushSender, one: Item) -> Outcome:
    return (await outcomes(sender, [one]))[one.row.id]


def test_a_push_goes_out_from_the_event_loop_of_the_server(service: ImitatedPushService, wanted: Settings) -> None:
    async def send() -> Outcome:
        sender = WebPushSender(wanted)
        outcome = await sent_one(sender, to(service.subscribe()))
        await sender.close()
        return outcome

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(send()) == Outcome("sent")
    assert len(service.pushes) == 1


async def test_a_browser_gets_what_the_contract_promises_and_nobody_else_can_read_it(
    service: ImitatedPushService, sender: WebPushSender
) -> None:
    browser, other = service.subscribe("1"), service.subscribe("2")
    assert await sent_one(sender, to(browser)) == Outcome("sent")
    (push,) = service.pushes
    assert push.shown == {
        "title": "Борис комментирует задачу #7",
        "message": "Принтер · Готово",
        "icon": "/static/icons/mark-192.png",
        "tag": "task-7",
        "data": {
            "notification_id": 42,
            "issue_id": 7,
            "notification_type": "comment",
            "url": "/notifications/42",
            "timestamp": "2026-03-04T05:06:07+00:00",
        },
    }
    assert (push.headers["ttl"], push.headers["urgency"], push.headers["topic"]) == ("28800", "normal", "task-7")
    with pytest.raises(Exception):  # noqa: B017  # whatever decrypting raises
        other.opened(push.body)


async def test_each_service_gets_a_token_of_its_own_and_keeps_its_connection(
    service: ImitatedPushService, sender: WebPushSender, authority: Authority
) -> None:
    with imitated_push_service(authority, PAIR.public) as second:
        items = [to(it.subscribe(str(n)), n) for n in range(40) for it in (service, second)[n % 2 :][:1]]
        told = await outcomes(sender, items)
        assert {it.state for it in told.values()} == {"sent"} and len(told) == 40
        assert (len(service.pushes), len(second.pushes), service.refused, second.refused) == (20, 20, [], [])
        assert await sent_one(sender, to(service.subscribe("again"))) == Outcome("sent")
        assert service.server.connections <= 20


RETRY = {"Retry-After": "120"}


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (Answer(201), Outcome("sent")),
        (Answer(202), Outcome("sent")),
        (Answer(404), Outcome("gone", "gone", "HTTP 404")),
        (Answer(410), Outcome("gone", "gone", "HTTP 410")),
        (Answer(413), Outcome("failed", "refused", "HTTP 413")),
        (Answer(429, RETRY), Outcome("later", "busy", "HTTP 429", 120.0)),
        (Answer(503, RETRY), Outcome("later", "busy", "HTTP 503", 120.0)),
        (Answer(429, {"Retry-After": "soon"}), Outcome("later", "busy", "HTTP 429")),
        (Answer(500), Outcome("later", "unreachable", "HTTP 500")),
        (Answer(400), Outcome("later", "not_ours", "HTTP 400")),
        (Answer(401), Outcome("later", "not_ours", "HTTP 401", of_channel=True)),
        (Answer(403), Outcome("later", "not_ours", "HTTP 403", of_channel=True)),
        (Answer(307, {"Location": "/push/other"}), Outcome("failed", "refused", "HTTP 307")),
        (Answer(201, body=b"x" * 3_000_000), Outcome("sent")),
    ],
)
async def test_the_answer_decides(
    service: ImitatedPushService, sender: WebPushSender, answer: Answer, outcome: Outcome
) -> None:
    service.subscribe("other")
    service.told = lambda path: answer if path == "/push/1" else None
    assert await sent_one(sender, to(service.subscribe())) == outcome
    assert (service.requests, service.pushes) == (1, [])


@pytest.mark.parametrize("answer", [Answer(hangs=True), Answer(cuts=True)])
async def test_a_service_that_fails_delays_no_other(
    service: ImitatedPushService, sender: WebPushSender, monkeypatch: pytest.MonkeyPatch, answer: Answer
) -> None:
    monkeypatch.setattr("helpdesk.notifications.channels.webpush.sender.SECONDS", 0.5)
    service.told = lambda path: answer if path == "/push/bad" else None
    bad, good = to(service.subscribe("bad"), 1), to(service.subscribe("good"), 2)
    told = await outcomes(sender, [bad, good])
    assert told[2] == Outcome("sent") and (answer.cuts or list(told) == [2, 1])
    assert (told[1].state, told[1].reason, told[1].of_channel) == ("later", "unreachable", False)


async def test_a_service_that_hangs_is_asked_no_more_for_a_while(
    service: ImitatedPushService, sender: WebPushSender, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("helpdesk.notifications.channels.webpush.sender.SECONDS", 0.5)
    service.told = lambda path: Answer(hangs=True)
    hanging = [to(service.subscribe(str(n)), n) for n in range(1, 41)]
    with imitated_push_service(authority, PAIR.public) as good:
        told = await outcomes(sender, [*hanging, to(good.subscribe(), 50)])
        assert told[50] == Outcome("sent") and next(iter(told)) == 50 and service.requests <= 12
        assert {(told[it.row.id].reason, told[it.row.id].of_channel) for it in hanging} == {("unreachable", False)}
        asked = service.requests
        assert (await outcomes(sender, hanging))[1].state == "later" and service.requests == asked


async def test_the_status_counts_though_its_text_has_no_end(
    service: ImitatedPushService, sender: WebPushSender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("helpdesk.notifications.channels.webpush.sender.SECONDS", 0.5)
    service.told = lambda path: Answer(body=b"x" * 100, drips=True)
    assert await sent_one(sender, to(service.subscribe())) == Outcome("sent")


async def test_our_key_is_at_fault_only_when_no_service_accepts_it(
    service: ImitatedPushService, sender: WebPushSender
) -> None:
    service.told = lambda path: Answer(403) if "bad" in path else None
    bad, good = to(service.subscribe("bad"), 1), to(service.subscribe("good"), 2)
    assert (await sent_one(sender, bad)).of_channel
    assert not (await outcomes(sender, [bad, good]))[1].of_channel
    assert not (await sent_one(sender, bad)).of_channel


async def test_nobody_listens(sender: WebPushSender, service: ImitatedPushService) -> None:
    browser = service.subscribe()._replace(endpoint="https://127.0.0.1:1/push/1")
    told = await sent_one(sender, to(browser))
    assert (told.state, told.reason, told.of_channel) == ("later", "unreachable", False)


async def test_a_push_that_can_not_be_made_stops_no_other(
    service: ImitatedPushService, sender: WebPushSender, caplog: pytest.LogCaptureFixture
) -> None:
    broken = to(service.subscribe("1"), 1)
    broken = broken._replace(row=broken.row._replace(p256dh="AAAA"))
    told = await outcomes(sender, [broken, to(service.subscribe("2"), 2)])
    assert told == {1: Outcome("later", "unwritten"), 2: Outcome("sent")}
    assert "a push could not be made" in caplog.text


# Where connections go


def resolving(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> list[str]:
    """Every name leads to these addresses. Returns the names that were asked for."""
    asked: list[str] = []

    def addresses_of(host: str, port: int) -> list[ResolveResult]:
        asked.append(host)
        its = {"hostname": host, "port": port, "family": socket.AF_INET, "proto": socket.IPPROTO_TCP, "flags": 0}
        return [ResolveResult(host=it, **its) for it in addresses]

    monkeypatch.setattr(network, "addresses_of", addresses_of)
    return asked


async def test_a_name_that_leads_elsewhere_than_to_the_public_network_gets_no_connection(
    service: ImitatedPushService, sender: WebPushSender, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = resolving(monkeypatch, "8.8.8.8", "127.0.0.1")
    browser = service.subscribe()._replace(endpoint="https://fcm.googleapis.com/wp/1")
    told = await sent_one(sender, to(browser))
    assert (told.state, asked, service.server.connections) == ("later", ["fcm.googleapis.com"], 0)
    assert "not public" in told.detail


async def test_the_connection_goes_to_the_address_that_was_checked_under_the_services_name(
    sender: WebPushSender, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = resolving(monkeypatch, "127.0.0.1")
    with imitated_push_service(authority, PAIR.public, "push.company.test") as service:
        assert await sent_one(sender, to(service.subscribe())) == Outcome("sent")
        assert asked == ["push.company.test"]
        assert service.pushes[0].headers["host"] == f"push.company.test:{service.server.port}"
    with imitated_push_service(authority, PAIR.public, "other.test") as impostor:
        browser = impostor.subscribe()._replace(endpoint=f"https://push.company.test:{impostor.server.port}/push/1")
        assert (await sent_one(sender, to(browser))).state == "later" and impostor.requests == 0


async def test_behind_a_proxy_it_resolves_the_names(
    service: ImitatedPushService, sender: WebPushSender, wanted: Settings, authority: Authority
) -> None:
    with imitated_push_service(authority, PAIR.public, "push.company.test") as named:
        async with imitated_outbound_proxy(named.server.port) as proxy:
            address = f"http://us%40er:secret@localhost:{proxy.port}"
            behind = WebPushSender(replace(wanted, outbound_proxy=address))
            assert await sent_one(behind, to(named.subscribe())) == Outcome("sent")
            assert proxy.asked[0].startswith(f"CONNECT push.company.test:{named.server.port} ")
            assert "Proxy-Authorization: Basic dXNAZXI6c2VjcmV0" in proxy.asked[0]
            await behind.close()
            for status, of_channel in ((407, True), (403, False), (502, False)):
                proxy.status = status
                told = await sent_one(behind, to(named.subscribe()))
                assert (told.state, told.reason, told.of_channel) == ("later", "unreachable", of_channel)
                assert "secret" not in told.detail
        told = await sent_one(behind, to(named.subscribe()))
        assert (told.state, told.of_channel) == ("later", True) and "proxy" in told.detail
        await behind.close()


@pytest.mark.parametrize(
    ("endpoint", "is_accepted"),
    [
        ("https://fcm.googleapis.com/wp/abc:def", True),
        ("https://fcm.googleapis.com:443/fcm/send/abc", True),
        ("https://updates.push.services.mozilla.com/wpush/v2/x", True),
        ("https://wns2-par02p.notify.windows.com/w/?token=x%2b", True),
        ("https://web.push.apple.com/x", True),
        ("https://push.example.test:8443/x", True),
        ("http://fcm.googleapis.com/wp/abc", False),
        ("https://fcm.googleapis.com:8443/wp/abc", False),
        ("https://fcm.googleapis.com:0/wp/abc", False),
        ("https://fcm.googleapis.com:99999/wp/abc", False),
        ("https://user@fcm.googleapis.com/wp/abc", False),
        ("https://fcm.googleapis.com@127.0.0.1/", False),
        ("https://fcm.googleapis.com.example.test/", False),
        ("https://notify.windows.com.evil.test/", False),
        ("https://evilnotify.windows.com/", False),
        ("https://fcm.googleapis.com./", False),
        ("https://127.0.0.1/", False),
        ("https://[::1]/", False),
        ("https://[::ffff:127.0.0.1]/", False),
        ("https://0x7f000001/", False),
        ("https://fcm.googleapis.com/\r\nX: y", False),
        ("https://fcm.googleapis.com\\@evil.test/", False),
        ("https://fcm.googleapis.com/" + "x" * 2_000, False),
        ("https://fcm.googleapis.com/ж", False),
        ("https://", False),
        ("//fcm.googleapis.com/", False),
        ("https://[fcm.googleapis.com/", False),
        ("", False),
    ],
)
def test_endpoints_are_those_of_push_services(endpoint: str, is_accepted: bool) -> None:
    assert (trouble(endpoint, ("push.example.test",)) is None) is is_accepted


def test_the_old_path_of_googles_service_is_rewritten() -> None:
    assert current("https://fcm.googleapis.com/fcm/send/a:b") == "https://fcm.googleapis.com/wp/a:b"
    assert current("https://fcm.googleapis.com.evil/fcm/send/a") == "https://fcm.googleapis.com.evil/fcm/send/a"


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0", "100.64.0.1", "224.0.0.1",
        "240.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fec0::1", "ff02::1",
        "::ffff:127.0.0.1", "::ffff:10.0.0.1", "2002:7f00:1::", "2002:a00:1::", "64:ff9b::7f00:1", "64:ff9b::10.0.0.1",
        "2001:0:7f00:1::", "::127.0.0.1", "192.0.2.1", "2001:db8::1", "name",
    ],
)  # fmt: skip
def test_an_address_that_is_not_public_is_found_out_in_every_guise(address: str) -> None:
    assert not is_global(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2a00:1450:4001:81b::200a", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_public_addresses(address: str) -> None:
    assert is_global(address)


# Payloads

TEXTS = st.text(max_size=400) | st.text(st.sampled_from('я🙂\u202e\u2067"\\\n\u0301👩\u200d🔧א\0'), max_size=400)


@budget(max_examples=100, deadline=None)
@given(st.builds(notification, kind=st.sampled_from([*TYPES, "?"]), type=st.text(max_size=20), subject=TEXTS,
                 author=TEXTS, old=TEXTS, new=TEXTS, excerpt=TEXTS, absent=TEXTS, task_id=st.integers(0, 2**31 - 1),
                 id=st.integers(0, 2**40)), st.sampled_from(["ru", "en", "xx"]))  # fmt: skip
def test_whatever_the_texts_a_payload_is_json_of_bounded_size(row: object, language: str) -> None:
    content = payload(row, language)
    shown = json.loads(content.decode())
    assert len(content) <= LONGEST and shown["title"] and shown["message"] and shown["data"]["url"].startswith("/")
    topic = push_message(row, language).topic
    assert topic is None or (len(topic) <= 32 and topic.replace("-", "").isalnum() and topic.isascii())


@pytest.mark.parametrize(
    ("text", "limit", "short"),
    [
        ("короткий", 20, "короткий"),
        ("длинный текст", 20, "длинный т…"),
        ("a" * 50, 10, "aaaaaaa…"),
        ('"' * 50, 10, '"""…'),
        ("ab👩\u200d🔧" * 5, 12, "ab…"),
        ("e\u0301" * 10, 9, "e\u0301e\u0301…"),
        ("a\nb", 9, "a b"),
    ],
)
def test_a_text_is_cut_between_letters(text: str, limit: int, short: str) -> None:
    assert cut(text, limit) == short


def test_what_turns_the_direction_is_closed_where_it_is_cut() -> None:
    shown = cut("\u2067" + "א" * 50, 40)
    assert (
        shown.startswith("\u2067")
        and shown.endswith("\u2069…")
        and len(json.dumps(shown, ensure_ascii=False).encode()) <= 42
    )


@pytest.mark.parametrize(
    ("kind", "task", "urgency", "seconds", "topic"),
    [
        ("mentioned", 7, "high", "86400", "task-7"),
        ("given", 7, "high", "86400", "task-7"),
        ("files", 7, "low", "28800", "task-7"),
        ("system_down", 0, "high", "28800", "system-redmine"),
        ("test", 0, "high", "28800", None),
    ],
)
async def test_the_kind_decides_how_it_travels(
    service: ImitatedPushService, sender: WebPushSender, kind: str, task: int, urgency: str, seconds: str, topic: str
) -> None:
    about = notification(kind=kind, task_id=task, subject="redmine" if kind == "system_down" else "")
    assert await sent_one(sender, to(service.subscribe(), about=about)) == Outcome("sent")
    headers = service.pushes[0].headers
    assert (headers["urgency"], headers["ttl"], headers.get("topic")) == (urgency, seconds, topic)


@pytest.mark.parametrize(
    ("kind", "event", "tag", "topic"),
    [
        ("post", "post.12", "post-12", None),
        ("host_down", "host_down.12.5", "monitor-12", "monitor-12"),
        ("host_up", "host_up.12.5", "monitor-12", "monitor-12"),
        ("hosts_down", "hosts_down.many.3", "hosts_down", None),
        ("system_down", "system_down.12.0", "system-12", "system-12"),
    ],
)
def test_a_host_gives_way_to_its_own_news_alone(kind: str, event: str, tag: str, topic: str | None) -> None:
    push = push_message(notification(kind=kind, type="system", event=event, task_id=0, subject="12"), "en")
    assert (push.tag, push.topic) == (tag, topic)


def test_what_is_not_listed_leads_to_its_task() -> None:
    assert push_message(notification(id=0), "en").url == "/tasks/7"
    assert push_message(notification(id=0, kind="put_aside"), "en").url == "/notifications"


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("120", 120.0), ("Wed, 04 Mar 2026 05:08:07 GMT", 120.0), ("Wed, 04 Mar 2020 05:08:07 GMT", 0.0), ("1.5", 1.5),
     ("-5", None), ("nan", None), ("1e9", None), ("²", None), ("9" * 5_000, None), ("", None), (None, None),
     ("Wed, 99 Mar 2026 05:08:07 GMT", None)],
)  # fmt: skip
def test_how_long_to_wait(header: str | None, seconds: float | None) -> None:
    assert retry_after(header, NOW) == seconds


# Keys


def test_new_keys_are_as_browsers_take_them() -> None:
    assert (len(PAIR.public), len(PAIR.private)) == (87, 43)
    assert keys.trouble(PAIR.public, PAIR.private, "admin@example.test") is None


def test_keys_of_the_predecessor_are_read_in_every_form() -> None:
    from cryptography.hazmat.primitives import serialization as forms

    private = keys.private_key(PAIR.private)
    assert private
    for encoding in (forms.Encoding.PEM, forms.Encoding.DER):
        secret = private.private_bytes(encoding, forms.PrivateFormat.PKCS8, forms.NoEncryption())
        public = private.public_key().public_bytes(encoding, forms.PublicFormat.SubjectPublicKeyInfo)
        texts = [it.decode() if encoding is forms.Encoding.PEM else keys.text_of(it) for it in (public, secret)]
        assert keys.trouble(*texts, "mailto:admin@example.test") is None
        assert keys.public_text(texts[0]) == PAIR.public


@pytest.mark.parametrize(
    "changed",
    [
        {"vapid_private_key": keys.new_pair().private},
        {"vapid_private_key": "x"},
        {"vapid_private_key": keys.text_of(b"\0" * 32)},
        {"vapid_public_key": keys.text_of(b"\4" + b"\1" * 64)},
        {"vapid_claim_email": "admin"},
    ],
)
def test_wrong_keys_leave_the_channel_out(
    wanted: Settings, changed: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    assert connect(Resources(replace(wanted, **changed), None)) is None
    assert "there is no Web Push" in caplog.text and not any(key in caplog.text for key in changed.values())
