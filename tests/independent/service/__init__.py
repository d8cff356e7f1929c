"""The Django application: models, serializers, views and settings."""
