"""What the program asks of its process, before any heavy library is loaded."""

from __future__ import annotations

import gc
import os


def prepare() -> None:
    """Have Python seldom look for cycles of objects, and the algebra library keep to one thread.

    Queries are built from millions of small objects that live until the end: looking for cycles among them as often as
    Python does by default took a tenth of the demo's CPU time. Matrices are small: further threads of the algebra
    library do nothing but wait busily, which took another tenth. What the user's environment says of them stays.

    >>> prepare()
    >>> gc.get_threshold()[0]
    500000
    """
    gc.set_threshold(500_000, 50, 1_000)
    # Read by the library when it is loaded.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
