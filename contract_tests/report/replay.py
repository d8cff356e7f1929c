"""Sends the exchange of a report again, where that changes nothing."""

from collections.abc import Mapping
from contextlib import closing
from typing import Any

from contract_tests.engine.safety import READS
from contract_tests.engine.settings import current_environment, load_settings
from contract_tests.engine.target import Target

LONGEST_SHOWN = 200


def send_again(
    name: str, options: Mapping[str, Any], breach: Mapping[str, Any]
) -> tuple[list[str], bool]:
    """Return what to say of a breach's exchange then and now, and whether it still shows.

    A write is not sent as it was, for what it was about is gone; the rule is asked anew.
    """
    exchange = breach["exchange"]
    if not exchange:
        return [], False
    then = f"then    {exchange['status']}  {exchange['curl']}"
    if exchange["method"] not in READS:
        return [then, "now     a write is not sent again as it was; the rule is asked anew"], False
    settings = load_settings(name, options, current_environment())
    actor = exchange["actor"] if exchange["actor"] in settings.keys else None
    path = exchange["url"].removeprefix(settings.base_url.rstrip("/"))
    sent = exchange["request_headers"].items()
    headers = {name: value for name, value in sent if "$CREDCHECK_" not in value}
    with closing(Target(settings, "replay", "replay", 1)) as target:
        reply = target.send(exchange["method"], path, actor=actor, headers=headers)
        cause = (breach["rule"], breach["operation"], breach["message"])
        shown = reply.exchange.reply_body[:LONGEST_SHOWN]
        return [then, f"now     {reply.status}  {shown}"], cause in target.causes(reply)
