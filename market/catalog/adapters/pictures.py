"""Pictures from strangers, decoded and drawn anew by Pillow, and their addresses."""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import Any, BinaryIO

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from PIL import Image, ImageOps, UnidentifiedImageError

from core.errors import FieldError, Invalid, Unavailable
from market.catalog.rules import IMAGE_SIZES, rendition_name, thumbnail_name

SUFFIXES = {"JPEG": ".jpg", "PNG": ".png", "WEBP": ".webp"}
# 25 million pixels are 100 MB once decoded: bounded memory, and more than any shop window shows.
MAX_PIXELS = 25_000_000
NOT_A_PICTURE = (UnidentifiedImageError, Image.DecompressionBombError, OSError, ValueError, SyntaxError)


@dataclass(frozen=True, slots=True)
class Renditions:
    """A picture as it will be stored: a name that nobody can guess, the picture and its thumbnail."""

    name: str
    picture: bytes
    thumbnail: bytes

    def files(self) -> Iterator[tuple[str, ContentFile]]:
        """Each name with its content."""
        yield self.name, ContentFile(self.picture)
        yield thumbnail_name(self.name), ContentFile(self.thumbnail)


def renditions_of(file: BinaryIO, *, folder: str = "products") -> Renditions:
    """Decode an uploaded picture and encode it again, upright and without its metadata.

    What it is is decided by decoding, never by its name or declared type: JPEG, PNG or WebP, of
    which the first frame is kept. Raises Invalid for anything else, for more than `IMAGE_MAX_BYTES`, and
    for more than `MAX_PIXELS`, which is read from the header before a pixel is decoded.
    """
    limit = settings.IMAGE_MAX_BYTES
    data = file.read(limit + 1)
    if len(data) > limit:
        raise _refused("too_large", f"Give a picture of at most {limit // 1024:,} KB.")
    try:
        with Image.open(BytesIO(data), formats=list(SUFFIXES)) as image:
            if image.width * image.height > MAX_PIXELS:
                raise _refused("too_many_pixels", f"Give a picture of at most {MAX_PIXELS:,} pixels.")
            kind = image.format
            picture = _plain(image, kind)
    except NOT_A_PICTURE as error:
        raise _refused("invalid_image", "Give a JPEG, PNG or WebP picture.") from error
    name = f"{folder}/{secrets.token_hex(16)}{SUFFIXES[kind]}"
    content = _encoded(picture, kind)
    picture.thumbnail((IMAGE_SIZES["thumbnail"],) * 2)
    return Renditions(name, content, _encoded(picture, kind))


def smaller_sizes(name: str) -> Iterator[tuple[str, ContentFile]]:
    """The smaller sizes of a stored picture, each in its own format and as WebP, by the names they are stored under.

    Raises Unavailable when the storage does not give the picture, and Invalid when it is none any more.
    """
    try:
        with default_storage.open(name) as file, Image.open(file, formats=list(SUFFIXES)) as image:
            kind = image.format
            image.load()
            picture = image.copy()
    except FileNotFoundError as error:
        raise Unavailable("The picture is not in the storage.") from error
    except NOT_A_PICTURE as error:
        raise _refused("invalid_image", "The stored file is no picture.") from error
    for size, pixels in sorted(IMAGE_SIZES.items(), key=lambda entry: -entry[1]):
        picture.thumbnail((pixels, pixels))
        yield rendition_name(name, size), ContentFile(_encoded(picture, kind))
        yield rendition_name(name, size, ".webp"), ContentFile(_encoded(picture, "WEBP"))


def size_urls(name: str) -> dict[str, dict[str, str]]:
    """What the API shows of the smaller sizes of a stored picture, once they are drawn."""
    url = default_storage.url
    return {
        size: {"url": url(rendition_name(name, size)), "webp": url(rendition_name(name, size, ".webp"))}
        for size in IMAGE_SIZES
    }


def picture_urls(*, name: str, alt: str) -> dict[str, Any]:
    """What the API shows of a stored picture."""
    return {"url": default_storage.url(name), "thumbnail": default_storage.url(thumbnail_name(name)), "alt": alt}


def _plain(image: Image.Image, kind: str) -> Image.Image:
    has_alpha = image.mode in {"RGBA", "LA", "PA"} or "transparency" in image.info
    upright = ImageOps.exif_transpose(image)
    plain = upright.convert("RGBA" if has_alpha and kind != "JPEG" else "RGB")
    plain.info.clear()
    return plain


def _encoded(image: Image.Image, kind: str) -> bytes:
    buffer = BytesIO()
    image.save(buffer, format=kind, **({} if kind == "PNG" else {"quality": 85}))
    return buffer.getvalue()


def _refused(code: str, message: str) -> Invalid:
    return Invalid(message, errors=[FieldError("image", code, message)])
