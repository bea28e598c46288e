"""Routes of reviews."""

from django.urls import path

from market.reviews.api.views import ProductReviewViewSet, ReviewViewSet

urlpatterns = [
    path("products/<int:product_id>/reviews/", ProductReviewViewSet.as_view({"get": "list", "post": "create"})),
    path("products/<int:product_id>/reviews/summary/", ProductReviewViewSet.as_view({"get": "summary"}, detail=True)),
    path("reviews/", ReviewViewSet.as_view({"get": "list"})),
    path("reviews/<int:pk>/", ReviewViewSet.as_view({"patch": "partial_update", "delete": "destroy"}, detail=True)),
    path("reviews/<int:pk>/votes/", ReviewViewSet.as_view({"post": "vote"}, detail=True)),
    path("reviews/<int:pk>/reply/", ReviewViewSet.as_view({"post": "reply"}, detail=True)),
    path("reviews/<int:pk>/moderation/", ReviewViewSet.as_view({"post": "moderate"}, detail=True)),
]
