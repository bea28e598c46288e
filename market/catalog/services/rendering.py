"""The smaller sizes of pictures, drawn in the background: a row without `rendered_at` is what is to be done."""

from dataclasses import dataclass

from django.conf import settings
from django.core.files.storage import default_storage
from django.db.models import F
from django.utils import timezone

from core.errors import ShopError
from core.transactions import in_one_transaction
from market.catalog.adapters.pictures import smaller_sizes
from market.catalog.models import ProductImage
from market.catalog.rules import image_files, thumbnail_name
from market.catalog.services.files import delete_if_there


@dataclass(frozen=True, slots=True)
class TakenImage:
    """An image whose attempt is counted."""

    id: int
    name: str


@in_one_transaction
def take_image_to_render() -> TakenImage | None:
    """An image that lacks its smaller sizes, the attempt counted before it begins. Two statements.

    Those tried least come first; one of which every attempt failed is left as it is.
    """
    waiting = ProductImage.objects.filter(rendered_at=None, render_attempts__lt=settings.DELIVERY_ATTEMPTS)
    image = waiting.order_by("render_attempts", "pk").select_for_update(skip_locked=True, no_key=True).first()
    if image is None:
        return None
    ProductImage.objects.filter(pk=image.pk).update(render_attempts=F("render_attempts") + 1)
    return TakenImage(image.pk, image.image.name)


def render_image(*, image_id: int, name: str) -> bool:
    """Draw the smaller sizes of a picture and store them beside it. Answers whether they are there now.

    Safe to repeat: the same files under the same names. What is drawn of a picture that was deleted
    meanwhile is removed again.
    """
    try:
        for path, content in smaller_sizes(name):
            if path != thumbnail_name(name):  # stands since the upload
                delete_if_there(path)  # else the storage would make up another name
                default_storage.save(path, content)
    except (ShopError, OSError):
        return False
    if ProductImage.objects.filter(pk=image_id).update(rendered_at=timezone.now()):
        return True
    for path in image_files(name):
        delete_if_there(path)
    return False
