"""What products tell about themselves: typed, held against their type, and not taken away while in use."""

import pytest

from market.catalog.models import Attribute, Product, ProductListing, ProductType, Variant
from market.catalog.rules import AttributeRule, attribute_values
from market.catalog.services import create_product_type
from market.catalog.tests.factories import make_product

pytestmark = pytest.mark.django_db
URL = "/api/v1"
ATTRIBUTES = [
    {"code": "maker", "title": "Maker", "kind": "text", "is_filterable": False},
    {"code": "height_cm", "title": "Height", "kind": "number"},
    {"code": "is_dishwasher_safe", "title": "Dishwasher", "kind": "boolean"},
    {"code": "material", "title": "Material", "kind": "choice", "choices": ["oak", "steel"]},
    {
        "code": "color",
        "title": "Color",
        "kind": "color",
        "is_of_variant": True,
        "choices": ["red", "blue"],
        "swatches": {"red": "#cc0000", "blue": "#0000cc"},
    },
]
TOLD = {"maker": "Ann", "height_cm": 9.5, "is_dishwasher_safe": True, "material": "oak"}
RULES = [
    AttributeRule("maker", "text"),
    AttributeRule("height_cm", "number"),
    AttributeRule("is_new", "boolean"),
    AttributeRule("material", "choice", ("oak", "steel")),
    AttributeRule("color", "color", ("red", "blue"), is_of_variant=True),
]


@pytest.fixture
def mug(staff) -> int:
    """The id of a product type with an attribute of each kind, made over HTTP."""
    made = staff.post(f"{URL}/product-types/", {"title": "Mug"}).json()
    for attribute in ATTRIBUTES:
        answer = staff.post(f"{URL}/product-types/{made['id']}/attributes/", attribute)
        assert answer.status_code == 201, answer.content
    assert [attribute["code"] for attribute in answer.json()["attributes"]] == sorted(a["code"] for a in ATTRIBUTES)
    return made["id"]


def new_product(mug: int, **overrides) -> dict:
    variants = [{"sku": "M-1", "price": "4.00", "attributes": {"color": "red"}}]
    product = {"title": "Mug", "status": "active", "product_type": mug, "attributes": TOLD, "variants": variants}
    return product | overrides


def refusal(answer) -> tuple[int, list[tuple[str, str]]]:
    return answer.status_code, [(error["field"], error["code"]) for error in answer.json()["errors"]]


def everything() -> list:
    return [list(model.objects.order_by("pk").values()) for model in (Product, Variant, ProductListing, Attribute)]


@pytest.mark.parametrize(
    ("code", "value", "stored"),
    [
        ("maker", "Ann & Sons", "Ann & Sons"),
        ("maker", "", None),
        ("maker", " Ann", None),
        ("maker", "x" * 201, None),
        ("maker", 7, None),
        ("height_cm", 7, 7),
        ("height_cm", 7.0, 7),
        ("height_cm", 0.1234, 0.1234),
        ("height_cm", 0.12345, None),
        ("height_cm", 10**10, None),
        ("height_cm", "7", None),
        ("height_cm", True, None),
        ("height_cm", float("nan"), None),
        ("height_cm", float("inf"), None),
        ("is_new", False, False),
        ("is_new", "true", None),
        ("is_new", 1, None),
        ("material", "oak", "oak"),
        ("material", "Oak", None),
        ("material", ["oak"], None),
        ("color", "red", None),
        ("weight", 1, None),
    ],
)
def test_a_value_is_of_its_kind_or_refused(code, value, stored):
    clean, problems = attribute_values({code: value}, rules=RULES, of_variant=False)
    assert clean == ({} if stored is None else {code: stored})
    assert [problem.field for problem in problems] == ([f"attributes.{code}"] if stored is None else [])


def test_a_product_tells_what_its_type_knows(staff, api_client, mug):
    product = staff.post(f"{URL}/products/", new_product(mug, featured=True)).json()
    at = f"{URL}/products/{product['id']}/"
    shown = api_client.get(at).json()
    assert (shown["attributes"], shown["variants"][0]["attributes"]) == (TOLD, {"color": "red"})
    assert (shown["featured"], "product_type" in shown, product["product_type"]) == (True, False, mug)
    tokens = ["color=red", "height_cm=9.5", "is_dishwasher_safe=true", "material=oak"]
    assert ProductListing.objects.get().attribute_tokens == tokens, "and not the maker, who is not filterable"
    assert staff.patch(at, {"attributes": {"material": "steel", "maker": None}}).json()["attributes"] == {
        "material": "steel"
    }
    variant = f"{at}variants/{product['variants'][0]['id']}/"
    assert staff.patch(variant, {"attributes": {"color": "blue"}}).json()["attributes"] == {"color": "blue"}
    assert ProductListing.objects.get().attribute_tokens == ["color=blue", "material=steel"]
    assert staff.patch(variant, {"is_active": False}).status_code == 200
    assert ProductListing.objects.get().attribute_tokens == ["material=steel"]


def test_a_refused_value_is_named_and_changes_nothing(staff, mug):
    product = staff.post(f"{URL}/products/", new_product(mug)).json()
    at = f"{URL}/products/{product['id']}/"
    other = create_product_type(title="Lamp")
    before = everything()
    two = [{"sku": "A", "price": "1.00"}, {"sku": "B", "price": "1.00", "attributes": {"color": "pink"}}]
    cases = [
        ("post", f"{URL}/products/", new_product(mug, attributes={"size": 1}), [("attributes.size", "unknown")]),
        ("post", f"{URL}/products/", new_product(mug, variants=two), [("variants.1.attributes.color", "unknown")]),
        ("post", f"{URL}/products/", new_product(10**9), [("product_type", "unknown")]),
        ("post", f"{URL}/products/", new_product(mug, attributes=["oak"]), [("attributes", "not_a_dict")]),
        ("patch", at, {"attributes": {"color": "red"}}, [("attributes.color", "unknown")]),
        (
            *("patch", at, {"attributes": {"height_cm": "9", "material": "tin"}}),
            [("attributes.height_cm", "invalid"), ("attributes.material", "unknown")],
        ),
        ("patch", at, {"product_type": other.pk, "attributes": {}}, [("variants.0.attributes.color", "unknown")]),
        ("patch", at, {"product_type": None}, [(f"attributes.{code}", "unknown") for code in TOLD]),
        (
            "patch",
            f"{at}variants/{product['variants'][0]['id']}/",
            {"attributes": {"color": 5}},
            [("attributes.color", "unknown")],
        ),
        (
            "post",
            f"{at}variants/",
            {"sku": "C", "price": "1.00", "attributes": {"material": "oak"}},
            [("attributes.material", "unknown")],
        ),
    ]
    for method, url, body, errors in cases:
        status, found = refusal(getattr(staff, method)(url, body))
        assert (status, sorted(found)) == (400, sorted(errors)), (method, url, body)
    assert everything() == before


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"code": "Color"}, "code"),
        ({"code": "a-b"}, "code"),
        ({"code": "x" * 51}, "code"),
        ({"code": "maker"}, "code"),
        ({"kind": "money"}, "kind"),
        ({"kind": "choice"}, "choices"),
        ({"choices": ["a"]}, "choices"),
        ({"kind": "choice", "choices": ["a", "a"]}, "choices"),
        ({"kind": "color", "choices": ["red"]}, "swatches"),
        ({"kind": "color", "choices": ["red"], "swatches": {"red": "red"}}, "swatches"),
        ({"title": "x" * 201}, "title"),
    ],
)
def test_an_attribute_that_cannot_be_is_refused(staff, mug, changes, field):
    good = {"code": "weight", "title": "Weight", "kind": "number"}
    status, errors = refusal(staff.post(f"{URL}/product-types/{mug}/attributes/", good | changes))
    assert (status, [name for name, _ in errors]) == (400, [field])
    assert Attribute.objects.count() == len(ATTRIBUTES)


def test_what_is_in_use_is_not_taken_away(staff, mug):
    make_product(
        product_type_id=mug,
        title="Oak mug",
        attributes={"material": "oak"},
        variants=[{"attributes": {"color": "red"}}],
    )
    material, color = (Attribute.objects.get(code=code) for code in ("material", "color"))
    at = f"{URL}/product-types/{mug}/"
    red_alone = {"choices": ["red"], "swatches": {"red": "#cc0000"}}
    blue_alone = {"choices": ["blue"], "swatches": {"blue": "#0000cc"}}
    before = everything()
    for method, path, body, code in [
        ("delete", "", {}, "product_type_in_use"),
        ("delete", f"attributes/{material.pk}/", {}, "attribute_in_use"),
        ("delete", f"attributes/{color.pk}/", {}, "attribute_in_use"),
        ("patch", f"attributes/{material.pk}/", {"choices": ["steel"]}, "attribute_in_use"),
        ("patch", f"attributes/{color.pk}/", blue_alone, "attribute_in_use"),
    ]:
        answer = getattr(staff, method)(at + path, body)
        assert (answer.status_code, answer.json()["code"]) == (409, code), answer.content
        assert answer.json()["products"][0]["title"] == "Oak mug"
    assert everything() == before
    assert staff.patch(f"{at}attributes/{color.pk}/", red_alone).status_code == 200
    assert staff.patch(f"{at}attributes/{material.pk}/", {"choices": ["oak", "tin"]}).status_code == 200
    Product.objects.get().delete()
    assert [staff.delete(f"{at}attributes/{pk}/").status_code for pk in (material.pk, color.pk, 0)] == [204, 204, 404]
    assert staff.delete(at).status_code == 204
    assert not ProductType.objects.exists()


@pytest.mark.parametrize("rows", [1, 20, 100])
def test_the_types_cost_the_same_however_many(api_client, count_statements, rows):
    for number in range(rows):
        made = ProductType.objects.create(title=f"Type {number}", slug=f"type-{number}")
        made.attributes.create(code="size", title="Size", kind="number")
    with count_statements() as counted:
        answer = api_client.get(f"{URL}/product-types/?limit=100").json()
    assert (len(answer["results"]), len(counted)) == (rows, 3)
