"""The page at `/__mock__/` and the reference at `/__mock__/docs`."""
