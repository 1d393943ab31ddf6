"""One connection to the Oracle ERP, which ends within a deadline whatever the other side does."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from socket import SOCK_STREAM
from typing import Any, NamedTuple

import oracledb

from helpdesk.people.directory import MOST_FOUND
from helpdesk.people.oracle_erp.failures import DRIVER_ERRORS, failure, is_unconnected
from helpdesk.people.oracle_erp.statements import Row, Statement, require

SECONDS = 4.0
CLOSE_SECONDS = 0.2
GRACE_SECONDS = 1.0
"""How long after its deadline a connection may still give up a call and log off."""
TEXTS = (oracledb.DB_TYPE_VARCHAR, oracledb.DB_TYPE_CHAR, oracledb.DB_TYPE_NVARCHAR, oracledb.DB_TYPE_NCHAR)


class Account(NamedTuple):
    """Where the ERP is, and the driver's parameters of our account, which do not show its password."""

    host: str
    port: int
    params: oracledb.ConnectParams


def account(host: str, port: int, service: str, user: str, password: str) -> Account:
    params = oracledb.ConnectParams(
        port=port, service_name=service, user=user, password=password, tcp_connect_timeout=SECONDS, retry_count=0
    )
    return Account(host, port, params)


class Conversation:
    """Statements over one connection. `deadline` is a time of the event loop's clock.

    A server that never stops sending keeps the driver busy for ever, so the line is cut a moment after the deadline.
    """

    def __init__(self, connection: oracledb.AsyncConnection, deadline: float) -> None:
        self.connection, self.deadline = connection, deadline
        # The connection forgets its other half as soon as it begins to log off, which may never end either.
        driver: Any = connection._impl
        self.cut: Callable[[], None] = driver.terminate
        self._cutting = asyncio.get_running_loop().call_at(deadline + GRACE_SECONDS, self.cut)

    async def rows(self, statement: Statement, **binds: str) -> list[Row]:
        """Return the first rows of a statement, whose columns have names in lower case.

        A call has half of the time that is left: the driver takes as long again to give it up. Raises
        DirectoryUnavailable.
        """
        self._limit((self.deadline - asyncio.get_running_loop().time()) / 2)
        try:
            with self.connection.cursor() as cursor:
                cursor.prefetchrows = cursor.arraysize = MOST_FOUND + 1  # all come with the first answer
                cursor.outputtypehandler = _readable
                await cursor.execute(statement.text, binds, fetch_lobs=False)
                columns = [column[0].lower() for column in cursor.description or ()]
                rows = await cursor.fetchmany(MOST_FOUND)
        except DRIVER_ERRORS as error:
            raise failure(error, statement.name) from None
        require(statement, columns)
        return [dict(zip(columns, row, strict=True)) for row in rows]

    async def close(self) -> None:
        self._limit(CLOSE_SECONDS)
        try:
            with suppress(*DRIVER_ERRORS):
                await self.connection.close()
        finally:
            self._cutting.cancel()

    def _limit(self, seconds: float) -> None:
        """Limit the next call. On a connection that is gone the driver would crash the process; its call fails."""
        if self.connection.is_healthy():
            self.connection.call_timeout = max(1, int(seconds * 1000))


def _readable(cursor: oracledb.AsyncCursor, column: oracledb.FetchInfo) -> "oracledb.Var | None":
    """Let the driver read a text with bytes that are no characters: one such name must not hide all the others."""
    if column.type_code not in TEXTS:
        return None
    return cursor.var(column.type_code, column.internal_size or 0, cursor.arraysize, encoding_errors="replace")


async def converse(account: Account, deadline: float) -> Conversation:
    """Return a connection of one's own, which the caller closes. Raises DirectoryUnavailable."""
    try:
        async with asyncio.timeout_at(deadline):
            return Conversation(await _connect(account), deadline)
    except DRIVER_ERRORS as error:
        raise failure(error) from None


async def _connect(account: Account) -> oracledb.AsyncConnection:
    """Connect to the first address of the host that lets us.

    The driver would resolve the name on the event loop, which stops everybody while the name server is silent.
    """
    found = await asyncio.get_running_loop().getaddrinfo(account.host, account.port, type=SOCK_STREAM)
    *others, last = dict.fromkeys(str(info[4][0]) for info in found)
    for address in others:
        try:
            return await _connect_to(account, address)
        except oracledb.Error as error:
            if not is_unconnected(error):
                raise
    return await _connect_to(account, last)


async def _connect_to(account: Account, address: str) -> oracledb.AsyncConnection:
    connection: oracledb.AsyncConnection = await oracledb.connect_async(params=account.params, host=address)
    return connection
