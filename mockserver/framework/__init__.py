"""What Django REST Framework does by default: negotiation, parsers, fields, pagination."""
