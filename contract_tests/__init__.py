"""The harness: tests whether a deployment of the credentials API conforms to the contract."""
