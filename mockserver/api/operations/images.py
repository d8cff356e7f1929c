"""Images: upload one, find some by name."""

from typing import Any

from mockserver.api.context import RequestContext
from mockserver.errors import ValidationError
from mockserver.framework.uploads import EXTENSIONS, media_type_of
from mockserver.messages import JSON, InMemoryUploadedFile, Response
from mockserver.rendering.records import bare_array, image_pieces
from mockserver.world.records import Image, Upload
from mockserver.world.store import Store

MOST_UPLOADS = 200
MOST_BYTES = 33_554_432
"""What one world keeps of uploads, all platforms together; our choice, since it is memory."""


def credentials_orgs_users_images_retrieve(context: RequestContext) -> Response:
    """Find the images of the platform whose name contains the text, in the order of their ids."""
    store, term = (
        context.sandbox.store,
        context.operation.read_query(context.request)["query"].casefold(),
    )
    images = sorted(store.images.values(), key=lambda each: each.id)
    found = [
        image_pieces(each)
        for each in images
        if each.platform == context.platform.key and term in (each.name or "").casefold()
    ]
    return bare_array(context.request, found)


def credentials_orgs_users_images_create(context: RequestContext) -> Response:
    """Keep an uploaded picture; nothing of its name or type is taken from the request."""
    body, store = context.read_body(), context.sandbox.store
    upload = _read(body["image"], store)
    number = max(store.images, default=0) + 1
    file = f"upload-{number}.{EXTENSIONS[upload.media_type]}"
    image = Image(number, context.platform.key, body.get("name"), file)
    store.uploads[file] = upload
    store.images[number] = image
    return Response(200, context.base.join(image_pieces(image)), JSON)


def _read(file: InMemoryUploadedFile, store: Store) -> Upload:
    """Return what is kept of a file; raises ValidationError when there is no room."""
    media_type: Any = media_type_of(file.content)  # the field has refused what is no picture
    kept = sum(len(each.content) for each in store.uploads.values())
    if len(store.uploads) >= MOST_UPLOADS or kept + len(file.content) > MOST_BYTES:
        raise ValidationError({"image": ["There is no room for more images."]})
    return Upload(media_type, file.content)
