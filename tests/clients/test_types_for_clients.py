"""Stock generators make clients of the contract whose types hold, and programs on them work."""

import json
import re
import shutil
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.clients import generate as clients
from tests.support.server import RunningServer, running
from tests.support.waiting import PATIENCE

pytestmark = pytest.mark.slow
PAGE_SIZE = 4  # as in both programs


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    """Serve the mock for the programs of this module."""
    with running() as server:
        yield server


def types_for_node() -> None:
    """Install what the program in TypeScript needs and generate its types, or skip."""
    try:
        clients.install_packages()
    except clients.MissingError as missing:
        pytest.skip(str(missing))
    clients.generate_typescript()


def ask(method: str, url: str, value: object = None) -> Any:
    """Send a request as the platform's admin and return the JSON of the reply."""
    body = None if value is None else json.dumps(value).encode()
    headers = {"Authorization": f"Api-Key {clients.KEY}", "Content-Type": "application/json"}
    request = urllib.request.Request(url, body, headers, method=method)
    with urllib.request.urlopen(request, timeout=PATIENCE) as reply:
        return json.load(reply)


def assert_walks(walk: Callable[[str], str], url: str) -> None:
    """Assert that the program walks through a sandbox, says so, and leaves nothing behind."""
    collection = f"{url}/api/credentials/orgs/main/users/1/"
    count = ask("GET", collection)["result"]["count"]
    lines = walk(url).splitlines()
    pages = -(-(count + 1) // PAGE_SIZE)
    assert lines[-1] == f"ok: {count + 1} credentials on {pages} pages"
    steps = ["list", "create", "update", "pages", "refusal", "delete", "ok"]
    assert [each.partition(":")[0] for each in lines] == steps
    assert ask("GET", collection)["result"]["count"] == count
    exchanges = ask("GET", f"{url}/__mock__/requests")["requests"]
    seen = {(each["method"], each["status"]) for each in exchanges}
    assert seen >= {("POST", 200), ("POST", 400), ("PUT", 200), ("DELETE", 200), ("GET", 404)}


def assert_notices(walk: Callable[[str], str], url: str) -> None:
    """Assert that the program fails, and says why, where the service does not do as it says."""
    collection = f"{url}/api/credentials/orgs/main/users/1/"
    credential = ask("GET", collection)["result"]["data"][0]
    updated = {"status": {"success": True, "description": "Updated"}, "result": credential}
    for fault, message in (
        ({"method": "PUT", "status": 200, "body": updated}, r"walk: the (new name is not|name is)"),
        ({"method": "DELETE", "status": 204}, r"walk: the credential is still there"),
        ({"method": "GET", "nth": 4, "status": 503}, r"walk: page \d+ is 503"),
    ):
        ask("POST", f"{url}/__mock__/state/reset")
        ask("POST", f"{url}/__mock__/faults", fault)
        with pytest.raises(clients.StepError, match=message):
            walk(url)


def test_a_program_in_typescript_walks_through_the_mock(server: RunningServer) -> None:
    """openapi-typescript reads the contract, `tsc --strict` the program, and the mock serves it."""
    types_for_node()
    clients.compile_typescript()
    assert_walks(clients.walk_typescript, f"{server.url}/__sandbox__/typescript")
    assert_notices(clients.walk_typescript, f"{server.url}/__sandbox__/typescript-faults")


WRONG_IN_TYPESCRIPT = """
import createClient from "openapi-fetch";
import type { components, paths } from "./generated/schema.js";

const { GET, POST, PUT } = createClient<paths>();
const list = "/api/credentials/orgs/{org}/users/{user_id}/";
const item = "/api/credentials/orgs/{org}/users/{user_id}/{entity_id}";
const path = { org: "main", user_id: "1" };
declare const page: components["schemas"]["CredentialPage"];
declare const invalid: components["schemas"]["ValidationErrors"];
declare const exported: components["schemas"]["Credential"];
declare let create: components["schemas"]["CredentialCreate"];
declare let form: components["schemas"]["CredentialCreateForm"];

export const name: string | undefined = page.data[0]?.name;
export const nam = page.data[0]?.nam;  // wrong: TS2551
export const next: string = page.next;  // wrong: TS2322
export const messages: string[] | undefined = invalid["name"];  // wrong: TS2322
export const exportedName: string = exported.name;
create = { name: "Named", issuer: "Q", signal: "COURSE_PASSED" };
create = { name: "Named", issuer: "Q", signal: "PASSED" };  // wrong: TS2322
form = { name: "Named", issuer: "Q" };
form = { name: "Named" };  // wrong: TS2322
POST(list, { params: { path }, body: { name: "Named", issuer: "Q" } });
POST(list, { params: { path }, body: { name: "Named" } });  // wrong: TS2322
GET(list, { params: { path, query: { page: "last" } } });
GET(list, { params: { path, query: { page: "first" } } });  // wrong: TS2322
PUT(item, { params: { path: { ...path, entity_id: "H" } }, body: { name: "Renamed" } });
PUT(item, { params: { path }, body: { name: "Renamed" } });  // wrong: TS2741
"""


def test_wrong_uses_in_typescript_are_refused(tmp_path: Path) -> None:
    """`tsc --strict` refuses each line that the contract does not allow, and no other one."""
    types_for_node()
    for name in ("node_modules", "generated"):
        (tmp_path / name).symlink_to(clients.TYPESCRIPT / name)
    for name in ("tsconfig.json", "package.json"):
        shutil.copy(clients.TYPESCRIPT / name, tmp_path)
    (tmp_path / "walk.ts").write_text(WRONG_IN_TYPESCRIPT, encoding="utf-8")
    tsc = tmp_path / "node_modules" / ".bin" / "tsc"
    with pytest.raises(clients.StepError) as refusal:
        clients.run(tsc, "--project", ".", "--noEmit", "--preserveSymlinks", cwd=tmp_path)
    found = re.findall(r"^walk\.ts\((\d+),\d+\): error (\w+)", str(refusal.value), re.MULTILINE)
    assert found == wrong_lines(WRONG_IN_TYPESCRIPT), refusal.value


def wrong_lines(source: str) -> list[tuple[str, str]]:
    """Return the lines that are marked as wrong, each with the code of its error."""
    lines = enumerate(source.splitlines(), start=1)
    marks = [(n, re.search(r"# wrong: (.+)|// wrong: (.+)", line)) for n, line in lines]
    return [(str(n), mark[1] or mark[2]) for n, mark in marks if mark]


def test_a_program_in_python_walks_through_the_mock(server: RunningServer) -> None:
    """openapi-python-client reads the contract without a warning, and mypy finds no fault."""
    clients.generate_python()
    clients.check_python()
    assert_walks(clients.walk_python, f"{server.url}/__sandbox__/python")
    assert_notices(clients.walk_python, f"{server.url}/__sandbox__/python-faults")


WRONG_IN_PYTHON = """
from credentials_client.models import (
    CredentialCreate,
    CredentialCreateForm,
    CredentialPage,
    Credential,
    ValidationErrors,
)


def read(page: CredentialPage, invalid: ValidationErrors, exported: Credential) -> None:
    name: str = page.data[0].name
    print(name, page.data[0].nam)  # wrong: attr-defined
    following: str = page.next_  # wrong: assignment
    messages: list[str] = invalid["name"]  # wrong: assignment
    shown: str = exported.name
    print(following, messages, shown)


def write() -> None:
    CredentialCreate(name="Named", issuer="Q", name_override=None)
    CredentialCreate(name="Named")  # wrong: call-arg
    CredentialCreate(name="Named", issuer="Q", signal="X")  # wrong: arg-type
    CredentialCreateForm(name="Named")  # wrong: call-arg
"""


def test_wrong_uses_in_python_are_refused(tmp_path: Path) -> None:
    """`mypy --strict` refuses each line that the contract does not allow, and no other one."""
    clients.generate_python()
    program = tmp_path / "wrong.py"
    program.write_text(WRONG_IN_PYTHON, encoding="utf-8")
    mypy = (sys.executable, "-m", "mypy", "--config-file=", "--strict")
    with pytest.raises(clients.StepError) as refusal:
        clients.run(*mypy, program, cwd=clients.PYTHON, MYPYPATH=str(clients.PYTHON))
    found = re.findall(r"wrong\.py:(\d+): error: .*\[([\w-]+)\]$", str(refusal.value), re.MULTILINE)
    assert found == wrong_lines(WRONG_IN_PYTHON), refusal.value
