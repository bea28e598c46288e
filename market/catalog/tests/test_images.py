"""Pictures: decided by decoding, drawn anew, one of them primary."""

import os
import resource
import struct
import subprocess
import sys
import zlib
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from core.accounts.tests.factories import make_user
from market.catalog.models import ProductImage
from market.catalog.rules import MAX_IMAGES
from market.catalog.services import create_collection
from market.catalog.services.rendering import render_image, take_image_to_render
from market.catalog.tests.factories import make_category, make_product

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("media")]
GPS = 0x8825


def picture(kind: str = "JPEG", size: tuple[int, int] = (600, 400), **options) -> bytes:
    buffer = BytesIO()
    Image.new("RGB", size, "red").save(buffer, format=kind, **options)
    return buffer.getvalue()


def upload(client, product, content: bytes, *, name: str = "mug.jpg", **fields):
    file = SimpleUploadedFile(name, content, content_type="image/jpeg")
    return client.post(f"/api/v1/products/{product.pk}/images/", {"image": file, **fields}, format="multipart")


def render_images() -> None:
    """As the background does, once."""
    if taken := take_image_to_render():
        render_image(image_id=taken.id, name=taken.name)


def files_in(folder) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize(("kind", "suffix"), [("JPEG", ".jpg"), ("PNG", ".png"), ("WEBP", ".webp")])
def test_a_picture_is_stored_anew_with_its_thumbnail(staff, api_client, media, kind, suffix):
    product = make_product()
    answer = upload(staff, product, picture(kind), name="../../etc/passwd.gif", alt="A mug")
    assert answer.status_code == 201, answer.content
    image = answer.json()
    assert image["url"].endswith(suffix) and "passwd" not in image["url"]
    stored = files_in(media)
    assert [f"/media/{name}" for name in stored] == [image["thumbnail"], image["url"]]
    sizes = [Image.open(media / name).size for name in stored]
    assert sizes == [(320, 213), (600, 400)]
    shown = api_client.get(f"/api/v1/products/{product.pk}/").json()
    assert shown["image"] == {"url": image["url"], "thumbnail": image["thumbnail"], "alt": "A mug"}
    row = api_client.get("/api/v1/products/").json()["results"][0]
    assert (row["image"], row["image_url"], shown["image_url"]) == (shown["image"], image["url"], image["url"])
    assert shown["images"] == [image]


def test_a_stored_picture_is_served(staff, client):
    image = upload(staff, make_product(), picture("PNG")).json()
    for url, size in [(image["url"], (600, 400)), (image["thumbnail"], (320, 213))]:
        answer = client.get(url)
        assert (answer.status_code, answer["Content-Type"]) == (200, "image/png")
        assert (answer["X-Content-Type-Options"], "immutable" in answer["Cache-Control"]) == ("nosniff", True)
        assert Image.open(BytesIO(b"".join(answer.streaming_content))).size == size
    for path, status in [("products/", 404), ("products/none.png", 404), ("%2e%2e/secret.py", 400)]:
        assert client.get(f"/media/{path}").status_code == status


def test_metadata_is_gone_and_the_picture_upright(staff, media):
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[GPS] = {1: "N", 2: (51.0, 30.0, 0.0)}
    assert upload(staff, make_product(), picture(exif=exif, comment=b"secret")).status_code == 201
    stored = Image.open(media / files_in(media)[1])
    assert (stored.size, dict(stored.getexif()), b"secret" in stored.fp.read()) == ((400, 600), {}, False)


def animation(frames: int) -> bytes:
    """A GIF of two frames, of which the second comes again and again."""
    black, red = Image.new("RGB", (8, 8)), Image.new("RGB", (8, 8), "red")
    one, two = BytesIO(), BytesIO()
    black.save(one, format="GIF")
    black.save(two, format="GIF", save_all=True, append_images=[red])
    again = two.getvalue()[len(one.getvalue()) - 1 : -1]
    return two.getvalue()[:-1] + again * (frames - 2) + b";"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", None),
        (b"not a picture", "invalid_image"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>", "invalid_image"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n", "invalid_image"),
        (picture()[:-4000], "invalid_image"),
        (picture("TIFF"), "invalid_image"),
        (picture("BMP"), "invalid_image"),
        (animation(5000), "invalid_image"),
        (b"GIF89a" + picture(), "invalid_image"),
        (b"%PDF-1.7\n" + picture(), "invalid_image"),
        (b"<html><script>alert(1)</script>" + picture("PNG"), "invalid_image"),
        (picture("PNG", size=(5001, 5001)), "too_many_pixels"),
        (picture() + b"x" * 10 * 1024 * 1024, "too_large"),
    ],
    ids=[
        "empty",
        "text",
        "svg",
        "eps",
        "cut",
        "tiff",
        "bmp",
        "gif",
        "gif-jpeg",
        "pdf-jpeg",
        "html-png",
        "bomb",
        "large",
    ],
)
def test_what_is_no_picture_is_refused_and_leaves_nothing(staff, media, content, code):
    answer = upload(staff, make_product(), content)
    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["field"]) == (400, "image")
    assert code is None or error["code"] == code
    assert (ProductImage.objects.count(), files_in(media)) == (0, [])


@pytest.mark.parametrize(("kilobytes", "status"), [(700, 201), (701, 400)])
def test_the_limit_of_a_picture_is_a_setting(staff, settings, kilobytes, status):
    settings.IMAGE_MAX_BYTES = 700 * 1024
    content = picture()
    answer = upload(staff, make_product(), content + b"\0" * (kilobytes * 1024 - len(content)))
    assert answer.status_code == status
    if status == 400:
        assert [error["code"] for error in answer.json()["errors"]] == ["too_large"]


def test_a_product_has_only_so_many_pictures(staff, media):
    product = make_product()
    ProductImage.objects.bulk_create(
        ProductImage(product=product, image=f"products/{place}.jpg", position=place) for place in range(MAX_IMAGES - 1)
    )
    last, refused = (upload(staff, product, picture()) for _ in range(2))
    assert (last.status_code, refused.status_code) == (201, 400)
    assert [error["field"] for error in refused.json()["errors"]] == ["image"]
    assert (product.images.count(), len(files_in(media))) == (MAX_IMAGES, 2), "nothing is stored of what is refused"


def test_a_text_under_the_name_of_a_picture_is_refused(staff, media):
    answer = upload(staff, make_product(), b"#!/bin/sh\necho mug\n", name="mug.png")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "invalid_image")
    assert files_in(media) == []


def test_pictures_go_where_the_one_setting_says(staff, media, settings, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    options = {"location": str(elsewhere), "base_url": "https://cdn.example/shop/"}
    default = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": options}
    settings.STORAGES = settings.STORAGES | {"default": default}
    image = upload(staff, make_product(), picture()).json()
    assert image["url"].startswith("https://cdn.example/shop/products/")
    assert (files_in(media), len(files_in(elsewhere))) == ([], 2)


@pytest.mark.parametrize("name", ["page.html", "drawing.svg", "script.js", "unknown"])
def test_what_is_no_picture_is_not_run_by_a_browser(media, client, name):
    """Should such a file ever get into the folder: it is downloaded, and may do nothing."""
    (media / name).write_text("<script>alert(1)</script>")
    answer = client.get(f"/media/{name}")
    assert (answer.status_code, answer["Content-Disposition"]) == (200, "attachment")
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"


@pytest.mark.parametrize("path", ["../secret.txt", "%2e%2e/secret.txt", "..%2fsecret.txt", "a/../../secret.txt"])
def test_nothing_outside_of_the_folder_is_served(media, client, settings, path):
    settings.MEDIA_ROOT = media / "public"
    settings.MEDIA_ROOT.mkdir()
    (media / "secret.txt").write_text("secret")
    assert client.get(f"/media/{path}").status_code in {400, 404}


def test_a_body_far_too_large_is_refused_unread(staff):
    answer = upload(staff, make_product(), b"x" * (10 * 1024 * 1024 + 200_000))
    assert answer.status_code == 413


def test_a_page_that_hides_in_a_picture_is_gone(staff, media):
    assert upload(staff, make_product(), picture() + b"<script>alert(1)</script>").status_code == 201
    assert not any(b"<script>" in (media / name).read_bytes() for name in files_in(media))


def test_a_disk_that_fills_up_leaves_no_half_picture(staff, media):
    product, content = make_product(), picture()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        answer = upload(staff, product, content)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert (ProductImage.objects.count(), files_in(media)) == (0, [])


BOUNDED = """
import resource, sys
import django
django.setup()
from core.errors import Invalid
from market.catalog.adapters.pictures import renditions_of

before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for path in sys.argv[1:]:
    try:
        renditions_of(open(path, "rb"))
    except Invalid as refusal:
        print(refusal.errors[0].code, end=" ")
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


def png_that_says_it_is(width: int, height: int) -> bytes:
    """A few bytes that promise a picture of any size."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = [(b"IHDR", header), (b"IDAT", zlib.compress(bytes(10**6))), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


def test_the_largest_picture_takes_a_bounded_amount_of_memory(tmp_path):
    frames = [Image.new("RGB", (500, 500), (n, 0, 0)) for n in range(50)]
    frames[0].save(animated := BytesIO(), format="PNG", save_all=True, append_images=frames[1:], compress_level=1)
    files = {
        "large.jpg": picture(size=(5000, 5000)),
        "animated.png": animated.getvalue(),
        "bomb.png": png_that_says_it_is(100_000, 100_000),
        "cut.png": png_that_says_it_is(5000, 5000),
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "storefront.settings.testing"}
    command = [sys.executable, "-c", BOUNDED, *(tmp_path / name for name in files)]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    *refused, megabytes = run.stdout.split()
    assert refused == ["invalid_image", "invalid_image"]
    assert int(megabytes) < 250, "25 million pixels are 75 or 100 MB"


def test_smaller_sizes_and_webp_are_drawn_in_the_background(staff, api_client, media, client):
    product = make_product()
    image = upload(staff, product, picture("PNG", size=(1200, 600))).json()
    assert (image["sizes"], len(files_in(media))) == (None, 2)
    render_images()
    (shown,) = api_client.get(f"/api/v1/products/{product.pk}/").json()["images"]
    widths = {"small": 160, "thumbnail": 320, "large": 960}
    assert shown["sizes"].keys() == widths.keys()
    for size, urls in shown["sizes"].items():
        for url, kind in [(urls["url"], "PNG"), (urls["webp"], "WEBP")]:
            answer = client.get(url)
            drawn = Image.open(BytesIO(b"".join(answer.streaming_content)))
            assert (drawn.size, drawn.format) == ((widths[size], widths[size] // 2), kind)
            assert answer["Content-Type"] == f"image/{kind.lower()}"
    assert (len(files_in(media)), shown["thumbnail"]) == (7, shown["sizes"]["thumbnail"]["url"])
    before = files_in(media)
    ProductImage.objects.update(rendered_at=None)
    render_images()
    assert files_in(media) == before, "drawn again, over the same files"


def test_a_picture_that_cannot_be_drawn_is_given_up(staff, media, settings):
    image = upload(staff, make_product(), picture()).json()
    for name in files_in(media):
        (media / name).write_bytes(b"the disk was full")
    for _ in range(settings.DELIVERY_ATTEMPTS + 2):
        render_images()
    row = ProductImage.objects.get(pk=image["id"])
    assert (row.rendered_at, row.render_attempts) == (None, settings.DELIVERY_ATTEMPTS)


def test_files_go_with_their_picture_after_the_commit(staff, media, django_capture_on_commit_callbacks):
    product = make_product()
    image = upload(staff, product, picture()).json()
    render_images()
    with django_capture_on_commit_callbacks() as callbacks:
        assert staff.delete(f"/api/v1/products/{product.pk}/images/{image['id']}/").status_code == 204
    assert len(files_in(media)) == 7, "a rollback would keep them"
    for callback in callbacks:
        callback()
    assert files_in(media) == []


def test_what_is_drawn_of_a_deleted_picture_goes_again(staff, media):
    upload(staff, make_product(), picture())
    taken = take_image_to_render()
    ProductImage.objects.all().delete()
    assert render_image(image_id=taken.id, name=taken.name) is False
    assert files_in(media) == []


@pytest.mark.parametrize("kind", ["categories", "collections"])
def test_a_shelf_has_one_picture(staff, api_client, media, kind, django_capture_on_commit_callbacks):
    shelf = make_category(title="Mugs") if kind == "categories" else create_collection(title="Mugs")
    at = f"/api/v1/{kind}/{shelf.pk}/"
    assert [api_client.get(at).json()[name] for name in ("image", "image_url")] == [None, None]
    for size in ((600, 400), (40, 30)):
        file = SimpleUploadedFile("../../x.php", picture("PNG", size), content_type="image/png")
        with django_capture_on_commit_callbacks(execute=True):
            answer = staff.put(f"{at}image/", {"image": file}, format="multipart")
        assert answer.status_code == 204, answer.content
    shown = api_client.get(at).json()
    assert shown["image"]["url"] == shown["image_url"].replace("http://testserver", "")
    assert shown["image"]["alt"] == "Mugs"
    assert [f"/media/{name}" for name in files_in(media)] == [shown["image"]["thumbnail"], shown["image"]["url"]]
    assert api_client.get(f"/api/v1/{kind}/").json()["results"][0]["image"] == shown["image"]
    wrong = SimpleUploadedFile("mug.png", b"<svg/>", content_type="image/png")
    refused = staff.put(f"{at}image/", {"image": wrong}, format="multipart")
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (400, "image")
    assert api_client.get(at).json()["image"] == shown["image"]
    with django_capture_on_commit_callbacks(execute=True):
        assert staff.delete(f"{at}image/").status_code == 204
    assert (api_client.get(at).json()["image"], files_in(media)) == (None, [])


def test_exactly_one_picture_is_primary(staff, media, django_capture_on_commit_callbacks):
    product = make_product()
    first, second, third = [
        upload(staff, product, picture(), is_primary=primary).json()["id"] for primary in (False, False, True)
    ]
    at = f"/api/v1/products/{product.pk}/images/"

    def primary() -> list[int]:
        return list(ProductImage.objects.filter(is_primary=True).values_list("pk", flat=True))

    assert primary() == [third]
    assert staff.patch(f"{at}{second}/", {"is_primary": True, "alt": "Second"}).json()["is_primary"] is True
    assert primary() == [second]
    assert staff.patch(f"{at}{second}/", {"position": 9}).json()["is_primary"] is True
    with django_capture_on_commit_callbacks(execute=True):
        assert staff.delete(f"{at}{second}/").status_code == 204
    assert (primary(), len(files_in(media))) == ([first], 4)
    assert staff.patch(f"{at}{second}/", {}).status_code == 404


@pytest.mark.parametrize("method", ["post", "patch", "delete"])
def test_only_staff_write_pictures(api_client, client_of, staff, method):
    product = make_product()
    image = upload(staff, product, picture()).json()["id"]
    at = f"/api/v1/products/{product.pk}/images/" + ("" if method == "post" else f"{image}/")
    for client, status in [(api_client, 401), (client_of(make_user()), 403)]:
        assert getattr(client, method)(at, {}).status_code == status
    assert ProductImage.objects.count() == 1
