"""Keep NULL from coming first where the greatest value is looked for in an index."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import GenericFunction


class not_first_null(GenericFunction[bool]):  # named as it is called, like other functions of SQL
    """False of NULL where it would come before all values in a descending order, as in PostgreSQL; else true.

    In the others it comes last. If MariaDB were told to leave it out, it would read all of them in search of a value.
    """

    type = sa.Boolean()
    inherit_cache = True


@compiles(not_first_null)
def _last(element: Any, compiler: Any, **arguments: Any) -> str:
    return "1 = 1"


@compiles(not_first_null, "postgresql")
def _first(element: Any, compiler: Any, **arguments: Any) -> str:
    (value,) = (compiler.process(it, **arguments) for it in element.clauses)
    return f"{value} IS NOT NULL"
