"""Every kind of mail that the shop has, with a script in whatever people may have written."""

from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.template import TemplateDoesNotExist

from core.notifications.models import Mail
from core.notifications.services import queue_mail

FOLDER = Path(settings.BASE_DIR) / "templates" / "email"
SUBJECT = ".subject.txt"
KINDS = sorted(path.name.removesuffix(SUBJECT) for path in FOLDER.glob(f"*{SUBJECT}"))
ADDRESS = "https://shop.example/"
SCRIPT = "<script>alert(1)</script>\r\nBcc: victim@example.com"


class Scripted(dict):
    """Something of which every part is a script."""

    def __missing__(self, name: str) -> str:
        return SCRIPT


ONE = ("first_name", "title", "tier", "token", "uid", "currency", "payment_instructions")
CONTEXT: dict[str, Any] = dict.fromkeys(ONE, SCRIPT) | {
    **dict.fromkeys(("order", "product", "review", "standing"), Scripted()),
    "items": [Scripted()],
    "products": [Scripted(url=ADDRESS)],
    **dict.fromkeys(("product_url", "reviews_url"), ADDRESS),
    "address_lines": [SCRIPT],
    "is_payment_due": True,
}


@pytest.mark.django_db
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_html_and_text_in_one_layout_and_runs_no_script(kind):
    queue_mail(kind=kind, recipient="ada@shop.example", context=CONTEXT, key=kind, language="de")
    mail = Mail.objects.get()
    assert "\n" not in mail.subject
    assert '<html lang="de">' in mail.html
    assert settings.SHOP_NAME in mail.html
    assert mail.text.rstrip().endswith(settings.SHOP_URL)
    assert "<script" not in mail.html.lower()
    assert len(mail.text.splitlines()) > 4
    for suffix in ("txt", "html"):
        layout = f'{{% extends "email/layout.{suffix}" %}}'
        assert (FOLDER / f"{kind}.{suffix}").read_text().startswith(layout)


@pytest.mark.django_db
def test_a_mail_is_written_in_its_language_where_there_is_a_translation(settings, tmp_path):
    translated = tmp_path / "email" / "de"
    translated.mkdir(parents=True)
    (translated / "user_registered.subject.txt").write_text("Willkommen")
    (translated / "user_registered.txt").write_text("Guten Tag")
    [engine] = settings.TEMPLATES
    settings.TEMPLATES = [engine | {"DIRS": [tmp_path, *engine["DIRS"]]}]
    for language, subject in (("de", "Willkommen"), ("de-at", "Willkommen"), ("fr", "Welcome")):
        queue_mail(kind="user_registered", recipient="a@shop.example", context={}, key=language, language=language)
        mail = Mail.objects.get(key=language)
        assert mail.subject.startswith(subject)
        assert f'<html lang="{language}">' in mail.html


@pytest.mark.django_db
def test_a_kind_without_templates_is_an_error():
    with pytest.raises(TemplateDoesNotExist):
        queue_mail(kind="unheard_of", recipient="a@shop.example", context={}, key="1")
