"""The switches: where deployments may differ and the facts leave room."""

from typing import Any

from django.conf import settings

CHOICES = {
    "item_optional": "issuing needs no item",
    "learner_any_path": "a learner may read below the paths of others",
    "private_403": "a private credential is 403 for a learner, not 404",
    "username_nocase": "usernames in the path are found in any case",
    "members_only": "a user of the path who is not on the platform is not found",
    "create_200": "creating a credential answers 200",
    "issue_200": "issuing answers 200",
    "bulk_201": "issuing in bulk answers 201",
    "delete_200": "deleting a credential answers 200 with a status",
    "issuer_delete_204": "deleting an issuer answers 204",
    "issuer_enveloped": "creating an issuer answers the envelope",
    "authority_bare": "a new signatory is answered bare",
    "secrets_whole": "the configuration of a provider is shown as it is stored",
    "catalogue_open": "an unknown course, program or pathway is added to the catalogue",
    "reissue_refused": "a user who holds the credential is not issued it again",
    "bulk_strict": "an unknown user in a bulk is 400",
    "bulk_ids": "a bulk answers the ids of the assertions",
    "json_in_forms": "nested fields of a form may be JSON text",
    "pages_of_50": "lists in the envelope have at most 50 items on a page",
    "no_trailing_redirect": "a path without its slash is not found",
    "json_404": "a path without a route is answered in JSON",
    "browsable": "the browsable API is offered too",
    "gzip": "answers are compressed",
    "conditional": "answers have an ETag, and a GET may be conditional",
    "throttle": "more than 40 requests a second are too many",
    "unknown_fields": "objects have more fields than are known",
    "shows_public": "credentials show whether they are public",
    "offset_times": "times have an offset instead of Z",
    "second_times": "times have no fractions",
    "local_times": "times are of a zone with an offset",
    "balancer": "a load balancer adds headers and a cookie",
    "no_nul": "a NUL anywhere in the address is 400",
    "waf": "a firewall refuses odd input with a page of its own",
    "bearer": "the challenge names Bearer",
    "own_texts": "errors have other words",
    "own_order": "fields come in another order",
    "charset": "the content type names its charset",
    "ties": "all seeded credentials have one time of creation",
    "no_signatories": "no issuer has a signatory",
    "one_issuer": "there is one issuer",
    "no_credentials": "there are no credentials",
    "many_credentials": "there are 2,000 credentials",
    "plain_search": "search is for the text as one, not word by word",
    "slow": "answers take 150 ms",
    "cors": "browsers of any origin may ask",
    "security_headers": "headers restrict what browsers may do",
    "issuer_cascade": "an issuer goes with its credentials",
    "non_atomic": "a request is not one transaction",
    "months_of_days": "a month lasts 30 days, a year 365",
    "revoked_detail": "the public look-up tells the reason within the detail",
}


def chosen(name: str) -> bool:
    """Tell whether a switch is on."""
    if name not in CHOICES:
        raise KeyError(name)
    return name in settings.CHOICES


def pick(name: str, then: Any, otherwise: Any) -> Any:
    """Return one of two values by a switch."""
    return then if chosen(name) else otherwise
