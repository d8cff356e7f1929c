"""Images: upload one, find some by name."""

from operator import attrgetter

from mockserver.api.context import RequestContext, WriteContext
from mockserver.errors import ValidationError
from mockserver.framework.uploads import EXTENSIONS, detect_media_type
from mockserver.messages import Response, UploadedFile
from mockserver.rendering.pages import render_array, render_bare_item
from mockserver.world.letters import to_upper
from mockserver.world.records import Image, Upload
from mockserver.world.store import Store

MOST_UPLOADS = 200
MOST_BYTES = 33_554_432
"""What one world keeps of uploads, all platforms together; our choice, since it is memory."""


def credentials_orgs_users_images_retrieve(context: RequestContext) -> Response:
    """Find the images of the platform whose name contains the text, in the order of their ids."""
    term = to_upper(context.operation.read_query(context.request)["query"])
    found = [
        context.renderer.render_image(image)
        for image in sorted(context.store.images.values(), key=attrgetter("id"))
        if image.platform == context.platform.key and term in to_upper(image.name or "")
    ]
    return render_array(context.request, found)


def credentials_orgs_users_images_create(context: WriteContext) -> Response:
    """Keep an uploaded picture; nothing of its name or type is taken from the request."""
    body, store = context.read_body(), context.store
    upload = _read_upload(body["image"], store)
    number = max(store.images, default=0) + 1
    file = f"upload-{number}.{EXTENSIONS[upload.media_type]}"
    image = Image(number, context.platform.key, body.get("name"), file)
    context.transaction.add_image(image, upload)
    return render_bare_item(context.request, context.renderer.render_image(image))


def _read_upload(file: UploadedFile, store: Store) -> Upload:
    """Return what is kept of a file; raises ValidationError when there is no room."""
    media_type = detect_media_type(file.content)
    assert media_type is not None  # noqa: S101  (the field has refused what is not a picture)
    kept = sum(len(upload.content) for upload in store.uploads.values())
    if len(store.uploads) >= MOST_UPLOADS or kept + len(file.content) > MOST_BYTES:
        raise ValidationError({"image": ["There is no room for more images."]})
    return Upload(media_type, file.content)
