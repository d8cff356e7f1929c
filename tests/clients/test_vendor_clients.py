"""The vendor's own clients, newest for Python and the one for npm, on a strict mock.

Where a method or a model cannot express what the service takes, the response is the framework's
refusal, and the ledger has the row that says why.
"""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from mockserver.contract.document import read_document
from mockserver.files import LEDGER
from tests.clients import generate as clients
from tests.clients.conftest import list_hints
from tests.support.server import running

pytestmark = pytest.mark.slow
FOLDER = Path(__file__).parent
PYTHON, JAVASCRIPT = FOLDER / "python", FOLDER / "javascript"
REQUIRED = ["This field is required."]
CANNOT_EXPRESS = {
    "credentialsOrgsUsersAssignmentsUsersCreate": (
        {"credential_id": REQUIRED, "user_ids": REQUIRED},
        "schemas/*Assign*",
    ),
    "credentialsOrgsUsersAssignmentsGroupsCreate": (
        {"credential_id": REQUIRED, "group_ids": REQUIRED},
        "schemas/*Assign*",
    ),
    "credentialsOrgsUsersImagesRetrieve": (
        {"query": REQUIRED},
        "credentials_orgs_users_images_retrieve/parameters/query/query",
    ),
    "credentialsOrgsUsersImagesCreate": (
        {"image": ["No file was submitted."]},
        "schemas/ImageUpload*",
    ),
    "credentialsEximCredentialsCourseImportCreate": (
        {"credentials": REQUIRED},
        "schemas/Course[EI]*port*",
    ),
}
"""Methods of the npm client without the body or parameter that the service needs, and the rows."""


def read_lines(output: str) -> list[dict[str, Any]]:
    """Return the lines of JSON that a program wrote."""
    return [json.loads(line) for line in output.splitlines()]


@pytest.fixture
def package() -> Path:
    """Return the folder of the vendor's newest package for Python."""
    requirements, folder = PYTHON / "requirements.txt", PYTHON / ".packages"
    install = (sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--upgrade")
    try:
        clients.fetch((*install, "--target", folder, "-r", requirements), folder, requirements)
    except clients.MissingError as missing:
        pytest.skip(str(missing))
    return folder


@pytest.fixture
def package_for_node() -> None:
    """Install the vendor's package for Node."""
    try:
        clients.install_packages(JAVASCRIPT)
    except clients.MissingError as missing:
        pytest.skip(str(missing))


def test_the_newest_client_for_python(package: Path) -> None:
    """Every call that failed with a page of HTML before, and both spellings of the path."""
    with running("--strict", "--api-version", "4.202") as server:
        lines = read_lines(
            clients.run(sys.executable, "drive.py", server.url, cwd=PYTHON, PYTHONPATH=str(package))
        )
        assert list_hints(server.url) == []
    by_method = {line["method"]: line for line in lines}
    assert len(by_method) == len(lines) == 27
    config = {"provider_name": REQUIRED}
    mapping = {"credential_id": REQUIRED, **config}
    without_body = {
        "external_mapping_create": {"credential_id": REQUIRED},  # read-only in the package's model
        "external_mapping_create2": {"credential_id": REQUIRED},
        "provider_config_destroy": config,
        "provider_config_destroy2": config,
        "external_mapping_destroy": mapping,
        "external_mapping_destroy2": mapping,
        "import_create": {"credentials": REQUIRED},
    }
    statuses = {
        **dict.fromkeys(by_method, 200),
        **dict.fromkeys(without_body, 400),
        **dict.fromkeys(("provider_config_create", "external_mapping_saved", "import"), 201),
    }
    assert {method: line["status"] for method, line in by_method.items()} == statuses
    assert {name: by_method[name]["value"] for name in without_body} == without_body
    assert by_method["update"]["value"]["result"]["name"] == "Changed"
    assert by_method["destroy"]["value"]["status"]["description"] == "Deleted"
    assert (
        by_method["retrieve"]["value"]["result"]["count"]
        == (by_method["retrieve3"]["value"]["result"]["count"])
    )
    saved = by_method["external_mapping_saved"]["value"]["result"]
    assert (saved["external_template_id"], saved["provider"]) == ("481516", 2)


@pytest.mark.usefixtures("package_for_node")
def test_the_client_for_npm() -> None:
    """Each of its 31 methods resolves, or is refused for what the method cannot express."""
    with running("--strict", "--api-version", "4.90") as server:
        *lines, summary = read_lines(clients.run("node", "drive.mjs", server.url, cwd=JAVASCRIPT))
        assert list_hints(server.url) == []
    assert summary == {"methods": 31, "left": []}
    refused = {line["method"]: line["value"] for line in lines if not line["resolved"]}
    assert refused == {method: errors for method, (errors, _) in CANNOT_EXPRESS.items()}
    rows = {row["where"] for row in read_document(LEDGER)["rows"]}
    assert {where for _, where in CANNOT_EXPRESS.values()} <= rows
    values = {line["method"]: line["value"] for line in lines}
    created = values["credentialsOrgsUsersCreate"]["result"]
    assert (created["credentialType"], created["signal"]) == ("CERTIFICATE", "COURSE_COMPLETED")
    assert values["credentialsOrgsUsersAssertionsUpdate"]["revoked"] is True
    assert values["credentialsOrgsUsersDestroy"] is None
