"""The numbers of stored procedures are read as they come, and compared with ours one by one."""

from decimal import Decimal

from helpdesk.quality.procedures import Compared, compared, number, of_objects, of_resorts

ROW = {"ComplaintIssueHotel": 3, "GrateIssueHotel": "2", "ComplaintIssueAvia": None, "OfferGDS": 7, "Obracheniya": 12}


def test_columns_are_read_by_their_suffixes_and_others_are_left_out() -> None:
    suffixes = {"IssueHotel": "Отель", "IssueAvia": "Рейс", "Nothing": "Ничего"}
    assert of_objects([ROW], suffixes) == {
        ("Отель", "complaint"): 3,
        ("Отель", "gratitude"): 2,
        ("Рейс", "complaint"): 0,
    }
    assert of_objects([], suffixes) == {}


def test_two_suffixes_of_one_object_are_added_up() -> None:
    assert of_objects([ROW], {"IssueHotel": "Отель", "IssueAvia": "Отель"})["Отель", "complaint"] == 3


def test_resorts_have_a_row_each_and_a_lie_is_no_number() -> None:
    rows = [{"ResortName": "Кемер", "JalobaIssueResort_out": 4, "GrateIssueResort_out": "=1+1"}, {}]
    found = of_resorts(rows)
    assert found["Кемер", "complaint"] == 4 and found["Кемер", "gratitude"] == 0 and found["", "question"] == 0
    assert [number(it) for it in (None, "x", "5", 6, b"7", 1.5)] == [0, 0, 5, 6, 0, 0]


def test_a_sum_that_is_a_decimal_is_its_whole_number() -> None:
    assert [number(it) for it in (Decimal("3.0"), 3.0, "3.00", Decimal("-2"), Decimal(0))] == [3, 3, 3, -2, 0]
    lies = (Decimal("NaN"), "sNaN", "Infinity", "1e999999999", "1e-999999999", Decimal("3.5"), "9" * 5_000, 10**64)
    assert [number(it) for it in lies] == [0] * len(lies)


def test_every_number_of_theirs_and_of_ours_is_compared() -> None:
    theirs, ours = {("a", "complaint"): 2, ("b", "complaint"): 0}, {("a", "complaint"): 2, ("c", "question"): 1}
    found = compared(theirs, ours)
    assert found == [
        Compared("a", "complaint", 2, 2),
        Compared("b", "complaint", 0, 0),
        Compared("c", "question", 0, 1),
    ]
    assert [it.differs for it in found] == [False, False, True]
