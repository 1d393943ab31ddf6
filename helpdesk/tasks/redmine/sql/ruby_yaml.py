"""What Rails keeps in a text column: YAML, with classes of Ruby's own."""

import re
from base64 import b64decode
from functools import lru_cache
from typing import Any

import yaml

from helpdesk.errors import BadResponse

PERMISSION = re.compile(r":([a-z0-9_]+)")


class _Loader(yaml.SafeLoader):
    """Plain values only; an object of Ruby's is read as the mapping, list or text that it is kept as."""


def _plain(loader: _Loader, _: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_scalar(node)  # type: ignore[arg-type]  # what is left is a scalar


def _text(loader: _Loader, node: yaml.ScalarNode) -> str:
    """A text of which Ruby did not know that it is UTF-8."""
    return b64decode(loader.construct_scalar(node)).decode("utf-8", "replace")


_Loader.add_multi_constructor("!ruby/", _plain)
_Loader.add_constructor("!binary", _text)


@lru_cache(maxsize=1_000)
def loaded(text: str | None) -> Any:
    """The value of a column; None for an empty one. Raises BadResponse for what is no YAML."""
    try:
        return yaml.load(text, _Loader) if text else None
    except yaml.YAMLError as error:
        raise BadResponse(detail=f"no YAML in a column of Redmine's: {type(error).__name__}") from error


def permissions(text: str | None) -> frozenset[str]:
    """The names in a role's list of permissions."""
    return frozenset(PERMISSION.findall(text or ""))


def named(found: Any) -> dict[str, Any]:
    """A mapping by names, whether Ruby kept them as texts or as symbols; nothing of anything else."""
    return {str(name).lstrip(":"): value for name, value in found.items()} if isinstance(found, dict) else {}
