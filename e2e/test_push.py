"""Pushes to a browser: switched on by a click, shown while no page is looked at, opened, and marked as read.

The browser's own push service can't be reached from here. So the subscription is one of our imitated push service, and
what that has decrypted is delivered to the service worker by the browser's debugger.
"""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from playwright.sync_api import Browser, CDPSession, Page, Worker, expect

from e2e import steps
from e2e.conftest import ARGUMENTS, CHROMIUM, AsProgram
from tests.running import Helpdesk, running_production
from tests.servers.certificates import Authority
from tests.servers.imitated_push_service import ImitatedPushService, Push, imitated_push_service, text
from tests.servers.process import wait_until

PAGE = "/notifications/preferences"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
WITH_SCRIPTS = pytest.mark.parametrize("javascript", [True], ids=["with JavaScript"], indirect=True)
pytestmark = pytest.mark.xdist_group("pushes")  # they share a browser

UNREADABLE = (
    "", "no JSON", "null", "7", "[]", '{"title": 7, "data": {"url": "https://evil.test/"}}',
    '{"data": {"url": "//evil.test/x", "notification_id": "x"}}',
    '{"data": {"url": "/\\\\evil.test", "timestamp": {}}}',
)  # fmt: skip

STAND_IN = """
if (location.host) {
  const subscription = {
    endpoint: %(endpoint)r, options: {},
    toJSON: () => ({ endpoint: %(endpoint)r, keys: %(keys)r }),
    unsubscribe: async () => { delete localStorage.isSubscribed; return true }
  };
  PushManager.prototype.getSubscription = async () => localStorage.isSubscribed ? subscription : null;
  PushManager.prototype.subscribe = async ({ applicationServerKey }) => {
    localStorage.isSubscribed = applicationServerKey;
    return subscription;
  };
}
"""
"""Without a line to the browser's vendor its own `subscribe` would never end."""
FORBIDDEN = """
Object.defineProperty(Notification, "permission", { get: () => "denied" });
Notification.requestPermission = () => { document.title = "asked"; };
"""
CLICK = """async (action) => {
  const [notification] = await registration.getNotifications();
  dispatchEvent(new NotificationEvent("notificationclick", { notification, action }));
}"""
COUNT = """() => {
  if (self.timesShown !== undefined) return self.timesShown;
  const show = registration.showNotification.bind(registration);
  registration.showNotification = async (...how) => { await show(...how); self.timesShown += 1; };
  return self.timesShown = 0;
}"""
"""Who asks for the notifications while one is stored but not shown yet makes the browser drop it: the worker counts."""
NOTE_WINDOWS = "() => { clients.openWindow = async (address) => { self.opened = address } }"
"""Without a real click no window may be opened."""
RENEW = """([oldEndpoint, renewed]) => {
  const subscription = { ...renewed, toJSON: () => renewed, unsubscribe: async () => { self.ended = true } };
  const given = { oldSubscription: { endpoint: oldEndpoint, options: {} }, newSubscription: subscription };
  self.renewal = null;
  const event = Object.assign(new ExtendableEvent("pushsubscriptionchange"), given);
  event.waitUntil = (done) => done.then(() => { self.renewal = "done" });
  dispatchEvent(event);
}"""
SHOWN = """async () => (await (await navigator.serviceWorker.ready).getNotifications()).map(
  ({ title, body, tag, data, actions }) => ({ title, body, tag, data, actions: actions.map((it) => it.title) }))"""


@pytest.fixture(scope="module")
def browser(own_browser: Browser) -> Iterator[Browser]:
    """A whole one: the quick one shows no notifications."""
    whole = own_browser.browser_type.launch(executable_path=CHROMIUM, args=ARGUMENTS)
    yield whole
    whole.close()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def vapid() -> dict[str, str]:
    private = generate_private_key(SECP256R1())
    public = private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    secret = private.private_numbers().private_value.to_bytes(32, "big")
    return {
        "VAPID_PUBLIC_KEY": text(public),
        "VAPID_PRIVATE_KEY": text(secret),
        "VAPID_CLAIM_EMAIL": "admin@example.test",
    }


@pytest.fixture(scope="module")
def push_service(authority: Authority, vapid: dict[str, str]) -> Iterator[ImitatedPushService]:
    with imitated_push_service(authority, vapid["VAPID_PUBLIC_KEY"]) as service:
        yield service


@pytest.fixture(scope="module")
def pushing(
    tmp_path_factory: pytest.TempPathFactory,
    seeded: Path,
    authority: Authority,
    vapid: dict[str, str],
    push_service: ImitatedPushService,
) -> Iterator[Helpdesk]:
    """The people and tasks of the demo, with pushes to the imitated service."""
    environ = {**vapid, "PUSH_HOSTS": push_service.name, "CA_BUNDLE": str(authority.file)}
    with running_production(tmp_path_factory.mktemp("pushing"), seeded, environ) as helpdesk:
        yield helpdesk


@pytest.fixture
def site(pushing: Helpdesk, push_service: ImitatedPushService) -> str:
    """Nothing of an earlier journey is left: no device, nothing unread."""
    for login in ("anna", "boris"):
        with closing(steps.program(pushing.url, login)) as client:
            client.put("/tasks/api/notifications/read-all").raise_for_status()
            for device in client.get("/notifications/devices").json()["devices"]:
                client.post(f"/notifications/devices/{device['id']}/remove").raise_for_status()
    push_service.pushes.clear()
    return pushing.url


class PushedPage:
    """A page whose browser gets pushes."""

    def __init__(self, page: Page, site: str, service: ImitatedPushService) -> None:
        self.page, self.site, self.service = page, site, service
        subscription = service.subscribe()
        self.endpoint = subscription.endpoint
        values = {"endpoint": subscription.endpoint, "keys": subscription.keys}
        page.context.grant_permissions(["notifications"])
        page.context.add_init_script(STAND_IN % values)
        self.registrations: list[dict[str, Any]] = []

    def debugger(self) -> CDPSession:
        session = self.page.context.new_cdp_session(self.page)
        session.on("ServiceWorker.workerRegistrationUpdated", lambda it: self.registrations.extend(it["registrations"]))
        session.send("ServiceWorker.enable")
        return session

    def switch_on(self) -> None:
        steps.come_to(self.page, "anna", PAGE)
        self.page.get_by_role("button", name="Уведомлять меня в этом браузере").click()
        expect(self.page.get_by_text("Уведомления приходят в этот браузер")).to_be_visible()

    def sent(self, number: int) -> Push:
        """What the push service has got; it and nothing else reaches the browser."""
        wait_until(lambda: len(self.service.pushes) >= number, seconds=20, what=f"{number} pushes")
        assert self.service.refused == []
        return self.service.pushes[number - 1]

    def deliver(self, data: str) -> list[dict[str, Any]]:
        """Let the service worker get a push; return what is shown then."""
        session = self.debugger()
        steps.until(self.page, lambda: bool(self.registrations))
        registration = self.registrations[-1]["registrationId"]
        push = {"origin": self.site, "registrationId": registration, "data": data}
        (worker,) = self.page.context.service_workers
        before = worker.evaluate(COUNT)
        session.send("ServiceWorker.deliverPushMessage", push)
        steps.until(self.page, lambda: worker.evaluate(COUNT) > before)
        session.detach()
        shown: list[dict[str, Any]] = self.page.evaluate(SHOWN)
        return shown

    @property
    def worker(self) -> Worker:
        (worker,) = self.page.context.service_workers
        return worker

    def click(self, action: str = "") -> str | None:
        """Click the notification; return the address of the window that is opened, if any."""
        self.worker.evaluate(NOTE_WINDOWS)
        self.worker.evaluate(CLICK, action)
        steps.until(self.page, lambda: self.page.evaluate(SHOWN) == [])
        opened: str | None = self.worker.evaluate("() => self.opened")
        return opened


@pytest.fixture
def pushed(page: Page, site: str, push_service: ImitatedPushService) -> PushedPage:
    return PushedPage(page, site, push_service)


@WITH_SCRIPTS
def test_a_push_is_shown_and_opens_its_task_in_a_window_of_its_own(pushed: PushedPage, as_program: AsProgram) -> None:
    page, anna, task = pushed.page, as_program("anna"), steps.some_task(as_program("anna"))
    pushed.switch_on()
    expect(page.get_by_role("listitem").filter(has_text="Chrome")).to_contain_text("этот")
    steps.tell(as_program("boris"), task["id"], "Проверил, завтра приеду. 😀")
    payload = pushed.sent(1).payload.decode()
    (shown,) = pushed.deliver(payload)
    assert f"#{task['id']}" in shown["title"] and "завтра приеду. 😀" in shown["body"]
    assert shown["actions"] == ["Отметить прочитанным"] and shown["data"]["url"].startswith(pushed.site)
    opened = pushed.click()
    expect(page).to_have_url(pushed.site + PAGE)  # somebody may be typing there
    steps.wait_for_unread(anna, 1)
    page.goto(str(opened))
    expect(page).to_have_url(f"{pushed.site}/tasks/{task['id']}")
    steps.wait_for_unread(anna, 0)


@WITH_SCRIPTS
def test_a_tab_that_shows_the_task_already_is_used(pushed: PushedPage, as_program: AsProgram) -> None:
    page, task = pushed.page, steps.some_task(as_program("anna"))
    pushed.switch_on()
    steps.tell(as_program("boris"), task["id"], "Готово.")
    payload = pushed.sent(1).payload.decode()
    page.goto(f"/tasks/{task['id']}")
    pushed.deliver(payload)
    assert pushed.click() is None
    expect(page).to_have_url(f"{pushed.site}/tasks/{task['id']}")


@WITH_SCRIPTS
def test_a_subscription_that_the_browser_renews_takes_the_place_of_the_old_one(
    pushed: PushedPage, push_service: ImitatedPushService, as_program: AsProgram
) -> None:
    anna = as_program("anna")
    devices = lambda: anna.get("/notifications/devices").json()["devices"]  # noqa: E731
    pushed.switch_on()
    renewed = push_service.subscribe()

    def renew(old: str) -> None:
        pushed.worker.evaluate(RENEW, [old, {"endpoint": renewed.endpoint, "keys": renewed.keys}])
        steps.until(pushed.page, lambda: pushed.worker.evaluate("() => self.renewal") == "done")

    renew(pushed.endpoint)
    assert len(devices()) == 1 and pushed.worker.evaluate("() => self.ended") is None
    its = {"endpoint": renewed.endpoint}
    anna.request("DELETE", "/tasks/api/push-subscribe", json=its).raise_for_status()
    renew(renewed.endpoint)
    assert devices() == [] and pushed.worker.evaluate("() => self.ended"), "it was removed on purpose"


@WITH_SCRIPTS
def test_a_push_is_marked_as_read_where_it_is_shown(pushed: PushedPage, as_program: AsProgram) -> None:
    anna, task = as_program("anna"), steps.some_task(as_program("anna"))
    pushed.switch_on()
    steps.tell(as_program("boris"), task["id"], "Готово.")
    steps.wait_for_unread(anna, 1)
    pushed.deliver(pushed.sent(1).payload.decode())
    pushed.click("read")
    steps.wait_for_unread(anna, 0)
    expect(pushed.page).to_have_url(pushed.site + PAGE)
    expect(pushed.page.locator(".top [data-unread]")).to_have_text("")


@WITH_SCRIPTS
def test_a_push_that_can_not_be_read_is_news_that_leads_to_us(pushed: PushedPage) -> None:
    pushed.switch_on()
    for data in UNREADABLE:
        (shown,) = pushed.deliver(data)
        assert shown["title"] == "TEZ Navigator" and shown["body"] == "Для вас есть новое.", data
        assert shown["actions"] == [] and shown["data"]["url"] == f"{pushed.site}/notifications", data
        assert pushed.click() == f"{pushed.site}/notifications"


def forget_session(page: Page) -> None:
    """Lose the session while no page is open: an open one would be refused what it asks for."""
    page.goto("about:blank")
    page.context.clear_cookies(name="session")


@WITH_SCRIPTS
def test_a_browser_gets_nothing_of_others_and_a_new_session_of_its_person_brings_it_back(
    pushed: PushedPage, as_program: AsProgram
) -> None:
    page, anna = pushed.page, as_program("anna")
    devices = lambda: anna.get("/notifications/devices").json()["devices"]  # noqa: E731
    pushed.switch_on()
    page.get_by_role("button", name="Проверить: ").click()
    expect(page.get_by_text("Проверка отправляется.")).to_be_visible()
    assert "notification_type" in pushed.sent(1).shown["data"]
    is_subscribed = lambda: page.evaluate("() => Boolean(localStorage.push && localStorage.isSubscribed)")  # noqa: E731
    forget_session(page)
    steps.come_to(page, "anna", "/tasks/my-tasks")
    steps.until(page, lambda: len(devices()) == 1)
    assert is_subscribed()
    forget_session(page)
    steps.come_to(page, "boris", "/tasks/my-tasks")
    steps.until(page, lambda: not is_subscribed())
    assert devices() == [] == as_program("boris").get("/notifications/devices").json()["devices"]
    forget_session(page)
    page.context.clear_cookies()
    pushed.switch_on()
    page.get_by_role("button", name="Убрать: ").click()
    expect(page.get_by_text("Пока ни один браузер")).to_be_visible()
    expect(page.get_by_role("button", name="Уведомлять меня в этом браузере")).to_be_visible()
    assert page.evaluate("() => localStorage.push ?? localStorage.isSubscribed ?? 'nothing'") == "nothing"


@WITH_SCRIPTS
def test_a_browser_that_forbids_notifications_is_not_asked_but_explained(page: Page) -> None:
    page.context.add_init_script(FORBIDDEN)
    steps.come_to(page, "anna", PAGE)
    expect(page.get_by_text("найдите там «Уведомления» и разрешите их")).to_be_visible()
    expect(page.get_by_text("снимите запрет")).not_to_be_visible()
    expect(page.get_by_role("button", name="Уведомлять меня")).not_to_be_visible()
    assert page.title() != "asked"


@WITH_SCRIPTS
def test_a_browser_whose_service_does_not_answer_is_told_so(pushed: PushedPage) -> None:
    page = pushed.page
    page.context.add_init_script(
        "if (location.host) PushManager.prototype.subscribe = async () => { throw new Error() }"
    )
    steps.come_to(page, "anna", PAGE)
    page.get_by_role("button", name="Уведомлять меня в этом браузере").click()
    expect(page.get_by_role("alert").filter(has_text="не отвечает")).to_be_visible()
    expect(page.get_by_role("button", name="Уведомлять меня в этом браузере")).to_be_visible()


@pytest.mark.parametrize("javascript", [False], ids=["without JavaScript"], indirect=True)
def test_without_scripts_devices_are_tried_and_removed(
    page: Page, push_service: ImitatedPushService, as_program: AsProgram
) -> None:
    anna = as_program("anna")
    steps.come_to(page, "anna", PAGE)
    expect(page.get_by_text("включите в нём JavaScript")).to_be_visible()
    subscription = push_service.subscribe()
    device = {"endpoint": subscription.endpoint, "keys": subscription.keys}
    anna.post("/tasks/api/push-subscribe", json=device, headers={"User-Agent": FIREFOX}).raise_for_status()
    page.reload()
    page.get_by_role("button", name="Проверить: Firefox").click()
    expect(page.get_by_text("Проверка отправляется.")).to_be_visible()
    wait_until(lambda: bool(push_service.pushes), seconds=20, what="the test")
    page.reload()
    expect(page.get_by_role("listitem").filter(has_text="Firefox")).to_contain_text("последняя доставка")
    page.get_by_role("button", name="Убрать: Firefox").click()
    expect(page.get_by_text("Пока ни один браузер")).to_be_visible()
    page.get_by_role("link", name="Почему не пришло?").click()
    expect(page.get_by_text("Вы не добавили ни браузера, ни телефона.")).to_be_visible()
