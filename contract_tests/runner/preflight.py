"""Checks before the first rule that the target is the service, and that URL and keys fit.

A wrong prefix or an old key would look like a hundred failures; here it is one line and exit 3.
"""

from contract_tests.errors import RequestFailed, TargetUnavailable
from contract_tests.vocabulary.deployment import Deployment

GATEWAY_ERRORS = (502, 503, 504)
NEW_IN_RELEASE = {
    "4.90": ("exim", "/api/credentials/exim/credentials/course/none/export/"),
    "4.95": ("providers", "/api/credentials/providers/"),
}
"""A tag that a release introduced, and a path of it that can be read."""


def find_obstacle(deployment: Deployment) -> str:
    """Return why the target cannot be tested as it is described, or an empty text."""
    try:
        return (
            check_list(deployment)
            or check_keys(deployment)
            or check_names(deployment)
            or check_release(deployment)
        )
    except TargetUnavailable as error:
        return str(error)
    except RequestFailed as error:
        return f"the target does not respond: {error}"
    finally:
        # The rules find again what is wrong with these responses, and report it under their names.
        deployment.target.observations.findings.clear()


def check_list(deployment: Deployment) -> str:
    """Request the list as the admin; return what is wrong."""
    settings = deployment.settings
    response = deployment.get("", {"page_size": 1})
    where = f"GET {deployment.own_path} returns {response.status}"
    if response.status == 401:
        return f"{where}: the key of admin is unknown; check the key and auth_scheme"
    if response.status == 403:
        return f"{where}: the key of admin may not read platform {settings.org!r}"
    if response.status == 404:
        return f"{where}: check the prefix in base_url, org {settings.org!r} and user_id"
    if 300 <= response.status < 400:
        location = response.headers.get("location", "nowhere")
        return f"{where} and redirects to {location}: check base_url"
    if response.status in GATEWAY_ERRORS:
        return f"{where}: the service behind a gateway is down"
    is_page = response.headers.get("content-type", "").startswith("text/html")
    if response.status == 200 and is_page and isinstance(response.value, str):
        return f"{where} with an HTML page instead of the API: check base_url"
    return ""


def check_keys(deployment: Deployment) -> str:
    """Request the list with each other key: 403 may be right, 401 is an unknown key."""
    for role in deployment.settings.keys:
        if role not in ("admin", "retired") and deployment.get(actor=role).status == 401:
            return f"the key of {role} is unknown to the target (401)"
    return ""


def check_names(deployment: Deployment) -> str:
    """Request what else the settings name: the other platform and the issuer."""
    settings = deployment.settings
    if settings.other_org and settings.other_user_id and "other_org_admin" in settings.keys:
        status = deployment.get(deployment.other_path, actor="other_org_admin").status
        if status in (403, 404):
            return (
                f"the key of other_org_admin gets {status} for platform {settings.other_org!r}: "
                "check other_org and other_user_id"
            )
    if settings.issuer and deployment.get(f"issuers/{settings.issuer}").status == 404:
        return f"the issuer {settings.issuer!r} does not exist (404): check issuer"
    return ""


def check_release(deployment: Deployment) -> str:
    """Request what the release of the target introduced: an HTML 404 means an older release."""
    settings = deployment.settings
    for release, (tag, path) in NEW_IN_RELEASE.items():
        if release in settings.later_releases or tag in settings.without:
            continue
        response = deployment.get(path)
        media_type = response.headers.get("content-type", "")
        if response.status == 404 and media_type.startswith("text/html"):
            return (
                f"GET {path} returns 404, but exists since release {release}: "
                f"check api_version, or pass --without {tag}"
            )
    return ""
