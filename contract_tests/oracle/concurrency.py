"""Concurrent updates of one credential, and what may be stored of them."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from contract_tests.engine.exchange import Response
from contract_tests.errors import require
from contract_tests.vocabulary.checks import check_fields
from contract_tests.vocabulary.deployment import Deployment, read_result


def check_concurrent_updates(deployment: Deployment, *, may_undo: bool) -> None:
    """Update fields of one credential concurrently, and compare what is stored."""
    fields = {
        "description": "d",
        "criteriaNarrative": "c",
        "html_template": "h",
        "css_template": "s",
    }
    for number in range(4):
        item = deployment.create()
        updates = [{name: f"{value}{number}"} for name, value in fields.items()]

        def update(fields: dict[str, Any], entity_id: str = item["entityId"]) -> Response:
            return deployment.put(entity_id, fields)

        with ThreadPoolExecutor(4) as pool:
            responses = list(pool.map(update, updates))
        for response in responses:
            read_result(response)
        expected = {name: f"{value}{number}" for name, value in fields.items()}
        response = deployment.get(item["entityId"])
        record = read_result(response)
        if may_undo:
            lost = {name for name in expected if record[name] == item[name]}
            expected = {name: value for name, value in expected.items() if name not in lost}
            require(expected, "no concurrent update is stored", response)
        check_fields(response, record, expected, "concurrent updates")
        deployment.delete(item["entityId"])
