"""A Redmine that misbehaves: every verb fails in the contract's words, in time, without a secret, writing once."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from traceback import format_exception
from typing import Any

import httpx
import pytest

from helpdesk.errors import (
    BadResponse,
    Conflict,
    HelpdeskError,
    NotAllowed,
    NotFound,
    OutcomeUnknown,
    SavedUnseen,
    Unavailable,
    WrongKey,
)
from helpdesk.redmine_client import RedmineClient
from helpdesk.tasks.creation import NewTask
from helpdesk.tasks.files import Upload
from helpdesk.tasks.lists import CardQuery, TaskQuery
from helpdesk.tasks.model import Actor, Edit
from helpdesk.tasks.redmine.backend import RedmineBackend
from tests.servers import imitated_redmine as imitation
from tests.servers.imitated_redmine import ANNA, EVERYTHING, ISSUE, ME, Answer, ImitatedRedmine, says
from tests.servers.process import free_port
from tests.tasks.worlds import RedmineWorld

pytestmark = pytest.mark.usefixtures("no_pause")

KEY = "0123456789abcdef-key-of-the-helpdesk"
ACTOR = Actor(ANNA, "anna", session="session of anna")
START = Edit({"status": 2}, "Взяла")
Verb = Callable[[RedmineBackend], Awaitable[object]]
# The requests that write, by verb; what is told of "change" and "comment" alone has tests of its own below.
WRITES = {
    "change": f"PUT {ISSUE}",
    "comment": f"PUT {ISSUE}",
    "edit_comment": f"PUT {imitation.JOURNAL}",
    "watch": f"POST {imitation.WATCHERS}",
    "delete": f"DELETE {ISSUE}",
    "create": f"POST {imitation.ISSUES}",
}
HTML = "<!DOCTYPE html><title>Sign in</title>"
FAILURES: dict[str, tuple[Answer, str]] = {
    "takes the request and never answers": (imitation.silence, "unavailable"),
    "answers long after the deadline": (imitation.after(60, says(200, "{}")), "unavailable"),
    "answers a byte at a time without an end": (imitation.drip, "unavailable"),
    "hangs up": (imitation.hang_up, "unavailable"),
    "closes in the middle of a body": (imitation.half_a_body, "unavailable"),
    "500": (says(500, HTML, "text/html"), "unavailable"),
    "the 502 page of a proxy": (says(502, HTML, "text/html"), "unavailable"),
    "HTML with 200": (says(200, HTML, "text/html"), "bad_gateway"),
    "half a JSON": (says(200, '{"user": {"id": 5'), "bad_gateway"),
    "an empty 204": (says(204), "bad_gateway"),
    "an empty object": (says(200, "{}"), "bad_gateway"),
    "an empty 403": (says(403), "bad_gateway"),
    "404": (says(404), "bad_gateway"),
    "422": (says(422, '{"errors": []}'), "bad_gateway"),
    "a redirect": (says(302, Location="/login"), "bad_gateway"),
    "a wrong key": (says(401), "wrong_key"),
    "a locked person": (says(412), "locked_out"),
    "somebody else": (imitation.tells({"user": {"id": 6, "login": "login-of-the-key"}}), "wrong_key"),
    "the same id as another type": (imitation.tells({"user": {"id": 5.0, "login": "anna"}}), "bad_gateway"),
}
ENDLESS = list(FAILURES)[:3]
# Every verb begins with the same question, which fails in one place: all failures of one verb that reads and one that
# writes, and of every other verb one failure of each kind.
OF_EACH_KIND = list({code: failure for failure, (_, code) in FAILURES.items()}.values())
LISTS = ["/issue_statuses.json", "/enumerations/issue_priorities.json", "/projects.json"]
PARTS = ["/roles/2.json", "/projects/8/memberships.json", "/trackers.json", "/projects/8.json"]
LOST = {
    "hangs up": imitation.hang_up,
    "breaks off": imitation.half_a_body,
    "a proxy's 504": says(504),
    "500": says(500),
    "page": says(200, HTML),
}


async def pieces(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


def verbs(actor: Actor, number: int, project: int) -> dict[str, Verb]:
    """Every verb of the port, as `actor`, on a task with an entry 1 and a file 1."""
    return {
        "vocabulary": lambda backend: backend.vocabulary(actor),
        "members": lambda backend: backend.members(actor, project),
        "colleagues": lambda backend: backend.colleagues(actor),
        "tasks": lambda backend: backend.tasks(actor, TaskQuery()),
        "summed tasks": lambda backend: backend.tasks(actor, TaskQuery(), summed=True),
        "cards": lambda backend: backend.cards(actor, lambda _: CardQuery(TaskQuery(), (1,), (1,))),
        "task": lambda backend: backend.task(actor, number),
        "change": lambda backend: backend.change(actor, number, START),
        "comment": lambda backend: backend.comment(actor, number, "Уже иду"),
        "edit_comment": lambda backend: backend.edit_comment(actor, number, 1, "Иначе"),
        "watch": lambda backend: backend.watch(actor, number, True),
        "delete": lambda backend: backend.delete(actor, number),
        "projects_for_new": lambda backend: backend.projects_for_new(actor),
        "blank": lambda backend: backend.new_task_form(actor, project),
        "create": lambda backend: backend.create(actor, NewTask(project, "Стол")),
        "stage": lambda backend: backend.stage(actor, Upload("стол.txt", "text/plain", 6, pieces(b"abc", b"def"))),
        "open_file": lambda backend: read(backend, actor, number),
    }


async def read(backend: RedmineBackend, actor: Actor, number: int) -> bytes:
    opened = await backend.open_file(actor, number, 1)
    return b"".join([chunk async for chunk in await opened.read(0)])


VERBS = verbs(ACTOR, 7, 8)
ALL_FAILURES = ("task", "change")
VERBS_AND_FAILURES = [
    (verb, failure) for verb in VERBS for failure in (FAILURES if verb in ALL_FAILURES else OF_EACH_KIND)
]


@asynccontextmanager
async def backend_at(url: str, key: str = KEY, deadline: float = 20) -> AsyncIterator[RedmineBackend]:
    client = RedmineClient(url, key, deadline=deadline)
    try:
        yield RedmineBackend(client, "textile")
    finally:
        await client.close()


async def failure_of(verb: str, url: str, deadline: float = 20) -> HelpdeskError:
    async with backend_at(url, deadline=deadline) as backend:
        with pytest.raises(HelpdeskError) as failure:
            await VERBS[verb](backend)
    return failure.value


def require_no_secret(failure: HelpdeskError, caplog: pytest.LogCaptureFixture) -> None:
    told = "".join(format_exception(failure)) + repr(failure) + failure.detail + failure.message.text + caplog.text
    for secret in (KEY, "login-of-the-key"):
        assert secret not in told


@pytest.mark.parametrize("verb", VERBS)
async def test_a_redmine_in_good_health_serves_every_verb(server: ImitatedRedmine, verb: str) -> None:
    async with backend_at(server.url) as backend:
        assert await VERBS[verb](backend) or verb == "delete"
    assert {request.headers["x-redmine-api-key"] for request in server.requests} == {KEY}


@pytest.mark.parametrize(("verb", "failure"), VERBS_AND_FAILURES)
async def test_a_failing_redmine_raises_an_error_of_the_domain_without_a_secret(
    server: ImitatedRedmine, verb: str, failure: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    answer, code = FAILURES[failure]
    server.answers[EVERYTHING] = answer

    raised = await failure_of(verb, server.url, deadline=0.05 if failure in ENDLESS else 20)
    assert raised.code == code
    require_no_secret(raised, caplog)
    assert {request.method for request in server.requests} == {"GET"}


@pytest.mark.parametrize("verb", VERBS)
async def test_a_redmine_that_is_down_is_unavailable(verb: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    raised = await failure_of(verb, f"http://127.0.0.1:{free_port()}")
    assert raised.code == "unavailable" and raised.message == Unavailable.default
    require_no_secret(raised, caplog)


@pytest.mark.parametrize("verb", VERBS)
async def test_a_redmine_a_little_slow_is_waited_for(server: ImitatedRedmine, verb: str) -> None:
    server.answers[EVERYTHING] = imitation.after(0.02, server.healthy)
    async with backend_at(server.url) as backend:
        assert await VERBS[verb](backend) or verb == "delete"


@pytest.mark.parametrize(("verb", "part"), [*(("vocabulary", it) for it in LISTS), *(("task", it) for it in PARTS)])
@pytest.mark.parametrize("answer", [says(403), says(404), says(200, HTML), imitation.tells({"total_count": 0})])
async def test_without_a_part_that_every_redmine_has_an_answer_makes_no_sense(
    server: ImitatedRedmine, verb: str, part: str, answer: Answer
) -> None:
    server.answers[part] = answer
    assert (await failure_of(verb, server.url)).code == "bad_gateway"


async def test_a_failure_is_not_kept(server: ImitatedRedmine) -> None:
    async with backend_at(server.url) as backend:
        for part in (ME, "/roles/2.json", "/projects/8/memberships.json", "/issue_statuses.json"):
            server.answers[part] = imitation.tells({"user": {}, "role": {}})
            with pytest.raises(BadResponse):
                await backend.task(ACTOR, 7)
            server.answers.clear()
        assert (await backend.task(ACTOR, 7)).choices.may_comment


async def test_colleagues_are_read_without_the_projects_whose_members_cannot_be(server: ImitatedRedmine) -> None:
    async with backend_at(server.url) as backend:
        everybody = await backend.colleagues(ACTOR)
    projects = [{"id": number, "name": f"Project {number}", "status": 1} for number in (8, 9)]
    server.answers["/projects.json"] = imitation.tells({"projects": projects, "total_count": 2})
    server.answers["/projects/9/memberships.json"] = says(500)
    async with backend_at(server.url) as backend:
        assert await backend.colleagues(ACTOR) == everybody != ()
    server.answers["/projects/8/memberships.json"] = says(500)
    assert isinstance(await failure_of("colleagues", server.url), Unavailable)


SEEING_A_TASK = ["task", "change", "comment", "edit_comment", "watch", "delete", "open_file"]


@pytest.mark.parametrize("status", [403, 404])
@pytest.mark.parametrize(
    ("verb", "address"), [("members", "/projects/8/memberships.json"), *((verb, ISSUE) for verb in SEEING_A_TASK)]
)
async def test_the_invisible_and_the_missing_are_told_alike(
    server: ImitatedRedmine, verb: str, address: str, status: int
) -> None:
    server.answers[address] = says(status)
    raised = await failure_of(verb, server.url)
    assert type(raised) is NotFound and raised.message == NotFound.default


@pytest.mark.parametrize("part", ["/issues.json", "/projects.json", "/projects/8/memberships.json"])
@pytest.mark.parametrize("total", [{}, {"total_count": None}, {"total_count": "1"}])
async def test_a_list_without_its_total_makes_no_sense(
    server: ImitatedRedmine, part: str, total: dict[str, object]
) -> None:
    server.answers[part] = imitation.tells({"issues": [], "projects": [], "memberships": []} | total)
    verb = {"/issues.json": "tasks", "/projects.json": "vocabulary"}.get(part, "task")

    assert (await failure_of(verb, server.url)).code == "bad_gateway"


async def test_a_list_forbidden_is_a_list_of_none_and_a_list_missing_is_not(server: ImitatedRedmine) -> None:
    server.answers["/issues.json"] = says(403)
    async with backend_at(server.url) as backend:
        assert (await backend.tasks(ACTOR, TaskQuery())).rows == ()
    server.answers["/issues.json"] = says(404)
    assert (await failure_of("tasks", server.url)).code == "bad_gateway"


@pytest.mark.parametrize("lost", LOST)
@pytest.mark.parametrize("verb", WRITES)
async def test_a_write_whose_answer_was_lost_succeeds_when_it_is_there(
    server: ImitatedRedmine, verb: str, lost: str
) -> None:
    server.loses_the_answer_to(WRITES[verb], LOST[lost], saved=True)
    async with backend_at(server.url) as backend:
        written: Any = await VERBS[verb](backend)

    found = {
        "change": lambda: [entry.id for entry in written.new_entries] == [2],
        "comment": lambda: [entry.id for entry in written.new_entries] == [2],
        "edit_comment": lambda: [entry.notes for entry in written.after.entries] == ["Иначе"],
        "watch": lambda: written.watched,
        "delete": lambda: not server.issues,
        "create": lambda: (written.id, written.row.subject) == (8, "Стол"),
    }
    assert found[verb]()
    assert server.count(*WRITES[verb].split()) == 1


@pytest.mark.parametrize("lost", LOST)
@pytest.mark.parametrize("verb", WRITES)
async def test_a_write_whose_answer_was_lost_fails_when_it_is_not_there(
    server: ImitatedRedmine, verb: str, lost: str
) -> None:
    server.loses_the_answer_to(WRITES[verb], LOST[lost], saved=False)
    raised = await failure_of(verb, server.url)
    assert isinstance(raised, Unavailable)
    # A task that was made is looked for by our clock: one that is not found may be there all the same.
    assert isinstance(raised, OutcomeUnknown) == (verb == "create" or lost not in ("500", "page"))
    assert server.count(*WRITES[verb].split()) == 1


@pytest.mark.parametrize("verb", ["change", "comment"])
async def test_the_same_that_another_wrote_meanwhile_is_not_taken_for_the_lost_write(
    server: ImitatedRedmine, verb: str
) -> None:
    async def another_writes(writer: Any, request: imitation.Request) -> None:
        server.save(request._replace(headers={"x-redmine-switch-user": "irina"}))

    server.loses_the_answer_to(WRITES[verb], another_writes, saved=False)
    raised = await failure_of(verb, server.url)
    assert type(raised) is OutcomeUnknown and server.count("PUT", ISSUE) == 1


@pytest.mark.parametrize("line", [imitation.hang_up, says(204), imitation.silence])
@pytest.mark.parametrize("verb", WRITES)
async def test_nobody_says_that_nothing_was_saved_when_nobody_can_look(
    server: ImitatedRedmine, verb: str, line: Answer
) -> None:
    async def saves_and_dies(writer: Any, request: imitation.Request) -> None:
        server.save(request)
        server.answers[EVERYTHING] = server.answers[ISSUE] = imitation.hang_up
        await line(writer, request)

    server.answers[WRITES[verb]] = saves_and_dies
    raised = await failure_of(verb, server.url, deadline=1 if line is imitation.silence else 20)
    assert type(raised) is OutcomeUnknown
    assert server.count(*WRITES[verb].split()) == 1


@pytest.mark.parametrize("verb", ["change", "comment", "edit_comment"])
async def test_a_write_after_which_the_task_is_not_seen_any_more_was_saved(server: ImitatedRedmine, verb: str) -> None:
    async def saves_and_hides(writer: Any, request: imitation.Request) -> None:
        answer = server.save(request)
        server.answers[f"GET {ISSUE}"] = says(403)
        await answer(writer, request)

    server.answers[WRITES[verb]] = saves_and_hides
    raised = await failure_of(verb, server.url)
    assert type(raised) is SavedUnseen and server.count(*WRITES[verb].split()) == 1


async def test_a_write_that_could_not_even_be_sent_was_not_saved(
    server: ImitatedRedmine, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with backend_at(server.url) as backend:
        put = backend.calls.client.put

        async def put_to_nobody(path: str, body: dict[str, Any], as_login: str) -> None:
            backend.calls.client.http.base_url = httpx.URL(f"http://127.0.0.1:{free_port()}")
            await put(path, body, as_login)

        monkeypatch.setattr(backend.calls.client, "put", put_to_nobody)
        with pytest.raises(Unavailable) as failure:
            await backend.comment(ACTOR, 7, "Уже иду")
    assert failure.value.message == Unavailable.default


@pytest.mark.parametrize("verb", sorted(WRITES.keys() - {"create"}))
async def test_a_204_that_did_nothing_is_a_refusal(server: ImitatedRedmine, verb: str) -> None:
    server.writes = False
    raised = await failure_of(verb, server.url)
    assert type(raised) is NotAllowed and raised.message == NotAllowed.default
    assert server.count(*WRITES[verb].split()) == 1


async def test_a_saved_comment_is_reported_when_the_change_beside_it_was_ignored(server: ImitatedRedmine) -> None:
    async def keeps_the_note_alone(writer: Any, request: imitation.Request) -> None:
        server.save(request._replace(body='{"issue": {"notes": "Взяла"}}'.encode()))
        await says(204)(writer, request)

    server.answers[f"PUT {ISSUE}"] = keeps_the_note_alone
    raised = await failure_of("change", server.url)
    assert type(raised) is NotAllowed and "kept your comment" in raised.message.text


async def test_a_lost_comment_beside_a_change_is_not_passed_over(server: ImitatedRedmine) -> None:
    async def keeps_the_status_alone(writer: Any, request: imitation.Request) -> None:
        server.save(request._replace(body=b'{"issue": {"status_id": 2}}'))
        await says(204)(writer, request)

    server.answers[f"PUT {ISSUE}"] = keeps_the_status_alone
    raised = await failure_of("change", server.url)
    assert type(raised) is NotAllowed and "the comment" in raised.detail


async def test_a_private_comment_that_became_public_is_never_a_success(server: ImitatedRedmine) -> None:
    async def publishes(writer: Any, request: imitation.Request) -> None:
        server.save(request._replace(body=request.body.replace(b"true", b"false")))
        await says(204)(writer, request)

    server.answers[f"PUT {ISSUE}"] = publishes
    async with backend_at(server.url) as backend:
        with pytest.raises(NotAllowed):
            await backend.comment(ACTOR, 7, "между нами", private=True)


async def test_a_stale_lock_is_a_conflict_with_the_present(server: ImitatedRedmine) -> None:
    server.answers[f"PUT {ISSUE}"] = says(422, '{"errors": []}')
    raised = await failure_of("change", server.url)
    assert isinstance(raised, Conflict) and getattr(raised.current, "id", None) == 7


@pytest.mark.parametrize(
    ("status", "code"),
    [(401, "wrong_key"), (403, "not_allowed"), (404, "not_found"), (412, "locked_out"), (302, "bad_gateway")],
)
async def test_a_refused_write_is_reported_as_refused(server: ImitatedRedmine, status: int, code: str) -> None:
    server.answers[f"PUT {ISSUE}"] = says(status)

    assert (await failure_of("comment", server.url)).code == code
    assert server.count("PUT", ISSUE) == 1


async def test_nothing_is_asked_for_a_person_before_redmine_says_that_it_acts_as_that_person(
    server: ImitatedRedmine,
) -> None:
    server.answers[ME] = imitation.tells({"user": {"id": imitation.OWNER, "login": "login-of-the-key"}})
    for verb in VERBS:
        assert type(await failure_of(verb, server.url)) is WrongKey
    assert {request.path for request in server.requests} == {ME}


@pytest.mark.parametrize("key", ["plain", "wrong"])
async def test_a_real_redmine_shows_nothing_through_a_key_that_is_wrong_or_no_administrators(
    redmine_world: RedmineWorld, key: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    redmine = redmine_world.redmine
    secret = redmine.plain_key if key == "plain" else "f" * 40
    number, anna = redmine_world.new_task(assignee="boris"), redmine_world.actor("anna")

    for verb in VERBS:
        caplog.clear()
        async with backend_at(redmine.url, secret) as backend:
            with pytest.raises(WrongKey) as failure:
                await verbs(anna, number, redmine.projects["help"])[verb](backend)
        told = "".join(format_exception(failure.value)) + failure.value.detail + caplog.text
        assert secret not in told and "boris" not in told, verb
    untouched = await redmine_world.backend.task(redmine_world.actor("boris"), number)
    assert untouched.entries == ()


async def test_a_real_redmine_finds_nothing_for_unknown_ids(redmine_world: RedmineWorld) -> None:
    anna, unknown = redmine_world.actor("anna"), (0, 999_999, 2**31 - 1)
    for query in (
        TaskQuery(project_ids=unknown),
        TaskQuery(status_ids=unknown),
        TaskQuery(priority_ids=unknown),
        TaskQuery(search="999999999"),
        TaskQuery(search=" \t ", status_ids=unknown),
        TaskQuery(search="&f[]=author_id&op[author_id]=*&v[subject][]=а 😀 %% ' \" \\ <script>"),
    ):
        assert (await redmine_world.backend.tasks(anna, query)).rows == (), query
