"""The example front end in a real browser, against a mock that really serves."""
