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


class DocumentNotFound(NotFound):
    """No such document of this product."""

    code = "document_not_found"
    title = "There is no such document."


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


class CollectionNotFound(NotFound):
    """No such collection, or not one that this caller may see."""

    code = "collection_not_found"
    title = "There is no such collection."


class CollectionNotEmpty(Conflict):
    """The collection holds products; `extra` tells how many and names some of them."""

    code = "collection_not_empty"
    title = "The collection is not empty."


class CollectionHasRules(Conflict):
    """The products of this collection are found by its rules, not chosen by hand."""

    code = "collection_has_rules"
    title = "The products of this collection are found by its rules."


class ProductTypeNotFound(NotFound):
    """No such product type."""

    code = "product_type_not_found"
    title = "There is no such product type."


class AttributeNotFound(NotFound):
    """No such attribute of this product type."""

    code = "attribute_not_found"
    title = "There is no such attribute."


class ProductTypeInUse(Conflict):
    """Products are of this type; `extra` names some of them."""

    code = "product_type_in_use"
    title = "There are products of this type."


class AttributeInUse(Conflict):
    """Products or variants tell this attribute or choice; `extra` names some of them."""

    code = "attribute_in_use"
    title = "The attribute is in use."


class PriceChangeNotFound(NotFound):
    """No such price change."""

    code = "price_change_not_found"
    title = "There is no such price change."


class PriceChangeNotPlanned(Conflict):
    """The price change was applied, canceled or failed; its `state` says which."""

    code = "price_change_not_planned"
    title = "What was applied or canceled does not change any more."


class PriceChangeExists(Conflict):
    """Another price of the variant is planned for the same moment."""

    code = "price_change_exists"
    title = "Another price is planned for this moment."


class ProductArchived(Conflict):
    """The product is archived, so its prices are not planned."""

    code = "product_archived"
    title = "The product is archived."
