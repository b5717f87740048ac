"""Memory for what is counted on the way to the scores; to get it costs more than to fill it."""

from __future__ import annotations

from math import prod
from threading import local
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

_KEPT = local()


def room(name: str, dtype: DTypeLike, shape: tuple[int, ...]) -> NDArray[Any]:
    """An array that holds anything, in the same memory each time that a thread asks for the name.

    A thread keeps it: as much as was asked for at most, a few megabytes for the longest forms.
    """
    kind = np.dtype(dtype)
    size = kind.itemsize * prod(shape)
    held: NDArray[np.uint8] | None = getattr(_KEPT, name, None)
    if held is None or held.size < size:
        held = np.empty(size, np.uint8)
        setattr(_KEPT, name, held)
    return held[:size].view(kind).reshape(shape)
