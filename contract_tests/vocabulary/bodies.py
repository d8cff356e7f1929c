"""Bodies of requests that several rules send."""

from typing import Any

SPELLINGS = {
    "credential_type": "credentialType",
    "criteria_url": "criteriaUrl",
    "criteria_text": "criteriaNarrative",
    "issuing_signal": "signal",
    "icon_image": "iconImage",
    "background_image": "backgroundImage",
    "thumbnail_image": "thumbnailImage",
}
"""The narrative reference's spelling of a field, and that of responses (FACTS, Create)."""
FULL: dict[str, Any] = {
    "name_override": "Shown instead",
    "description": "Line one\nline two, with “quotes” & <signs>",
    "credentialType": "CERTIFICATE",
    "criteriaUrl": "https://example.com/criteria?a=1&b=2#c",
    "criteriaNarrative": "Pass the test.",
    "signal": "COURSE_COMPLETED",
    "iconImage": "https://example.com/icon.png",
    "backgroundImage": "https://example.com/background.png",
    "thumbnailImage": "https://example.com/thumbnail.png",
    "html_template": "<p>{{ learner_name }}</p>",
    "css_template": "p { color: #333 }",
    "metadata": {"level": 2, "nested": {"a": [1, None, "x"]}, "ключ": True},
    "expires": {"amount": 6, "duration": "months"},
    "tags": ["b", "a", "b"],
}
SIGNATORY = {
    "name": "Ines Albrecht",
    "title": "Dean",
    "signature": "https://example.com/signature.png",
}
