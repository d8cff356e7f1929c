"""The contract-test harness: judges any deployment by the contract."""
