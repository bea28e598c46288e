"""What people write into a shop to hurt it: SQL in filters, scripts in names, forged forms, endless bodies."""

import ast
import json
import time
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse

from core.notifications.models import Mail
from core.outbox.models import Event
from core.outbox.registry import handlers_of
from market.carts.models import CartItem
from market.carts.tests.factories import make_cart, make_offer
from market.catalog.models import Product
from market.orders.models import Order
from market.orders.tests.factories import ADDRESS, checkout_body, make_buyer, make_order, make_staff
from tests.test_fuzz import path_of, schema

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("unthrottled")]
ROOT = Path(__file__).resolve().parents[1]
PRODUCTS, CARTS = "/api/v1/products/", "/api/v1/carts/"

# --- SQL ----------------------------------------------------------------------------------------------
INJECTIONS = [
    "' OR '1'='1",
    "x' OR 1=1 --",
    "1 OR 1=1",
    "1; SELECT pg_sleep(3)",
    "'||pg_sleep(3)||'",
    "1 AND (SELECT 1 FROM pg_sleep(3)) IS NOT NULL",
    "') UNION SELECT password, 1, 2 FROM accounts_user --",
    "1); DROP TABLE catalog_product CASCADE; --",
    "price); DELETE FROM catalog_variant; --",
    "%' AND 1=(SELECT count(*) FROM accounts_user) AND '%'='",
]


def lists() -> list[str]:
    """The paths that answer lists and can be called without knowing an id."""
    return [path for path, methods in schema()["paths"].items() if "get" in methods and "{" not in path]


@pytest.mark.parametrize("path", lists())
def test_sql_in_a_filter_is_a_value_or_refused(path, client_of):
    make_offer()
    make_order(buyer=make_buyer())
    client = client_of(make_staff())
    parameters = schema()["paths"][path]["get"].get("parameters", [])
    before = (Product.objects.count(), Order.objects.count())
    for name in {parameter["name"] for parameter in parameters if parameter["in"] == "query"}:
        for injection in INJECTIONS:
            for tries_left in reversed(range(5)):  # what sleeps in the database does so each time
                began = time.monotonic()
                answer = client.get(path_of(path, {}), {name: injection})
                if time.monotonic() - began < 2.5:
                    break
                assert tries_left, (name, injection)
            assert answer.status_code in {200, 400, 404}, (name, injection, answer.content)
            if answer.status_code == 200:
                assert answer.json().get("results", []) == [], (name, injection)
    assert (Product.objects.count(), Order.objects.count()) == before


def test_statements_are_put_together_from_constants_alone():
    """What a caller gives reaches a statement as a parameter, in the modules too where ruff's S608 is off."""
    offenders = []
    for path in [*ROOT.glob("market/*/sql.py"), *ROOT.glob("core/**/sql.py")]:
        for function in ast.walk(ast.parse(path.read_text())):
            if not isinstance(function, ast.FunctionDef):
                continue
            arguments = {argument.arg for argument in [*function.args.args, *function.args.kwonlyargs]}
            for node in ast.walk(function):
                is_format = isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "format"
                if is_format or isinstance(node, ast.JoinedStr):
                    names = {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)}
                    offenders += [f"{path.name}:{node.lineno} {name}" for name in names & arguments]
    assert offenders == []
    ruff = (ROOT / "pyproject.toml").read_text()
    assert '"S"' in ruff.split("select = ")[1].split("]")[0]


# --- Scripts ------------------------------------------------------------------------------------------
SCRIPT = "<script>alert('x')</script><img src=x onerror=alert(1)>"


@pytest.fixture
def scripted_order() -> Order:
    """An order in which everything that a stranger may write is a script."""
    buyer = make_buyer(first_name=SCRIPT, last_name=SCRIPT)
    offer = make_offer(product_title=SCRIPT, title=SCRIPT)
    address = ADDRESS | {"name": SCRIPT, "line1": SCRIPT, "city": SCRIPT}
    return make_order(
        buyer=buyer, cart=make_cart(units={offer: 1}), shipping_address=address, billing_address=address, note=SCRIPT
    )


def assert_inert(html: str) -> None:
    assert "<script>alert" not in html
    assert "<img src=x" not in html


def test_scripts_are_shown_inert_in_the_admin(scripted_order):
    office = Client()
    office.force_login(make_staff())
    product = Product.objects.get()
    shown = 0
    for app, model, row in [
        ("orders", "order", scripted_order.pk),
        ("catalog", "product", product.pk),
        ("accounts", "user", scripted_order.customer.user_id),
    ]:
        for name, arguments in (("changelist", ()), ("change", (row,)), ("history", (row,)), ("delete", (row,))):
            page = office.get(reverse(f"admin:{app}_{model}_{name}", args=arguments))
            html = page.content.decode()
            assert_inert(html)
            shown += "&lt;script&gt;alert" in html
            assert "script-src 'self'" in page["Content-Security-Policy"]
    assert shown >= 4


def test_scripts_are_inert_in_mails(scripted_order):
    event = Event.objects.get(name="orders.order_placed")
    [handler] = handlers_of(event.name)
    handler.function(event)
    mail = Mail.objects.get()
    assert_inert(mail.html)
    assert "&lt;script&gt;" in mail.html
    assert "\n" not in mail.subject


def test_scripts_in_answers_are_json_that_no_browser_runs(scripted_order, api_client):
    answer = api_client.get(PRODUCTS)
    assert answer.json()["results"][0]["title"] == SCRIPT
    assert (answer["Content-Type"], answer["X-Content-Type-Options"]) == ("application/json", "nosniff")


# --- Forged forms ---------------------------------------------------------------------------------------
@pytest.mark.parametrize("page", ["catalog_product_add", "accounts_user_add", "logout", "login"])
def test_a_form_of_the_admin_without_its_token_is_refused(page):
    office = Client(enforce_csrf_checks=True)
    office.force_login(make_staff())
    before = Product.objects.count()
    assert office.post(reverse(f"admin:{page}"), {"title": "forged"}).status_code == 403
    assert Product.objects.count() == before
    assert office.get(reverse("admin:index")).status_code == 200


def test_a_session_of_the_admin_opens_nothing_in_the_api():
    """So that no forged form can call the API with somebody's cookie."""
    office = Client()
    office.force_login(make_staff())
    assert office.post(PRODUCTS, {"title": "forged"}, content_type="application/json").status_code == 401


# --- Out of bounds --------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "quantity", ["0", "-1", "1.5", "1e9", "NaN", '"1"', str(2**63), "true", "null", "[]", '"\\u0000"']
)
@pytest.mark.parametrize("place", ["add", "set", "replace", "new"])
def test_a_quantity_that_is_none_names_its_field(api_client, quantity, place):
    variant = make_offer()
    cart = make_cart(units={variant: 2})
    item = CartItem.objects.get()
    line = f'{{"variant": {variant.pk}, "quantity": {quantity}}}'
    method, address, body, field = {
        "add": ("POST", f"{CARTS}{cart.pk}/items/", line, "quantity"),
        "set": ("PATCH", f"{CARTS}{cart.pk}/items/{item.pk}/", f'{{"quantity": {quantity}}}', "quantity"),
        "replace": ("PUT", f"{CARTS}{cart.pk}/items/", f'{{"items": [{line}]}}', "items.0.quantity"),
        "new": ("POST", CARTS, f'{{"items": [{line}]}}', "items.0.quantity"),
    }[place]
    answer = api_client.generic(method, address, body, content_type="application/json")
    assert (answer.status_code, [error["field"] for error in answer.json()["errors"]]) == (400, [field])
    assert list(CartItem.objects.values_list("quantity", flat=True)) == [2]


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "field"),
    [
        ("POST", CARTS, json.dumps({"items": [{"variant": 1, "quantity": 1}] * 10_000}), 400, "items"),
        ("GET", f"{PRODUCTS}?limit=1000000000", "", 400, "limit"),
        ("GET", f"{PRODUCTS}?limit=-1", "", 400, "limit"),
        ("GET", f"{PRODUCTS}?offset=10001", "", 400, None),
        ("GET", f"{PRODUCTS}?ordering=password", "", 400, "ordering"),
        ("GET", f"{PRODUCTS}?password=x", "", 400, "password"),
        ("GET", f"{PRODUCTS}?search=%00", "", 400, "search"),
        ("POST", CARTS, '{"items": "\\u0000"}', 400, "items"),
        ("POST", CARTS, '{"items": "\\ud800"}', 400, "items"),
        ("POST", CARTS, '{"items": ' + "[" * 5000 + "]" * 5000 + "}", 400, None),
        ("POST", CARTS, '{"items": "' + "x" * (50 * 1024 * 1024) + '"}', 413, None),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_is_out_of_bounds_is_refused_by_name(api_client, method, path, body, status, field):
    answer = api_client.generic(method, path, body, content_type="application/json")
    assert answer.status_code == status, answer.content[:300]
    assert answer["Content-Type"] == "application/problem+json"
    if field:
        assert field in {error["field"].split(".")[0] for error in answer.json()["errors"]}


def test_a_note_with_a_lone_surrogate_names_its_field(api_client):
    body = checkout_body(make_cart(units={make_offer(): 1}), note="NOTE")
    raw = json.dumps(body).replace("NOTE", "a\\ud800b")
    answer = api_client.generic("POST", "/api/v1/orders/", raw, content_type="application/json")
    assert (answer.status_code, [error["field"] for error in answer.json()["errors"]]) == (400, ["note"])
    assert not Order.objects.exists()
