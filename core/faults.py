"""Named points where a fault test kills the process, to see that nothing is lost or half-done.

`settings.FAULTS_FILE` is unset except in tests; then a point costs one attribute read.
"""

import os
import signal
from pathlib import Path

from django.conf import settings


def fault_point(name: str) -> None:
    """Kill this process here if the fault file asks for it; the request is used up by the kill.

    The file's text is names of points, each for one kill. It is removed first (by rename, so that exactly
    one process dies), as the process cannot do it afterwards; what else it asks for is put back.
    """
    if not settings.FAULTS_FILE:
        return
    request = Path(settings.FAULTS_FILE)
    try:
        names = request.read_text().split()
        if name not in names:
            return
        request.rename(request.with_suffix(f".taken-{os.getpid()}"))
    except FileNotFoundError:
        return
    names.remove(name)
    if names:
        rest = request.with_suffix(".rest")
        rest.write_text("\n".join(names))
        rest.rename(request)
    os.kill(os.getpid(), signal.SIGKILL)
