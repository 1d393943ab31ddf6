"""A worker of the outbox does the right thing whatever its sender, its store, its clock or its process do."""

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest

from helpdesk.errors import NotFound, OutcomeUnknown, StoreUnavailable
from helpdesk.notifications import outbox_worker
from helpdesk.notifications.channels import registry
from helpdesk.notifications.channels.port import SENT, Item, Outcome, Resources
from helpdesk.notifications.outbox import Outbox
from helpdesk.notifications.outbox_worker import LEASE_SECONDS, LOOK_SECONDS
from helpdesk.notifications.outcome_recorder import CHANNEL_PAUSES, LONGEST_AFTER, MOST_ATTEMPTS, PAUSES
from helpdesk.store import channel_states, devices, flagged_addresses, outbox
from helpdesk.store.database import Database
from helpdesk.store.devices import FCM, WEB_PUSH
from tests.clocks import NOON
from tests.notifications.sending import (
    ANNA,
    BORIS,
    IRINA,
    Post,
    ScriptedSender,
    claim,
    device,
    leased,
    put,
    state_of,
    states,
    stored,
    waiting,
    write,
)

LATER = Outcome("later", "busy")
DOWN = Outcome("later", "unreachable", "no route", of_channel=True)
REFUSED = Outcome("failed", "refused", "400")


@pytest.fixture(autouse=True)
def without_chance(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("random.uniform", lambda low, high: 1.0)


@pytest.fixture
def post(database: Database) -> Post:
    return Post(database)


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        (SENT, ("sent", "")),
        (REFUSED, ("failed", "refused")),
        (Outcome("skipped", "other_device"), ("skipped", "other_device")),
        (Outcome("gone", "gone", "410"), ("failed", "gone")),
        (LATER, ("waiting", "busy")),
    ],
)
async def test_an_outcome_becomes_a_state(post: Post, outcome: Outcome, state: tuple[str, str]) -> None:
    event, other = put(post.database, waiting(device_id=device(post.database)), waiting(task=8))
    post.sender.says(event, outcome)
    await post.run()
    assert states(post.database) == {event: state, other: ("sent", "")} and leased(post.database) == 0
    assert stored(post.database)[event].attempts == 1 and bool(stored(post.database)[event].content) == (
        outcome == LATER
    )


async def test_a_device_knows_its_last_outcomes_and_one_that_is_gone_is_forgotten(post: Post) -> None:
    good, bad, gone = (device(post.database) for _ in range(3))
    rows = put(post.database, *[waiting(device_id=it) for it in (good, bad, gone, gone)])
    post.sender.says(rows[1], REFUSED)
    post.sender.says(rows[2], Outcome("gone", "gone"))
    await post.run()
    kept = {it.id: it for it in post.database.run_here(lambda db: devices.of_person(db, ANNA))}
    assert kept.keys() == {good, bad} and kept[good].succeeded_at == NOON and kept[bad].failure == "refused"
    assert states(post.database)[rows[3]] == ("failed", "gone") and rows[3] not in sum(post.sender.calls, [])


async def test_an_address_that_is_gone_is_flagged(database: Database) -> None:
    post = Post(database, channel="email")
    (event,) = put(database, waiting(channel="email"))
    post.sender.says(event, Outcome("gone", "flagged", "550 no such user \x00\udcff" + "я" * 300))
    await post.run()
    (flagged,) = database.run_here(lambda db: flagged_addresses.all_flagged(db, 9))
    assert flagged.person_id == ANNA and flagged.detail.startswith("550 no such user") and "\x00" not in flagged.detail


async def test_pauses_grow_until_it_is_given_up_and_what_comes_after_it_follows(post: Post) -> None:
    event, after = put(post.database, waiting(), waiting())
    post.sender.says(event, LATER)
    waits = []
    while states(post.database)[event][0] == "waiting":
        await post.run()
        due = stored(post.database)[event].due_at
        waits.append((due - post.clock.now()).total_seconds())
        assert [event] * len(waits) == [it for call in post.sender.calls for it in call][: len(waits)]
        post.clock.pass_(max(0.0, waits[-1]))
    expected = [PAUSES[min(it, len(PAUSES) - 1)] for it in range(MOST_ATTEMPTS - 1)]
    assert waits[:-1] == expected == sorted(expected)
    assert states(post.database) == {event: ("failed", "busy"), after: ("sent", "")}


@pytest.mark.parametrize(
    ("after", "wait"), [(120.0, 120), (1e9, LONGEST_AFTER), (-5.0, 1), (float("nan"), 1), (0.0, 1)]
)
@pytest.mark.parametrize("of_channel", [False, True])
async def test_what_the_other_side_asks_for_is_obeyed_within_reason(
    post: Post, after: float, wait: float, of_channel: bool
) -> None:
    (event,) = put(post.database, waiting())
    post.sender.says(event, LATER._replace(after=after, of_channel=of_channel), SENT)
    await post.run()
    post.clock.pass_(wait - 0.5)
    await post.run()
    assert len(post.sender.calls) == 1
    post.clock.pass_(0.5)
    await post.run()
    assert states(post.database) == {event: ("sent", "")} and len(post.sender.calls) == 2


async def test_what_could_not_be_sent_in_time_is_not_sent_any_more(post: Post) -> None:
    old, young, digest = put(
        post.database,
        waiting(created_at=NOON - timedelta(hours=25)),
        waiting(task=8, created_at=NOON - timedelta(hours=23)),
        waiting(bundle="digest", created_at=NOON - timedelta(days=7)),
    )
    await post.run()
    assert states(post.database) == {old: ("failed", "expired"), young: ("sent", ""), digest: ("sent", "")}


async def test_a_row_that_cannot_be_read_fails_alone(post: Post) -> None:
    contents = ("{", "[1]", '{"person_id": 1}', '{"happened_at": 7}')
    rows = put(post.database, *[waiting(task=it, content=text) for it, text in enumerate(contents)], waiting(task=9))
    await post.run()
    assert [states(post.database)[it] for it in rows] == [("failed", "unwritten")] * len(contents) + [("sent", "")]


async def test_a_broken_channel_rests_everywhere_and_then_one_item_tries_it(post: Post) -> None:
    other, mail = Post(post.database, post.clock), Post(post.database, post.clock, "email")
    rows = put(post.database, *[waiting(task=it) for it in range(5)])
    put(post.database, waiting(channel="email"))
    for each in (post, other):
        for event in rows:
            each.sender.says(event, DOWN)
    await post.run()
    assert len(post.sender.calls) == 1 and state_of(post.database).failures == 1, "one failure, however many items"
    await other.run()
    await mail.run()
    assert other.sender.calls == [] and mail.sender.sent.qsize() == 1, "other channels do not notice"
    for failures, pause in enumerate(CHANNEL_PAUSES[:-1], start=2):
        post.clock.pass_(pause - 0.5)
        await other.run()
        assert len(other.sender.calls) == failures - 2
        post.clock.pass_(0.5)
        await other.run()
        assert len(other.sender.calls[-1]) == 1 and state_of(post.database).failures == failures
    assert {it.attempts for it in stored(post.database).values() if it.channel == "webpush"} == {0}
    post.clock.pass_(CHANNEL_PAUSES[-1])
    post.sender.outcomes.clear()
    await post.run()
    assert state_of(post.database).failures == 0 and [len(it) for it in post.sender.calls] == [5, 1, 4]
    assert {it for it, _ in states(post.database).values()} == {"sent"}


async def test_outcomes_of_one_outage_that_come_one_by_one_count_once(post: Post) -> None:
    rows = put(post.database, *[waiting(task=it) for it in range(5)])
    for event in rows:

        async def down() -> Outcome:
            await post.worker.recorder.flush()
            return DOWN

        post.sender.says(event, down)
    await post.run()
    assert state_of(post.database).failures == 1


async def test_a_pause_that_a_wrong_clock_made_holds_nothing_up(post: Post) -> None:
    post.clock.pass_(86_400)
    (event,) = put(post.database, waiting())
    post.sender.says(event, DOWN, SENT)
    await post.run()
    post.clock.pass_(-86_000)
    (after,) = put(post.database, waiting(task=8))
    await post.run()
    assert states(post.database)[after] == ("sent", "")


async def test_an_administrator_stops_a_channel_and_lets_it_send_again(post: Post) -> None:
    (event,) = put(post.database, waiting())
    write(post.database, lambda db: channel_states.stop(db, WEB_PUSH, BORIS))
    assert await post.worker.step() == LOOK_SECONDS and post.sender.calls == []
    write(post.database, lambda db: channel_states.resume(db, WEB_PUSH))
    await post.run()
    assert states(post.database) == {event: ("sent", "")}


async def test_nothing_is_asked_of_the_store_again_and_again_while_the_first_of_a_task_waits(post: Post) -> None:
    rows = put(post.database, waiting(), waiting())
    post.sender.says(rows[0], LATER)
    await post.worker.step()
    assert await post.worker.step() == LOOK_SECONDS, "the second one is due, but not before the first"


@pytest.mark.parametrize("error", [ValueError("no"), asyncio.CancelledError(), KeyError("email")])
async def test_an_item_that_breaks_its_sender_harms_no_other(
    post: Post, caplog: pytest.LogCaptureFixture, error: BaseException
) -> None:
    rows = put(post.database, *[waiting(task=it) for it in range(4)])
    post.sender.says(rows[1], error)
    await post.run()
    assert [states(post.database)[it] for it in rows] == [("sent", ""), ("waiting", "unwritten"), *[("sent", "")] * 2]
    assert sorted(post.sender.sent._queue) == sorted([rows[0], *rows[2:]]), "and none is sent twice"  # type: ignore[attr-defined]
    assert state_of(post.database).failures == 0 and "what was to be sent failed" in caplog.text
    await post.run_until(lambda: states(post.database)[rows[1]] == ("failed", "unwritten"))
    assert stored(post.database)[rows[1]].attempts == MOST_ATTEMPTS


async def test_an_item_that_hangs_holds_up_its_own_task_alone(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox_worker, "SEND_SECONDS", 0.1)
    rows = put(post.database, *[waiting(task=it) for it in range(4)])
    post.sender.says(rows[1], asyncio.Event().wait)
    await post.run_until(lambda: post.sender.sent.qsize() == 3)
    assert [stored(post.database)[it].state for it in rows] == ["sent", "waiting", "sent", "sent"]
    await post.run_until(lambda: states(post.database)[rows[1]] == ("failed", "unreachable"))


async def test_a_sender_that_says_nothing_or_too_much_confuses_nobody(post: Post) -> None:
    twice, nothing, other, sent = put(post.database, *[waiting(task=it) for it in range(4)])

    class Odd(ScriptedSender):
        async def send(self, items: Sequence[Item]) -> AsyncIterator[tuple[Item, Outcome]]:
            by_event = {it.row.event: it for it in items}
            for each in (SENT, REFUSED, SENT):
                yield by_event[twice], each
            yield by_event[other]._replace(row=by_event[other].row._replace(id=10**6)), SENT
            yield by_event[sent]._replace(row=by_event[sent].row._replace(holder="?")), SENT

    post.worker.sender = Odd()
    await post.worker.step()
    untried = ("waiting", "")
    assert states(post.database) == {twice: ("sent", ""), nothing: untried, other: untried, sent: ("sent", "")}
    assert leased(post.database) == 0


async def test_a_sender_that_ends_early_goes_on_with_the_rest_and_one_that_says_nothing_has_failed(post: Post) -> None:
    class Slow(ScriptedSender):
        async def send(self, items: Sequence[Item]) -> AsyncIterator[tuple[Item, Outcome]]:
            self.calls.append([it.row.event for it in items])
            for item in items[:2]:
                if item.row.event != rows[4]:
                    yield item, SENT

    rows = put(post.database, *[waiting(task=it) for it in range(5)])
    post.worker.sender = sender = Slow()
    await post.run()
    assert sender.calls == [rows, rows[2:], rows[4:]] and state_of(post.database).failures == 0
    assert [states(post.database)[it] for it in rows] == [("sent", "")] * 4 + [("waiting", "unreachable")]


async def test_an_answer_about_any_item_ends_the_probing_of_a_channel(post: Post) -> None:
    down, gone, _ = put(post.database, *[waiting(task=it, device_id=device(post.database)) for it in range(3)])
    post.sender.says(down, DOWN, SENT)
    post.sender.batch = 1
    await post.worker.step()
    assert state_of(post.database).failures == 1
    write(post.database, lambda db: channel_states.resume(db, WEB_PUSH))
    post.sender.says(gone, Outcome("gone", "gone"))
    await post.worker.step()
    assert post.sender.calls == [[down], [gone]] and state_of(post.database).failures == 0


async def test_mail_that_is_put_off_is_given_up_by_its_age(database: Database) -> None:
    post = Post(database, channel="email")
    (event,) = put(database, waiting(channel="email"))
    post.sender.says(event, LATER)
    await post.run_until(lambda: states(database)[event][0] == "failed", 400_000)
    assert states(database)[event] == ("failed", "expired")
    assert stored(database)[event].attempts > MOST_ATTEMPTS and post.clock.seconds > 3 * 86_400


async def test_a_bundle_of_which_a_part_can_not_be_checked_waits_whole(database: Database) -> None:
    post = Post(database, channel="email")
    rows = put(database, *[waiting(channel="email", bundle="digest") for _ in range(3)],
               waiting(person=BORIS, channel="email", bundle="digest"))  # fmt: skip
    post.checks.refuses = {rows[0]: Outcome("skipped", "read"), rows[1]: outbox_worker.UNCHECKED}
    await post.run()
    assert [states(database)[it] for it in rows] == [
        ("skipped", "read"), ("waiting", "unchecked"), ("waiting", "unchecked"), ("sent", "")
    ]  # fmt: skip


class Broken(Database):
    """A store that may be down."""

    down: Exception | None = None

    async def run(self, work: Any, *, writes: bool = False) -> Any:
        if self.down:
            raise self.down
        return await super().run(work, writes=writes)


@pytest.fixture
def broken(database: Database) -> Any:
    store = Broken(str(database.engine.url))
    yield Post(store)
    store.close()


@pytest.mark.parametrize("error", [StoreUnavailable(detail="down"), OutcomeUnknown(detail="cut")])
async def test_what_was_accepted_while_the_store_is_down_is_recorded_later_and_not_sent_again(
    broken: Any, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    post: Post = broken
    store: Broken = post.database  # type: ignore[assignment]  # it is one
    rows = put(store, *[waiting(task=it) for it in range(3)])

    async def fall() -> Outcome:
        store.down = error
        return SENT

    post.sender.says(rows[1], fall, SENT)
    with caplog.at_level(logging.WARNING):
        for _ in range(4):
            assert await post.worker.step() == LOOK_SECONDS
    assert len(caplog.records) == 1 and len(post.sender.calls) == 1
    store.down = None
    post.clock.pass_(LEASE_SECONDS + 1)
    await post.run()
    assert len(post.sender.calls) == 1 and {it for it, _ in states(store).values()} == {"sent"}


async def test_a_store_that_falls_while_it_is_asked_about_people_delays_nothing_for_long(broken: Any) -> None:
    post: Post = broken
    store: Broken = post.database  # type: ignore[assignment]  # it is one
    put(store, waiting())

    def fall(_: Sequence[Item]) -> None:
        if post.checks.asked == 1:
            store.down = StoreUnavailable(detail="down")
            raise store.down

    post.checks.meanwhile = fall
    assert await post.worker.step() == LOOK_SECONDS
    store.down = None
    await post.run()
    post.clock.pass_(PAUSES[0])
    await post.run()
    assert post.sender.sent.qsize() == 1 and {it.attempts for it in stored(store).values()} == {1}


async def test_what_cannot_be_recorded_is_not_sent_again_and_again(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = put(post.database, *[waiting(task=it, device_id=device(post.database)) for it in range(3)])
    note, (odd, *_) = devices.note_reached, [it.device_id for it in stored(post.database).values()]

    def noting(session: Any, device_ids: set[int], now: Any) -> None:
        if odd in device_ids:
            raise NotFound
        note(session, device_ids, now)

    monkeypatch.setattr(devices, "note_reached", noting)
    await post.run()
    assert [states(post.database)[it] for it in rows] == [("sent", "unwritten"), ("sent", ""), ("sent", "")]


async def test_what_may_not_be_sent_is_not_and_what_cannot_be_checked_waits_uncounted(post: Post) -> None:
    rows = put(post.database, *[waiting(task=it) for it in range(4)])
    post.checks.refuses = {rows[0]: Outcome("skipped", "read"), rows[1]: outbox_worker.UNCHECKED}
    post.checks.refuses[rows[2]] = Outcome("later", "quiet", after=30_000)
    await post.run()
    assert post.sender.calls == [[rows[3]]]
    assert [states(post.database)[it] for it in rows] == [
        ("skipped", "read"), ("waiting", "unchecked"), ("waiting", "quiet"), ("sent", "")
    ]  # fmt: skip
    kept = stored(post.database)
    assert [kept[it].attempts for it in rows[1:3]] == [0, 0] and kept[rows[2]].due_at == NOON + timedelta(
        seconds=30_000
    )


async def test_nothing_spins_while_nothing_can_be_checked(post: Post) -> None:
    put(post.database, *[waiting(task=it) for it in range(120)])
    post.checks.refuses = dict.fromkeys(stored(post.database), outbox_worker.UNCHECKED)
    assert await post.worker.step() == LOOK_SECONDS


async def test_an_item_that_breaks_the_checks_harms_no_other(post: Post) -> None:
    rows = put(post.database, *[waiting(task=it) for it in range(4)])

    def odd(items: Sequence[Item]) -> None:
        if rows[2] in [it.row.event for it in items]:
            raise KeyError("kind")

    post.checks.meanwhile = odd
    await post.run()
    assert [it for it, _ in map(states(post.database).get, rows)] == ["sent", "sent", "waiting", "sent"]  # type: ignore[misc]
    await post.run_until(lambda: states(post.database)[rows[2]] == ("failed", "unwritten"))


async def test_checks_that_hang_hold_up_nobody_for_longer_than_a_lease(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Hanging:
        async def refused(self, items: Sequence[Item]) -> dict[int, Outcome]:
            await asyncio.Event().wait()
            return {}

    monkeypatch.setattr(outbox_worker, "CHECK_SECONDS", 0.05)
    (event,) = put(post.database, waiting())
    post.worker.checks = Hanging()  # type: ignore[assignment]  # a test's
    await post.worker.step()
    assert states(post.database) == {event: ("waiting", "unchecked")} and leased(post.database) == 0


async def test_a_mail_server_that_never_answers_delays_no_push(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox_worker, "DRAIN_SECONDS", 0.05)
    push, mail = Post(database), Post(database, channel="email")
    (letter,) = put(database, waiting(channel="email"))
    reached = asyncio.Event()

    async def hang() -> Outcome:
        reached.set()
        await asyncio.Event().wait()
        return SENT

    mail.sender.says(letter, hang)
    running = asyncio.create_task(mail.worker.watch()), asyncio.create_task(push.worker.watch())
    await reached.wait()
    for number in range(20):
        (event,) = put(database, waiting(task=number))
        push.worker.wake()
        async with asyncio.timeout(30):
            assert await push.sender.sent.get() == event
    assert mail.sender.sent.empty() and not running[0].done()
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)
    assert leased(database) == 0 and (mail.sender.closed, push.sender.closed) == (1, 1)


async def test_at_the_end_what_is_being_sent_ends_and_the_rest_is_given_back(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox_worker, "DRAIN_SECONDS", 0.2)
    first, second, third = put(post.database, *[waiting(task=it) for it in range(3)])
    reached, goes_on = asyncio.Event(), asyncio.Event()

    async def slowly() -> Outcome:
        reached.set()
        await goes_on.wait()
        return SENT

    post.sender.says(first, slowly)
    post.sender.says(second, asyncio.Event().wait)
    running = asyncio.create_task(post.worker.watch())
    await reached.wait()
    running.cancel()
    await asyncio.sleep(0)
    goes_on.set()
    with suppress(asyncio.CancelledError):
        await running
    assert states(post.database) == {first: ("sent", ""), second: ("waiting", ""), third: ("waiting", "")}
    assert leased(post.database) == 0 and post.sender.closed == 1
    assert {it.attempts for it in stored(post.database).values()} == {0, 1}


async def test_what_is_just_being_claimed_at_the_end_is_given_back(post: Post) -> None:
    (event,) = put(post.database, waiting())
    claiming = post.worker._claim

    def claim_late(session: Any) -> Any:
        found = claiming(session)
        running.get_loop().call_soon_threadsafe(running.cancel)
        return found

    post.worker._claim = claim_late  # type: ignore[method-assign]
    running = asyncio.create_task(post.worker.watch())
    await asyncio.gather(running, return_exceptions=True)
    assert leased(post.database) == 0 and stored(post.database)[event].state in ("waiting", "sent")


async def test_browsers_get_what_no_phone_got(database: Database) -> None:
    phones, browser = [device(database, service=FCM) for _ in range(2)], device(database)
    post = Post(database, channel=FCM)
    for task, outcomes in enumerate([(REFUSED, REFUSED), (SENT, REFUSED), (Outcome("gone", "gone"), REFUSED)]):
        put(database, *[waiting(f"e{task}", task=task, channel=FCM, device_id=it) for it in phones])
        for each in outcomes:
            post.sender.outcomes.setdefault(f"e{task}", []).append(each)
    await post.run()
    follow = {it.event: it.device_id for it in claim(database)}
    assert follow == {"e0": browser, "e2": browser}


async def test_what_waits_for_a_phone_that_is_gone_goes_to_browsers(database: Database) -> None:
    phone, browser = device(database, service=FCM), device(database)
    post = Post(database, channel=FCM)
    rows = put(database, *[waiting(channel=FCM, device_id=phone) for _ in range(3)])
    post.sender.says(rows[0], Outcome("gone", "gone"))
    await post.run()
    assert len(post.sender.calls) == 1 and {it.device_id for it in claim(database, limit=1)} == {browser}
    assert sum(it.channel == WEB_PUSH for it in stored(database).values()) == 3


async def test_two_processes_whose_phones_fail_at_once_lead_to_browsers_once(
    told_store: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, browser = (device(told_store, IRINA, service=it) for it in (FCM, FCM, WEB_PUSH))
    put(told_store, *[waiting("e", IRINA, channel=FCM, device_id=it) for it in (first, second)])
    states_of, meeting = outbox.states_of, threading.Barrier(2)

    def met(*asked: Any) -> set[str]:
        with suppress(threading.BrokenBarrierError):  # where one waits for the other, they never meet
            meeting.wait(0.5)
        return states_of(*asked)

    monkeypatch.setattr(outbox, "states_of", met)
    posts = [Post(told_store, channel=FCM) for _ in range(2)]
    for post in posts:
        post.sender.batch = 1
        post.sender.says("e", REFUSED)
    await asyncio.gather(*(post.worker.step() for post in posts))
    await posts[0].run()
    assert [it.device_id for it in stored(told_store).values() if it.channel == WEB_PUSH] == [browser]


def test_a_channel_is_a_line_in_the_registry(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    sender = ScriptedSender()
    pigeon = registry.Channel("pigeon", (), {"pigeon": lambda resources: sender, "owl": lambda resources: None})
    monkeypatch.setattr(registry, "CHANNELS", [pigeon])
    each = Outbox(Resources(None, database), None, lambda: NOON)  # type: ignore[arg-type]  # nobody is connected here
    assert list(each.workers) == ["pigeon"] and each.workers["pigeon"].sender is sender


async def test_a_new_channel_needs_no_other_line(database: Database) -> None:
    post = Post(database, channel="pigeon")
    (event,) = put(database, waiting(channel="pigeon"))
    await post.run()
    assert states(database) == {event: ("sent", "")}
