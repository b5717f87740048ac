"""What is checked of the arguments of a page before anything is read."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from pathlib import Path

from ipm_outcomes.errors import ParameterError


def checked_file(
    path: str | PathLike[str], needed: Mapping[str, object], optional: Mapping[str, object]
) -> Path:
    """The file of a page, once its texts are known to be texts and its folder to be there."""
    for name, value in (
        *needed.items(),
        *((name, value) for name, value in optional.items() if value is not None),
    ):
        if not isinstance(value, str) or not value.strip():
            raise ParameterError(f"{name}: give a text that is not empty")
    place = Path(path)
    if place.is_dir():
        raise ParameterError("path: this is a folder; give the name of a file in it")
    if not place.parent.is_dir():
        raise ParameterError("path: the folder of this file does not exist; make it first")
    return place
