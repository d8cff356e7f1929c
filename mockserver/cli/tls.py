"""Certificates for HTTPS: files that are checked before they are used, or made for this machine."""

import fcntl
import os
import ssl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING

from mockserver.errors import StartError

if TYPE_CHECKING:
    from trustme import CA

LOCAL_NAMES = ("localhost", "127.0.0.1", "::1")
VALID_FOR = timedelta(days=397)
"""Browsers refuse certificates that are valid for much longer."""
RENEWED_BEFORE = timedelta(days=30)
ANY_ADDRESS = ("0.0.0.0", "::")  # noqa: S104  (not bound here)
ORGANIZATION = "credmock on this machine"
AUTHORITY, SERVER = "ca.pem", "server.pem"
BEGIN = "-----BEGIN CERTIFICATE-----"
EC = "06072a8648ce3d0201"
KEY_ALGORITHMS = tuple(
    map(
        bytes.fromhex,
        (
            "06092a864886f70d010101",  # RSA
            EC + "06082a8648ce3d030107",  # P-256
            EC + "06052b81040022",  # P-384
            "06032b6570",  # Ed25519
        ),
    )
)
"""Object identifiers, as certificates encode them, of the keys that the server can use."""
EXTRA = "pip install 'credmock[tls]'"


@dataclass(frozen=True)
class Certificate:
    """The files of a server, and of the authority to trust if they were made here."""

    chain: Path
    key: Path
    authority: Path | None = None


def find_certificate(
    chain: Path | None, key: Path | None, is_self_signed: bool, host: str
) -> Certificate | None:
    """Return what the options of `credmock serve` ask for, None for HTTP; raises StartError."""
    if is_self_signed:
        if chain or key:
            raise StartError(
                "--tls-self-signed makes a certificate of its own: leave it out, or leave "
                "--tls-cert and --tls-key out"
            )
        return ensure_local_certificate(host, find_folder())
    if chain is None:
        if key:
            raise StartError("--tls-key needs --tls-cert FILE, the certificate of this key")
        return None
    certificate = Certificate(chain, key or chain)
    check_certificate(certificate)
    return certificate


def find_folder() -> Path:
    """Return the folder in which a certificate that clients have been told to trust is kept."""
    data = os.environ.get("XDG_DATA_HOME", "")
    if os.path.isabs(data):
        return Path(data) / "credmock/tls"
    try:
        return Path.home() / ".local/share/credmock/tls"
    except RuntimeError as error:
        raise StartError(
            "--tls-self-signed: this user has no home folder; set XDG_DATA_HOME to a folder of "
            "yours, or name files with --tls-cert and --tls-key"
        ) from error


def check_certificate(certificate: Certificate) -> None:
    """Raise StartError that names the option unless the files can be used together."""
    for option, path in (("--tls-cert", certificate.chain), ("--tls-key", certificate.key)):
        try:
            content = path.read_bytes()
        except OSError as error:
            raise StartError(f"{option} {path}: {error.strerror}; name a file in PEM") from error
        if option == "--tls-cert" and BEGIN.encode() not in content:
            raise StartError(f"{option} {path}: there is no certificate in it; name a file in PEM")
        if option == "--tls-key":
            _check_key(path, content)
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate.chain, certificate.key)
    except ssl.SSLError as error:
        reason = (error.reason or str(error)).lower().replace("_", " ")
        raise StartError(
            f"--tls-cert {certificate.chain} with --tls-key {certificate.key}: {reason}; name a "
            "certificate in PEM and its own key"
        ) from error
    _check_algorithm(certificate.chain)


def _check_algorithm(path: Path) -> None:
    """Raise StartError for a key that OpenSSL knows and the server does not: it would abort."""
    text = path.read_text(encoding="ascii", errors="ignore")
    first, end, _ = text[text.index(BEGIN) :].partition("-----END CERTIFICATE-----")
    content = ssl.PEM_cert_to_DER_cert(first + end)
    if not any(algorithm in content for algorithm in KEY_ALGORITHMS):
        raise StartError(
            f"--tls-cert {path}: the server knows no key of this kind; use RSA, ECDSA on P-256 "
            "or P-384, or Ed25519"
        )


def _check_key(path: Path, content: bytes) -> None:
    if b"ENCRYPTED" in content:  # otherwise OpenSSL asks for its passphrase on the terminal
        raise StartError(
            f"--tls-key {path}: the key is encrypted; name one without a passphrase, as "
            "`openssl pkey -in FILE -out NEW` writes it"
        )
    if b"PRIVATE KEY-----" not in content:
        raise StartError(f"--tls-key {path}: there is no key in it; name a file in PEM")


def ensure_local_certificate(host: str, folder: Path) -> Certificate:
    """Return the certificate for this machine, made where none is valid; raises StartError.

    It is kept, so that it has to be trusted only once.
    """
    try:
        import trustme
    except ModuleNotFoundError as error:
        raise StartError(
            f"--tls-self-signed needs the package {error.name}: {EXTRA}, or name a certificate "
            "with --tls-cert"
        ) from error
    certificate = Certificate(folder / SERVER, folder / SERVER, folder / AUTHORITY)
    names = list(dict.fromkeys((*LOCAL_NAMES, normalize_host(host))))
    names = [name for name in names if name not in ANY_ADDRESS]
    try:
        with _lock_folder(folder.parent):
            if not _is_usable(certificate, names):
                _replace_folder(folder, *_make(trustme.CA(organization_name=ORGANIZATION), names))
            check_certificate(certificate)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise StartError(
            f"--tls-self-signed: no certificate for {', '.join(names)} in {folder}: {reason}; "
            "set XDG_DATA_HOME to a folder of yours, or name files with --tls-cert and --tls-key"
        ) from error
    return certificate


def normalize_host(host: str) -> str:
    """Return a host as certificates hold it, whichever of its spellings is used."""
    try:
        return str(ip_address(host.partition("%")[0]))
    except ValueError:
        with suppress(UnicodeError):
            return host.encode("idna").decode()
        return host


def _is_usable(certificate: Certificate, names: list[str]) -> bool:
    """Tell whether the files are there, name all that is asked for, and are valid for a while."""
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature

    try:
        known = x509.load_pem_x509_certificate(certificate.chain.read_bytes())
        authority = (certificate.authority or certificate.chain).read_bytes()
        known.verify_directly_issued_by(x509.load_pem_x509_certificate(authority))
        named = known.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        check_certificate(certificate)
    except (OSError, ValueError, TypeError, InvalidSignature, StartError):
        return False
    identities = {str(identity.value) for identity in named}
    return known.not_valid_after_utc > datetime.now(UTC) + RENEWED_BEFORE and identities >= {*names}


def _make(authority: "CA", names: list[str]) -> tuple[bytes, bytes]:
    """Return the certificate with its key, and the authority that has signed it.

    Nobody keeps the key of the authority: who trusts it trusts this one certificate.
    """
    issued = authority.issue_cert(
        *names, organization_name=ORGANIZATION, not_after=datetime.now(UTC) + VALID_FOR
    )
    return issued.private_key_and_cert_chain_pem.bytes(), authority.cert_pem.bytes()


@contextmanager
def _lock_folder(folder: Path) -> Iterator[None]:
    """Make a folder if it is missing, and let no other process of credmock change it meanwhile."""
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _replace_folder(folder: Path, server: bytes, authority: bytes) -> None:
    """Put both files in place."""
    with tempfile.TemporaryDirectory(prefix=".tls-", dir=folder.parent) as aside:
        new = Path(aside) / "new"
        new.mkdir(mode=0o700)  # the key is in it
        (new / SERVER).write_bytes(server)
        (new / AUTHORITY).write_bytes(authority)
        with suppress(FileNotFoundError):
            folder.rename(new.with_name("old"))
        new.rename(folder)
