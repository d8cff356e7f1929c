"""An independent deployment of the API: Django REST Framework, written from the facts alone."""
