"""The one picture of a category or of a collection."""

from contextlib import ExitStack
from typing import BinaryIO

from django.db import transaction

from core.transactions import in_one_transaction
from market.catalog.adapters.pictures import renditions_of
from market.catalog.errors import CategoryNotFound, CollectionNotFound
from market.catalog.models import Category, Collection
from market.catalog.services.files import store
from market.catalog.services.images import delete_stored_after_commit

FOLDERS = {Category: "categories", Collection: "collections"}
MISSING = {Category: CategoryNotFound, Collection: CollectionNotFound}


def set_shelf_image(*, model: type[Category | Collection], pk: int, file: BinaryIO) -> None:
    """Show a category or collection with a picture; the one it had goes after the commit.

    Locks the row. Raises CategoryNotFound or CollectionNotFound, and what `services.add_image` raises.
    """
    renditions = renditions_of(file, folder=FOLDERS[model])
    with ExitStack() as undo:
        with transaction.atomic():
            shelf = _held(model, pk)
            store(renditions.files(), undo)
            delete_stored_after_commit([shelf.image.name])
            shelf.image = renditions.name
            shelf.save(update_fields=["image", "updated_at"])
        undo.pop_all()


@in_one_transaction
def clear_shelf_image(*, model: type[Category | Collection], pk: int) -> None:
    """Show a category or collection without a picture. Idempotent. Raises as `set_shelf_image`."""
    shelf = _held(model, pk)
    delete_stored_after_commit([shelf.image.name])
    shelf.image = ""
    shelf.save(update_fields=["image", "updated_at"])


def _held(model: type[Category | Collection], pk: int) -> Category | Collection:
    shelf = model.objects.select_for_update(no_key=True).filter(pk=pk).first()
    if shelf is None:
        raise MISSING[model]
    return shelf
