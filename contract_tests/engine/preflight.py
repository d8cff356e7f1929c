"""Sees before anything is judged whether this is the service, and address and keys fit.

A wrong prefix or an old key would look like a hundred breaches; here it is one line and exit 3.
"""

from contract_tests.engine.outcome import CouldNotAsk, TargetRefuses
from contract_tests.vocabulary.deployment import Deployment

GATEWAYS = (502, 503, 504)
CAME_WITH = {
    "4.90": ("exim", "/api/credentials/exim/credentials/course/none/export/"),
    "4.202": ("providers", "/api/credentials/providers/"),
}
"""What a release was the first to have: its tag, and a path of it that can be read."""


def obstacle(deployment: Deployment) -> str:
    """Return why the target cannot be judged as it is described, or an empty text."""
    try:
        return (
            _of_the_list(deployment)
            or _of_the_keys(deployment)
            or _of_the_names(deployment)
            or _of_the_release(deployment)
        )
    except TargetRefuses as error:
        return str(error)
    except CouldNotAsk as error:
        return f"the target does not answer: {error}"
    finally:
        # What is wrong with these answers is found again by the rules, under their names.
        deployment.target.findings.clear()


def _of_the_list(deployment: Deployment) -> str:
    """Ask for the list as the admin."""
    settings = deployment.settings
    reply = deployment.get("", {"page_size": 1})
    where = f"GET {deployment.here} answers {reply.status}"
    if reply.status == 401:
        return f"{where}: the admin's key is not known; check it, and auth_scheme"
    if reply.status == 403:
        return f"{where}: the admin's key may not read platform {settings.org!r}"
    if reply.status == 404:
        return f"{where}: check the prefix in base_url, org {settings.org!r} and user_id"
    if 300 <= reply.status < 400:
        return f"{where} and leads to {reply.headers.get('location', 'nowhere')}: check base_url"
    if reply.status in GATEWAYS:
        return f"{where}: the service behind a gateway is down"
    is_page = reply.headers.get("content-type", "").startswith("text/html")
    if reply.status == 200 and is_page and isinstance(reply.value, str):
        return f"{where} with an HTML page: no API is there; check base_url"
    return ""


def _of_the_keys(deployment: Deployment) -> str:
    """Ask for the list with each other key: 403 may be right, 401 is a key that is not known."""
    for role in deployment.settings.keys:
        if role not in ("admin", "retired") and deployment.get(actor=role).status == 401:
            return f"the key of {role} is not known to the target (401)"
    return ""


def _of_the_names(deployment: Deployment) -> str:
    """Ask for what else the settings name: the other platform, and the issuer."""
    settings = deployment.settings
    if settings.other_org and settings.other_user_id and "other_org_admin" in settings.keys:
        status = deployment.get(deployment.elsewhere, actor="other_org_admin").status
        if status in (403, 404):
            return (
                f"the key of other_org_admin gets {status} for platform {settings.other_org!r}: "
                "check other_org and other_user_id"
            )
    if settings.issuer and deployment.get(f"issuers/{settings.issuer}").status == 404:
        return f"there is no issuer {settings.issuer!r} (404): check issuer"
    return ""


def _of_the_release(deployment: Deployment) -> str:
    """Ask for what came with the release that the target is said to run: no page, no API there."""
    settings = deployment.settings
    for release, (tag, path) in CAME_WITH.items():
        if release in settings.later_releases or tag in settings.without:
            continue
        reply = deployment.get(path)
        if reply.status == 404 and reply.headers.get("content-type", "").startswith("text/html"):
            return (
                f"GET {path} is no path of the target (404), which {release} was the first to "
                f"have: check api_version, or say without {tag}"
            )
    return ""
