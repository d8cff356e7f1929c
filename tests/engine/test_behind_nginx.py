"""Behind a real nginx: its wall of certificates, its wall of passwords, its pages of errors."""

import os
import shutil
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.support.certificates import OPENSSL, Certificates, make_certificates
from tests.support.command import ENVIRONMENT, run
from tests.support.server import free_port, running
from tests.support.waiting import PATIENCE, wait_until

NGINX = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
PASSWORD = "nginx-password-0815"
OPTIONS = ("--org", "main", "--user-id", "1", "--rule", "ERR-02", "--read-only")
pytestmark = pytest.mark.skipif(not (NGINX and OPENSSL), reason="needs nginx and openssl")
CONFIGURATION = """
daemon off; master_process off; pid nginx.pid; error_log error.log;
events {{ }}
http {{
  access_log off;
  client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi; scgi_temp_path scgi;
  server {{
    listen 127.0.0.1:{port} ssl;
    ssl_certificate {certificates.server}; ssl_certificate_key {certificates.server_key};
    ssl_client_certificate {certificates.authority}; ssl_verify_client on;
    location / {{
      auth_basic "staging"; auth_basic_user_file passwords;
      proxy_set_header Authorization $http_x_token;
      proxy_set_header Host $http_host; proxy_set_header X-Forwarded-Proto https;
      proxy_pass http://127.0.0.1:{behind};
    }}
  }}
}}
"""


@contextmanager
def nginx(folder: Path, certificates: Certificates, behind: int) -> Iterator[str]:
    """Run nginx in front of a port, and yield its address."""
    port = free_port()
    path = folder / "nginx.conf"
    path.write_text(CONFIGURATION.format(port=port, certificates=certificates, behind=behind))
    (folder / "passwords").write_text(f"team:{{PLAIN}}{PASSWORD}\n")
    assert NGINX is not None
    process = subprocess.Popen([NGINX, "-p", str(folder), "-c", str(path)])
    url = f"https://127.0.0.1:{port}"
    try:
        wait_until(
            lambda: httpx.get(url, verify=False, timeout=PATIENCE).status_code,  # noqa: S501
            "nginx listens",
            ignore=(httpx.TransportError,),
        )
        yield url
    finally:
        process.terminate()
        process.wait(PATIENCE)


@pytest.mark.slow
def test_nginx_is_passed_or_named(tmp_path: Path) -> None:
    """With certificate and password the service is judged; each that is missing is named."""
    certificates = make_certificates(tmp_path)
    environment = {**os.environ, **ENVIRONMENT, "WALL": f"team:{PASSWORD}"}
    trust = ("--ca-bundle", str(certificates.authority))
    client = (
        "--client-cert",
        str(certificates.client),
        "--client-key",
        str(certificates.client_key),
    )
    key = ("--auth-header", "X-Token")
    wall = ("--basic", "env:WALL")
    with running("--quiet") as served:
        behind = int(served.url.rpartition(":")[2])
        with nginx(tmp_path, certificates, behind) as url:
            passed = run("run", url, *OPTIONS, *trust, *client, *key, *wall, env=environment)
            assert passed.returncode == 0, passed.stdout + passed.stderr
            for words, named in (
                ((*trust, *key, *wall), "--client-cert"),
                ((*trust, *client, *key), "--basic"),
                ((*client, *key, *wall), "--ca-bundle"),
            ):
                ended = run("run", url, *OPTIONS, *words, env=environment)
                assert ended.returncode == 3, ended.stdout + ended.stderr
                assert named in ended.stdout, ended.stdout
                assert PASSWORD not in ended.stdout
    with nginx(tmp_path, certificates, free_port()) as url:
        ended = run("run", url, *OPTIONS, *trust, *client, *key, *wall, env=environment)
        assert ended.returncode == 3, ended.stdout + ended.stderr
        assert "502 '502 Bad Gateway', a gateway's page" in ended.stdout


@pytest.mark.slow
@pytest.mark.parametrize("options", [("--trust-proxy", "1"), ("--public-url", "URL"), ()])
def test_links_lead_back_through_nginx(tmp_path: Path, options: tuple[str, ...]) -> None:
    """Behind TLS they begin with https where the mock believes the proxy, or knows its address."""
    certificates = make_certificates(tmp_path)
    port = free_port()
    with nginx(tmp_path, certificates, port) as url:
        given = [url if option == "URL" else option for option in options]
        context = ssl.create_default_context(cafile=str(certificates.authority))
        context.load_cert_chain(str(certificates.client), str(certificates.client_key))
        with (
            running("--quiet", "--bind", f"127.0.0.1:{port}", *given),
            httpx.Client(verify=context, auth=("team", PASSWORD), timeout=PATIENCE) as client,
        ):
            client.headers["X-Token"] = "main-admin-key"
            page = client.get(f"{url}/api/credentials/orgs/main/users/1/?page_size=1").json()
            origin = url if options else url.replace("https", "http")
            assert page["result"]["next"].startswith(f"{origin}/api/credentials/")
            if options:
                following = client.get(page["result"]["next"])
                assert following.status_code == 200
