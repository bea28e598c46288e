"""The documents of a product, such as its manual, for everybody who sees the product."""

import secrets
from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any, BinaryIO

from django.db import transaction

from core.transactions import in_one_transaction
from market.catalog.adapters.pdf import checked_pdf
from market.catalog.errors import DocumentNotFound
from market.catalog.models import ProductDocument
from market.catalog.rules import MAX_DOCUMENTS
from market.catalog.services.files import delete_after_commit, next_position, store
from market.catalog.services.locks import hold_product

DOCUMENT_FIELDS = frozenset({"title", "position"})


def add_document(*, product_id: int, file: BinaryIO, title: str, position: int | None = None) -> ProductDocument:
    """Store a PDF under a random name, and give it out with the product, behind its others unless told where.

    Locks the product. Raises ProductNotFound, Invalid for what is no PDF (see `adapters.pdf`) and for one more than
    `MAX_DOCUMENTS`, and Unavailable when the storage takes no file.
    """
    pdf = checked_pdf(file)
    name = f"documents/{secrets.token_hex(16)}.pdf"
    with ExitStack() as undo:
        with transaction.atomic():
            hold_product(product_id=product_id)
            others = ProductDocument.objects.filter(product_id=product_id)
            last = next_position(others, most=MAX_DOCUMENTS, field="file", things="documents")
            store([(name, pdf)], undo)
            document = ProductDocument.objects.create(
                product_id=product_id,
                title=title,
                file=name,
                size_bytes=pdf.size,
                position=last if position is None else position,
            )
        undo.pop_all()
    return document


@in_one_transaction
def update_document(*, product_id: int, document_id: int, changes: Mapping[str, Any]) -> ProductDocument:
    """Set title or position; another file is another document. Locks the product. Raises as `delete_document`."""
    if unknown := changes.keys() - DOCUMENT_FIELDS:
        raise TypeError(f"a document has no {', '.join(sorted(unknown))} to change")
    document = _held(product_id=product_id, document_id=document_id)
    for name, value in changes.items():
        setattr(document, name, value)
    document.save(update_fields=[*changes, "updated_at"])
    return document


@in_one_transaction
def delete_document(*, product_id: int, document_id: int) -> None:
    """Remove a document and, after the commit, its file.

    Locks the product. Raises ProductNotFound and DocumentNotFound.
    """
    document = _held(product_id=product_id, document_id=document_id)
    delete_after_commit([document.file.name])
    document.delete()


def _held(*, product_id: int, document_id: int) -> ProductDocument:
    hold_product(product_id=product_id)
    document = ProductDocument.objects.filter(pk=document_id, product_id=product_id).first()
    if document is None:
        raise DocumentNotFound
    return document
