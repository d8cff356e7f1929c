"""The twin: the credentials API a second time, on the real Django REST Framework."""
