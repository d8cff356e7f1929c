"""Repeats the request of a failure in a report, where that changes nothing."""

from collections.abc import Mapping
from contextlib import closing
from typing import Any

from contract_tests.engine.exchange import HIDDEN
from contract_tests.engine.safety import READS
from contract_tests.engine.target import Target
from contract_tests.settings.option import format_rate
from contract_tests.settings.sources import current_environment, load_settings

LONGEST_SHOWN = 200


def repeat_request(
    name: str, options: Mapping[str, Any], failure: Mapping[str, Any]
) -> tuple[list[str], bool]:
    """Return the lines about a failure's request then and now, and whether it still fails.

    A write is not repeated, because the item it was about is gone; only its rule is tested again.
    """
    exchange = failure["exchange"]
    if not exchange:
        return [], False
    then = f"then    {exchange['status']}  {exchange['curl']}"
    if exchange["method"] not in READS:
        return [then, "now     a write is not repeated; its rule is tested again"], False
    settings = load_settings(name, options, current_environment())
    actor = exchange["actor"] if exchange["actor"] in settings.keys else None
    path = exchange["url"].removeprefix(settings.base_url.rstrip("/"))
    sent = exchange["request_headers"].items()
    headers = {
        name: value for name, value in sent if "$CREDCHECK_" not in value and value != HIDDEN
    }
    with closing(Target(settings, "replay", "replay", 1)) as target:
        response = target.send(exchange["method"], path, actor=actor, headers=headers)
        cause = (failure["rule"], failure["operation"], failure["message"])
        body = response.exchange.response_body[:LONGEST_SHOWN]
        still_fails = cause in target.observations.find_causes(response)
        return [then, f"now     {response.status}  {body}"], still_fails


def read_context(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings in a report, as options."""
    context = dict(document["context"])
    if "rate" in context:
        context["rate"] = format_rate(context["rate"])
    return context
