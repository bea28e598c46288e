"""Where every change of a product begins."""

from market.catalog.errors import ProductNotFound
from market.catalog.models import Product


def hold_product(*, product_id: int) -> Product:
    """The product, locked until the transaction ends: whoever changes it or what hangs on it begins here.

    Raises ProductNotFound.
    """
    product = Product.objects.select_for_update(no_key=True).filter(pk=product_id).first()
    if product is None:
        raise ProductNotFound
    return product
