"""Certificates for tests, made by openssl: an authority, a server and a client."""

import shutil
import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path

OPENSSL = shutil.which("openssl")


@dataclass(frozen=True)
class Certificates:
    """The files of an authority, and of a server and a client that it has signed."""

    authority: Path
    server: Path
    server_key: Path
    client: Path
    client_key: Path

    def make_server_context(self, *, needs_client: bool) -> ssl.SSLContext:
        """Return what a server of TLS uses, which may ask for a client certificate."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.server, self.server_key)
        if needs_client:
            context.load_verify_locations(self.authority)
            context.verify_mode = ssl.CERT_REQUIRED
        return context


def make_certificates(folder: Path) -> Certificates:
    """Make the files in a folder."""

    def openssl(*words: str) -> None:
        subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)

    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    usage = ("-addext", "keyUsage=critical,keyCertSign,cRLSign")  # which Python 3.13 asks for
    authority = ("-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=authority")
    openssl("req", "-x509", *key, *usage, *authority)
    identifiers = "subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n"
    alternatives = "subjectAltName=IP:127.0.0.1,DNS:localhost\n"
    (folder / "server.ext").write_text(identifiers + alternatives)
    (folder / "client.ext").write_text(f"{identifiers}extendedKeyUsage=clientAuth\n")
    for name in ("server", "client"):
        request, signed = f"{name}.csr", f"{name}.pem"
        openssl("req", *key, "-keyout", f"{name}.key", "-out", request, "-subj", f"/CN={name}")
        openssl(
            "x509", "-req", "-in", request, "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
            "-out", signed, "-extfile", f"{name}.ext",
        )  # fmt: skip
    names = ("ca.pem", "server.pem", "server.key", "client.pem", "client.key")
    return Certificates(*(folder / name for name in names))
