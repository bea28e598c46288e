"""What bodies about pricing may set, for `test_mass_assignment`."""

STEP = {f"thresholds.*.{field}" for field in ("min_subtotal", "min_quantity", "percent", "amount")}
GOODS = {
    f"{kind}{field}.*" for kind in ("", "get_") for field in ("products", "collections", "categories", "attributes")
}
PROMOTION = (
    STEP | GOODS | {"tiers.*", "countries.*", "weekdays.*", "customer_lists.*", "name", "label", "kind", "value"}
)
PROMOTION |= {"max_discount", "buy_quantity", "get_quantity", "is_per_unit", "gift_variant", "min_subtotal"}
PROMOTION |= {"min_quantity", "first_order_only", "from_hour", "until_hour", "starts_at", "ends_at", "usage_limit"}
PROMOTION |= {"usage_limit_per_customer", "usage_limit_per_order", "budget", "requires_coupon", "coupon_code"}
PROMOTION |= {"priority", "stackable", "exclusive_group", "is_public", "is_active"}
SIMULATION = {f"changes.{field}" for field in PROMOTION} | {"orders", "placed_after", "placed_before", "reason"}
SIMULATION |= {"everyone_has_code", "keep_period", "shelves_of_today", "warn_percent"}

ZONE = {"name", "position"} | {f"areas.*.{field}" for field in ("country", "region", "postal_patterns")}
METHOD = {"code", "label", "kind", "price", "steps.*.at_least", "steps.*.price", "free_over", "max_weight_grams"}
METHOD |= {"zones.*", "delivery_days", "delivery_days_most", "is_active", "position"}
RATE = {"name", "tax_class", "country", "region", "rate"}
PRICE_LIST = {"label", "tier", "is_active"} | {f"entries.*.{field}" for field in ("variant", "min_quantity", "price")}
STAFF_ROWS = {"shipping-zones": ZONE, "shipping-methods": METHOD, "tax-rates": RATE, "price-lists": PRICE_LIST}

PRICING: dict[tuple[str, str], set[str]] = {
    **{("post", f"{name}/"): fields for name, fields in STAFF_ROWS.items()},
    **{(verb, f"{name}/{{id}}/"): fields for name, fields in STAFF_ROWS.items() for verb in ("put", "patch")},
    ("post", "promotions/"): PROMOTION | {"status"},
    ("put", "promotions/{promotion_id}/"): PROMOTION | {"status"},
    ("patch", "promotions/{promotion_id}/"): PROMOTION | {"status"},
    ("post", "promotions/{promotion_id}/simulate/"): SIMULATION,
    ("post", "promotions/{promotion_id}/coupons/"): {"count", "usage_limit", "prefix", "batch"},
    ("patch", "promotions/{promotion_id}/coupons/{coupon_id}/"): {"is_active"},
}
