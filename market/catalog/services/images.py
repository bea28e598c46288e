"""The pictures of a product. While it has any, exactly one is the primary one."""

from collections.abc import Collection, Mapping
from contextlib import ExitStack
from typing import Any, BinaryIO

from django.db import transaction

from core.transactions import in_one_transaction
from market.catalog.adapters.pictures import renditions_of
from market.catalog.errors import ImageNotFound
from market.catalog.models import ProductImage
from market.catalog.rules import MAX_IMAGES, image_files
from market.catalog.services.files import delete_after_commit, next_position, store
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
            position = next_position(others, most=MAX_IMAGES, field="image", things="pictures")
            store(renditions.files(), undo)
            if is_primary:
                others.filter(is_primary=True).update(is_primary=False)
            image = ProductImage.objects.create(
                product_id=product_id,
                image=renditions.name,
                alt=alt,
                is_primary=is_primary or position == 0,
                position=position,
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
    delete_after_commit(name for image in images if image for name in image_files(image))


def _image(*, product_id: int, image_id: int) -> ProductImage:
    image = ProductImage.objects.filter(pk=image_id, product_id=product_id).first()
    if image is None:
        raise ImageNotFound
    return image
