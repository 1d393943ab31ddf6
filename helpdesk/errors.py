"""Every way a request can fail, in the words of the domain: no HTTP here, no sentence already translated.

    HelpdeskError
    ├── Malformed ── Unchanged
    ├── NotSignedIn ── WrongCredentials
    ├── NotAllowed ── LockedOut
    ├── NotFound            also what exists but is not visible
    ├── Conflict ── KeyReused
    ├── TooLarge
    ├── UnsupportedType
    ├── Invalid ── TransitionNotAllowed
    ├── TooManyAttempts
    └── Unavailable ── Unsure, Nonsense ── WrongKey

`web/errors.py` turns each into a page, a fragment or a JSON body.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar, NamedTuple


class Sentence(NamedTuple):
    """A sentence for a person: the catalogue's English text and the values of its `%(name)s` places."""

    text: str
    values: Mapping[str, object] = {}


def sentence(text: str, **values: object) -> Sentence:
    """Mark `text` for the catalogues and keep its values until the person's language is known."""
    return Sentence(text, values)


class HelpdeskError(Exception):
    """`code` is what programs read, `says` what a person reads; `detail` goes to the log alone."""

    code: ClassVar[str] = "error"
    default: ClassVar[Sentence] = sentence("Something went wrong. It has been noted.")

    def __init__(self, says: Sentence | None = None, *, detail: str = "") -> None:
        self.says = says or self.default
        self.detail = detail
        super().__init__(detail or self.says.text)


class Malformed(HelpdeskError):
    """The request can't be read: broken JSON, a number that is none."""

    code = "malformed"
    default = sentence("The request could not be read.")


class Unchanged(Malformed):
    """A change to the value it already has, without a comment."""

    code = "unchanged"
    default = sentence("That is already its value. Nothing was changed.")


class NotSignedIn(HelpdeskError):
    """There is no session, or it has ended."""

    code = "not_signed_in"
    default = sentence("Please sign in.")


class WrongCredentials(NotSignedIn):
    """The login is unknown or the password is wrong; nobody is told which."""

    code = "wrong_credentials"
    default = sentence("The login or the password is wrong.")


class NotAllowed(HelpdeskError):
    """The person may see it but not do this to it."""

    code = "not_allowed"
    default = sentence("You are not allowed to do this.")


class LockedOut(NotAllowed):
    """The person's account in the outside system is locked, or no longer there."""

    code = "locked_out"
    default = sentence("Your account in the task system is locked. Please ask an administrator.")


class NotFound(HelpdeskError):
    """It does not exist, or this person may not know that it does."""

    code = "not_found"
    default = sentence("There is nothing here, or it is not visible to you.")


class Conflict(HelpdeskError):
    """Somebody changed it meanwhile; nothing was written. `current` is the thing as it is now."""

    code = "conflict"
    default = sentence("Somebody changed this meanwhile. Nothing of yours was written.")

    def __init__(self, current: object = None, says: Sentence | None = None) -> None:
        super().__init__(says)
        self.current = current


class KeyReused(Conflict):
    """An idempotency key came again with another body."""

    code = "key_reused"
    default = sentence(
        "An earlier version of this was saved already. Look at the task; send again to save this one too."
    )


class TooLarge(HelpdeskError):
    """The body is over MAX_CONTENT_LENGTH, or a file over what the tracker takes; `fields` as those of Invalid."""

    code = "too_large"
    default = sentence("This is too large to be accepted.")

    def __init__(
        self, says: Sentence | None = None, fields: Mapping[str, Sequence[Sentence]] | None = None, *, detail: str = ""
    ) -> None:
        super().__init__(says, detail=detail)
        self.fields = dict(fields or {})


class UnsupportedType(HelpdeskError):
    """The body is neither a form nor JSON."""

    code = "unsupported_type"
    default = sentence("This kind of content is not accepted here.")


class Invalid(HelpdeskError):
    """Understood but refused. `fields` says what is wrong with which field."""

    code = "invalid"
    default = sentence("Some of this was not accepted.")

    def __init__(self, fields: Mapping[str, Sequence[Sentence]] | None = None, says: Sentence | None = None) -> None:
        super().__init__(says)
        self.fields = dict(fields or {})


class TransitionNotAllowed(Invalid):
    """The tracker's workflow does not let this person choose that status."""

    code = "transition_not_allowed"
    default = sentence("The workflow does not allow this status now.")


class TooManyAttempts(HelpdeskError):
    """Too many failures; `retry_after` is in whole seconds."""

    code = "too_many_attempts"
    default = sentence("Too many attempts. Please wait and try again.")

    def __init__(self, retry_after: int) -> None:
        super().__init__()
        self.retry_after = retry_after


class Unavailable(HelpdeskError):
    """An outside system does not answer (in time). `retry_after` is in whole seconds."""

    code = "unavailable"
    default = sentence("The task system does not answer just now. Nothing was saved. Please try again in a while.")
    retry_after: ClassVar[int] = 10


class Unsure(Unavailable):
    """The line broke after a write was sent: whether it was done is not known, so nothing must be sent again unseen."""

    code = "unsure"
    default = sentence("It is not known whether this was saved. Please look at the task before you send it again.")


class Nonsense(Unavailable):
    """An outside system answered what can't be an answer."""

    code = "bad_gateway"
    default = sentence(
        "The task system answered with something that makes no sense. Administrators can see it in the log."
    )


class WrongKey(Nonsense):
    """The outside system does not accept our own credentials, or they can't act for others."""

    code = "wrong_key"
    default = sentence("The helpdesk's own access to the task system does not work. Please tell an administrator.")
