"""What the OpenAPI document says of itself, and how it is shown."""

SPECTACULAR_SETTINGS = {
    "TITLE": "Storefront",
    "DESCRIPTION": (
        "The HTTP API of a Storefront shop. Money is a decimal string in the shop's one currency; times are in UTC. "
        "Refusals are RFC 9457 problem documents with a stable `code`. With `Accept: "
        "application/vnd.storefront.envelope+json` each answer comes as `{success, data, message, errors, meta}`."
    ),
    "VERSION": "1.0.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "OrderStatus": "market.orders.models.Order.Status",
        "OrderPaymentStatus": "market.orders.models.Order.PaymentStatus",
        "PaymentStatus": "market.payments.models.Payment.Status",
        "ProductStatus": "market.catalog.models.Product.Status",
        "PromotionKind": "market.pricing.api.serializers.KINDS",
        "ReviewStatus": "market.reviews.models.Review.Status",
        "AttributeKind": "market.catalog.models.Attribute.Kind",
        "ImageRequestState": "market.catalog.models.ImageRequest.State",
        "KindEnum": "market.inventory.models.StockMovement.Kind",
        "ParameterKind": "core.operations.api.serializers.PARAMETER_KINDS",
        "RunState": "core.operations.models.Run.State",
    },
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "core.api.openapi.add_problem_components",
        "core.api.openapi.let_blanks_match_both",
    ],
    "SWAGGER_UI_SETTINGS": {"deepLinking": True, "persistAuthorization": False, "validatorUrl": None},
}
