"""`credmock serve` over HTTPS: with files that are given, and with those that it makes."""

import os
import re
import shutil
import ssl
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from mockserver.cli import tls
from mockserver.cli.tls import Certificate, ensure_local_certificate, find_certificate
from mockserver.control.client import Control, ControlError
from mockserver.errors import StartError
from tests.support.certificates import OPENSSL, make_certificates
from tests.support.server import CREDMOCK, running
from tests.support.waiting import PATIENCE

needs_openssl = pytest.mark.skipif(OPENSSL is None, reason="openssl is not installed")
KEY = {"Authorization": "Api-Key main-admin-key"}


def make_key(folder: Path, name: str, *algorithm: str) -> tuple[Path, Path]:
    """Make a key and a certificate that it has signed itself."""
    certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
    command = ["openssl", "req", "-x509", "-nodes", "-newkey", *algorithm, "-subj", "/CN=x"]
    command += ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True)
    return certificate, key


@needs_openssl
def test_given_files_serve_https(tmp_path: Path) -> None:
    """Clients that trust the authority are served, all addresses say https, and HTTP is refused."""
    files = make_certificates(tmp_path)
    options = ("--tls-cert", str(files.server), "--tls-key", str(files.server_key))
    trust = ssl.create_default_context(cafile=files.authority)
    with running(*options, "--prefix", "/dm") as server:
        assert re.fullmatch(r"https://127\.0\.0\.1:\d+/dm", server.url)
        assert "http://" not in server.banner
        with httpx.Client(verify=trust, trust_env=False, timeout=PATIENCE) as client:
            page = client.get(server.collection, params={"page_size": 2}, headers=KEY).json()
            described = client.get(f"{server.url}/__mock__/state").json()
            har = client.get(f"{server.url}/__mock__/requests.har").json()
        assert page["result"]["next"].startswith(f"{server.url}/api/")
        assert page["result"]["data"][0]["iconImage"].startswith(f"{server.url}/__mock__/images/")
        assert described["credentials"]
        assert har["log"]["entries"][0]["request"]["url"].startswith(f"{server.url}/api/")
        with pytest.raises(httpx.HTTPError):
            httpx.get(server.url.replace("https", "http"), trust_env=False, timeout=PATIENCE)


def test_a_certificate_for_this_machine_is_made_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the banner says to trust is enough for both loopback addresses and a second start."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    authority = tmp_path / "data/credmock/tls/ca.pem"
    with running("--tls-self-signed") as server:
        assert f"NODE_EXTRA_CA_CERTS={authority}\n" in server.banner
        assert f"curl -s --cacert {authority} " in server.banner
        trust = ssl.create_default_context(cafile=authority)
        port = httpx.URL(server.url).port
        for host in ("127.0.0.1", "localhost"):
            url = f"https://{host}:{port}/__mock__/health"
            assert httpx.get(url, verify=trust, trust_env=False).status_code == 200
        with pytest.raises(ControlError, match="certificate verify failed"):
            Control(server.url).faults()
        monkeypatch.setenv("SSL_CERT_FILE", str(authority))
        assert Control(server.url).faults() == []
    made = {path: path.read_bytes() for path in authority.parent.iterdir()}
    assert authority.parent.stat().st_mode & 0o077 == 0
    ensure_local_certificate("127.0.0.1", authority.parent)
    assert {path: path.read_bytes() for path in authority.parent.iterdir()} == made


def expire(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let what is there be too old."""
    monkeypatch.setattr(tls, "RENEWED_BEFORE", timedelta(days=400))
    monkeypatch.setattr(tls, "VALID_FOR", timedelta(days=800))


def lose_the_server(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove one of the files."""
    (folder / "server.pem").unlink()


def spoil(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut a file."""
    (folder / "server.pem").write_text("-----BEGIN")


def mix(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the authority of another certificate beside it."""
    other = ensure_local_certificate("localhost", folder.parent / "other")
    assert other.authority
    shutil.copy(other.authority, folder / "ca.pem")


@pytest.mark.parametrize("spoil_files", [expire, lose_the_server, spoil, mix])
def test_a_certificate_that_is_no_good_is_made_anew(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    spoil_files: Callable[[Path, pytest.MonkeyPatch], None],
) -> None:
    """An old, incomplete, spoiled or mixed pair is replaced by one that fits."""
    folder = tmp_path / "tls"
    before = ensure_local_certificate("localhost", folder).chain.read_bytes()
    spoil_files(folder, monkeypatch)
    after = ensure_local_certificate("localhost", folder)
    assert after.chain.read_bytes() != before
    assert after.chain.read_bytes() == ensure_local_certificate("::1", folder).chain.read_bytes()


def test_the_name_of_the_host_is_in_the_certificate(tmp_path: Path) -> None:
    """A host that is bound besides those of this machine gets a certificate with its name."""
    x509 = pytest.importorskip("cryptography.x509")
    made = ensure_local_certificate("mock.test", tmp_path / "tls")
    named = x509.load_pem_x509_certificate(made.chain.read_bytes()).extensions
    names = named.get_extension_for_class(x509.SubjectAlternativeName).value
    found = {str(name.value) for name in names}
    assert found == {"localhost", "127.0.0.1", "::1", "mock.test"}
    kept = made.chain.read_bytes()
    assert ensure_local_certificate("0.0.0.0", tmp_path / "tls").chain.read_bytes() == kept  # noqa: S104


@pytest.mark.parametrize(
    "host", ["::0001", "fe80::1%lo", "b\u00fccher.test", "127.0.0.2", "localhost"]
)
def test_a_host_is_recognized_again(tmp_path: Path, host: str) -> None:
    """Another spelling of an address, or letters beyond ASCII, make no new one each time."""
    made = ensure_local_certificate(host, tmp_path / "tls").chain.read_bytes()
    assert ensure_local_certificate(host, tmp_path / "tls").chain.read_bytes() == made


@pytest.mark.parametrize("host", ["a..b", "x" * 70, "-"])
def test_a_host_that_no_certificate_can_name_is_one_line(tmp_path: Path, host: str) -> None:
    """It is refused before anything is made."""
    with pytest.raises(StartError, match=r"^--tls-self-signed: no certificate for localhost"):
        ensure_local_certificate(host, tmp_path / "tls")
    assert not (tmp_path / "tls").exists()


def test_servers_that_start_together_share_a_certificate(tmp_path: Path) -> None:
    """What is left in the folder is one pair that fits, and nothing else lies beside it."""
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: ensure_local_certificate("localhost", tmp_path / "tls"), range(8)))
    kept = ensure_local_certificate("localhost", tmp_path / "tls").chain.read_bytes()
    assert ensure_local_certificate("localhost", tmp_path / "tls").chain.read_bytes() == kept
    assert [path.name for path in tmp_path.iterdir()] == ["tls"]


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    """It names the folder and what to do."""
    (tmp_path / "file").touch()
    with pytest.raises(StartError, match=r"^--tls-self-signed: no .*File exists; set XDG_DATA"):
        ensure_local_certificate("localhost", tmp_path / "file" / "tls")


def test_a_user_without_a_home_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a container that runs as any number; the line says what to set."""

    def refuse() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    monkeypatch.setattr(Path, "home", refuse)
    with pytest.raises(StartError, match=r"^--tls-self-signed: .*no home folder; set XDG_DATA"):
        tls.find_folder()


def test_without_the_extra_it_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where trustme is not installed, the line says what installs it."""
    monkeypatch.setitem(sys.modules, "trustme", None)
    with pytest.raises(
        StartError, match=r"needs the package trustme: pip install 'credmock\[tls\]'"
    ):
        ensure_local_certificate("localhost", tmp_path)


@needs_openssl
@pytest.mark.parametrize(
    ("algorithm", "is_known"),
    [
        (("ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"), True),
        (("ec", "-pkeyopt", "ec_paramgen_curve:secp384r1"), True),
        (("rsa:2048",), True),
        (("ed25519",), True),
        (("ec", "-pkeyopt", "ec_paramgen_curve:secp521r1"), False),
        (("ec", "-pkeyopt", "ec_paramgen_curve:secp256k1"), False),
        (("ed448",), False),
    ],
)
def test_keys_that_the_server_does_not_know_are_refused(
    tmp_path: Path, algorithm: tuple[str, ...], is_known: bool
) -> None:
    """OpenSSL takes some that end the server with an abort; those are one line."""
    certificate, key = make_key(tmp_path, "it", *algorithm)
    if is_known:
        assert find_certificate(certificate, key, False, "localhost") == Certificate(
            certificate, key
        )
    else:
        with pytest.raises(StartError, match=r"it\.pem: the server knows no key of this kind"):
            find_certificate(certificate, key, False, "localhost")


@needs_openssl
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--tls-cert", "it.key"), "--tls-cert it.key: there is no certificate in it"),
        (("--tls-cert", "it.pem"), "--tls-key it.pem: there is no key in it"),
        (("--tls-cert", "it.pem", "--tls-key", "locked.key"), "the key is encrypted"),
        (("--tls-cert", "it.pem", "--tls-key", "other.key"), "name a certificate in PEM and its"),
        (("--tls-cert", "cut.pem", "--tls-key", "it.key"), "--tls-cert cut.pem with --tls-key"),
        (("--tls-cert", "missing.pem"), "missing.pem"),
        (("--tls-cert", "."), "--tls-cert"),
        (("--tls-key", "it.key"), "--tls-key needs --tls-cert"),
        (("--tls-self-signed", "--tls-cert", "it.pem"), "leave it out, or leave --tls-cert"),
    ],
)
def test_wrong_files_are_one_line(tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    """They name the option and the file, nothing asks for a passphrase, and the exit code is 2."""
    curve = ("ec", "-pkeyopt", "ec_paramgen_curve:prime256v1")
    certificate, key = make_key(tmp_path, "it", *curve)
    make_key(tmp_path, "other", *curve)
    (tmp_path / "cut.pem").write_bytes(certificate.read_bytes()[:200])
    lock = ["openssl", "pkey", "-aes256", "-passout", "pass:locked", "-in", key]
    subprocess.run([*lock, "-out", tmp_path / "locked.key"], check=True, capture_output=True)
    ended = subprocess.run(
        [*CREDMOCK, "serve", "--bind", "127.0.0.1:0", *words],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.getcwd()},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (2, "", 1), ended.stderr
    assert said in ended.stderr
