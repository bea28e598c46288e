"""Refusals about the catalog."""

from core.errors import Conflict, NotFound


class ProductNotFound(NotFound):
    """No such product, or not one that this caller may see."""

    code = "product_not_found"
    title = "There is no such product."


class VariantNotFound(NotFound):
    """No such variant of this product."""

    code = "variant_not_found"
    title = "There is no such variant."


class ImageNotFound(NotFound):
    """No such image of this product."""

    code = "image_not_found"
    title = "There is no such image."


class CategoryNotFound(NotFound):
    """No such category, or not one that this caller may see."""

    code = "category_not_found"
    title = "There is no such category."


class ProductOrdered(Conflict):
    """The product or variant is part of an order, so it stays."""

    code = "product_ordered"
    title = "What was ordered is not deleted."


class CategoryNotEmpty(Conflict):
    """The category holds products or other categories; `extra` names some of them."""

    code = "category_not_empty"
    title = "The category is not empty."


class CategoryCycle(Conflict):
    """The new parent is the category itself or lies below it."""

    code = "category_cycle"
    title = "A category cannot lie below itself."
