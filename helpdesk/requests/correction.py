"""Put another account in the place of one that was wrongly noted as the requester of a task."""

from helpdesk.errors import NotAllowed, NotFound, sentence
from helpdesk.requests.accounts import RequesterAccounts
from helpdesk.requests.model import Requester
from helpdesk.requests.ownership import Rules, beside
from helpdesk.requests.signature import address_of
from helpdesk.requests.source import RequestSource
from helpdesk.tasks.model import Actor

NOT_THEIRS = sentence("This person has no confirmed e-mail address, or the task names somebody else.")
STILL_NAMED = sentence("The task still names who was taken for the caller before.")


async def correct(
    source: RequestSource,
    accounts: RequesterAccounts,
    actor: Actor,
    task_id: int,
    before: int | None,
    after: int | None,
) -> None:
    """Correct the requester as `Requests.correct_requester` says, then check that the task says so."""
    who = await accounts.of_person(after) if after is not None else None
    known = await accounts.addresses_of(before) if before is not None else frozenset[str]()
    gone = known - (who.addresses if who else frozenset())
    named, is_theirs = await _named(source, accounts.rules, task_id, who)
    address = address_of(who, accounts.rules.canonical) if who and not is_theirs else ""
    if address or gone & named:
        await source.correct(actor, task_id, gone, address)
        named, is_theirs = await _named(source, accounts.rules, task_id, who)
    if gone & named:
        raise NotAllowed(STILL_NAMED)
    if after is not None and not is_theirs:
        raise NotAllowed(NOT_THEIRS)


async def _named(
    source: RequestSource, rules: Rules, task_id: int, who: Requester | None
) -> tuple[frozenset[str], bool]:
    """Return the addresses of a task, and whether it is a request of this person."""
    ownership = (await source.ownerships([task_id])).get(task_id)
    if ownership is None:
        raise NotFound
    named = await beside({0: ownership}, rules.addresses, ownership)
    return named, who is not None and bool(rules.owners(ownership, named, [who]))
