"""What somebody wrote beside his operations, and the files that he brought."""

from core.operations.models import Run, RunEvent, RunFile
from core.transactions import in_one_transaction


@in_one_transaction
def erase_operator(*, user_id: int) -> None:
    """Forget names, contents and reasons that a former member of the staff gave; that there was a run stays.

    A file that a run still reads keeps its content until the run is settled. Idempotent.
    """
    files = RunFile.objects.filter(created_by=user_id)
    files.exclude(runs__in=Run.objects.exclude(state__in=Run.SETTLED)).delete()
    files.update(name="erased")
    Run.objects.filter(started_by=user_id).update(reason="")
    RunEvent.objects.filter(actor=user_id).update(detail="")
