"""Published descriptions, compared with the contract and its ledger."""
