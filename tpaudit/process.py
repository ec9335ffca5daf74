"""What the program asks of its process: little waste while it lives, and a quick end."""

from __future__ import annotations

import atexit
import gc
import os
import sys


def prepare() -> None:
    """Have Python seldom look for cycles of objects, and the algebra library keep to one thread.

    Call it before any heavy library is loaded. Queries are built from millions of small objects that live until the
    end: looking for cycles among them as often as Python does by default took a tenth of the demo's CPU time. Matrices
    are small: further threads of the algebra library do nothing but wait busily, which took another tenth. What the
    environment says of them stays.

    >>> prepare()
    >>> gc.get_threshold()[0]
    500000
    """
    gc.set_threshold(500_000, 50, 1_000)
    # Read by the library when it is loaded.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def leave(code: int) -> None:
    """End the process with exit *code* after all that was asked for at its end, such as removing temporary files.

    Python itself would first look for cycles twice and take all objects apart one by one, which is a sixth of the time
    of a small ingest. Returns only if something cannot be written out any more: then it is for Python to tell.
    """
    atexit._run_exitfuncs()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        return
    os._exit(code)
