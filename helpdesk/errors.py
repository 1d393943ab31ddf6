"""Define every way a request can fail, in the domain's words: without HTTP and without translated sentences.

    HelpdeskError
    ├── Malformed ── Unchanged
    ├── NotSignedIn ── WrongCredentials, SecondFactorRequired
    ├── NotAllowed ── LockedOut, LoginReassigned
    ├── NotFound            also for what exists but is not visible
    ├── SavedUnseen         saved, but the task is no longer visible
    ├── Conflict ── KeyReused
    ├── TooLarge
    ├── UnsupportedType
    ├── Invalid ── TransitionNotAllowed
    ├── TooManyAttempts
    ├── NotConfigured
    └── Unavailable
        ├── StoreUnavailable ── StorageFull
        ├── Overloaded, OutcomeUnknown
        ├── DirectoryUnavailable ── Misconfigured
        └── BadResponse ── WrongKey

`web/core/errors.py` turns each into a page, a fragment or a JSON body. `tests/test_errors.py` keeps this the only tree:
it lists every other exception of ours with the module that catches it.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar, NamedTuple


class Sentence(NamedTuple):
    """A sentence for a user: the catalogue's English text and the values of its `%(name)s` places."""

    text: str
    values: Mapping[str, object] = {}


def sentence(text: str, **values: object) -> Sentence:
    """Mark `text` for the catalogues and keep its values until the user's language is known."""
    return Sentence(text, values)


class HelpdeskError(Exception):
    """The base of all: `code` is for programs, `message` for users; `detail` is only logged."""

    code: ClassVar[str] = "error"
    default: ClassVar[Sentence] = sentence("Something went wrong. It has been noted.")

    def __init__(self, message: Sentence | None = None, *, detail: str = "") -> None:
        self.message = message or self.default
        self.detail = detail
        super().__init__(detail or self.message.text)


class Malformed(HelpdeskError):
    """The request cannot be read: broken JSON, text where a number is needed."""

    code = "malformed"
    default = sentence("The request could not be read.")


class Unchanged(Malformed):
    """A change to the current value, without a comment."""

    code = "unchanged"
    default = sentence("That is already its value. Nothing was changed.")


class NotSignedIn(HelpdeskError):
    """There is no session, or it has ended."""

    code = "not_signed_in"
    default = sentence("Please sign in.")


class WrongCredentials(NotSignedIn):
    """The login is unknown or the password is wrong; the answer does not say which."""

    code = "wrong_credentials"
    default = sentence("The login or the password is wrong.")


class SecondFactorRequired(NotSignedIn):
    """The password is right, and the account has a second factor whose code was not sent."""

    code = "second_factor_required"
    default = sentence("Please enter the code of your authenticator app, too.")


class NotAllowed(HelpdeskError):
    """The user may see the object but not do this to it."""

    code = "not_allowed"
    default = sentence("You are not allowed to do this.")


class LoginReassigned(NotAllowed):
    """A directory has given a login to somebody else, who must not inherit the account."""

    code = "login_reassigned"
    default = sentence(
        "This login belonged to somebody else before, so nobody can sign in with it. Please ask an administrator."
    )


class LockedOut(NotAllowed):
    """The user's account in the outside system is locked or deleted."""

    code = "locked_out"
    default = sentence("Your account in the task system is locked. Please ask an administrator.")


class NotFound(HelpdeskError):
    """The object does not exist, or the user may not know that it does."""

    code = "not_found"
    default = sentence("There is nothing here, or it is not visible to you.")


class SavedUnseen(HelpdeskError):
    """The write was done, but the user no longer sees the task: it was given to somebody else or made private."""

    code = "saved_unseen"
    default = sentence("It was saved. You do not see this task any more.")


class Conflict(HelpdeskError):
    """Somebody else changed the object meanwhile; nothing was written.

    `current` is the object as it is now, `theirs` what others wrote into the same fields, as far as that is known.
    """

    code = "conflict"
    default = sentence("Somebody changed this meanwhile. Nothing of yours was written.")

    def __init__(
        self, current: object = None, message: Sentence | None = None, *, theirs: Sequence[object] = ()
    ) -> None:
        super().__init__(message)
        self.current = current
        self.theirs = tuple(theirs)


class KeyReused(Conflict):
    """An idempotency key was sent again with another body."""

    code = "key_reused"
    default = sentence(
        "An earlier version of this was saved already. Look at what is there; send again to save this one too."
    )


class TooLarge(HelpdeskError):
    """The body is over MAX_CONTENT_LENGTH, or a file over the backend's limit; `fields` is as in Invalid."""

    code = "too_large"
    default = sentence("This is too large to be accepted.")

    def __init__(
        self,
        message: Sentence | None = None,
        fields: Mapping[str, Sequence[Sentence]] | None = None,
        *,
        detail: str = "",
    ) -> None:
        super().__init__(message, detail=detail)
        self.fields = dict(fields or {})


class UnsupportedType(HelpdeskError):
    """The body is neither a form nor JSON."""

    code = "unsupported_type"
    default = sentence("This kind of content is not accepted here.")


class Invalid(HelpdeskError):
    """The request was understood but refused. `fields` holds the sentences for each field."""

    code = "invalid"
    default = sentence("Some of this was not accepted.")

    def __init__(self, fields: Mapping[str, Sequence[Sentence]] | None = None, message: Sentence | None = None) -> None:
        super().__init__(message)
        self.fields = dict(fields or {})


class TransitionNotAllowed(Invalid):
    """The workflow does not let this user choose that status."""

    code = "transition_not_allowed"
    default = sentence("The workflow does not allow this status now.")


class TooManyAttempts(HelpdeskError):
    """There were too many failures; `retry_after` is in whole seconds."""

    code = "too_many_attempts"
    default = sentence("Too many attempts. Please wait and try again.")

    def __init__(self, retry_after: int) -> None:
        super().__init__()
        self.retry_after = retry_after


class NotConfigured(HelpdeskError):
    """The address needs an outside system that no setting names."""

    code = "not_configured"
    default = sentence("This helpdesk is not connected with the system that this needs.")


class Unavailable(HelpdeskError):
    """An outside system does not answer in time. `retry_after` is in whole seconds.

    `unsaved` takes the place of the default sentence when the request was a write. Only this error, StoreUnavailable
    and Overloaded are sure that nothing was written.
    """

    code = "unavailable"
    default = sentence("The task system does not answer just now. Please try again in a while.")
    unsaved: ClassVar[Sentence | None] = sentence(
        "The task system does not answer just now. Nothing was saved. Please try again in a while."
    )
    retry_after: ClassVar[int] = 10


class StoreUnavailable(Unavailable):
    """Our own store is down, or its lock was held for too long. Nothing was written."""

    default = sentence("The helpdesk's own store does not answer just now. Please try again in a while.")
    unsaved = sentence(
        "The helpdesk's own store does not answer just now. Nothing was saved. Please try again in a while."
    )

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail=detail)


class StorageFull(StoreUnavailable):
    """The disk has no room. Nothing was kept."""

    code = "storage_full"
    default = unsaved = sentence("The helpdesk's disk is full. Nothing was saved. Please tell an administrator.")
    retry_after: ClassVar[int] = 60


class Overloaded(Unavailable):
    """Every thread is taken or a queue is full, and no outside system is the cause. Nothing was done."""

    code = "overloaded"
    default = sentence("The helpdesk has too much to do just now. Please try again in a while.")
    unsaved = sentence("The helpdesk has too much to do just now. Nothing was saved. Please try again in a while.")


class OutcomeUnknown(Unavailable):
    """The connection broke after a write was sent. It may have been done, so it must not be repeated unchecked."""

    code = "unsure"
    unsaved = None
    default = sentence("It is not known whether this was saved. Please look at what is there before you send it again.")


class BadResponse(Unavailable):
    """An outside system sent an invalid response."""

    code = "bad_gateway"
    unsaved = None
    default = sentence(
        "The task system answered with something that makes no sense. Administrators can see it in the log."
    )


class DirectoryUnavailable(Unavailable):
    """A directory does not answer, so it is not known whether the password is right."""

    code = "directory_unavailable"
    default = unsaved = sentence(
        "Your password could not be checked, because the directory of employees does not answer just now. Please try "
        "again in a while."
    )


class Misconfigured(DirectoryUnavailable):
    """A directory refuses the helpdesk's own account, or a view or statement is missing there. It is not retried."""

    code = "misconfigured"
    default = unsaved = sentence(
        "Your password could not be checked, because the helpdesk's own access to the directory of employees does not "
        "work. Please tell an administrator."
    )


class WrongKey(BadResponse):
    """The outside system refuses the helpdesk's own credentials, or they may not act for others."""

    code = "wrong_key"
    default = sentence("The helpdesk's own access to the task system does not work. Please tell an administrator.")
