"""The seeded database of the tests' Redmine: built once, kept as a dump outside the checkout."""

import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.servers.mariadb import MariaDB, dump, load
from tests.servers.redmine_instance import Instance, packages, ruby

_HERE = Path(__file__).parent
SEED = _HERE / "redmine_seed.rb"
_SOURCES = (SEED, _HERE / "redmine_seeded.py", _HERE / "redmine_instance.py")


def fill(server: MariaDB, database: str, instance: Instance) -> None:
    """Fills the instance's empty database: from the kept dump, or by Redmine itself, then kept.

    Of two runs that find no dump, one builds it and the other waits for it.
    """
    with _locked(cache_folder() / "redmine.lock"):
        kept = cache_folder() / f"redmine-{_fingerprint()}.sql.gz"
        if not kept.exists():
            _build(instance)
            dump(server, database, kept)
            return
    load(server, database, kept)


def cache_folder() -> Path:
    """Where dumps are kept between runs: helpdesk-tests in the user's cache folder (created)."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(base) / "helpdesk-tests"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _build(instance: Instance) -> None:
    # Redmine's user cannot read a checkout in somebody's home.
    script = instance.folder / SEED.name
    shutil.copyfile(SEED, script)
    script.chmod(0o644)
    ruby(instance, "rake", "db:migrate")
    ruby(instance, "rake", "redmine:load_default_data")
    ruby(instance, "rails", "runner", script)


def _fingerprint() -> str:
    """Changes with whatever the seeded database depends on."""
    digest = hashlib.sha256(packages()["redmine"].encode())
    for source in _SOURCES:
        digest.update(source.read_bytes())
    return digest.hexdigest()[:16]


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
