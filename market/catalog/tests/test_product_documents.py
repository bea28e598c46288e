"""Documents of products: PDFs by their content, downloaded and never opened under the shop's address."""

from io import BytesIO

import pytest
from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection

from core.accounts.tests.factories import make_staff
from core.errors import Unavailable
from market.catalog import services
from market.catalog.models import Product, ProductDocument
from market.catalog.rules import MAX_DOCUMENTS, MAX_POSITION
from market.catalog.services import files
from market.catalog.tests.factories import make_document, make_product
from market.catalog.tests.test_admin import inline, picture, product_form
from market.catalog.tests.test_images import files_in

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("media")]
PDF = b"%PDF-1.7\n1 0 obj\n<< /OpenAction << /S /JavaScript /JS (app.alert(1)) >> >>\nendobj\ntrailer\n%%EOF\n"


@pytest.fixture
def office(client):
    client.force_login(make_staff())
    return client


def as_upload(content: bytes, name: str = "../../manual.html") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, content_type="text/html")


def upload(client, product, content: bytes = PDF, **fields):
    body = {"file": as_upload(content), "title": "Manual"} | fields
    return client.post(f"/api/v1/products/{product.pk}/documents/", body, format="multipart")


def change_product(office, product, documents: list[dict], *, kept: int = 0):
    form = product_form(title=product.title, slug=product.slug)
    return office.post(
        f"/admin/catalog/product/{product.pk}/change/", form | inline("documents", documents, initial=kept)
    )


def test_a_document_is_listed_with_its_product_and_downloaded(staff, api_client, client, media):
    product = make_product()
    second, first = upload(staff, product).json(), upload(staff, product, title="Data sheet", position=0).json()
    assert upload(staff, product, title="Drawing").json()["position"] == 1
    ProductDocument.objects.filter(title="Drawing").delete()
    at = f"/api/v1/products/{product.pk}"
    for path in (f"{at}/documents/", f"/api/v1/products/slug/{product.slug}/documents/"):
        assert api_client.get(path).json()["results"] == [second, first]
    assert (first["title"], first["size_bytes"], first["created_at"][-1]) == ("Data sheet", len(PDF), "Z")
    answer = client.get(first["url"])
    assert (answer.status_code, b"".join(answer.streaming_content)) == (200, PDF)
    assert (answer["Content-Disposition"], answer["X-Content-Type-Options"]) == ("attachment", "nosniff")
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"
    names = files_in(media)
    assert len({*names}) == 3
    assert all(len(name) == len("documents/.pdf") + 32 and name.startswith("documents/") for name in names)


@pytest.mark.parametrize("status", [Product.Status.DRAFT, Product.Status.ARCHIVED])
def test_documents_are_seen_by_who_sees_the_product(staff, api_client, status):
    product = make_product(status=status)
    document = make_document(product)
    for path in (f"{product.pk}", f"slug/{product.slug}"):
        path = f"/api/v1/products/{path}/documents/"
        assert api_client.get(path).status_code == 404
        assert [row["id"] for row in staff.get(path).json()["results"]] == [document.pk]


REFUSED = {
    "empty": (b"", "empty"),
    "text": (b"A manual of many words.", "Give a PDF document."),
    "script": (b"#!/bin/sh\necho %PDF-\n%%EOF", "Give a PDF document."),
    "page": (b"<html><script>alert(1)</script>" + PDF, "Give a PDF document."),
    "cut off": (PDF[:-6], "cut off"),
    "something behind it": (PDF + b"x" * 1100, "cut off"),
    "too large": (PDF[:8] + b" " * 2048 + PDF, "at most 2 KB"),
}


@pytest.mark.parametrize(("content", "reason"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_pdf_is_refused_and_leaves_nothing(staff, office, media, settings, content, reason):
    settings.DOCUMENT_MAX_BYTES = 2048
    product = make_product()
    answer = upload(staff, product, content)
    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["field"], reason in error["message"]) == (400, "file", True)
    rows = [{"file": as_upload(PDF), "title": "Good"}, {"file": as_upload(content, "manual.pdf"), "title": "Bad"}]
    page = change_product(office, product, rows)
    (shown,) = page.context["errors"][0] if page.status_code == 200 else [""]
    assert reason in shown
    assert (ProductDocument.objects.count(), files_in(media)) == (0, [])


def test_a_form_is_refused_by_field_and_a_huge_body_unread(staff, settings, media):
    settings.DOCUMENT_MAX_BYTES = 1024
    product, other = make_product(), make_product()
    for fields, field in [
        ({"title": ""}, "title"),
        ({"title": "x" * 201}, "title"),
        ({"position": -1}, "position"),
        ({"file": "manual.pdf"}, "file"),
    ]:
        answer = upload(staff, product, **fields)
        assert (answer.status_code, [error["field"] for error in answer.json()["errors"]]) == (400, [field])
    assert upload(staff, product, PDF[:8] + b"x" * 70_000).status_code == 413
    document = make_document(other)
    assert staff.delete(f"/api/v1/products/{product.pk}/documents/{document.pk}/").status_code == 404
    assert (list(ProductDocument.objects.all()), files_in(media)) == ([document], [])


def test_a_product_has_only_so_many_documents(staff, office, media):
    product = make_product()
    for _ in range(MAX_DOCUMENTS - 1):
        make_document(product)
    last, refused = upload(staff, product), upload(staff, product)
    assert (last.status_code, refused.status_code) == (201, 400)
    assert [(error["field"], error["code"]) for error in refused.json()["errors"]] == [("file", "too_many")]
    stored = [{"id": row.pk, "title": row.title, "position": row.position} for row in product.documents.all()]
    page = change_product(office, product, [*stored, {"file": as_upload(PDF), "title": "More"}], kept=len(stored))
    assert (page.status_code, "at most 20" in page.content.decode()) == (200, True)
    assert (product.documents.count(), len(files_in(media))) == (MAX_DOCUMENTS, 1)


@pytest.mark.parametrize("gone", ["document", "product"])
def test_a_file_is_there_as_long_as_its_row(staff, media, gone, django_capture_on_commit_callbacks):
    product = make_product()
    document = upload(staff, product).json()
    at = f"/api/v1/products/{product.pk}/" + (f"documents/{document['id']}/" if gone == "document" else "")
    with django_capture_on_commit_callbacks() as callbacks:
        assert staff.delete(at).status_code == 204
    assert (ProductDocument.objects.count(), len(files_in(media))) == (0, 1), "a rollback would keep both"
    for callback in callbacks:
        callback()
    assert (files_in(media), staff.delete(at).status_code) == ([], 404)


def test_a_disk_that_is_full_leaves_neither_row_nor_file(media, monkeypatch):
    product = make_product()

    def save(name, content):
        (media / "documents").mkdir()
        (media / name).write_bytes(content.read(10))
        raise OSError("No space left on device")

    monkeypatch.setattr(files.default_storage, "save", save)
    with pytest.raises(Unavailable):
        services.add_document(product_id=product.pk, file=BytesIO(PDF), title="Manual")
    assert (ProductDocument.objects.count(), files_in(media)) == (0, [])


def test_the_release_before_deletes_products_without_knowing_of_documents():
    document = make_document(make_product(variants=[]))
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM catalog_productlisting WHERE product_id = %s", [document.product_id])
        cursor.execute("DELETE FROM catalog_product WHERE id = %s", [document.product_id])
    assert not ProductDocument.objects.exists()


def test_staff_keep_documents_on_the_page_of_the_product(office, media, django_capture_on_commit_callbacks):
    product = make_product()
    added = change_product(office, product, [{"file": as_upload(PDF), "title": "<b>Manual</b>"}])
    assert added.status_code == 302, added.context["errors"]
    document = ProductDocument.objects.get()
    shown = office.get(f"/admin/catalog/product/{product.pk}/change/").content.decode()
    assert f'href="/media/{document.file.name}"' in shown
    assert ("&lt;b&gt;Manual" in shown, "<b>Manual" in shown, f"{len(PDF)}\xa0bytes" in shown) == (True, False, True)
    row = {"id": document.pk, "product": product.pk, "title": "Guide", "position": 7}
    assert "not replaced" in str(
        change_product(office, product, [row | {"file": as_upload(PDF)}], kept=1).context["errors"]
    )
    assert change_product(office, product, [row], kept=1).status_code == 302
    changed = ProductDocument.objects.get()
    assert (changed.title, changed.position, changed.file.name) == ("Guide", 7, document.file.name)
    assert (media / changed.file.name).read_bytes() == PDF
    with django_capture_on_commit_callbacks(execute=True):
        assert change_product(office, product, [row | {"DELETE": "on"}], kept=1).status_code == 302
    assert (ProductDocument.objects.count(), files_in(media)) == (0, [])


def test_who_may_add_no_document_still_changes_a_product_that_has_one(client):
    product = make_product(variants=[])
    document = make_document(product)
    clerk = make_staff(is_superuser=False)
    clerk.user_permissions.set(
        Permission.objects.filter(codename__in=["view_product", "change_product", "view_productdocument"])
    )
    client.force_login(clerk)
    row = {"id": document.pk, "title": document.title, "position": document.position}
    new = {"file": as_upload(PDF), "title": "More"}
    for rows in ([], [row], [row, new]):
        page = change_product(client, product, rows, kept=len(rows[:1]))
        assert page.status_code == 302, page.context["errors"]
    assert list(ProductDocument.objects.all()) == [document]


def test_behind_the_last_place_there_is_room(staff, office, media):
    product = make_product()
    first, second = (upload(staff, product, **more).json() for more in ({"position": MAX_POSITION}, {}))
    listed = staff.get(f"/api/v1/products/{product.pk}/documents/").json()["results"]
    assert listed == [first, second]
    rows = [{"id": row["id"], "title": row["title"], "position": row["position"]} for row in listed]
    saved = change_product(office, product, rows, kept=2)
    assert saved.status_code == 302, saved.context["errors"]


def test_a_refused_document_is_not_told_of_the_picture_beside_it(office, media, monkeypatch):
    product = make_product()
    store = files.default_storage.save

    def save(name, content):
        if name.startswith("documents/"):
            raise OSError("No space left on device")
        return store(name, content)

    monkeypatch.setattr(files.default_storage, "save", save)
    form = product_form(title=product.title, slug=product.slug, images=[{"image": picture(), "alt": "", "position": 0}])
    documents = inline("documents", [{"file": as_upload(PDF), "title": "Manual"}])
    page = office.post(f"/admin/catalog/product/{product.pk}/change/", form | documents)
    assert page.context["errors"] == [["The file could not be stored."]]
    assert not (product.images.exists() or ProductDocument.objects.exists())
