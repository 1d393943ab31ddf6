"""Put into words why something was not sent, for the person whom it concerns."""

from helpdesk.errors import Sentence, sentence

REASONS: dict[str, Sentence] = {
    "muted": sentence("You have muted its task or project."),
    "unwanted": sentence("You do not want this kind of news over this channel any more."),
    "quiet": sentence("It was within your quiet hours."),
    "off": sentence("You have switched off what is sent to browsers."),
    "read": sentence("You had read it already."),
    "withdrawn": sentence("It was withdrawn."),
    "not_visible": sentence("You can't see what it is about any more."),
    "account": sentence("Your account is not active."),
    "gone": sentence("The device is not there any more."),
    "other_device": sentence("It has reached another device of yours."),
    "elsewhere": sentence("It went to your browsers, since phones can't be reached now."),
    "no_address": sentence("Your account has no e-mail address."),
    "flagged": sentence("The mail server has refused your address before."),
    "bad_address": sentence("Your e-mail address is none that mail can be sent to."),
    "no_utf8": sentence("The mail server takes no addresses with letters beyond ASCII."),
    "too_large": sentence("It is too large for the mail server."),
    "refused": sentence("The server refused it."),
    "unreachable": sentence("The server does not answer."),
    "busy": sentence("The server asked to wait."),
    "expired": sentence("It could not be sent in time."),
    "not_ours": sentence("The server refuses us. Administrators know of it."),
    "unwritten": sentence("It could not be put into words. The log says more."),
    "unchecked": sentence("Whether you may see the task could not be found out yet."),
}
"""The sentence for each reason, as rows of the outbox and devices have it."""
UNKNOWN = sentence("It was not sent.")


def in_words(reason: str) -> Sentence:
    """Return the sentence for a reason; an older version may have stored another one."""
    return REASONS.get(reason, UNKNOWN)
