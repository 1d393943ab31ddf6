"""No channel gets past the matrix, a mute or quiet hours, and what is kept can always be read."""

import json
from dataclasses import fields, replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from helpdesk.notifications import recipients
from helpdesk.notifications.channels import registry
from helpdesk.notifications.kinds import TYPES as KINDS
from helpdesk.notifications.kinds import Kind, Type
from helpdesk.notifications.messages import Excerpts
from helpdesk.notifications.preferences import (
    SOUNDS,
    TYPES,
    Digest,
    Preferences,
    QuietHours,
    Sounds,
    decide,
    default_cells,
    options_for,
    sound_of,
)
from helpdesk.notifications.preferences_json import from_json, to_json
from helpdesk.notifications.recipients import EventTexts, Recipient
from helpdesk.tasks.feed import Event

ZONES = ["Europe/Moscow", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC"]
CHANNELS = tuple(option.name for option in registry.options())
WANTED = default_cells()
ALL_DAYS = frozenset(range(7))
CLOCKS = st.times() | st.sampled_from([time(0), time(2, 30), time(22), time(7)])
DAYS = st.frozensets(st.integers(0, 6))
QUIET = st.builds(QuietHours, DAYS, CLOCKS, CLOCKS, st.sampled_from(ZONES).map(ZoneInfo), st.booleans())
CELLS = st.frozensets(st.tuples(st.sampled_from(TYPES), st.sampled_from(CHANNELS)))
NUMBERS = st.frozensets(st.integers(1, 4))
CHOSEN_SOUNDS = st.builds(Sounds, st.sampled_from(SOUNDS), st.sampled_from(SOUNDS))
DIGEST = st.builds(Digest, DAYS, CLOCKS, st.none() | st.sampled_from(ZONES).map(ZoneInfo))
PREFERENCES = st.builds(
    Preferences, CELLS | st.just(WANTED), NUMBERS, NUMBERS, st.none() | QUIET, st.booleans(), CHOSEN_SOUNDS,
    digest_at=DIGEST,
)  # fmt: skip
CHANGES = [datetime(2026, 3, 29, 1, tzinfo=UTC), datetime(2026, 10, 25, 1, tzinfo=UTC)]  # of Berlin's clocks
MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC)) | st.builds(
    lambda change, minutes: change + timedelta(minutes=minutes), st.sampled_from(CHANGES), st.integers(-1500, 1500)
)
ASKED = (st.sampled_from(TYPES), st.integers(1, 4), st.integers(1, 4), MOMENTS)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(
    ["page", "Europe/Moscow", "22:00", "22:00Z", "../x", "UTC\x00", "/etc/passwd", "", "x" * 5000, "\ud800",
     "bell"]
)  # fmt: skip
KEYS = st.sampled_from(
    ["wanted", "muted_projects", "muted_tasks", "quiet", "digest", "days", "start", "end", "zone", "kept", "sounds",
     *Sounds._fields, *TYPES, *CHANNELS]
)  # fmt: skip
JUNK = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=6))
FIELDS = tuple(it.name for it in fields(Preferences))
BERLIN = ZoneInfo("Europe/Berlin")
NIGHT = QuietHours(ALL_DAYS, time(22), time(7), BERLIN)
OLD = '{"days": [0, 1, 2, 3, 4, 5, 6], "start": "22:00", "end": "07:00", "zone": "Europe/Berlin"}'


def within(quiet: QuietHours, now: datetime) -> bool:
    """Whether the clock on the wall, on an even line of days, is in a stretch that begins on a chosen day."""
    if not quiet.kept:
        return False
    wall = now.astimezone(quiet.zone).replace(tzinfo=None)
    for day in (wall.date(), wall.date() - timedelta(days=1)):
        start, end = datetime.combine(day, quiet.start), datetime.combine(day, quiet.end)
        if end <= start:
            end += timedelta(days=1)
        if day.weekday() in quiet.days and start <= wall < end:
            return True
    return False


@given(PREFERENCES, *ASKED)
def test_no_channel_gets_past_the_matrix(told: Preferences, type: Type, project: int, task: int, now: datetime) -> None:
    assert {(type, channel) for channel in options_for(told, type, project, task, now)} <= told.wanted


@given(PREFERENCES, *ASKED)
def test_no_channel_gets_past_a_mute_but_for_what_turns_to_the_person(
    told: Preferences, type: Type, project: int, task: int, now: datetime
) -> None:
    open_to = options_for(told, type, project, task, now)
    if project in told.muted_projects or task in told.muted_tasks:
        assert not open_to or type in ("mention", "assigned")
    free = replace(told, muted_projects=frozenset(), muted_tasks=frozenset())
    if type in ("mention", "assigned"):
        assert open_to == options_for(free, type, project, task, now)


@given(PREFERENCES, *ASKED)
def test_quiet_hours_leave_the_page_alone(
    told: Preferences, type: Type, project: int, task: int, now: datetime
) -> None:
    awake = options_for(replace(told, quiet=None), type, project, task, now)
    quiet = told.quiet is not None and within(told.quiet, now)
    assert options_for(told, type, project, task, now) == (awake & {"page"} if quiet else awake)


@given(PREFERENCES, *ASKED)
def test_a_digest_takes_the_single_mails_alone(
    told: Preferences, type: Type, project: int, task: int, now: datetime
) -> None:
    single = options_for(replace(told, digest=False), type, project, task, now)
    assert options_for(replace(told, digest=True), type, project, task, now) == single - {"email"}


@given(CELLS, *ASKED)
def test_without_anything_else_the_matrix_is_what_is_done(
    wanted: frozenset[tuple[Type, str]], type: Type, project: int, task: int, now: datetime
) -> None:
    row = {channel for kind, channel in wanted if kind == type}
    silent = set() if "page" in row else {"sound"}
    assert options_for(Preferences(wanted), type, project, task, now) == row - silent  # type: ignore[arg-type]


@given(QUIET, MOMENTS)
@example(NIGHT, CHANGES[0])
@example(NIGHT._replace(days=frozenset()), CHANGES[0])
@example(NIGHT._replace(kept=False), CHANGES[0])
def test_quiet_hours_go_by_the_clock_on_the_wall(quiet: QuietHours, now: datetime) -> None:
    assert quiet.hold(now) is within(quiet, now)


@given(QUIET, MOMENTS)
@example(QuietHours(ALL_DAYS, time(1), time(2, 30), BERLIN), CHANGES[1] + timedelta(minutes=10))
def test_mails_are_put_off_until_it_is_quiet_no_more(quiet: QuietHours, now: datetime) -> None:
    ends = quiet.ends_after(now)
    minutes = (now + timedelta(minutes=each) for each in range(0, 7 * 24 * 60, 5))
    first = next((it for it in minutes if not quiet.hold(it)), None)
    if first is None:  # around the clock
        assert quiet.is_endless and ends == now + timedelta(days=1)
    else:
        assert now <= ends <= first + timedelta(hours=1) and not quiet.hold(ends)


@given(st.builds(Digest, DAYS, CLOCKS, st.none() | st.sampled_from(ZONES).map(ZoneInfo)), MOMENTS)
@example(Digest(ALL_DAYS, time(2, 30), BERLIN), CHANGES[1] + timedelta(minutes=10))
def test_a_digest_comes_on_a_chosen_day_and_never_too_late(digest: Digest, now: datetime) -> None:
    due = digest.next_after(now, BERLIN)
    wall = due.astimezone(digest.zone or BERLIN)
    assert now < due <= now + timedelta(days=8) and wall.weekday() in (digest.days or ALL_DAYS)
    assert wall.time() == digest.at or wall - wall.replace(hour=0, minute=0) < timedelta(hours=4)  # put on at night


@given(PREFERENCES, st.builds(Digest, DAYS, CLOCKS), MOMENTS)
def test_a_digest_waits_for_the_end_of_quiet_hours(told: Preferences, digest: Digest, now: datetime) -> None:
    chosen = replace(told, digest=True, digest_at=digest, muted_projects=frozenset(), muted_tasks=frozenset())
    decided = decide(chosen, "mention", 9, 9, now).get("email")
    if decided:
        assert decided.bundle == "digest" and decided.due and decided.due >= now
        assert not (chosen.quiet and chosen.quiet.hold(decided.due)) or chosen.quiet.is_endless


@pytest.mark.parametrize(
    ("quiet", "wall", "holds"),
    [
        (NIGHT, "2026-01-05 21:59", False),
        (NIGHT, "2026-01-05 22:00", True),
        (NIGHT, "2026-01-06 06:59", True),
        (NIGHT, "2026-01-06 07:00", False),
        # Friday's night ends on Saturday, whether Saturday is chosen or not.
        (NIGHT._replace(days=frozenset({4})), "2026-01-10 03:00", True),
        (NIGHT._replace(days=frozenset({4})), "2026-01-10 23:00", False),
        (NIGHT._replace(days=frozenset({6})), "2026-01-05 03:00", True),  # a Sunday's, on Monday
        (QuietHours(frozenset({5, 6}), time(0), time(0), BERLIN), "2026-01-10 00:00", True),
        (QuietHours(frozenset({5, 6}), time(0), time(0), BERLIN), "2026-01-11 23:59", True),
        (QuietHours(frozenset({5, 6}), time(0), time(0), BERLIN), "2026-01-12 00:00", False),
    ],
)
def test_these_moments_are_quiet(quiet: QuietHours, wall: str, holds: bool) -> None:
    assert quiet.hold(datetime.fromisoformat(wall).replace(tzinfo=BERLIN)) is holds


def quiet_minutes(quiet: QuietHours, day: date) -> int:
    """How many minutes of the 24 hours after noon of that day in Berlin are quiet."""
    noon = datetime.combine(day, time(12), BERLIN).astimezone(UTC)
    return sum(quiet.hold(noon + timedelta(minutes=minute)) for minute in range(24 * 60))


def test_a_night_in_which_the_clock_is_put_on_is_an_hour_shorter_and_put_back_an_hour_longer() -> None:
    days = [date(2026, 3, 27), date(2026, 3, 28), date(2026, 10, 24)]
    assert [quiet_minutes(NIGHT, day) for day in days] == [9 * 60, 8 * 60, 10 * 60]
    hour = NIGHT._replace(start=time(2), end=time(3))  # there is none in spring, and two in autumn
    assert [quiet_minutes(hour, day) for day in days] == [60, 0, 120]


def test_the_default_preferences_have_pages_for_all_and_little_noise() -> None:
    now = datetime(2026, 3, 2, 9, tzinfo=UTC)
    told = {type: options_for(Preferences(), type, 1, 1, now) for type in TYPES}
    everywhere, heard, seen = {"page", "sound", "email", "push"}, {"page", "sound"}, {"page"}
    assert told == {
        "mention": everywhere, "assigned": everywhere, "comment": everywhere, "created": heard,
        "status_change": heard, "priority_change": heard, "attachment": seen, "system": seen,
        "promise": everywhere, "post": {"page", "sound", "push"}, "quality": {"page", "sound", "push"},
    }  # fmt: skip


@given(PREFERENCES, st.sampled_from([*KINDS, "of tomorrow"]))
def test_mentions_and_assignments_make_the_high_sound(told: Preferences, kind: str) -> None:
    chosen = told.sounds.high if kind in ("mentioned", "given") else told.sounds.normal
    assert sound_of(told, kind) == ("" if chosen == "none" else chosen)


@given(PREFERENCES)
@example(Preferences())
def test_saved_preferences_are_read_as_they_were(told: Preferences) -> None:
    assert from_json(to_json(told)) == told
    assert to_json(from_json(to_json(told))) == to_json(told)


@given(st.text() | JUNK.map(json.dumps))
@example("[" * 100_000)
@example("9" * 5_000)
@example("{}")
@example("null")
def test_junk_is_survived_and_what_comes_of_it_can_be_kept(text: str) -> None:
    told = from_json(text)
    assert from_json(to_json(told)) == told
    assert options_for(told, "comment", 1, 1, CHANGES[0]) <= set(CHANNELS)


@given(PREFERENCES, st.sampled_from(FIELDS), JUNK)
def test_a_broken_preference_takes_no_other_with_it(told: Preferences, broken: str, junk: object) -> None:
    kept = json.loads(to_json(told))
    read = from_json(json.dumps(kept | {broken: junk, "unknown": junk}))
    for field in FIELDS:
        if field != broken:
            assert getattr(read, field) == getattr(told, field)


@pytest.mark.parametrize(
    ("field", "broken"),
    [
        ("wanted", []), ("wanted", {"comment": []}), ("wanted", {"comment": {"page": 0, "email": "no"}}),
        ("muted_projects", [1, True]), ("muted_tasks", [1.0]), ("muted_tasks", {"1": 1}), ("digest", 1),
        ("quiet", {"days": [7], "start": "22:00", "end": "07:00", "zone": "UTC"}),
        ("quiet", {"days": [1], "start": "25:00", "end": "07:00", "zone": "UTC"}),
        ("quiet", {"days": [1], "start": "22:00Z", "end": "07:00", "zone": "UTC"}),
        ("quiet", {"days": [1], "start": "22:00", "end": "07:00", "zone": "Mars/Olympus"}),
        ("quiet", {"days": [1], "start": "22:00", "end": "07:00", "zone": "../../etc/passwd"}),
        ("quiet", {"days": [1], "start": "22:00", "end": "07:00", "zone": "Europe"}),
        ("quiet", {"days": [1], "start": "22:00", "end": "07:00", "zone": None}),
        ("quiet", {"days": [1], "start": "22:00", "end": "07:00"}),
        ("sounds", "bell"), ("sounds", {"normal": "gong", "high": ["bell"], "other": "knock"}),
    ],
)  # fmt: skip
def test_a_broken_preference_is_the_default(field: str, broken: object) -> None:
    assert from_json(json.dumps({field: broken})) == Preferences()


def test_a_cell_that_is_broken_leaves_the_others_as_they_were_chosen() -> None:
    read = from_json('{"wanted": {"comment": {"page": false, "email": null}, "of tomorrow": {"page": true}}}')
    assert read.wanted == WANTED - {("comment", "page")}


def test_a_type_that_was_not_known_then_gets_its_default_where_anything_was_wanted() -> None:
    stored = json.loads(to_json(Preferences()))
    del stored["wanted"]["post"]
    assert from_json(json.dumps(stored)).wanted == WANTED
    for row in stored["wanted"].values():
        row["push"] = False
    wanted = from_json(json.dumps(stored)).wanted
    assert ("post", "page") in wanted and ("post", "push") not in wanted
    stored["wanted"]["post"] = {"page": False, "push": True}
    wanted = from_json(json.dumps(stored)).wanted
    assert ("post", "push") in wanted and ("post", "page") not in wanted


def test_a_sound_that_is_broken_leaves_the_other_and_quiet_hours_of_old_are_kept() -> None:
    read = from_json('{"sounds": {"normal": "gong", "high": "none"}, "quiet": ' + OLD + "}")
    assert read.sounds == Sounds(high="none") and read.quiet == NIGHT


def delivered(chosen: str, kind: Kind, task: int = 7) -> tuple[bool, str]:
    """Whether a notification is listed for who chose this, and its sound."""
    event = Event("entry.1", task, "Стул", 1, "Офис", CHANGES[0], None)
    recipient, texts = Recipient(1, kind), EventTexts((), frozenset(), Excerpts("", ""))
    delivery = recipients._delivery(recipient, chosen, event, texts, CHANGES[0])
    return "page" in delivery.options, delivery.notification.sound


def test_the_sound_that_was_chosen_is_kept_with_what_makes_one() -> None:
    told = to_json(Preferences(sounds=Sounds("none", "knock"), muted_tasks=frozenset({8})))
    assert delivered(told, "mentioned") == (True, "knock")
    assert delivered(told, "commented") == (True, "")
    assert delivered(told, "commented", task=8) == (False, "")
    assert delivered("", "changed") == (True, "")
