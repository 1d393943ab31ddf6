"""The rules of second factors: a code is right for its own time, once, and only as it is written."""

import re
from base64 import b32encode
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree

import pyotp
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from helpdesk.people import second_factor
from helpdesk.people.model import Person
from helpdesk.people.rights import ADMIN
from helpdesk.people.second_factor import DRIFT, STEP_SECONDS, code_of, matching_step, step_at

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
NOW = datetime(2026, 3, 4, 9, tzinfo=UTC)
STEP = step_at(NOW)
MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))


@given(MOMENTS)
def test_our_codes_are_those_of_any_authenticator(at: datetime) -> None:
    assert code_of(SECRET, step_at(at)) == pyotp.TOTP(SECRET).at(at)


def test_our_codes_are_those_of_the_standard() -> None:
    """RFC 6238, appendix B, the last six digits."""
    secret = b32encode(b"12345678901234567890").decode()
    for seconds, code in ((59, "287082"), (1_111_111_109, "081804"), (20_000_000_000, "353130")):
        assert code_of(secret, step_at(datetime.fromtimestamp(seconds, UTC))) == code


@given(MOMENTS, st.integers(-5, 5))
def test_a_code_is_right_for_its_step_and_the_two_beside_it(at: datetime, away: int) -> None:
    step = step_at(at)
    near = {code_of(SECRET, step + each) for each in range(-DRIFT, DRIFT + 1)}
    code = code_of(SECRET, step + away)
    assume(abs(away) <= DRIFT or code not in near)
    assert matching_step(SECRET, code, at, 0) == (step + away if abs(away) <= DRIFT else None)


@given(st.integers(-DRIFT, DRIFT), st.integers(-3, 3))
def test_a_code_is_right_only_after_the_last_one_that_was_used(step: int, last: int) -> None:
    found = matching_step(SECRET, code_of(SECRET, STEP + step), NOW, STEP + last)
    assert found == (STEP + step if step > last else None)


def test_a_step_lasts_30_seconds() -> None:
    assert step_at(NOW + timedelta(seconds=STEP_SECONDS - 1)) == STEP
    assert step_at(NOW + timedelta(seconds=STEP_SECONDS)) == STEP + 1


@given(st.text(max_size=12))
def test_what_is_no_code_is_never_right(typed: str) -> None:
    assume(not re.fullmatch(r"[\s-]*([0-9][\s-]*){6}", typed))
    assert matching_step(SECRET, typed, NOW, 0) is None


@pytest.mark.parametrize("offset", [0xFF10, 0x0660, 0x06F0, 0x0966, 0x1D7CE])
def test_digits_of_other_alphabets_are_no_digits_of_a_code(offset: int) -> None:
    code = code_of(SECRET, STEP)
    assert matching_step(SECRET, code, NOW, 0) == STEP
    assert matching_step(SECRET, "".join(chr(offset + int(digit)) for digit in code), NOW, 0) is None


def test_a_code_may_be_grouped() -> None:
    code = code_of(SECRET, STEP)
    for typed in (f" {code[:3]} {code[3:]}\n", f"{code[:3]}-{code[3:]}", f"{code[:3]}\u00a0{code[3:]}"):
        assert matching_step(SECRET, typed, NOW, 0) == STEP


@given(MOMENTS, st.integers(-20, 20))
def test_after_a_recovery_code_no_code_before_it_counts(at: datetime, away: int) -> None:
    last = step_at(at) + away
    after = second_factor.step_after_recovery(at, last)
    assert after > last and after >= step_at(at)
    assert matching_step(SECRET, code_of(SECRET, last), at, after) is None


def test_recovery_codes_differ_and_are_read_as_people_write_them() -> None:
    codes = [code for _ in range(20) for code in second_factor.new_recovery_codes()]
    assert len(set(codes)) == 200
    for code in codes:
        plain = code.replace("-", "")
        assert len(plain) == 16 and second_factor.recovery_code(code) == plain == second_factor.cleaned(code)
        assert second_factor.recovery_code(f" {code.upper().replace('-', ' ')}\n") == plain


@given(st.text(max_size=30))
def test_other_texts_are_no_recovery_codes(typed: str) -> None:
    found = second_factor.recovery_code(typed)
    assert found is None or (found.isascii() and found.isalnum())


@pytest.mark.parametrize("typed", ["", "123456", "abcd-efgh-jkmn-pqr", "abcd-efgh-jkmn-pqrо", "a" * 17, "\0" * 16])
def test_a_text_of_another_length_or_alphabet_is_no_recovery_code(typed: str) -> None:
    assert second_factor.recovery_code(typed) is None


def test_an_app_reads_the_address() -> None:
    app = pyotp.parse_uri(second_factor.address(SECRET, "анна:с", "Помощь & Ко"))
    assert isinstance(app, pyotp.TOTP) and app.now() == pyotp.TOTP(SECRET).now()
    assert (app.name, app.issuer) == ("анна:с", "Помощь & Ко")


async def test_the_picture_has_no_styles_which_the_policy_of_our_pages_forbids() -> None:
    longest = second_factor.address(SECRET, "я" * 120, "Ж" * 60)
    picture = await second_factor.qr_code(longest)
    elements = list(ElementTree.fromstring(picture).iter())
    assert {each.tag for each in elements} == {"svg", "path"} and len(elements) == 3
    assert {name for each in elements for name in each.attrib} <= {"viewBox", "class", "fill", "stroke", "d"}


def test_a_secret_is_random_and_grouped_for_those_who_type_it() -> None:
    first, second = second_factor.new_secret(), second_factor.new_secret()
    assert first != second and len(first) == 32
    assert second_factor.grouped(SECRET) == "JBSW Y3DP EHPK 3PXP JBSW Y3DP EHPK 3PXP"


@pytest.mark.parametrize(
    ("source", "is_admin", "rule", "offered", "required"),
    [
        ("local", False, "off", True, False),
        ("local", False, "administrators", True, False),
        ("local", True, "off", True, False),
        ("local", True, "administrators", True, True),
        ("redmine", False, "administrators", False, False),
        ("redmine", True, "off", False, False),
        ("redmine", True, "administrators", True, True),
    ],
)
def test_who_may_and_who_must_have_one(source: str, is_admin: bool, rule: str, offered: bool, required: bool) -> None:
    person = Person(1, source, "anna", "Анна", rights=frozenset({ADMIN} if is_admin else ()))
    assert second_factor.is_offered(person, rule) is offered
    assert second_factor.is_required(person, rule) is required
