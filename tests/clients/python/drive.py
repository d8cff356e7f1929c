"""Drive the vendor's client 4.202.2 against an address, and write a line of JSON for each call.

A program of its own: the package has the name of the older release that other tests import.
"""

import json
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import iblai
from iblai.clients import get_platform_api_client

COURSE = "course-v1:main+PY101+2026"
HERE = ("main", 1)
BY_NAME = ("main", "ibl-admin")


def drive(method: str, call: Callable[[], Any]) -> Any:
    """Call a method, write what came of it, and return the JSON of the response."""
    response = call()
    value = response.json() if response.data else None
    print(json.dumps({"method": method, "status": response.status, "value": value}))
    return value


def main(host: str) -> None:
    """Drive list, create, update and delete, providers, export and import."""
    http = get_platform_api_client(host, "ibl-admin-key")
    api = iblai.CredentialsApi(http)

    def send(method: str, path: str, body: Any = None) -> Any:
        """Send a body that the package's models cannot carry."""
        request = http.param_serialize(
            method,
            path,
            header_params={"Accept": "application/json", "Content-Type": "application/json"},
            body=body,
            auth_settings=["PlatformApiKeyAuthentication"],
        )
        return http.call_api(*request).response

    collection = "/api/credentials/orgs/main/users/1/"
    issuers = drive(
        "issuers_retrieve", lambda: api.credentials_orgs_users_issuers_retrieve("main", "a", 1)
    )
    issuer = issuers["result"]["data"][0]["entityId"]
    drive("retrieve", lambda: api.credentials_orgs_users_retrieve(*HERE))
    drive("retrieve3", lambda: api.credentials_orgs_users_retrieve3(*BY_NAME))
    body = {"name": "Of the newest client", "issuer": issuer, "courses": [COURSE]}
    created = drive("create", lambda: send("POST", collection, body))
    entity_id = created["result"]["entityId"]
    drive("retrieve2", lambda: api.credentials_orgs_users_retrieve2(entity_id, *HERE))
    drive("retrieve4", lambda: api.credentials_orgs_users_retrieve4(entity_id, *BY_NAME))
    drive("update", lambda: send("PUT", collection + entity_id, {"name": "Changed"}))

    drive("providers", api.credentials_providers_retrieve)
    config = iblai.CredentialProviderConfig.model_construct(
        provider_name="badgr", config={"Region": "EU"}
    )
    mapping = iblai.ExternalCredentialMapping.model_construct(
        credential_id=entity_id, provider=2, provider_name="badgr", external_template_id="481516"
    )
    for suffix, place in (("", HERE), ("2", BY_NAME)):
        for name, model in (("provider_config", config), ("external_mapping", mapping)):
            create, retrieve, destroy = (
                partial(getattr(api, f"credentials_orgs_users_{name}_{verb}{suffix}"), *place)
                for verb in ("create", "retrieve", "destroy")
            )
            drive(f"{name}_create{suffix}", partial(create, model))
            drive(f"{name}_retrieve{suffix}", retrieve)
            drive(f"{name}_destroy{suffix}", destroy)
    named = {"provider_name": "badgr"}
    drive(
        "provider_config_deactivated",
        lambda: send("DELETE", f"{collection}provider-config/", named),
    )
    named = {"credential_id": entity_id, "provider_name": "badgr"}
    saved = {**named, "external_template_id": "481516"}
    drive("external_mapping_saved", lambda: send("POST", f"{collection}external-mapping/", saved))
    drive(
        "external_mapping_deleted", lambda: send("DELETE", f"{collection}external-mapping/", named)
    )

    exported = drive(
        "export", lambda: api.credentials_exim_credentials_course_export_retrieve(COURSE)
    )
    exim = f"/api/credentials/exim/credentials/course/{COURSE}/import/"
    drive("import", lambda: send("POST", exim, exported))
    drive("import_create", lambda: api.credentials_exim_credentials_course_import_create(COURSE))
    drive("destroy", lambda: api.credentials_orgs_users_destroy(entity_id, *HERE))


if __name__ == "__main__":
    main(sys.argv[1])
