"""A private nginx before something of ours: the site that is deployed, on a free loopback port, gone with the block."""

import shutil
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.servers.process import SYSTEM_PATH, running

MAIN = """\
daemon off;
user root;
pid {folder}/nginx.pid;
error_log {folder}/error.log info;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/site.conf;
}}
"""


def why_not_here() -> str | None:
    """Why no nginx can be started on this machine; None when one can."""
    return None if shutil.which("nginx", path=SYSTEM_PATH) else "nginx is not installed"


@contextmanager
def running_nginx(folder: Path, site: str, changed: Mapping[str, str], port: int) -> Iterator[None]:
    """Serve `site` with what is `changed` in it, such as files and ports; it answers on `port`. Raises ServerError with
    the tail of its log when it does not start."""
    for old, new in changed.items():
        assert old in site, f"no longer in the site: {old}"
        site = site.replace(old, new)
    (folder / "site.conf").write_text(site)
    (folder / "nginx.conf").write_text(MAIN.format(folder=folder))
    command = ["nginx", "-c", folder / "nginx.conf", "-p", folder]
    with running(command, log=folder / "nginx.log", answers=lambda: _answers(port)):
        yield


def _answers(port: int) -> bool:
    with socket.socket() as line:
        return line.connect_ex(("127.0.0.1", port)) == 0
