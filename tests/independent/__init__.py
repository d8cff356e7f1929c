"""An independent deployment of the credentials API: Django REST Framework, written from the facts alone."""
