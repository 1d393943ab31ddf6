"""One connection to the Oracle ERP, which ends within a deadline whatever the other side does."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from socket import SOCK_STREAM
from typing import NamedTuple

import oracledb

from helpdesk.people.directory import MOST_FOUND
from helpdesk.people.oracle_erp.failures import failure, is_unconnected
from helpdesk.people.oracle_erp.statements import Row, Statement, require

SECONDS = 4.0
CLOSE_SECONDS = 0.2


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
    """Statements over one connection. `deadline` is a time of the event loop's clock."""

    def __init__(self, connection: oracledb.AsyncConnection, deadline: float) -> None:
        self.connection, self.deadline = connection, deadline

    async def rows(self, statement: Statement, **binds: str) -> list[Row]:
        """Return the first rows of a statement, whose columns have names in lower case.

        A call has half of the time that is left: the driver takes as long again to give it up. Raises
        DirectoryUnavailable.
        """
        self._limit((self.deadline - asyncio.get_running_loop().time()) / 2)
        try:
            with self.connection.cursor() as cursor:
                cursor.prefetchrows = cursor.arraysize = MOST_FOUND + 1  # all come with the first answer
                await cursor.execute(statement.text, binds, fetch_lobs=False)
                columns = [column[0].lower() for column in cursor.description or ()]
                rows = await cursor.fetchmany(MOST_FOUND)
        except (oracledb.Error, OSError, ValueError) as error:
            raise failure(error, statement.name) from None
        require(statement, columns)
        return [dict(zip(columns, row, strict=True)) for row in rows]

    async def close(self) -> None:
        self._limit(CLOSE_SECONDS)
        with suppress(oracledb.Error, OSError):
            await self.connection.close()

    def _limit(self, seconds: float) -> None:
        """Limit the next call. On a connection that is gone the driver would crash the process; its call fails."""
        if self.connection.is_healthy():
            self.connection.call_timeout = max(1, int(seconds * 1000))


@asynccontextmanager
async def conversation(account: Account, deadline: float) -> AsyncIterator[Conversation]:
    """Yield a connection of one's own. Raises DirectoryUnavailable."""
    try:
        async with asyncio.timeout_at(deadline):
            connection = await _connect(account)
    except (oracledb.Error, OSError, ValueError) as error:
        raise failure(error) from None
    erp = Conversation(connection, deadline)
    try:
        yield erp
    finally:
        await erp.close()


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
