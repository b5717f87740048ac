"""Columns of dates that are never the date of a form: of birth, death, injury, surgery and diagnosis."""

from __future__ import annotations

import re

_WHOLE = frozenset(
    ["dob", "dod", "bday", "bdate", "geb", "born", "brthdt", "brthdtc", "dthdt", "dthdtc", "ddn"]
)
_BEGIN = (
    *(
        "birth",
        "geburt",
        "gebdat",
        "nacim",
        "naiss",
        "nascit",
        "nascim",
        "geboort",
        "fodsel",
        "födels",
        "syntym",
    ),
    *("death", "deceas", "injur", "accident", "surger", "operation", "diagnos", "onset"),
)


def is_other_date(name: str) -> bool:
    """Whether a name says that a date is of something else than the form.

    >>> [is_other_date(name) for name in ("dob", "PatientDOB", "date_of_birth", "BirthDate", "visit_date")]
    [True, True, True, True, False]
    """
    apart = re.sub(r"([a-zà-ÿ0-9])([A-Z])", r"\1 \2", name)
    words = [word.casefold() for word in re.split(r"[\W_]+", apart) if word]
    joined = "".join(words)
    return (
        any(word in _WHOLE or word.startswith(_BEGIN) for word in words)
        or joined.startswith(("dob", "dateofbirth"))
        or joined.endswith(("dob", "birthdate", "birthday", "birthdt"))
        or "dateofbirth" in joined
        or "dateofdeath" in joined
    )
