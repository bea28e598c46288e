"""The pictures of a product. While it has any, exactly one is the primary one."""

from collections.abc import Collection, Mapping
from contextlib import ExitStack, suppress
from typing import Any, BinaryIO

from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Count, Max

from core.errors import FieldError, Invalid, Unavailable
from core.transactions import in_one_transaction
from market.catalog.adapters.pictures import Renditions, renditions_of
from market.catalog.errors import ImageNotFound
from market.catalog.models import ProductImage
from market.catalog.rules import MAX_IMAGES, image_files
from market.catalog.services.locks import hold_product

IMAGE_FIELDS = frozenset({"alt", "is_primary", "position"})


def add_image(*, product_id: int, file: BinaryIO, alt: str = "", is_primary: bool = False) -> ProductImage:
    """Store a picture and its thumbnail under a random name, and show it with the product.

    The first picture of a product becomes the primary one. Locks the product. Raises
    ProductNotFound, Invalid for what is no picture (see `adapters.pictures`) and for one more than
    `MAX_IMAGES`, and Unavailable when the storage takes no file.
    """
    renditions = renditions_of(file)
    with ExitStack() as undo:
        with transaction.atomic():
            hold_product(product_id=product_id)
            others = ProductImage.objects.filter(product_id=product_id)
            there = others.aggregate(count=Count("pk"), highest=Max("position"))
            highest = there["highest"]
            if there["count"] >= MAX_IMAGES:
                message = f"A product has at most {MAX_IMAGES} pictures."
                raise Invalid(message, errors=[FieldError("image", "too_many", message)])
            store(renditions, undo)
            if is_primary:
                others.filter(is_primary=True).update(is_primary=False)
            image = ProductImage.objects.create(
                product_id=product_id,
                image=renditions.name,
                alt=alt,
                is_primary=is_primary or highest is None,
                position=0 if highest is None else highest + 1,
            )
        undo.pop_all()
    return image


@in_one_transaction
def update_image(*, product_id: int, image_id: int, changes: Mapping[str, Any]) -> ProductImage:
    """Set some of alt, position and is_primary; a picture stops being primary when another becomes so.

    Locks the product. Raises ProductNotFound and ImageNotFound.
    """
    if unknown := changes.keys() - IMAGE_FIELDS:
        raise TypeError(f"an image has no {', '.join(sorted(unknown))} to change")
    hold_product(product_id=product_id)
    image = _image(product_id=product_id, image_id=image_id)
    for name, value in changes.items():
        setattr(image, name, value)
    others = ProductImage.objects.filter(product_id=product_id).exclude(pk=image.pk)
    if image.is_primary:
        others.filter(is_primary=True).update(is_primary=False)
    elif not others.filter(is_primary=True).exists():
        image.is_primary = True
    image.save(update_fields=["alt", "position", "is_primary", "updated_at"])
    return image


@in_one_transaction
def delete_image(*, product_id: int, image_id: int) -> None:
    """Remove a picture and, after the commit, its files; the next one becomes primary in its place.

    Locks the product. Raises ProductNotFound and ImageNotFound.
    """
    hold_product(product_id=product_id)
    image = _image(product_id=product_id, image_id=image_id)
    delete_files_after_commit([image])
    image.delete()
    if image.is_primary:
        following = ProductImage.objects.filter(product_id=product_id).order_by("position", "pk").first()
        if following:
            following.is_primary = True
            following.save(update_fields=["is_primary", "updated_at"])


def delete_files_after_commit(images: Collection[ProductImage]) -> None:
    """Remove the files of images whose rows this transaction deletes; a rollback keeps them."""
    delete_stored_after_commit([image.image.name for image in images])


def delete_stored_after_commit(images: Collection[str]) -> None:
    """The same for images by their names; an empty name is none."""
    names = [name for image in images if image for name in image_files(image)]

    def delete() -> None:
        for name in names:
            default_storage.delete(name)

    transaction.on_commit(delete)


def store(renditions: Renditions, undo: ExitStack) -> None:
    """Write the files; `undo` removes them again unless it is disarmed. Raises Unavailable."""
    try:
        for name, content in renditions.files():
            undo.callback(_delete_if_there, name)
            default_storage.save(name, content)
    except OSError as error:
        raise Unavailable("The picture could not be stored.") from error


def _delete_if_there(name: str) -> None:
    with suppress(OSError):
        default_storage.delete(name)


def _image(*, product_id: int, image_id: int) -> ProductImage:
    image = ProductImage.objects.filter(pk=image_id, product_id=product_id).first()
    if image is None:
        raise ImageNotFound
    return image
