"""The harness: says whether a deployment of the credentials API keeps the contract."""
