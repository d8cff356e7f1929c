"""What a body may refer to: the records of the platform that is being worked on."""

from typing import Any

from mockserver.fields import Context, Reference
from mockserver.operations.work import Work


def context_of(work: Work, *, partial: bool) -> Context:
    """Return how to read the body of this call."""
    store, platform = work.sandbox.store, work.platform.key

    def exists(reference: Reference, value: Any) -> bool:
        match reference.to:
            case "issuers":
                issuer = store.issuers.get(value)
                return issuer is not None and issuer.platform == platform
            case "credentials":
                credential = store.credentials.get(value)
                return credential is not None and credential.platform == platform
            case "providers":
                return value in store.providers
            case "images":
                image = store.images.get(value)
                return image is not None and image.platform == platform
            case _:
                return (platform, value) in getattr(store, reference.to)

    return Context(partial, exists)
