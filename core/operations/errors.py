"""What runs refuse."""

from core.errors import Conflict, NotFound


class OperationNotFound(NotFound):
    """No code has this operation, or the caller may not run it."""

    code = "operation_not_found"
    title = "There is no such operation."


class RunNotFound(NotFound):
    """It does not exist, or is one of an operation that the caller may not run."""

    code = "run_not_found"
    title = "There is no such run."


class RunStateConflict(Conflict):
    """What was asked for does not fit the state of the run."""

    code = "run_state"
    title = "The run is in another state."


class NothingToRetry(Conflict):
    """No failed row can be tried again as it is."""

    code = "nothing_to_retry"
    title = "No failed row can be tried again as it is."
