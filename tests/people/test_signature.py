"""A signature says what its person does; what is empty leaves no traces, and nothing becomes markup."""

from hypothesis import given
from hypothesis import strategies as some

from helpdesk.people import signature

ANNA = {"full_name": "Анна", "position": "Инженер", "department": "", "office": "305", "phone": "", "email": "a@x.test"}


def test_empty_places_leave_no_traces() -> None:
    assert signature.plain(signature.DEFAULT, ANNA) == "Анна\nИнженер\na@x.test"
    assert (
        signature.plain("С уважением,\n{phone}{department}\nкаб. {office}, {phone}", ANNA) == "С уважением,\nкаб. 305"
    )


def test_only_known_names_are_accepted() -> None:
    assert signature.unknown_names("{full_name} {login} {password} {} { phone } {x\n}") == [
        "",
        " phone ",
        "login",
        "password",
    ]
    assert signature.unknown_names(signature.DEFAULT) == []


@given(some.text(max_size=40))
def test_what_people_say_stays_text_in_html(said: str) -> None:
    made = signature.html("{full_name}<b>", {"full_name": said})
    assert "<" not in made.replace("<br>", "") and ">" not in made.replace("<br>", "")


def test_a_value_is_not_filled_in_again() -> None:
    assert signature.plain("{full_name}", {"full_name": "{email}", "email": "a@x.test"}) == "{email}"
