"""Pushes to phones, by the SDK and an imitated Firebase."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import uvloop
from firebase_admin import messaging

from helpdesk.notifications.channels.fcm import connect
from helpdesk.notifications.channels.fcm.sender import FcmSender
from helpdesk.notifications.channels.port import Item, Outcome, Resources
from helpdesk.settings.settings import Settings
from tests.notifications.pushing import item, notification, outcomes
from tests.servers.answering import Answer
from tests.servers.imitated_fcm import JSON, PROJECT, ImitatedFcm, imitated_fcm, refusal


@pytest.fixture
def firebase(monkeypatch: pytest.MonkeyPatch) -> Iterator[ImitatedFcm]:
    with imitated_fcm() as running:
        url = running.url + "/v1/projects/{0}/messages:send"
        monkeypatch.setattr(messaging._MessagingService, "FCM_URL", url)
        yield running


@pytest.fixture
def wanted(firebase: ImitatedFcm, tmp_path: Path) -> Settings:
    file = firebase.account(tmp_path / "account.json")
    return replace(Settings(), firebase_project_id=PROJECT, firebase_service_account_path=file)


@pytest.fixture
async def sender(wanted: Settings) -> AsyncIterator[FcmSender]:
    sender = FcmSender(wanted)
    yield sender
    await sender.close()


def to(token: str = "phone", number: int = 1, **changed: object) -> Item:
    return item(number, channel="fcm", service="fcm", address=token, **changed)


def test_a_push_goes_out_from_the_event_loop_of_the_server(firebase: ImitatedFcm, wanted: Settings) -> None:
    async def send() -> dict[int, Outcome]:
        sender = FcmSender(wanted)
        found = await outcomes(sender, [to()])
        await sender.close()
        return found

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(send()) == {1: Outcome("sent")}
    assert len(firebase.messages) == 1


async def test_a_phone_gets_the_words_and_where_they_lead(firebase: ImitatedFcm, sender: FcmSender) -> None:
    assert await outcomes(sender, [to(), to("other", 2, language="en")]) == {1: Outcome("sent"), 2: Outcome("sent")}
    message, english = sorted(firebase.messages, key=lambda it: it["token"] != "phone")
    assert message["notification"] == {"title": "Борис комментирует задачу #7", "body": "Принтер · Готово"}
    assert english["notification"]["title"] == "Борис commented on #7"
    assert message["data"]["url"] == "/notifications/42" and message["data"]["issue_id"] == "7"
    assert message["android"] == {
        "collapse_key": "task-7", "priority": "normal", "ttl": "28800s", "notification": {"tag": "task-7"}
    }  # fmt: skip
    assert message["apns"]["headers"]["apns-collapse-id"] == "task-7"
    assert firebase.tokens == 1


async def test_what_concerns_its_person_in_particular_wakes_the_phone(firebase: ImitatedFcm, sender: FcmSender) -> None:
    await outcomes(sender, [to(about=notification(kind="mentioned"))])
    (message,) = firebase.messages
    assert (message["android"]["priority"], message["apns"]["headers"]["apns-priority"]) == ("high", "10")


WAIT = {"Retry-After": "3600"}


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (refusal("UNREGISTERED"), Outcome("gone", "gone", "Unregistered, HTTP 404")),
        (refusal("SENDER_ID_MISMATCH"), Outcome("gone", "gone", "SenderIdMismatch, HTTP 403")),
        (refusal("INVALID_ARGUMENT"), Outcome("failed", "refused", "InvalidArgument, HTTP 400")),
        (refusal("INVALID_ARGUMENT", field="message.token"), Outcome("gone", "gone", "InvalidArgument, HTTP 400")),
        (refusal("QUOTA_EXCEEDED", WAIT), Outcome("later", "busy", "QuotaExceeded, HTTP 429", 3600.0)),
        (refusal("UNAVAILABLE", WAIT), Outcome("later", "unreachable", "Unavailable, HTTP 503", 3600.0)),
        (refusal("INTERNAL"), Outcome("later", "unreachable", "Internal, HTTP 500")),
        (Answer(403), Outcome("later", "not_ours", "PermissionDenied, HTTP 403", of_channel=True)),
        (Answer(502, body=b"\xff" * 100), Outcome("later", "unreachable", "Unknown")),
        (Answer(200, JSON, b"no json"), Outcome("later", "unreachable", "Unknown")),
        (Answer(cuts=True), Outcome("later", "unreachable", "Unavailable")),
    ],
)
async def test_the_answer_decides_for_its_phone_alone(
    firebase: ImitatedFcm, sender: FcmSender, answer: Answer, outcome: Outcome
) -> None:
    firebase.told["phone"] = answer
    assert await outcomes(sender, [to(), to("other", 2)]) == {1: outcome, 2: Outcome("sent")}
    assert firebase.requests == 2  # the SDK by itself would try again, and wait for an hour


async def test_a_phone_for_which_nothing_is_answered_delays_no_other(
    firebase: ImitatedFcm, wanted: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("helpdesk.notifications.channels.fcm.account.SECONDS", 0.5)
    sender, firebase.told["phone"] = FcmSender(wanted), Answer(hangs=True)
    told = await outcomes(sender, [to(), to("other", 2)])
    assert list(told) == [2, 1] and told[2] == Outcome("sent")
    assert (told[1].state, told[1].reason, told[1].of_channel) == ("later", "unreachable", False)
    await sender.close()


async def test_a_firebase_that_answers_nobody_rests_after_two(
    firebase: ImitatedFcm, wanted: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("helpdesk.notifications.channels.fcm.account.SECONDS", 0.5)
    monkeypatch.setattr("helpdesk.notifications.channels.fcm.sender.AT_ONCE", 2)
    sender = FcmSender(wanted)
    firebase.told |= {f"phone-{n}": Answer(hangs=True) for n in range(8)}
    told = await outcomes(sender, [to(f"phone-{n}", n) for n in range(8)])
    assert [told[n].of_channel for n in range(8)].count(True) >= 5 and firebase.requests <= 3
    await sender.close()


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Answer(400, JSON, json.dumps({"error": "invalid_grant"}).encode()), "not_ours"),
        (Answer(cuts=True), "unreachable"),
        (Answer(307, {"Location": "/elsewhere"}), "not_ours"),
    ],
)
async def test_without_a_token_the_channel_fails_until_there_is_one(
    firebase: ImitatedFcm, sender: FcmSender, answer: Answer, reason: str
) -> None:
    firebase.token_answer = answer
    told = await outcomes(sender, [to(), to("other", 2)])
    assert {(it.state, it.reason, it.of_channel) for it in told.values()} == {("later", reason, True)}
    assert firebase.requests == 0
    firebase.token_answer = None
    assert await outcomes(sender, [to()]) == {1: Outcome("sent")}


async def test_a_token_that_drips_is_given_up_and_frees_its_thread(
    firebase: ImitatedFcm, wanted: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("helpdesk.notifications.channels.fcm.account.SECONDS", 0.3)
    monkeypatch.setattr("helpdesk.notifications.channels.fcm.sender.SECONDS", 3.0)
    sender, firebase.token_answer = FcmSender(wanted), Answer(200, JSON, b" " * 10_000, drips=True)
    assert await outcomes(sender, [to()]) == {
        1: Outcome("later", "unreachable", "the token of Firebase: Timeout", of_channel=True)
    }
    firebase.token_answer = None
    assert await outcomes(sender, [to()]) == {1: Outcome("sent")}
    await sender.close()


@pytest.mark.parametrize("content", [None, "", "no json", "[]", "{}", '{"type": "service_account"}'])
async def test_a_broken_file_fails_the_channel_and_not_the_start(
    wanted: Settings, content: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    file = wanted.firebase_service_account_path
    assert file
    whole = file.read_text()
    file.unlink() if content is None else file.write_text(content)
    sender = connect(Resources(wanted, None))
    assert sender
    (told,) = (await outcomes(sender, [to()])).values()
    assert (told.state, told.reason, told.of_channel) == ("later", "not_ours", True)
    assert "FIREBASE_SERVICE_ACCOUNT_PATH" in told.detail
    file.write_text(whole)
    assert await outcomes(sender, [to()]) == {1: Outcome("sent")}
    await sender.close()


async def test_no_token_of_a_phone_and_no_key_of_ours_is_logged(
    firebase: ImitatedFcm, sender: FcmSender, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    firebase.told["secret-phone"] = Answer(502, body=b"\xff")
    told = await outcomes(sender, [to("secret-phone")])
    assert "secret-phone" not in caplog.text + str(told) and "token-1" not in caplog.text


def test_nothing_is_sent_without_both_settings() -> None:
    assert connect(Resources(replace(Settings(), firebase_project_id=PROJECT), None)) is None
