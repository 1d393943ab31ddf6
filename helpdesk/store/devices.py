"""Store the browsers and phones of people that get pushes. A device belongs to the person who used it last."""

from collections.abc import Collection
from datetime import UTC, datetime
from hashlib import sha256
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from helpdesk.store import locks, outbox
from helpdesk.store.database import in_batches
from helpdesk.store.models.delivery import FCM as FCM
from helpdesk.store.models.delivery import WEB_PUSH as WEB_PUSH
from helpdesk.store.models.delivery import Device

MOST_DEVICES = 20
"""Devices of one person in one service. One more takes the place of the one that was renewed longest ago."""
GONE = "gone"


class Address(NamedTuple):
    """Where a device is reached. The keys are those of Web Push, in base64url."""

    service: str
    address: str
    p256dh: str = ""
    auth: str = ""


def of_person(session: Session, person_id: int) -> list[Device]:
    """Return a person's devices, the last renewed first."""
    query = select(Device).where(Device.person_id == person_id)
    return list(session.exec(query.order_by(col(Device.renewed_at).desc(), col(Device.id).desc())))


def services_of(session: Session, person_ids: Collection[int]) -> dict[int, list[tuple[int, str]]]:
    """Return the id and the service of each device, by person."""
    found: dict[int, list[tuple[int, str]]] = {}
    for batch in in_batches(person_ids):
        query = select(Device.person_id, Device.id, Device.service).where(col(Device.person_id).in_(batch))
        for person_id, device_id, service in session.exec(query.order_by(col(Device.id))):
            found.setdefault(person_id, []).append((device_id or 0, service))
    return found


def subscribe(
    session: Session, person_id: int, address: Address, name: str, session_hash: str, now: datetime
) -> Device:
    """Add a device or renew it, and take it from whoever used it before: nothing of theirs is sent to it any more."""
    locks.person(session, person_id)
    hashed = sha256(address.address.encode()).hexdigest()
    row = session.exec(select(Device).where(Device.address_hash == hashed)).first() or _new(
        session, hashed, now, person_id
    )
    if row.person_id != person_id:
        outbox.end_device(session, row.id or 0, now, GONE)
        row.created_at = now
    row.person_id, row.session_hash, row.renewed_at, row.name = person_id, session_hash, now, name[:100]
    row.service, row.address, row.p256dh, row.auth = address
    session.add(row)
    session.flush()
    _limit(session, person_id, address.service, now)
    return row


def _new(session: Session, hashed: str, now: datetime, person_id: int) -> Device:
    row = Device(person_id=person_id, service="", address="", address_hash=hashed, created_at=now, renewed_at=now)
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:  # the same browser subscribes twice at once
        return session.exec(select(Device).where(Device.address_hash == hashed)).one()
    return row


def _limit(session: Session, person_id: int, service: str, now: datetime) -> None:
    of_service = [it for it in of_person(session, person_id) if it.service == service]
    for row in of_service[MOST_DEVICES:]:
        remove(session, person_id, row.id or 0, now)


def remove(session: Session, person_id: int, device_id: int, now: datetime) -> bool:
    """Forget one of a person's devices, and end what waits for it. Return whether there was one."""
    mine = (col(Device.id) == device_id, col(Device.person_id) == person_id)
    if not session.exec(sa.delete(Device).where(*mine)).rowcount:
        return False
    outbox.end_device(session, device_id, now, GONE)
    return True


def forget(session: Session, person_id: int, device_id: int) -> None:
    """Forget a device that its service does not know any more. What waits for it ends when it is claimed, so that a
    person's browsers get what a phone does not."""
    session.exec(sa.delete(Device).where(col(Device.id) == device_id, col(Device.person_id) == person_id))


def remove_address(session: Session, person_id: int, address: str, now: datetime) -> bool:
    """Forget one of a person's devices by its endpoint or token. Return whether there was one."""
    hashed = sha256(address.encode()).hexdigest()
    mine = (Device.address_hash == hashed, Device.person_id == person_id)
    found = session.exec(select(Device.id).where(*mine)).first()
    return found is not None and remove(session, person_id, found, now)


def forget_sessions(session: Session, session_hashes: Collection[str]) -> None:
    """Forget the devices that subscribed in sessions in which somebody signed out, or by tokens that were revoked."""
    _forget(session, col(Device.session_hash).in_(session_hashes))


def forget_all(session: Session, person_ids: Collection[int], but: Collection[str] = ()) -> None:
    """Forget the devices of these people, but for those that subscribed in these sessions or by these tokens."""
    _forget(session, sa.and_(col(Device.person_id).in_(person_ids), col(Device.session_hash).not_in(but)))


def _forget(session: Session, which: sa.ColumnElement[bool]) -> None:
    now = datetime.now(UTC)
    for person_id, device_id in session.exec(select(Device.person_id, Device.id).where(which)).all():
        remove(session, person_id, device_id or 0, now)


def follow_session(session: Session, ended: str, begun: str, person_id: int) -> None:
    """Let devices of a session follow their person into the next one in the same browser. When somebody else signs in
    there, they are forgotten."""
    theirs = (col(Device.session_hash) == ended, col(Device.person_id) == person_id)
    session.exec(sa.update(Device).where(*theirs).values(session_hash=begun))
    forget_sessions(session, [ended])


def note(session: Session, device_id: int, now: datetime, failure: str = "") -> None:
    """Keep the last outcome of a device: a success, or a failure with its reason."""
    values = {"failed_at": now, "failure": failure} if failure else {"succeeded_at": now}
    session.exec(sa.update(Device).where(col(Device.id) == device_id).values(values))


def note_reached(session: Session, device_ids: Collection[int], now: datetime) -> None:
    """Keep that devices were reached."""
    session.exec(sa.update(Device).where(col(Device.id).in_(sorted(device_ids))).values(succeeded_at=now))
