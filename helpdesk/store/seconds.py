"""Count the seconds between two moments in SQL, in each of our databases."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import GenericFunction


class seconds_between(GenericFunction[float]):  # named as it is called, like other functions of SQL
    """The seconds from the first moment to the second; NULL without one of them."""

    type = sa.Float()
    inherit_cache = True


@compiles(seconds_between)
def _standard(element: Any, compiler: Any, **arguments: Any) -> str:
    first, second = (compiler.process(it, **arguments) for it in element.clauses)
    return f"EXTRACT(EPOCH FROM ({second} - {first}))"


@compiles(seconds_between, "sqlite")
def _sqlite(element: Any, compiler: Any, **arguments: Any) -> str:
    first, second = (compiler.process(it, **arguments) for it in element.clauses)
    return f"((julianday({second}) - julianday({first})) * 86400.0)"


@compiles(seconds_between, "mysql")
@compiles(seconds_between, "mariadb")
def _mysql(element: Any, compiler: Any, **arguments: Any) -> str:
    first, second = (compiler.process(it, **arguments) for it in element.clauses)
    return f"(TIMESTAMPDIFF(MICROSECOND, {first}, {second}) / 1000000.0)"
