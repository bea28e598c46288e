"""Where every change of a product begins."""

from collections.abc import Collection

from django.db import IntegrityError, connection, transaction
from django.db.models import ProtectedError, QuerySet

from market.catalog.errors import ProductNotFound
from market.catalog.models import Product

ATTEMPTS = 3


def hold_product(*, product_id: int) -> Product:
    """The product, locked until the transaction ends: whoever changes it or what hangs on it begins here.

    Raises ProductNotFound.
    """
    product = Product.objects.select_for_update(no_key=True).filter(pk=product_id).first()
    if product is None:
        raise ProductNotFound
    return product


def hold_products(*, product_ids: Collection[int]) -> list[int]:
    """Those of the products that there are, in the order of their ids, each locked as by `hold_product`."""
    products = Product.objects.filter(pk__in=product_ids).order_by("pk")
    return list(products.select_for_update(no_key=True).values_list("pk", flat=True))


def delete_unordered(rows: QuerySet) -> None:
    """Delete rows with all that is their own. Raises ProtectedError when one of them was ordered.

    An order that is written at this moment holds the stock, which goes first here, before the
    variants as everywhere: it is waited for, and found by the next try.
    """
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with transaction.atomic():
                rows.all().delete()
                connection.check_constraints()
        except ProtectedError:
            raise
        except IntegrityError:
            if attempt == ATTEMPTS:
                raise
        else:
            return
