"""Make TLS contexts for outside systems, and explain a failed handshake."""

import re
import ssl
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import certifi

from helpdesk.errors import Sentence, sentence
from helpdesk.texts import in_english

PEM = re.compile(rb"-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----")
EXPIRED = 10
OTHER_NAME = {62, 64}  # X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH
UNKNOWN_AUTHORITY = {2, 18, 19, 20, 21, 27}  # no issuer, self-signed, self-signed at the top, no local issuer, …


class Refusal(NamedTuple):
    """The reason why there is no encrypted connection (half a sentence) and an advice (a whole one)."""

    reason: Sentence
    advice: Sentence

    def __str__(self) -> str:
        return in_english(self.reason)


class NoCertificates(ValueError):
    """A file that holds no readable certificate."""


@cache
def context(
    bundle: Path | None = None, *, public: bool = True, names: bool = True, bounded: bool = False
) -> ssl.SSLContext:
    """Return a context that trusts the authorities in `bundle`; `public` adds those of the machine and of browsers.

    An intermediate authority is trusted by itself, since companies often hand out only that one. Without `names` the
    name in a certificate is not checked. `bounded` is for servers that nobody vouches for (`_client`).
    """
    trusting = _client(bounded)
    trusting.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    trusting.check_hostname = names
    if public:
        trusting.load_default_certs()
        trusting.load_verify_locations(certifi.where())
    if bundle:
        trusting.load_verify_locations(cadata=certificates(bundle))
    return trusting


@cache
def unchecked(*, bounded: bool = False) -> ssl.SSLContext:
    """Return a context that encrypts, and believes every certificate."""
    encrypting = _client(bounded)
    encrypting.check_hostname, encrypting.verify_mode = False, ssl.CERT_NONE
    return encrypting


def _client(bounded: bool) -> ssl.SSLContext:
    """Return the context of a client. If `bounded`, the other side may not choose the prime of a Diffie-Hellman: with
    one of 10,000 bits a handshake takes a second. All servers of today have elliptic curves instead."""
    encrypting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if bounded:
        encrypting.set_ciphers(":".join(it["name"] for it in encrypting.get_ciphers() if it["kea"] != "kx-dhe"))
    return encrypting


def for_mysql(mode: str, bundle: Path | None) -> dict[str, Any]:
    """Return MYSQL_SSL_MODE as arguments of PyMySQL.

    "preferred" needs none: PyMySQL encrypts where the server can, without checking its certificate.
    """
    match mode:
        case "disabled":
            return {"ssl_disabled": True}
        case "preferred":
            return {}
        case "required":
            return {"ssl": unchecked()}
        case _:
            return {"ssl": context(bundle, public=bundle is None, names=mode == "verify_identity")}


def certificates(file: Path) -> str | bytes:
    """Return the certificates of a PEM file, without any text around them, or of a DER file.

    Raises OSError, or NoCertificates when there is none.
    """
    data = file.read_bytes()
    listed = "\n".join(each.decode() for each in PEM.findall(data)) or data
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=listed)
    except (ssl.SSLError, ValueError) as error:
        raise NoCertificates from error
    return listed


def refusal(error: BaseException, address: str, bundle: str) -> Refusal | None:
    """Explain a failed handshake, or return None for another error.

    `address` and `bundle` name the settings to check.
    """
    failed = _tls_error(error)
    if failed is None:
        return None
    if not isinstance(failed, ssl.SSLCertVerificationError):
        return Refusal(
            sentence("there is no TLS with it (%(why)s)", why=failed.reason or type(failed).__name__),
            sentence("Check the scheme and the port of %(setting)s; TLS 1.2 or later is needed.", setting=address),
        )
    if failed.verify_code == EXPIRED:
        return Refusal(
            sentence("its certificate has expired"), sentence("Have it renewed, or set this machine's clock right.")
        )
    if failed.verify_code in OTHER_NAME:
        return Refusal(
            sentence("its certificate is for another name"),
            sentence("Write in %(setting)s a name that the certificate holds.", setting=address),
        )
    if failed.verify_code in UNKNOWN_AUTHORITY:
        return Refusal(
            sentence("its certificate is signed by an unknown authority"),
            sentence(
                "Name the file with that authority's certificate by %(setting)s, or by CA_BUNDLE for every system.",
                setting=bundle,
            ),
        )
    return Refusal(
        sentence("its certificate is refused (%(why)s)", why=failed.verify_message),
        sentence("Have it mended, or check %(setting)s and CA_BUNDLE.", setting=bundle),
    )


def _tls_error(error: BaseException | None) -> ssl.SSLError | None:
    """Return the TLS error that a client library has wrapped, if any."""
    if error is None or isinstance(error, ssl.SSLError):
        return error
    return _tls_error(error.__cause__ or error.__context__)
