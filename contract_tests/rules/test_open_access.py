"""Open rules on access: the exact code of a refusal, and what a learner may write."""

import pytest

from contract_tests.catalogue.operations import CREATE_ISSUER
from contract_tests.engine.contract import JSON
from contract_tests.engine.creations import build_collection_path
from contract_tests.vocabulary.checks import (
    check_error,
    check_status,
)
from contract_tests.vocabulary.deployment import Deployment
from contract_tests.vocabulary.endpoints import list_reads, send_to
from contract_tests.vocabulary.records import find_credential


@pytest.mark.credcheck_rule("ACCESS-14")
@pytest.mark.credcheck_needs("learner", "disposable", CREATE_ISSUER)
@pytest.mark.credcheck_last
def test_a_learner_cannot_create_issuers(deployment: Deployment) -> None:
    """A learner who creates an issuer below the own path gets 403."""
    response = send_to(deployment, ("POST", "issuers/"), "learner", deployment.learner_path)
    check_error(response, 403, "creating an issuer as a learner")


@pytest.mark.credcheck_rule("ACCESS-14")
@pytest.mark.credcheck_needs("write", "learner")
def test_a_private_credential_is_404_for_a_learner(deployment: Deployment) -> None:
    """A private credential does not exist for a learner: 404."""
    base = deployment.learner_path
    item = deployment.create()
    deployment.update(item["entityId"], {"public": False})
    response = deployment.get(base + item["entityId"], actor="learner")
    check_error(response, 404, "a private credential for a learner")
    deployment.delete(item["entityId"])


@pytest.mark.credcheck_rule("ACCESS-14")
@pytest.mark.credcheck_needs("other_org_admin")
def test_another_platforms_key_is_403(deployment: Deployment) -> None:
    """A key of another platform returns 403, and does not hide the platform with a 404."""
    item = find_credential(deployment)
    for endpoint in list_reads(deployment, item["entityId"]):
        response = send_to(deployment, endpoint, "other_org_admin")
        check_status(response, 403, "a read with another platform's key")


@pytest.mark.credcheck_rule("ACCESS-14")
@pytest.mark.credcheck_needs("other_org", "other_org_admin", "other_user_id")
def test_the_code_for_another_platforms_item(deployment: Deployment) -> None:
    """Another platform's credential does not exist under one's own platform: 404."""
    others = deployment.get_page({"page_size": 3}, deployment.other_path, actor="other_org_admin")
    for entity_id in others.ids:
        check_error(deployment.get(entity_id), 404, "another platform's credential")


@pytest.mark.credcheck_rule("ACCESS-15")
@pytest.mark.parametrize("scheme", ["Api-Key", "Api-Token", "Token", "Bearer", "tOkEn", ""])
def test_authentication_schemes(deployment: Deployment, scheme: str) -> None:
    """Each of the four schemes, and the key alone, give access to the list."""
    header = f"{scheme} {deployment.settings.keys['admin']}".strip()
    response = deployment.get(actor=None, headers={"Authorization": header})
    check_status(response, 200, f"the scheme {scheme}" if scheme else "a key without a scheme")


@pytest.mark.credcheck_rule("ACCESS-15")
@pytest.mark.credcheck_needs("write")
@pytest.mark.parametrize("scheme", ["Api-Key", "Api-Token", "Token", "Bearer", ""])
def test_each_scheme_writes(deployment: Deployment, scheme: str) -> None:
    """Each of the four schemes, and the key alone, give access to an update."""
    header = f"{scheme} {deployment.settings.keys['admin']}".strip()
    headers = {"Authorization": header, "Content-Type": JSON}
    path = deployment.make_unknown_id()
    response = deployment.send("PUT", path, actor=None, headers=headers, body=b"{}")
    check_status(response, 404, f"an update with {scheme or 'no scheme'} of an unknown id")


@pytest.mark.credcheck_rule("ACCESS-14")
@pytest.mark.credcheck_needs("other_org", "other_user_id")
def test_another_platforms_user_is_404(deployment: Deployment) -> None:
    """Users belong to a platform: another's is unknown here."""
    settings = deployment.settings
    for path in ("", "assertions/"):
        base = build_collection_path(settings.org, settings.other_user_id)
        response = deployment.get(base + path)
        check_error(response, 404, "another platform's user")
