"""Operations and runs on the wire."""

from typing import Any

from django import forms
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from core.operations.models import Run, RunFile
from core.operations.registry import Operation
from core.operations.services.runs import FILE_PARAM

REASON_LENGTH = Run._meta.get_field("reason").max_length
# The first that fits; a subclass stands before its base.
KINDS = (
    (forms.ModelChoiceField, "key"),
    (forms.ChoiceField, "choice"),
    (forms.BooleanField, "boolean"),
    (forms.DecimalField, "decimal"),
    (forms.IntegerField, "integer"),
)
PARAMETER_KINDS = [(kind, kind) for kind in ("text", "file", *(name for _, name in KINDS))]


@extend_schema_field(
    {"oneOf": [{"type": "string"}, {"type": "number"}, {"type": "boolean"}], "nullable": True, "example": "10"}
)
class ScalarField(serializers.Field):
    """One value as a form takes it: text, a number, true or false, or nothing."""

    default_error_messages = {"invalid": "Give text, a number, true or false."}

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str | int | float | bool):
            self.fail("invalid")
        return data

    def to_representation(self, value: Any) -> Any:
        return value


class ParameterSerializer(serializers.Serializer):
    """One parameter of an operation. A `key` is the public key of another object, a `file` the id of an upload."""

    name = serializers.CharField()
    label = serializers.CharField()
    kind = serializers.ChoiceField(choices=PARAMETER_KINDS)
    required = serializers.BooleanField()
    help = serializers.CharField()
    choices = serializers.ListField(child=serializers.CharField())


class OperationSerializer(serializers.Serializer):
    """An operation that the caller may run."""

    name = serializers.CharField()
    title = serializers.CharField()
    description = serializers.CharField()
    parameters = ParameterSerializer(many=True)


class RunFileSerializer(serializers.ModelSerializer):
    """An uploaded file, to be named by its `id` in a run's parameters."""

    class Meta:
        model = RunFile
        fields = ["id", "name", "size", "sha256", "created_at"]
        read_only_fields = fields


class UploadSerializer(serializers.Serializer):
    """The form with the file."""

    file = serializers.FileField()


class RunCreateSerializer(serializers.Serializer):
    """What to run; the operation's own form judges the parameters."""

    params = serializers.DictField(child=ScalarField(allow_null=True), required=False, default=dict)
    dry_run = serializers.BooleanField(required=False, default=False)
    reason = serializers.CharField(required=False, default="", allow_blank=True, max_length=REASON_LENGTH)


class ChangeSerializer(serializers.Serializer):
    """One of the first differences that a run made, or would make."""

    row = serializers.CharField()
    field = serializers.CharField()
    before = serializers.CharField(allow_null=True)
    after = serializers.CharField(allow_null=True)


class RunSerializer(serializers.ModelSerializer):
    """A run. `rate` is in rows per second of work, `counts` says what became of the rows."""

    params = serializers.DictField(child=ScalarField(allow_null=True))
    rate = serializers.FloatField(allow_null=True)
    eta_seconds = serializers.IntegerField(allow_null=True)
    percent = serializers.IntegerField()
    started_by = serializers.EmailField(source="started_by.email", allow_null=True, default=None)
    counts = serializers.DictField(child=serializers.IntegerField())
    sample_changes = ChangeSerializer(many=True)
    file = RunFileSerializer(allow_null=True)

    class Meta:
        model = Run
        fields = [
            "id",
            "operation",
            "params",
            "file",
            "state",
            "dry_run",
            "reason",
            "processed",
            "total",
            "failed",
            "percent",
            "rate",
            "eta_seconds",
            "counts",
            "sample_changes",
            "last_error",
            "started_by",
            "created_at",
            "started_at",
            "finished_at",
        ]
        read_only_fields = fields


def operation_document(operation: type[Operation]) -> dict[str, Any]:
    """The operation as `OperationSerializer` shows it."""
    parameters = [
        {
            "name": name,
            "label": str(field.label or name.replace("_", " ").capitalize()),
            "kind": next((kind for type_, kind in KINDS if isinstance(field, type_)), "text"),
            "required": field.required,
            "help": str(field.help_text),
            "choices": _choices(field),
        }
        for name, field in operation.form.base_fields.items()
    ]
    if operation.takes_file:
        parameters.insert(
            0,
            {
                "name": FILE_PARAM,
                "label": "File",
                "kind": "file",
                "required": True,
                "help": "The id of an uploaded file.",
                "choices": [],
            },
        )
    return {
        "name": operation.name,
        "title": operation.title,
        "description": operation.description,
        "parameters": parameters,
    }


def _choices(field: forms.Field) -> list[str]:
    is_listed = isinstance(field, forms.ChoiceField) and not isinstance(field, forms.ModelChoiceField)
    return [str(value) for value, _ in field.choices] if is_listed else []
