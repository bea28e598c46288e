"""Staff screens for reviews: the queue of moderation, and the shop's answers."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ActionForm
from django.db.models import QuerySet
from django.http import HttpRequest

from core.errors import ShopError
from core.readonly_admin import ReadOnlyAdmin
from core.refusals_admin import RefusalsShown
from market.reviews import services
from market.reviews.models import REASON_LENGTH, REPLY_LENGTH, Review, ReviewRequest
from market.reviews.rules import FINDINGS


class ReasonForm(ActionForm):
    """A rejection needs a reason, which its author is told."""

    reason = forms.CharField(required=False, max_length=REASON_LENGTH, label="Reason (to reject)")


class ReviewForm(forms.ModelForm):
    """What staff write: the answer. The text is its author's."""

    reply = forms.CharField(required=False, max_length=REPLY_LENGTH, widget=forms.Textarea)

    class Meta:
        model = Review
        fields = ["reply"]


class QueueFilter(admin.SimpleListFilter):
    """What waits for a decision, unless something else is asked for."""

    title = "status"
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        return [*Review.Status.choices, ("all", "All")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Review]) -> QuerySet[Review]:
        status = self.value() or Review.Status.PENDING
        return queryset if status == "all" else queryset.filter(status=status)

    def choices(self, changelist: Any) -> Any:
        for value, title in self.lookup_choices:
            is_selected = (self.value() or Review.Status.PENDING) == value
            query = changelist.get_query_string({self.parameter_name: value})
            yield {"selected": is_selected, "query_string": query, "display": title}


@admin.register(Review)
class ReviewAdmin(RefusalsShown, admin.ModelAdmin):
    """The reviews that wait, oldest first; approved and rejected by actions, answered on their page."""

    form = ReviewForm
    action_form = ReasonForm
    actions = ["approve", "reject"]
    list_display = ["product", "rating", "title", "customer", "verified_purchase", "status", "reasons", "created_at"]
    list_filter = [QueueFilter, "verified_purchase", "rating"]
    list_select_related = ["product", "customer__user"]
    search_fields = ["title", "body", "product__title", "customer__user__email"]
    search_help_text = "Words of the review, the product's title, or the author's email"
    ordering = ["pk"]
    show_full_result_count = False
    fields = ["product", "customer", "rating", "title", "body", "verified_purchase", "status", "reasons"]
    fields += ["moderated_at", "moderated_by", "moderation_reason", "helpful_count", "unhelpful_count"]
    fields += ["created_at", "updated_at", "reply", "replied_at", "replied_by"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Review]:
        return super().get_queryset(request).select_related("product", "customer__user", "moderated_by", "replied_by")

    def get_readonly_fields(self, request: HttpRequest, obj: Review | None = None) -> list[str]:
        return [name for name in self.fields if name != "reply"]

    def has_add_permission(self, request: HttpRequest, obj: Review | None = None) -> bool:
        return False

    @admin.display(description="why it waits")
    def reasons(self, review: Review) -> str:
        return " ".join(FINDINGS.get(name, name) for name in review.findings)

    @admin.action(description="Approve selected reviews", permissions=["change"])
    def approve(self, request: HttpRequest, queryset: QuerySet[Review]) -> None:
        self._decide(request, queryset, Review.Status.APPROVED)

    @admin.action(description="Reject selected reviews, with the reason", permissions=["change"])
    def reject(self, request: HttpRequest, queryset: QuerySet[Review]) -> None:
        self._decide(request, queryset, Review.Status.REJECTED)

    def save_model(self, request: HttpRequest, obj: Review, form: forms.ModelForm, change: bool) -> None:
        if "reply" in form.changed_data:
            services.reply_to_review(review_id=obj.pk, body=form.cleaned_data["reply"], staff_id=request.user.pk)

    def delete_model(self, request: HttpRequest, obj: Review) -> None:
        services.delete_review(review_id=obj.pk, customer_id=None)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Review]) -> None:
        for review_id in queryset.order_by("pk").values_list("pk", flat=True):
            services.delete_review(review_id=review_id, customer_id=None)

    def get_deleted_objects(
        self, objs: Any, request: HttpRequest
    ) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        """A review goes with its votes, which nobody deletes one by one."""
        names = [str(review) for review in objs]
        return names, {"reviews": len(names)}, set(), []

    def _decide(self, request: HttpRequest, queryset: QuerySet[Review], status: str) -> None:
        """Decide on the reviews one by one, each in its own transaction; refusals are shown."""
        reason = request.POST.get("reason", "") if status == Review.Status.REJECTED else ""
        decided = 0
        for review_id in queryset.order_by("pk").values_list("pk", flat=True):
            try:
                services.moderate_review(review_id=review_id, status=status, reason=reason, staff_id=request.user.pk)
            except ShopError as refusal:
                self.message_user(request, refusal.detail, messages.WARNING)
            else:
                decided += 1
        if decided:
            self.message_user(request, f"Decided on {decided} reviews.", messages.SUCCESS)


@admin.register(ReviewRequest)
class ReviewRequestAdmin(ReadOnlyAdmin):
    """Which delivered orders were or will be asked for reviews."""

    list_display = ["order", "due_at", "requested_at"]
    list_select_related = ["order"]
    search_fields = ["order__number"]
    ordering = ["-due_at"]
