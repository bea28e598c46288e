"""Named points where a fault test kills the process, to see that nothing is lost or half-done.

`settings.FAULTS_FILE` is unset except in tests; then a point costs one attribute read.
"""

import os
import signal
from pathlib import Path

from django.conf import settings


def fault_point(name: str) -> None:
    """Kill this process here if the fault file asks for it; the request is used up by the kill.

    The file's text is the name of one point. It is removed first (by rename, so that exactly one
    process dies), as the process cannot do it afterwards.
    """
    if not settings.FAULTS_FILE:
        return
    request = Path(settings.FAULTS_FILE)
    try:
        if request.read_text().strip() != name:
            return
        request.rename(request.with_suffix(f".taken-{os.getpid()}"))
    except FileNotFoundError:
        return
    os.kill(os.getpid(), signal.SIGKILL)
