"""Names that rules ask for, and what the tests need that schemathesis makes of the contract."""

from typing import Any

import pytest

from contract_tests.catalogue.operations import ADD_SIGNATORY, CREATE_ISSUER, ISSUING
from contract_tests.engine.contract import Operation, load_contract


@pytest.fixture
def deployment(credcheck_deployment: Any) -> Any:
    """Return the deployment that this run tests."""
    return credcheck_deployment


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark a test that has the label of an operation in brackets with what that needs."""
    operation = load_contract().find_labelled(item.name.partition("[")[2].removesuffix("]"))
    if operation is not None:
        for mark in list_marks(operation):
            item.add_marker(mark)


def list_marks(operation: Operation) -> list[pytest.MarkDecorator]:
    """Return what generated requests to an operation need."""
    needs = [operation.id]
    if not operation.is_read:
        needs.append("write")
    if operation.id == ADD_SIGNATORY:
        needs.append("disposable")
    if operation.id in ISSUING:
        needs.append("username")
    marks = [pytest.mark.credcheck_needs(*needs)]
    if operation.id in (CREATE_ISSUER, ADD_SIGNATORY):
        marks.append(pytest.mark.credcheck_last)
    return marks
