"""The control plane, under `/__mock__/`."""
