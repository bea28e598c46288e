"""Where staff start operations and watch them: form, dry run, start, progress."""

import uuid
from itertools import islice
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseNotAllowed,
    HttpResponseRedirect,
    JsonResponse,
    StreamingHttpResponse,
)
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.html import format_html

from core.errors import ShopError
from core.operations import selectors, services
from core.operations.models import Run
from core.operations.registry import Operation, all_operations, operations_for
from core.operations.services.runs import FILE_PARAM
from core.readonly_admin import ReadOnlyAdmin
from core.spreadsheets import csv_lines

State = Run.State
FAILURES_SHOWN = 20
# What may be done with a run in each state: the last part of the address, the button, its look.
BUTTONS = {
    State.CREATED: (("start", "Start", "default"), ("cancel", "Cancel", "")),
    State.QUEUED: (("pause", "Pause", ""), ("cancel", "Cancel", "")),
    State.RUNNING: (("pause", "Pause", ""), ("cancel", "Cancel", "")),
    State.PAUSED: (("resume", "Resume", "default"), ("cancel", "Cancel", "")),
    State.FAILED: (("resume", "Try again", "default"), ("cancel", "Cancel", "")),
}
SERVICES = {
    "start": services.start_run,
    "pause": services.pause_run,
    "resume": services.resume_run,
    "cancel": services.cancel_run,
    "retry-failed": services.retry_failed_rows,
    "start-in-earnest": services.start_in_earnest,
}


class OperationFilter(admin.SimpleListFilter):
    """By operation, under its title."""

    title = "operation"
    parameter_name = "operation"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        return [(operation.name, operation.title) for operation in operations_for(request.user)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Run]) -> QuerySet[Run]:
        return queryset.filter(operation=self.value()) if self.value() else queryset


class AskedForm(forms.Form):
    """What is asked beside the operation's own parameters. `run_id` lets a form that is sent twice make one run."""

    reason = forms.CharField(required=False, max_length=255, help_text="Why; kept with the run.")
    run_id = forms.UUIDField(widget=forms.HiddenInput)


class FileForm(forms.Form):
    """The file of an operation that reads one."""

    upload = forms.FileField(label="File")


@admin.register(Run)
class RunAdmin(ReadOnlyAdmin):
    """Runs, newest first. `Add run` chooses an operation; whoever may not run it does not see its runs."""

    list_display = ["what", "state", "bar", "failed", "dry_run", "started_by", "reason", "created_at"]
    list_filter = ["state", OperationFilter, "dry_run"]
    list_select_related = ["started_by"]
    search_fields = ["id", "reason", "started_by__email"]
    search_help_text = "Run, reason, or email of who started it"
    ordering = ["-created_at"]

    class Media:
        css = {"all": ["operations/runs.css"]}

    @admin.display(description="operation", ordering="operation")
    def what(self, run: Run) -> str:
        return title_of(run)

    @admin.display(description="progress")
    def bar(self, run: Run) -> str:
        return format_html(
            '<progress max="100" value="{}" aria-label="progress"></progress> {} %', run.percent, run.percent
        )

    def has_module_permission(self, request: HttpRequest) -> bool:
        return bool(operations_for(request.user))

    def has_view_permission(self, request: HttpRequest, obj: Run | None = None) -> bool:
        names = [operation.name for operation in operations_for(request.user)]
        return bool(names) and (obj is None or obj.operation in names)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(operations_for(request.user))

    def has_change_permission(self, request: HttpRequest, obj: Run | None = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Run]:
        return selectors.runs_for(user=request.user)

    def get_urls(self) -> list[Any]:
        own = [
            ("<uuid:run_id>/progress/", self.progress_view, "progress"),
            ("<uuid:run_id>/failed-rows.csv", self.failed_rows_view, "failed_rows"),
            ("<uuid:run_id>/<slug:action>/", self.act_view, "act"),
        ]
        routes = [
            path(route, self.admin_site.admin_view(view), name=f"operations_run_{name}") for route, view, name in own
        ]
        # The run's own page has the last address that begins so.
        urls = super().get_urls()
        return [url for url in urls if url.name] + routes + [url for url in urls if not url.name]

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """Choose an operation, then fill in its form; parameters in the address are filled in already."""
        operations = operations_for(request.user)
        name = request.GET.get("operation")
        if not name or not operations:
            return self._page(request, "choose", "Operations", operations=operations)
        operation = next((found for found in operations if found.name == name), None)
        if operation is None:
            raise Http404
        asked = AskedForm(request.POST or None, initial={"run_id": uuid.uuid4()})
        own = operation.form(request.POST or None, initial=request.GET.dict())
        file = FileForm(request.POST or None, request.FILES or None) if operation.takes_file else None
        forms_of_page = [form for form in (file, own, asked) if form]
        problems = [form.errors for form in forms_of_page]  # of all of them, so that all are shown
        if request.method == "POST" and not any(problems):
            try:
                return self._to(self._started(request, operation, asked, own, file))
            except ShopError as refusal:
                self._tell(request, own, refusal)
        return self._page(request, "ask", operation.title, operation=operation, forms=forms_of_page)

    def _tell(self, request: HttpRequest, own: forms.Form, refusal: ShopError) -> None:
        """Why there is no run, at the parameter where it is about one."""
        for problem in refusal.errors:
            name = problem.field.removeprefix("params.")
            if name in own.fields:
                own.add_error(name, problem.message)
            else:
                self.message_user(request, problem.message, messages.ERROR)
        if not refusal.errors:
            self.message_user(request, refusal.detail, messages.ERROR)

    def _started(
        self,
        request: HttpRequest,
        operation: type[Operation],
        asked: AskedForm,
        own: forms.Form,
        file: FileForm | None,
    ) -> Run:
        params = {name: request.POST.get(name) for name in own.fields if name in request.POST}
        if file:
            upload = file.cleaned_data["upload"]
            stored = services.store_file(operation=operation, name=upload.name, stream=upload, user_id=request.user.pk)
            params[FILE_PARAM] = str(stored.pk)
        run = services.create_run(
            operation=operation,
            params=params,
            dry_run="dry_run" in request.POST,
            reason=asked.cleaned_data["reason"],
            user_id=request.user.pk,
            run_id=asked.cleaned_data["run_id"],
        )
        return services.start_run(run_id=run.pk, user_id=request.user.pk)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """The run: how far it is, what it changes, which rows failed, who did what."""
        run = self.get_object(request, object_id)
        if run is None:
            raise Http404
        buttons = list(BUTTONS.get(run.state, ()))
        if run.state == State.FINISHED and run.dry_run and not hasattr(run, "performance"):
            buttons.append(("start-in-earnest", "Start in earnest", "default"))
        if run.state == State.FINISHED and not run.dry_run and run.failures.exclude(key="").exists():
            buttons.append(("retry-failed", "Try failed rows again", ""))
        return self._page(
            request,
            "run",
            title_of(run),
            run=run,
            buttons=buttons,
            is_moving=run.state in Run.WORKABLE,
            failures=failed_rows_shown(run),
            result=result_page_of(run),
            events=run.events.select_related("actor"),
        )

    def progress_view(self, request: HttpRequest, run_id: uuid.UUID) -> HttpResponse:
        """What the page of a run asks every second."""
        run = self._run(request, run_id)
        return JsonResponse(
            {"state": run.state, "percent": run.percent, "text": run.progress, "is_moving": run.state in Run.WORKABLE}
        )

    def failed_rows_view(self, request: HttpRequest, run_id: uuid.UUID) -> HttpResponse:
        run = self._run(request, run_id)
        return StreamingHttpResponse(
            csv_lines(services.failed_rows(run=run)),
            content_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="failed-rows-{run.pk}.csv"'},
        )

    def act_view(self, request: HttpRequest, run_id: uuid.UUID, action: str) -> HttpResponse:
        """One of the buttons."""
        run = self._run(request, run_id)
        if action not in SERVICES:
            raise Http404
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        try:
            run = SERVICES[action](run_id=run_id, user_id=request.user.pk)
        except ShopError as refusal:
            self.message_user(request, refusal.detail, messages.WARNING)
        return self._to(run)

    def _run(self, request: HttpRequest, run_id: uuid.UUID) -> Run:
        run = self.get_queryset(request).filter(pk=run_id).first()
        if run is None:
            raise Http404
        return run

    def _to(self, run: Run) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:operations_run_change", args=[run.pk]))

    def _page(self, request: HttpRequest, name: str, title: str, **context: Any) -> HttpResponse:
        if not self.has_view_permission(request):
            raise Http404
        whole = self.admin_site.each_context(request) | {"opts": self.opts, "title": title, "media": self.media}
        return TemplateResponse(request, f"admin/operations/run/{name}.html", whole | context)


def title_of(run: Run) -> str:
    """What the run's operation is called, or its bare name when no code has it any more."""
    return next((operation.title for operation in all_operations() if operation.name == run.operation), run.operation)


def result_page_of(run: Run) -> str:
    """Where is shown what the run came to, once it has begun; empty when nothing but the run's page tells it."""
    if run.total is None:
        return ""
    pages = {operation.name: operation.result_page for operation in all_operations() if operation.result_page}
    return reverse(pages[run.operation], args=[run.pk]) if run.operation in pages else ""


def failed_rows_shown(run: Run) -> list[list[str]]:
    """A header and the first failed rows, why they failed before what they are; nothing when none failed."""
    if not run.failed:
        return []
    return [[*row[-2:], *row[:-2]] for row in islice(services.failed_rows(run=run), 1 + FAILURES_SHOWN)]
