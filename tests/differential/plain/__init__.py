"""Django REST Framework as it is: default classes, generic views, nothing overridden."""
