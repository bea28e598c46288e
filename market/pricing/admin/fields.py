"""Form fields of promotions: goods that are searched for, attributes that are chosen, steps as rows."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteSelect, AutocompleteSelectMultiple, FilteredSelectMultiple
from django.db.models import Field, Model
from django.template.loader import render_to_string
from django.utils.html import format_html

from market.catalog.models import Attribute
from market.catalog.rules import attribute_token
from market.pricing.rules.limits import MAX_COUNT, MAX_STEPS, MONEY, PERCENT

STEP_FIELDS = {
    "min_subtotal": forms.DecimalField(**MONEY, required=False),
    "min_quantity": forms.IntegerField(min_value=1, max_value=MAX_COUNT, required=False),
    "percent": forms.DecimalField(**PERCENT, required=False),
    "amount": forms.DecimalField(**MONEY, required=False),
}
STEP_LABELS = {
    "min_subtotal": "From a subtotal of",
    "min_quantity": "or from so many units",
    "percent": "percent off",
    "amount": "or an amount off",
}
BLANK_STEPS = 3
MOST_CHOICES = 1000


def searched(source: Field, **options: Any) -> forms.ModelMultipleChoiceField:
    """Rows of the model to which `source`, a foreign key of any model, leads, found by typing."""
    return forms.ModelMultipleChoiceField(
        source.remote_field.model._default_manager.order_by("pk"),
        widget=AutocompleteSelectMultiple(source, admin.site),
        required=False,
        **options,
    )


def searched_one(source: Field, **options: Any) -> forms.ModelChoiceField:
    """One such row."""
    return forms.ModelChoiceField(
        source.remote_field.model._default_manager.order_by("pk"),
        widget=AutocompleteSelect(source, admin.site),
        required=False,
        **options,
    )


class BoxesWidget(FilteredSelectMultiple):
    """Two boxes with a search, in a frame of their own: the script puts them first in what holds the list."""

    def __init__(self, name: str) -> None:
        super().__init__(name, is_stacked=False)

    def _render(self, template_name: str, context: dict[str, Any], renderer: Any = None) -> str:
        return format_html(
            '<div class="related-widget-wrapper">{}</div>', super()._render(template_name, context, renderer)
        )


def chosen(choices: Sequence[tuple[Any, str]], name: str, **options: Any) -> forms.MultipleChoiceField:
    """Some of a long list, in two boxes with a search."""
    return forms.MultipleChoiceField(choices=choices, widget=BoxesWidget(name), required=False, **options)


class TokensField(forms.MultipleChoiceField):
    """Attributes with values: those that staff have listed, and whatever is stored already."""

    widget = BoxesWidget("attributes")

    def __init__(self, **options: Any) -> None:
        super().__init__(required=False, **options)

    def offer(self, stored: Sequence[str]) -> None:
        """Fill the list from the attributes of now: one statement."""
        known = {token: f"{title}: {value}" for token, title, value in _listed_values()}
        self.choices = [*known.items(), *((token, token) for token in stored if token not in known)]


def _listed_values() -> Iterator[tuple[str, str, str]]:
    rows = Attribute.objects.order_by("title", "code", "pk").values_list("code", "title", "kind", "choices")
    count = 0
    for code, title, kind, choices in rows[:MOST_CHOICES]:
        for value in ("true", "false") if kind == Attribute.Kind.BOOLEAN else choices:
            if (count := count + 1) > MOST_CHOICES:
                return
            yield attribute_token(code, value), title, value


class StepsWidget(forms.Widget):
    """A row of four inputs for each step, and some empty ones."""

    template_name = "admin/pricing/promotion/steps.html"

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        steps = [*(value or ()), *({} for _ in range(BLANK_STEPS))][:MAX_STEPS]
        context["labels"] = list(STEP_LABELS.values())
        context["rows"] = [
            [
                {
                    "name": f"{name}-{place}-{part}",
                    "value": _shown(step.get(part)),
                    "label": f"{label}, step {place + 1}",
                }
                for part, label in STEP_LABELS.items()
            ]
            for place, step in enumerate(steps)
        ]
        return context

    def _render(self, template_name: str, context: dict[str, Any], renderer: Any = None) -> str:
        """From the templates of the shop, where the renderer of forms does not look."""
        return render_to_string(template_name, context)

    def value_from_datadict(self, data: Mapping[str, Any], files: Any, name: str) -> list[dict[str, str]]:
        """The rows as typed; what is left empty is no row."""
        rows = [
            {part: data.get(f"{name}-{place}-{part}", "").strip() for part in STEP_FIELDS} for place in range(MAX_STEPS)
        ]
        return [row for row in rows if any(row.values())]

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return False

    def id_for_label(self, id_: str) -> str:
        return ""


class StepsField(forms.Field):
    """Steps of `spend_threshold`, as the rules take them."""

    widget = StepsWidget

    def __init__(self, **options: Any) -> None:
        super().__init__(required=False, **options)

    def clean(self, value: Sequence[Mapping[str, str]]) -> list[dict[str, Any]]:
        steps, problems = [], []
        for place, row in enumerate(value, start=1):
            step = {}
            for part, field in STEP_FIELDS.items():
                try:
                    step[part] = field.clean(row[part])
                except forms.ValidationError as refusal:
                    problems.append(f"Step {place}, {STEP_LABELS[part]}: {' '.join(refusal.messages)}")
            steps.append(step)
        if problems:
            raise forms.ValidationError(problems)
        return steps

    def has_changed(self, initial: Any, data: Any) -> bool:
        as_typed = [{part: _shown(step.get(part)) for part in STEP_FIELDS} for step in initial or ()]
        return as_typed != list(data or ())


def _shown(value: Any) -> str:
    return "" if value is None else str(value)


def ids_of(rows: Sequence[Model]) -> list[int]:
    """The keys of what was chosen."""
    return sorted(row.pk for row in rows)
