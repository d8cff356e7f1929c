"""Twenty planted differences, each of which a comparison with the mock must find once.

python -m tests.compare.planted [DEFECT…]   all of them: some minutes
"""

import os
import sys
import tempfile
import time
from collections.abc import Mapping
from typing import Any

from contract_tests.compare.run import compare_deployments
from contract_tests.compare.session import Comparison
from mockserver.config import RELEASES
from mockserver.files import WORLD
from tests.differential.twin.server import serve_twin
from tests.harness.bite import KEYS, TWIN_LACKS

LIST = "credentials_orgs_users_retrieve"
RETRIEVE = "credentials_orgs_users_retrieve_2"
ISSUERS = "credentials_orgs_users_issuers_retrieve"
ISSUER = "credentials_orgs_users_issuers_retrieve_2"
PLANTED: Mapping[str, str] = {
    "list-shows-private": LIST,
    "count-includes-private": LIST,
    "num-pages-is-rounded-down": LIST,
    "page-numbers-start-at-zero": LIST,
    "page-size-stops-at-fifty": LIST,
    "search-skips-descriptions": LIST,
    "oldest-come-first": LIST,
    "last-is-no-page": LIST,
    "page-does-not-tell-its-maximum": LIST,
    "no-link-leads-back": LIST,
    "default-page-size-is-twenty": LIST,
    "slash-redirect-is-temporary": LIST,
    "tags-are-comma-text": RETRIEVE,
    "created-at-has-no-zone": RETRIEVE,
    "row-number-leaks": RETRIEVE,
    "missing-item-answers-200": RETRIEVE,
    "issuer-search-is-forgotten": ISSUERS,
    "issuer-item-is-enveloped": ISSUER,
    "missing-key-answers-403": LIST,
    "unknown-user-is-accepted": LIST,
    "username-is-not-accepted": LIST,
    "errors-say-message": RETRIEVE,
    "format-parameter-is-ignored": LIST,
}
"""Defects of the twin that reads show, each with an operation that it is about."""
OPTIONS: Mapping[str, Any] = {
    "org": "main",
    "user_id": "1",
    "username": "admin",
    "learner_username": "learner",
    "other_org": "acme",
    "other_user_id": "11",
    "without": list(TWIN_LACKS),
    "api_version": RELEASES[-1],
}
ENVIRONMENT = {**os.environ, **{f"CREDCHECK_KEY_{role}": key for role, key in KEYS.items()}}


def compare_with_twin(defect: str = "", **more: Any) -> Comparison:
    """Compare the mock with a twin of the same world that has a defect, or none."""
    with (
        tempfile.TemporaryDirectory() as folder,
        serve_twin(WORLD, defect=defect, hardened=True) as url,
    ):
        options = {**OPTIONS, "journal": folder}
        usual = {"same_data": True, "environment": ENVIRONMENT}
        return compare_deployments("mock", url, options, **{**usual, **more})


def main() -> None:
    """Compare with each planted difference, and print what was found in which time."""
    failed = 0
    for defect in sys.argv[1:] or ["", *PLANTED]:
        began = time.monotonic()
        comparison = compare_with_twin(defect)
        operations = [name for entry in comparison.new for name in entry.operations]
        expected = PLANTED.get(defect, "")
        is_right = len(comparison.new) == bool(defect) and (not defect or expected in operations)
        failed += not is_right
        seconds = time.monotonic() - began
        print(f"{'ok' if is_right else 'NO':<3} {defect or 'sound':<34} {seconds:5.1f} s ", end="")
        print(comparison.headline)
        for entry in comparison.new if not is_right else ():
            one = entry.difference
            print(f"      {entry.title} {one.left[:90]} | {one.right[:90]} {entry.operations}")
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
