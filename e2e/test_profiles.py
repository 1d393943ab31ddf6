"""A profile that is used again has nothing of the journey before."""

from playwright.sync_api import Browser

from e2e import steps
from e2e.profiles import Profile, Profiles

STORED = "() => [localStorage.length, sessionStorage.length, document.cookie]"


def use(profile: Profile) -> list[object]:
    """Return what is stored before anybody came in, and store something."""
    page = profile.context.new_page()
    page.goto("/users/login")
    found: list[object] = [*page.evaluate(STORED), profile.context.cookies()]
    page.evaluate("() => { localStorage.a = sessionStorage.a = document.cookie = 'a=b' }")
    steps.come_in(page, "anna")
    return found


def test_a_profile_is_empty_when_it_is_used_again(own_browser: Browser, site: str) -> None:
    profiles = Profiles(own_browser)
    with profiles.visit(own_browser, site, True) as first:
        empty = use(first)
    with profiles.visit(own_browser, site, True) as second:
        assert second is first
        assert use(second) == empty
        second.changed = True  # so that it is closed


def test_a_profile_that_was_changed_for_good_is_not_used_again(own_browser: Browser, site: str) -> None:
    profiles = Profiles(own_browser)
    with profiles.visit(own_browser, site, True) as first:
        first.context.add_init_script("window.changed = true")
    with profiles.visit(own_browser, site, True) as second:
        assert second is not first
        second.changed = True  # so that it is closed
