"""Reading on in a table whose rows appear out of order: whatever happens, nothing is left out and it does not grow."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from helpdesk.tasks import watermark
from helpdesk.tasks.watermark import LONGEST_WRITE, Watermark

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
LONGEST = int(LONGEST_WRITE.total_seconds())
MOST = 15

# Seconds before a row takes its number after the one before it, and until its transaction ends, if it ever does.
WRITES = st.lists(st.tuples(st.integers(0, 40), st.none() | st.integers(0, LONGEST)), max_size=30)
# Seconds between two looks, and how long a look takes.
LOOKS = st.lists(st.tuples(st.integers(0, 100), st.integers(0, 9)), min_size=1, max_size=40)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def appearing(writes: list[tuple[int, int | None]]) -> dict[int, int]:
    """The second in which each row appears, by its number."""
    found, second = {}, 0
    for number, (pause, length) in enumerate(writes, start=1):
        second += pause
        if length is not None:
            found[number] = second + length
    return found


@given(WRITES, LOOKS, st.floats(0, 1))
def test_whatever_the_order_in_which_writes_end_each_row_is_read(
    writes: list[tuple[int, int | None]], looks: list[tuple[int, int]], when: float
) -> None:
    """The rows are read at some moment of a look, and the position is kept as text between looks."""
    appears, told, second = appearing(writes), set(), 0
    kept = watermark.written({"rows": watermark.beginning(0, NOON)})
    last = max([*appears.values(), 0])
    for pause, length in [*looks, (last + 1, 0)]:
        mark = watermark.read(kept)["rows"]
        began = second + pause
        second = began + length
        found = {row for row, shown in appears.items() if shown <= began + when * length and row > mark.floor}
        told |= found
        mark = mark.after(found, at(began), at(second))
        assert len(mark.seen) <= MOST
        kept = watermark.written({"rows": mark})
    assert told == appears.keys()


@given(WRITES, LOOKS)
def test_retelling_ends(writes: list[tuple[int, int | None]], looks: list[tuple[int, int]]) -> None:
    appears, mark, second = appearing(writes), watermark.beginning(0, NOON), 0
    for pause, length in looks:
        second += pause
        found = [row for row, shown in appears.items() if shown <= second and row > mark.floor]
        mark = mark.after(found, at(second), at(second + length))
        second += length
    quiet = mark.after((), at(second + LONGEST), at(second + LONGEST))
    assert quiet.seen[1:] == () and quiet.floor == quiet.highest == mark.highest


def test_a_poll_each_second_for_an_hour_keeps_a_dozen_moments() -> None:
    mark = watermark.beginning(0, NOON)
    for second in range(3_600):
        mark = mark.after([second], at(second), at(second))
        assert len(mark.seen) <= MOST and mark.highest - mark.floor <= LONGEST + 10


def test_rows_below_the_highest_are_read_until_none_of_them_can_appear_any_more() -> None:
    mark = watermark.beginning(5, NOON).after([9], at(0), at(1))
    assert mark.floor == 5
    assert mark.after([], at(LONGEST), at(LONGEST + 9)).floor == 5
    assert mark.after([], at(LONGEST + 1), at(LONGEST + 1)) == Watermark(((at(1), 9),))


def test_a_row_seen_while_a_clock_was_ahead_is_not_read_again_until_that_moment() -> None:
    mark = watermark.beginning(5, at(86_400)).after([9], at(86_400), at(86_401))
    mark = mark.after([9, 12], at(0), at(1))
    assert mark.highest == 12
    assert mark.after([], at(LONGEST + 2), at(LONGEST + 2)).floor == 12
