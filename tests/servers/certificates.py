"""A certificate authority of a company's own, and servers that show its certificates; made by the openssl command."""

import ssl
import subprocess
from pathlib import Path

from tests.servers.process import SYSTEM_PATH

LEAF = "subjectAltName={name}\nbasicConstraints=CA:FALSE\n"


class Authority:
    """Its certificate is `file`. It signs for a week, and its keys go away with `folder`."""

    def __init__(self, folder: Path, name: str = "Company") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.file, self.key = folder, folder / f"{name}.pem", folder / f"{name}.key"
        request = ["req", "-x509", *_new_key(self.key), "-subj", f"/CN={name} CA", "-days", "7"]
        _openssl(*request, "-out", self.file)

    def certify(self, name: str = "IP:127.0.0.1", days: int = 7, kind: str = "ec") -> tuple[Path, Path]:
        """A certificate for `name`, and its key, "ec" or "rsa". Of fewer than no days it has expired."""
        stem = self.folder / f"{name.replace(':', '-').replace('*', 'any')}-{days}-days-{kind}"
        wanted, own, key = stem.with_suffix(".csr"), stem.with_suffix(".crt"), stem.with_suffix(".key")
        extensions = stem.with_suffix(".ext")
        extensions.write_text(LEAF.format(name=name))
        _openssl("req", *_new_key(key, kind), "-subj", "/CN=server", "-out", wanted)
        _openssl("x509", "-req", "-in", wanted, "-CA", self.file, "-CAkey", self.key, "-CAcreateserial",
                 "-days", str(days), "-extfile", extensions, "-out", own)  # fmt: skip
        return own, key

    def server_context(self, name: str = "IP:127.0.0.1") -> ssl.SSLContext:
        """What a server needs to show a certificate for `name`."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.certify(name))
        return context

    def prime(self) -> Path:
        """The numbers of a Diffie-Hellman that a server chooses."""
        file = self.folder / "prime.pem"
        _openssl("dhparam", "-dsaparam", "-out", file, "2048")
        return file


def _new_key(file: Path, kind: str = "ec") -> list[str | Path]:
    option = {"ec": "ec_paramgen_curve:prime256v1", "rsa": "rsa_keygen_bits:2048"}[kind]
    return ["-newkey", kind, "-pkeyopt", option, "-nodes", "-keyout", file]


def _openssl(*arguments: str | Path) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True, env={"PATH": SYSTEM_PATH})
