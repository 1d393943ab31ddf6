"""Hold the service account of Firebase, and the connections that are made with it.

The SDK has no setting for a proxy, an authority or the number of its tries, so its session is set up here. By itself it
would wait in a thread for as long as an answer asks it to.
"""

import json
import time
from collections.abc import Mapping
from pathlib import Path
from secrets import token_hex
from threading import Lock
from typing import Any, NamedTuple

import firebase_admin
import requests
from firebase_admin import credentials, messaging
from requests.adapters import HTTPAdapter

from helpdesk import tls
from helpdesk.settings.settings import Settings

SECONDS = 10.0
LARGEST_FILE = LARGEST_ANSWER = 64 * 1024


class NotReady(Exception):
    """Nothing can be sent: `reason` is one of `notifications/reasons.py`."""

    def __init__(self, reason: str, detail: str, after: float | None = None) -> None:
        super().__init__(detail)
        self.reason, self.detail, self.after = reason, detail, after


class Answer(NamedTuple):
    """An answer as the SDK's credentials take it."""

    status: int
    headers: Mapping[str, str]
    data: bytes


class Account:
    """The account of a file, which is read when it is needed: a broken one fails this channel alone.

    Everything here runs in threads.
    """

    def __init__(self, settings: Settings) -> None:
        self._file, self._project = settings.firebase_service_account_path, settings.firebase_project_id
        self._proxy, self._bundle = settings.outbound_proxy, settings.ca_bundle
        self._lock = Lock()
        self._app: firebase_admin.App | None = None
        self._credential: Any = None
        self._session: requests.Session | None = None

    def ready(self) -> None:
        """Read the file, and get a token unless the last one is still good. Raises NotReady."""
        with self._lock:
            if self._app is None:
                self._open()
            if not self._credential.valid:
                self._refresh()

    def send(self, message: messaging.Message) -> None:
        """Send one message: of several the SDK forgets which were accepted when one fails oddly. Raises FirebaseError,
        and anything else for an answer that is none."""
        (response,) = messaging.send_each([message], app=self._app).responses
        if response.exception:
            raise response.exception

    def close(self) -> None:
        """Close connections. The SDK runs an event loop for it."""
        with self._lock:
            if self._app:
                firebase_admin.delete_app(self._app)
            if self._session:
                self._session.close()
            self._app = None

    def _open(self) -> None:
        certificate = self._certificate()
        options = {"projectId": self._project, "httpTimeout": SECONDS}
        app = firebase_admin.initialize_app(certificate, options, name=f"helpdesk-{token_hex(4)}")
        self._credential, self._session = certificate.get_credential(), self._set_up(requests.Session())
        self._set_up(messaging._get_messaging_service(app)._client.session)
        self._app = app

    def _certificate(self) -> credentials.Certificate:
        try:
            with Path(self._file or "").open("rb") as file:
                content = json.loads(file.read(LARGEST_FILE))
            return credentials.Certificate(content)
        except (OSError, ValueError, TypeError, AttributeError) as error:
            detail = f"FIREBASE_SERVICE_ACCOUNT_PATH is no readable service account ({type(error).__name__})"
            raise NotReady("not_ours", detail) from error

    def _set_up(self, session: requests.Session) -> requests.Session:
        session.trust_env = False
        session.proxies = {"http": self._proxy, "https": self._proxy} if self._proxy else {}
        for scheme in ("https://fcm.googleapis.com", "https://", "http://"):
            session.mount(scheme, _Adapter(self._bundle))
        return session

    def _refresh(self) -> None:
        try:
            self._credential.refresh(self._request)
        except requests.RequestException as error:
            raise NotReady("unreachable", f"the token of Firebase: {type(error).__name__}") from error
        except Exception as error:
            busy = getattr(error, "retryable", False)
            reason = "unreachable" if busy else "not_ours"
            raise NotReady(reason, f"the token of Firebase: {type(error).__name__}") from error

    def _request(
        self, url: str, method: str = "GET", body: bytes | None = None, headers: Any = None, **_: object
    ) -> Answer:
        """Ask for a token, as the SDK's credentials do it. Raises requests.Timeout for an answer that drips: the limit
        of the library is one of each read."""
        session, until, content = self._session or requests.Session(), time.monotonic() + SECONDS, bytearray()
        with session.request(
            method, url, data=body, headers=headers, timeout=SECONDS, allow_redirects=False, stream=True
        ) as answer:
            for piece in answer.iter_content(1):
                content += piece
                if time.monotonic() > until or len(content) > LARGEST_ANSWER:
                    raise requests.Timeout
        return Answer(answer.status_code, answer.headers, bytes(content))


class _Adapter(HTTPAdapter):
    """Trusts the company's authorities too, and tries once: the outbox tries again."""

    def __init__(self, bundle: Path | None) -> None:
        self._bundle = bundle
        super().__init__(pool_maxsize=20, max_retries=0)

    def init_poolmanager(self, *args: Any, **more: Any) -> None:
        super().init_poolmanager(*args, **more, ssl_context=tls.context(self._bundle))

    def proxy_manager_for(self, *args: Any, **more: Any) -> Any:
        return super().proxy_manager_for(*args, **more, ssl_context=tls.context(self._bundle))
