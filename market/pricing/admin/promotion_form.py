"""The form of a promotion: a field for each rule, and each refusal at its field."""

from dataclasses import asdict
from typing import Any

from django import forms
from django.contrib.admin.widgets import AdminSplitDateTime

from core.countries import COUNTRY_CODES
from core.errors import Invalid
from core.moments import WITHIN_TIME
from market.catalog.models import CollectionItem, Product
from market.customers.models import MembershipTier
from market.pricing import selectors, services
from market.pricing.admin.fields import BoxesWidget, StepsField, TokensField, chosen, ids_of, searched, searched_one
from market.pricing.errors import PromotionEdited
from market.pricing.models import CODE_LENGTH, LABEL_LENGTH, CustomerList, PriceListEntry, Promotion
from market.pricing.rules import FLAT_FIELDS
from market.pricing.rules.limits import HOURS, MAX_COUNT, MAX_PRIORITY, MONEY, RATIO_OR_MONEY
from market.pricing.rules.promotions import WEEKDAYS

KINDS = [
    ("percentage", "Percentage: so many percent off its goods"),
    ("fixed_amount", "Fixed amount: off its goods together, or off each unit"),
    ("fixed_price", "Fixed price: of each unit, or of so many together"),
    ("buy_x_get_y", "Buy some, get some cheaper"),
    ("spend_threshold", "Steps: the more, the cheaper"),
    ("free_shipping", "Free shipping"),
    ("gift", "Gift: a variant for nothing"),
]
GOODS = {
    "products": CollectionItem._meta.get_field("product"),
    "collections": CollectionItem._meta.get_field("collection"),
    "categories": Product._meta.get_field("category"),
}
CHOSEN = (*GOODS, *(f"get_{name}" for name in GOODS), "attributes", "get_attributes", "tiers", "customer_lists")
CHOSEN += ("countries", "weekdays")
GONE = "What it named was deleted. Choose others, or archive it: without any it would be for everything or everybody."
ROWS = (*GOODS, *(f"get_{name}" for name in GOODS), "customer_lists")
FIELDSETS = [
    (None, {"fields": ["name", "label", "status", "seen"]}),
    (
        "What it gives",
        {
            "fields": [
                "kind",
                "value",
                "is_per_unit",
                "buy_quantity",
                "get_quantity",
                "gift_variant",
                "thresholds",
                "max_discount",
            ]
        },
    ),
    (
        "On which goods",
        {
            "fields": ["products", "collections", "categories", "attributes"],
            "description": "A line is among them with one of these products, collections or categories, and with one"
            " value of each attribute that is named. Nothing is everything.",
        },
    ),
    (
        "What is cheaper then",
        {
            "fields": ["get_products", "get_collections", "get_categories", "get_attributes"],
            "description": "Of “Buy some, get some cheaper”: nothing is the same goods.",
            "classes": ["collapse"],
        },
    ),
    (
        "To whom, and from when on",
        {
            "fields": [
                "min_subtotal",
                "min_quantity",
                "tiers",
                "first_order_only",
                "customer_lists",
                "countries",
                "starts_at",
                "ends_at",
                "weekdays",
                ("from_hour", "until_hour"),
            ]
        },
    ),
    ("Code", {"fields": ["requires_coupon", "coupon_code"]}),
    (
        "How often",
        {"fields": ["usage_limit", "usage_limit_per_customer", "usage_limit_per_order", "budget"]},
    ),
    ("Beside others", {"fields": ["stackable", "exclusive_group", "priority", "is_public"]}),
]


def money(**options: Any) -> forms.DecimalField:
    return forms.DecimalField(**MONEY, required=False, **options)


def count(**options: Any) -> forms.IntegerField:
    return forms.IntegerField(**{"min_value": 1, "max_value": MAX_COUNT, "required": False} | options)


class PromotionForm(forms.ModelForm):
    """What staff write of a promotion, by the same flat names as the API; times are those of the shop."""

    seen = forms.CharField(widget=forms.HiddenInput, required=False)
    name = forms.CharField(max_length=LABEL_LENGTH, help_text="As you call it; buyers do not see it.")
    label = forms.CharField(
        max_length=LABEL_LENGTH, required=False, help_text="As buyers see it; the name unless given."
    )
    kind = forms.ChoiceField(choices=KINDS)
    value = forms.DecimalField(
        **RATIO_OR_MONEY,
        required=False,
        help_text="Percent (100 is free), an amount or a price, by the kind. Steps, gifts and shipping need none.",
    )
    is_per_unit = forms.BooleanField(required=False, label="Off each unit", help_text="Of a fixed amount alone.")
    buy_quantity = count(min_value=0, help_text="So many units are bought; of a fixed price, cost it together.")
    get_quantity = count(min_value=0, help_text="So many units are cheaper then, or given as a gift.")
    gift_variant = searched_one(PriceListEntry._meta.get_field("variant"), help_text="Of a gift alone.")
    thresholds = StepsField(
        label="Steps", help_text="The highest that is reached counts. Save for more empty rows; clear a row to drop it."
    )
    max_discount = money(help_text="It gives no more than this in one order.")

    products = searched(GOODS["products"])
    collections = searched(GOODS["collections"])
    categories = searched(GOODS["categories"], help_text="With all categories below them.")
    attributes = TokensField(help_text="Listed values; others are given by the API.")
    get_products = searched(GOODS["products"], label="Products")
    get_collections = searched(GOODS["collections"], label="Collections")
    get_categories = searched(GOODS["categories"], label="Categories")
    get_attributes = TokensField(label="Attributes")

    min_subtotal = money(label="Goods for at least", help_text="Of the whole cart, before discounts.")
    min_quantity = count(label="At least so many units", help_text="Of its goods.")
    tiers = forms.MultipleChoiceField(
        choices=MembershipTier.Code.choices,
        widget=forms.CheckboxSelectMultiple,
        required=False,
        label="Members of",
        help_text="None is everybody.",
    )
    first_order_only = forms.BooleanField(required=False)
    customer_lists = forms.ModelMultipleChoiceField(
        CustomerList.objects.order_by("name"),
        widget=BoxesWidget("customer lists"),
        required=False,
        help_text="None is everybody.",
    )
    countries = chosen(
        [(code, code) for code in sorted(COUNTRY_CODES)], "countries", help_text="Where it goes to; none is everywhere."
    )
    starts_at = forms.SplitDateTimeField(widget=AdminSplitDateTime, required=False, validators=WITHIN_TIME)
    ends_at = forms.SplitDateTimeField(
        widget=AdminSplitDateTime, required=False, validators=WITHIN_TIME, help_text="Not included."
    )
    weekdays = forms.TypedMultipleChoiceField(
        coerce=int,
        choices=list(enumerate(WEEKDAYS, start=1)),
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text="None is every day.",
    )
    from_hour = forms.IntegerField(min_value=0, max_value=HOURS - 1, initial=0)
    until_hour = forms.IntegerField(
        min_value=1, max_value=HOURS, initial=HOURS, help_text="Not included; 22 to 2 passes midnight."
    )

    requires_coupon = forms.BooleanField(
        required=False, label="Needs a code", help_text="Else it is for everybody. It stays while there are codes."
    )
    coupon_code = forms.CharField(
        max_length=CODE_LENGTH,
        required=False,
        label="Single code",
        help_text="One for everybody, whatever its case. Many different ones are generated once this is saved.",
    )
    usage_limit = count(label="Orders in all")
    usage_limit_per_customer = count(label="Orders of one customer")
    usage_limit_per_order = count(label="Units, sets or gifts in one order")
    budget = money(help_text="It gives no more than this in all.")
    stackable = forms.BooleanField(required=False, initial=True, help_text="Goes with others; else it goes alone.")
    exclusive_group = forms.CharField(
        max_length=LABEL_LENGTH, required=False, help_text="Of one group the best for the buyer is given."
    )
    priority = forms.IntegerField(
        min_value=-MAX_PRIORITY, max_value=MAX_PRIORITY, initial=0, help_text="The lower applies first."
    )
    is_public = forms.BooleanField(
        required=False, initial=True, help_text="Who is refused is told why; else only who entered its code."
    )

    may_see_codes = may_set_codes = True

    class Meta:
        model = Promotion
        fields = ["name", "label", "status"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["coupon_code"].disabled = not self.may_set_codes
        if not self.may_see_codes:
            del self.fields["coupon_code"]
        flat = self.instance.flat if self.instance.pk else {}
        for name in ("attributes", "get_attributes"):
            self.fields[name].offer(flat.get(name, ()))
        if self.instance.pk:
            codes = selectors.single_codes(promotion_ids=[self.instance.pk])
            shown = {name: list(value) if isinstance(value, tuple) else value for name, value in flat.items()}
            shown["thresholds"] = [asdict(step) for step in flat["thresholds"]]
            own = {"name": self.instance.title, "coupon_code": codes.get(self.instance.pk, "")}
            own["seen"] = services.state_of(self.instance)
            self.initial = {**self.initial, **shown, **own, **kwargs.get("initial", {})}

    @property
    def flat(self) -> dict[str, Any]:
        """What was written, by the names of the API."""
        cleaned = self.cleaned_data
        fields = {name: cleaned.get(name) for name in (*FLAT_FIELDS, "name", "label", "status", "coupon_code")}
        fields |= {name: ids_of(cleaned.get(name) or ()) or self._gone(name) for name in ROWS}
        if not self.may_set_codes:
            del fields["coupon_code"]
        gift = cleaned.get("gift_variant")
        # Boxes are sent in their own order, which means nothing: it is no change.
        for name in [name for name in CHOSEN if set(fields[name] or ()) == set(self.initial.get(name) or ())]:
            fields[name] = self.initial.get(name, [])
        # A code makes the promotion need it, unless somebody has just said that it does not.
        needs_code = cleaned.get("requires_coupon") or (
            bool(cleaned.get("coupon_code")) and "requires_coupon" not in self.changed_data
        )
        return fields | {"gift_variant": gift.pk if gift else None, "requires_coupon": bool(needs_code)}

    def clean(self) -> dict[str, Any]:
        """What makes no sense is told at its field, and what was typed stays."""
        cleaned = super().clean()
        if self.instance.pk:
            try:
                services.check_unchanged(promotion_id=self.instance.pk, state=cleaned.get("seen", ""))
            except PromotionEdited as refusal:
                self.add_error(None, refusal.detail)
        if not self.errors:
            try:
                services.check_promotion(fields=self.flat, promotion_id=self.instance.pk)
            except Invalid as refusal:
                for error in refusal.errors:
                    name = error.field.partition(".")[0]
                    self.add_error(name if name in self.fields else None, error.message)
                    if name in ROWS and self._gone(name):
                        self.add_error(name, GONE)
        return cleaned

    def _gone(self, name: str) -> list[int]:
        """What the promotion names and is not there any more: no widget can show it, so no browser sends it back."""
        named = set(self.initial.get(name) or ())
        if not named:
            return []
        return sorted(named - set(self.fields[name].queryset.filter(pk__in=named).values_list("pk", flat=True)))
