"""What one wants to be told of and how, and what is muted: as pages, as forms and for programs."""

import re
from dataclasses import replace
from datetime import datetime, time, timedelta
from html.parser import HTMLParser
from typing import get_args
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from helpdesk.errors import Invalid, Unavailable
from helpdesk.notifications.preferences import SOUNDS, TYPES, Digest, Preferences, QuietHours, Sounds
from helpdesk.notifications.preferences_json import from_json, to_json
from helpdesk.people.rights import QUALITY
from helpdesk.services import Services
from helpdesk.store import preferences, rights
from helpdesk.tasks.embedded.backend import EmbeddedBackend
from helpdesk.web.core.request_data import Fields
from helpdesk.web.notifications import mutes
from helpdesk.web.notifications import preferences as notification_preferences
from helpdesk.web.notifications.preference_params import PARSERS, changed, form_values, typed_values
from tests.notifications.sending import put, waiting
from tests.notifications.sending import stored as outbox_rows
from tests.notifications.test_preferences import CHANNELS, JUNK, PREFERENCES, WANTED
from tests.soak import examples
from tests.web.conftest import HTML, HTMX, Client, Visit
from tests.world import PEOPLE_IDS, PROJECT_IDS, EmbeddedWorld

PAGE = "/notifications/preferences"
MOSCOW = ZoneInfo("Europe/Moscow")
HOSTILE = "'\"><script>alert(1)</script> %s"
NIGHT = QuietHours(frozenset({4, 5}), time(23, 30), time(7), ZoneInfo("Asia/Omsk"))
SAID = Preferences(
    WANTED - {("comment", "sound")}, frozenset({PROJECT_IDS["office"]}), quiet=NIGHT, digest=True,
    sounds=Sounds("none", "knock"), digest_at=Digest(frozenset({0, 4}), time(17, 30), ZoneInfo("Asia/Omsk")),
)  # fmt: skip
FORM = {
    "complete": "1", "start": "22:00", "end": "08:00", "zone": "UTC", "sound_high": "bell", "sound_normal": "chime",
    "digest_days": ["mon", "tue"], "digest_at": "09:00",
}  # fmt: skip


class Sent(HTMLParser):
    """What a browser sends of the form of that id as it is: the values of each name, in their order."""

    def __init__(self, page: str, id: str) -> None:
        super().__init__()
        self.id, self.inside, self.select = id, False, ""
        self.fields: dict[str, list[str]] = {}
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        if tag == "form":
            self.inside = attributes.get("id") == self.id
        elif self.inside and tag == "select":
            self.select = attributes["name"] or ""
        elif self.inside and tag == "option" and "selected" in attributes:
            self.fields.setdefault(self.select, []).append(attributes.get("value") or "")
        elif self.inside and tag == "input" and (attributes.get("type") != "checkbox" or "checked" in attributes):
            self.fields.setdefault(attributes["name"] or "", []).append(attributes["value"] or "")

    def handle_endtag(self, tag: str) -> None:
        self.inside = self.inside and tag != "form"


def keep(services: Services, login: str, chosen: Preferences) -> None:
    services.database.run_here(lambda db: preferences.save(db, PEOPLE_IDS[login], to_json(chosen)), writes=True)


def kept(services: Services, login: str) -> Preferences:
    number = PEOPLE_IDS[login]
    return from_json(services.database.run_here(lambda db: preferences.of_people(db, [number])).get(number, ""))


def to_the_minute(chosen: Preferences) -> Preferences:
    """As the form can show them: in minutes, and with one clock for quiet hours and the digest."""
    quiet, digest = chosen.quiet, chosen.digest_at
    zone = (quiet.zone if quiet else digest.zone) or MOSCOW
    digest = Digest(digest.days, minutes(digest.at), zone)
    if quiet:
        quiet = quiet._replace(start=minutes(quiet.start), end=minutes(quiet.end))
    return replace(chosen, quiet=quiet, digest_at=digest)


def minutes(clock: time) -> time:
    return clock.replace(second=0, microsecond=0, fold=0)


def test_every_choice_has_a_label_and_every_offered_zone_exists() -> None:
    labels = notification_preferences
    assert tuple(labels.TYPE_LABELS) == TYPES and tuple(labels.SOUND_LABELS) == SOUNDS
    assert set(labels.SOUND_FIELDS) == {f"sound_{name}" for name in Sounds._fields}
    assert set(mutes.MESSAGES) == {(kind, muted) for kind in get_args(mutes.Kind) for muted in (True, False)}
    for zone in labels.ZONES:
        assert changed(Fields({"zone": zone}), Preferences(), MOSCOW).quiet.zone == ZoneInfo(zone)


@given(PREFERENCES, PREFERENCES)
def test_sending_the_form_values_back_changes_nothing(chosen: Preferences, other: Preferences) -> None:
    chosen = to_the_minute(chosen)
    sent = form_values(chosen, MOSCOW)
    without_days = [it for it, days in ((chosen.quiet and chosen.quiet.kept, chosen.quiet and chosen.quiet.days),
                                        (chosen.digest, chosen.digest_at.days)) if it and not days]  # fmt: skip
    if without_days:
        with pytest.raises(Invalid):
            changed(Fields(sent), other, MOSCOW)
        return
    read = changed(Fields(sent), other, MOSCOW)
    assert form_values(read, MOSCOW) == sent == typed_values(Fields(sent), other, MOSCOW)
    assert replace(read, quiet=chosen.quiet) == replace(
        chosen, muted_projects=other.muted_projects, muted_tasks=other.muted_tasks
    )
    assert read.quiet == chosen.quiet or (chosen.quiet is None and not read.quiet.kept)


@given(PREFERENCES, st.dictionaries(st.sampled_from([*PARSERS, "muted_tasks"]), JUNK))
def test_junk_is_refused_by_its_field_or_can_be_stored(before: Preferences, junk: dict[str, object]) -> None:
    try:
        read = changed(Fields(junk), before, MOSCOW)
    except Invalid as refusal:
        assert refusal.fields and set(refusal.fields) <= {*junk, "days", "digest_days"}
        assert set(typed_values(Fields(junk), before, MOSCOW)) == set(PARSERS)
    else:
        assert from_json(to_json(read)) == read
        assert (read.muted_projects, read.muted_tasks) == (before.muted_projects, before.muted_tasks)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=examples(15), deadline=None)
@given(chosen=PREFERENCES.map(to_the_minute))
def test_an_untouched_form_changes_nothing(visit: Visit, services: Services, chosen: Preferences) -> None:
    chosen = replace(chosen, digest_at=chosen.digest_at._replace(days=chosen.digest_at.days or frozenset({0})))
    if chosen.quiet:
        chosen = replace(chosen, quiet=chosen.quiet._replace(days=chosen.quiet.days or frozenset({0})))
    keep(services, "anna", chosen)
    anna = visit("anna")
    sent = Sent(anna.get(PAGE, headers=HTML).text, "preferences").fields
    answer = anna.post(PAGE, data=sent, headers=HTML)
    assert (answer.status_code, answer.headers["location"]) == (303, PAGE)
    read = kept(services, "anna")
    assert replace(read, quiet=None) == replace(chosen, quiet=None)
    assert read.quiet == chosen.quiet or (chosen.quiet is None and not read.quiet.kept)


def test_the_page_shows_the_defaults(anna: Client, services: Services) -> None:
    assert f'href="{PAGE}"' in anna.get("/notifications", headers=HTML).text
    page = anna.get(PAGE, headers=HTML).text
    fields = Sent(page, "preferences").fields
    assert sorted(fields["wanted"]) == sorted(
        f"{type}:{channel}" for type in TYPES for channel in CHANNELS if (type, channel) in WANTED
    )  # fmt: skip
    assert ("quiet" in fields, fields["zone"], fields["start"]) == (False, ["Europe/Moscow"], ["22:00"])
    assert 'aria-label="A comment: Sound" checked' in page and "is not sent" in page
    assert "Your choice was saved" not in page
    assert kept(services, "anna") == Preferences()


def test_a_form_saves_the_choices_and_every_box_can_be_unchecked(visit: Visit, services: Services) -> None:
    keep(services, "anna", SAID)
    answer = visit("anna").post(PAGE, data={**FORM, "days": ["mon"], "quiet": "1", "zone": "asia/omsk "})
    assert answer.json()["quiet"] and answer.json()["zone"] == "Asia/Omsk"
    assert kept(services, "anna") == Preferences(
        frozenset(), SAID.muted_projects, SAID.muted_tasks,
        QuietHours(frozenset({0}), time(22), time(8), ZoneInfo("Asia/Omsk")), False, Sounds("chime", "bell"),
        digest_at=Digest(frozenset({0, 1}), time(9), ZoneInfo("Asia/Omsk")),
    )  # fmt: skip
    assert kept(services, "boris") == Preferences()


def test_only_controllers_are_asked_about_quality_and_others_keep_what_they_chose(
    visit: Visit, services: Services
) -> None:
    anna, cell = visit("anna"), 'aria-label="New requests in quality control: List"'
    page = anna.get(PAGE, headers=HTML).text
    assert cell not in page and cell in visit("admin").get(PAGE, headers=HTML).text
    anna.post(PAGE, data=Sent(page, "preferences").fields, headers=HTML)
    assert kept(services, "anna").wanted == Preferences().wanted
    services.database.run_here(lambda db: rights.grant(db, PEOPLE_IDS["anna"], QUALITY), writes=True)
    assert cell in visit("anna").get(PAGE, headers=HTML).text


def test_json_changes_only_named_fields_and_reads_the_same_names(visit: Visit, services: Services) -> None:
    keep(services, "anna", SAID)
    anna = visit("anna")
    assert anna.post(PAGE, json={"sound_normal": "bell"}).status_code == 200
    assert kept(services, "anna") == replace(SAID, sounds=Sounds("bell", "knock"))
    body = anna.get(PAGE).json()
    assert (body["days"], body["start"], body["muted_projects"]) == (["fri", "sat"], "23:30", [PROJECT_IDS["office"]])
    anna.post(PAGE, json={"quiet": False, "digest": None, "wanted": []})
    stored = kept(services, "anna")
    assert (stored.quiet, stored.digest, stored.wanted) == (NIGHT._replace(kept=False), False, frozenset())
    assert (
        anna.post(
            PAGE, json={name: body[name] for name in PARSERS if name != "sound_call"} | {"sound_normal": "none"}
        ).status_code
        == 200
    )
    assert kept(services, "anna") == SAID


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("start", "25:00", "must be a time"), ("start", "", "fill this in"), ("end", "8 утра", "must be a time"),
        ("zone", "Mars/Olympus", "no such time zone"), ("zone", "../etc/passwd", "no such time zone"),
        ("zone", HOSTILE, "no such time zone"), ("sound_high", "gong", "no such choice"),
        ("sound_normal", HOSTILE, "no such choice"), ("days", ["mon", "8"], "no such choice"),
        ("wanted", "comment:fax", "no such choice"), ("digest", "maybe", "yes or no"),
        ("quiet", "1", "choose a day"), ("digest_at", "9", "must be a time"), ("digest_days", [], "choose a day"),
    ],
)  # fmt: skip
def test_an_error_appears_at_its_field_and_nothing_is_saved(
    visit: Visit, services: Services, field: str, value: str | list[str], message: str
) -> None:
    keep(services, "anna", SAID)
    anna, sent = visit("anna"), {**FORM, "digest": "1", "end": "06:15", field: value}
    for headers in (HTML, HTMX):
        answer = anna.post(PAGE, data=sent, headers=headers)
        assert answer.status_code == 422 and (headers is HTML) == ("<html" in answer.text)
        where = {"quiet": "days"}.get(field, field)
        fault = re.search(rf'id="preferences-{where}-fault">(.*?)</p>', answer.text, re.DOTALL)
        assert fault and message in fault[1] and "<script>alert" not in answer.text
        again = Sent(answer.text, "preferences").fields
        assert field in ("end", "start") or again["end"] == ["06:15"]
        assert field == "digest" or again["digest"] == ["1"]
        assert field not in ("start", "end", "digest_at") or again[field] == [value]
    assert message in str(anna.post(PAGE, data=sent).json()["errors"]) and kept(services, "anna") == SAID


def test_all_errors_are_reported_at_once(visit: Visit) -> None:
    answer = visit("anna").post(PAGE, json={"start": "x", "end": 7, "zone": None, "sound_high": ["bell"], "wanted": {}})
    assert set(answer.json()["errors"]) == {"start", "end", "zone", "sound_high", "wanted"}


def test_htmx_gets_the_form_for_the_next_change(visit: Visit, services: Services) -> None:
    answer = visit("anna").post(PAGE, data={**FORM, "idempotency_key": "k"}, headers=HTMX)
    assert answer.status_code == 200 and "<html" not in answer.text and "Your choice was saved." in answer.text
    again = Sent(answer.text, "preferences").fields
    assert "wanted" not in again and again["idempotency_key"] != ["k"] and len(again["typed_by"]) == 1


def test_a_page_of_another_person_changes_nothing(visit: Visit, services: Services) -> None:
    annas = Sent(visit("anna").get(PAGE, headers=HTML).text, "preferences").fields
    answer = visit("boris").post(PAGE, data={**annas, "digest": "1"}, headers=HTML)
    assert answer.status_code == 403 and not kept(services, "boris").digest


# Mutes


def test_a_task_and_its_project_are_muted_and_unmuted_on_its_page(
    visit: Visit, services: Services, embedded: EmbeddedWorld
) -> None:
    task, anna = embedded.new_task(), visit("anna")
    for kind, number in (("task", task), ("project", PROJECT_IDS["help"])):
        for muted, label in ((True, f"Notify of the {kind} again"), (False, f"Mute the {kind}")):
            page = anna.get(f"/tasks/{task}", headers=HTML).text
            sent = Sent(page, f"mute-{kind}-{number}").fields
            assert sent["muted"] == [str(int(muted))]
            headers = {**HTML, "Referer": f"http://testserver/tasks/{task}"}
            answer = anna.post(f"/notifications/mute/{kind}/{number}", data=sent, headers=headers)
            assert (answer.status_code, answer.headers["location"]) == (303, f"/tasks/{task}")
            now = kept(services, "anna")
            assert replace(now, muted_tasks=frozenset(), muted_projects=frozenset()) == Preferences()
            only = frozenset({number} if muted else ())
            assert (now.muted_tasks, now.muted_projects) == ((only, frozenset()), (frozenset(), only))[kind != "task"]
            page = anna.get(f"/tasks/{task}", headers=HTML).text
            assert f">{label}<" in page and ('<details class="task-mutes" open>' in page) == muted
    assert kept(services, "boris") == Preferences()


def test_htmx_gets_the_opposite_button(visit: Visit, embedded: EmbeddedWorld) -> None:
    task, anna = embedded.new_task(), visit("anna")
    address = f"/notifications/mute/task/{task}"
    answer = anna.post(address, data={"muted": "1"}, headers=HTMX)
    assert "only when somebody turns to you" in answer.text and "<html" not in answer.text
    assert Sent(answer.text, f"mute-task-{task}").fields["muted"] == ["0"]
    for body in ({"muted": False}, {"muted": "0"}):
        assert anna.post(address, json=body).json()["muted"] is False
    assert anna.post(address, json={"muted": "maybe"}).status_code == 422


def test_an_invisible_task_can_not_be_muted_but_unmuted(
    visit: Visit, services: Services, embedded: EmbeddedWorld
) -> None:
    task = embedded.new_task(project="warehouse", author="boris", assignee=None)
    project, stranger = PROJECT_IDS["warehouse"], visit("stranger")
    addresses = [f"task/{task}", f"project/{project}", "task/999999", f"task/{2**40}", f"project/{2**40}", "task/0"]
    for muted in (True, False):
        for address in addresses:
            assert stranger.post(f"/notifications/mute/{address}", json={"muted": muted}).status_code == 404
    keep(services, "stranger", Preferences(muted_projects=frozenset({project}), muted_tasks=frozenset({task, 999_999})))
    page = stranger.get(PAGE, headers=HTML).text
    assert page.count("you do not see it any more") == 3 and "Принтер" not in page and "warehouse" not in page
    for address in addresses[:3]:
        assert stranger.post(f"/notifications/mute/{address}", json={"muted": False}).status_code == 200
    assert kept(services, "stranger") == Preferences()


def test_muted_tasks_and_projects_are_listed_by_name(
    visit: Visit, services: Services, embedded: EmbeddedWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    task, closed = embedded.new_task(HOSTILE), embedded.new_task("Мышь", status="closed")
    anna = visit("anna")
    assert "There is nothing here yet" in anna.get(PAGE, headers=HTML).text
    keep(services, "anna", Preferences(muted_projects=frozenset({1}), muted_tasks=frozenset({task, closed})))
    page = anna.get(PAGE, headers=HTML).text
    assert "Мышь" in page and "Project help" in page and "<script>alert" not in page and "&lt;script" in page
    assert page.count(" again<") == 3

    async def silent(*_: object, **__: object) -> None:
        raise Unavailable

    monkeypatch.setattr(EmbeddedBackend, "tasks", silent)
    page = anna.get(PAGE, headers=HTML)
    assert page.status_code == 200 and "you do not see" not in page.text and page.text.count(" again<") == 3


def test_the_number_of_mutes_is_limited(visit: Visit, services: Services, embedded: EmbeddedWorld) -> None:
    task, anna = embedded.new_task(), visit("anna")
    many = frozenset(range(task + 1, task + 1 + mutes.MOST_MUTES))
    keep(services, "anna", Preferences(muted_tasks=many))
    answer = anna.post(f"/notifications/mute/task/{task}", json={"muted": True})
    assert answer.status_code == 422 and kept(services, "anna").muted_tasks == many


def test_an_older_form_does_not_undo_a_mute(visit: Visit, services: Services, embedded: EmbeddedWorld) -> None:
    task, anna = embedded.new_task(), visit("anna")
    sent = Sent(anna.get(PAGE, headers=HTML).text, "preferences").fields
    anna.post(f"/notifications/mute/task/{task}", json={"muted": True})
    anna.post(PAGE, data={**sent, "digest": "1"}, headers=HTML)
    stored = kept(services, "anna")
    assert stored.digest and stored.muted_tasks == {task}


def test_administrators_are_told_which_row_is_about_systems(visit: Visit) -> None:
    row = "Other changes, and systems that fail"
    assert row in visit("admin").get(PAGE, headers=HTML).text and row not in visit("anna").get(PAGE, headers=HTML).text


def test_what_waits_for_a_digest_or_for_the_morning_follows_another_choice(visit: Visit, services: Services) -> None:
    anna, now = visit("anna"), services.clock()
    later, before = now + timedelta(days=3), now - timedelta(minutes=1)
    digest = {"channel": "email", "due_at": later, "bundle": "digest"}
    gathered, quiet, busy = waiting(**digest), waiting(**digest | {"bundle": "", "reason": "quiet"}), waiting(**digest)
    due, other = waiting(**digest | {"due_at": before}), waiting(person=PEOPLE_IDS["boris"], **digest)
    put(services.database, gathered, quiet, busy | {"reason": "busy"}, due, other)

    def moments() -> list[datetime]:
        found = outbox_rows(services.database)
        return [found[it["event"]].due_at for it in (gathered, quiet, busy, due, other)]

    wanted = {
        "digest": True,
        "digest_days": [*notification_preferences.DAY_LABELS],
        "digest_at": "18:00",
        "zone": "UTC",
        "quiet": False,
    }
    assert anna.post(PAGE, json=wanted).status_code == 200
    first, second, *rest = moments()
    assert first == second and first.strftime("%H:%M") == "18:00" and now < first <= now + timedelta(days=1)
    assert anna.post(PAGE, json={"digest": False}).status_code == 200
    assert all(now <= it <= services.clock() for it in moments()[:2])
    assert moments()[2:] == rest == [later, before, later]
