"""Disclosure control knows every relation between published sets that holds for all patients.

Which patient is in which published count is seen by counting each patient as a group. Of sets that are inside one
another in the example and in 100 random programs together the system that is solved has to say that the one is never
larger, whatever the numbers; of sets of one scale and target without a common patient, that the two are never larger,
together, than the least set that holds both. What it does not say would be a leak.

Sets apart at two targets are not asked for: that the same score at the start stands behind both is known of those due
only. The attack on the report (`tests/report/test_attack.py`) knows it of all.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, timedelta
from functools import cache
from itertools import product
from typing import Any

import numpy as np
import polars as pl
import pytest
from report_cases import example_tables
from scipy import sparse
from scipy.optimize import linprog

from ipm_outcomes import change, program
from ipm_outcomes.errors import ProtectionWarning
from ipm_outcomes.program import indicator, suppression
from ipm_outcomes.program.indicators import Condition, Indicator

COLUMNS = ("eligible", "observed", "denominator", "numerator")
SCORES = {
    ("peg", "mean"): [n / 3 for n in range(31)],
    ("phq9", "total"): [float(n) for n in range(28)],
    ("gad7", "total"): [float(n) for n in range(22)],
}
AS_OF = "2025-03-31"
Name = tuple[str, ...]


# ---- who is in which set ------------------------------------------------------------------------


@cache
def changes(programs: int = 100, patients: int = 4) -> pl.DataFrame:
    """Random programs: forms are missing, windows are still open; and one in which any score follows any other."""
    rows: list[tuple[Any, ...]] = []
    for key, values in SCORES.items():
        ends = {0, len(values) - 1}
        pairs_of = [
            (before, k)
            for at, (before, k) in enumerate(product(values, range(len(values))))
            if len(values) <= 22 or not at % 3 or k in ends  # all ends, a third of what lies between
        ]
        # A patient has a pair of each scale or of some, which have nothing to do with one another.
        owners = random.Random(key[0]).sample(range(520), len(pairs_of))
        for own, (before, k) in zip(owners, pairs_of, strict=True):
            others = (values[(k + shift) % len(values)] for shift in (0, 5, 11))
            for day, value in zip((0, 91, 182, 365), (before, *others), strict=True):
                rows.append((f"pairs-{own}", date(2023, 1, 1) + timedelta(days=day), *key, value))
    for seed in range(programs):
        r = random.Random(seed)
        stays, known = r.uniform(0.5, 1), r.uniform(0.7, 1)
        middle, spread = r.random(), r.uniform(0.1, 0.5)
        for patient in range(patients):
            start = date(2023, 1, 1) + timedelta(days=r.randint(0, 800))
            for day in (0, 91, 182, 365):
                when = start + timedelta(days=day)
                if r.random() > stays or str(when) > AS_OF:
                    continue
                for key, values in SCORES.items():
                    if r.random() < known:
                        place = (
                            min(max(r.gauss(middle, spread), 0), 0.999) if r.random() < 0.7 else r.random()
                        )
                        rows.append((f"{seed}-{patient}", when, *key, values[int(place * len(values))]))
    names = ["patient_id", "date", "instrument", "scale", "value"]
    return change.table(pl.DataFrame(rows, schema=names, orient="row"), as_of=AS_OF)


@cache
def example() -> pl.DataFrame:
    """The example, each episode a patient of its own."""
    _, found, _ = example_tables()
    own = pl.concat_str(pl.lit("example-"), "patient_id", pl.lit("-"), pl.col("episode").cast(pl.String))
    return found.with_columns(own.alias("patient_id"))


def name_of(row: dict[str, Any]) -> Name:
    return tuple(row[c] or "" for c in ("definition", "instrument", "scale", "target", "band"))


def counted(found: pl.DataFrame, wanted: list[Indicator], by: list[str]) -> pl.DataFrame:
    table = program.table(found, by=by, indicators=wanted)
    return table.filter(~pl.col("definition").is_in(["nps_followup"]))


def held(wanted: list[Indicator]) -> tuple[pl.DataFrame, dict[tuple[Name, str], np.ndarray]]:
    """The table of all together, and the patients in each of its counts."""
    scales = [f"{a}.{b}" for a, b in SCORES]
    parts = [
        one.with_columns(pl.col(pl.Enum, pl.Categorical).cast(pl.String)) for one in (example(), changes())
    ]
    together = pl.concat(parts, how="diagonal_relaxed").filter(
        pl.concat_str("instrument", pl.lit("."), "scale").is_in(scales)
    )
    table = counted(together, wanted, [])
    place = {patient: at for at, patient in enumerate(together["patient_id"].unique().to_list())}
    sets = {
        (name_of(row), column): np.zeros(len(place), bool)
        for row in table.iter_rows(named=True)
        for column in COLUMNS
        if row[column] is not None
    }
    for row in counted(together, wanted, ["patient_id"]).iter_rows(named=True):
        for column in COLUMNS:
            if row[column]:
                sets[name_of(row), column][place[row["patient_id"]]] = True
    for row in table.iter_rows(named=True):
        for column in COLUMNS:
            if row[column] is not None:
                assert sets[name_of(row), column].sum() == row[column]
    return table, sets


# ---- what the system says -----------------------------------------------------------------------


class Known:
    """The system of a table: of which sums of published counts it says that they are never above 0."""

    def __init__(self, table: pl.DataFrame, wanted: list[Indicator]) -> None:
        made: list[Any] = []
        built = suppression._built

        def watched(*given: Any) -> Any:
            made.append(built(*given))
            return made[-1]

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(suppression, "_built", watched)
            suppression.suppress(table, by=[], definitions=wanted)
        (release, *_), self.system = made[-1]
        rows = table.to_dicts()
        self.cell = {
            (name_of(rows[row.position]), column): row.cells[column]
            for row, column, _ in release.cells
            if column in COLUMNS
        }
        self.A, self.E = sparse.csr_matrix(self.system.A), sparse.csr_matrix(self.system.E)

    def never_more(self, less: list[Any], than: Any) -> bool:
        """Whether some counts are never more, together, than another."""
        form = sum(self.A[[self.cell[one]]].toarray()[0] for one in less)
        form = np.asarray(form - self.A[[self.cell[than]]].toarray()[0], float)
        if (form <= 0).all():
            return True
        found = linprog(-form, A_eq=self.E, b_eq=np.zeros(self.E.shape[0]), bounds=(0, 1))
        assert found.status == 0
        return bool(found.fun > -1e-7)


def pairs(sets: dict[Any, np.ndarray]) -> Iterator[tuple[list[Any], Any]]:
    """What holds for all patients: (sets, set): the sets are never more than the other.

    Of nested sets the nearest only, of sets apart the largest only: the rest follows.
    """
    same: dict[bytes, list[Any]] = {}
    for name, members in sets.items():
        if members.any():
            same.setdefault(members.tobytes(), []).append(name)
    for names in same.values():
        yield from (([a], b) for a, b in zip(names, [*names[1:], names[0]], strict=True) if a != b)
    names = [alike[0] for alike in same.values()]
    there = np.array([sets[name] for name in names], np.int32)
    common = there @ there.T
    inside = (common == np.diag(common)[:, None]) & ~np.eye(len(names), dtype=bool)
    nearest = inside & ~((inside.astype(int) @ inside.astype(int)) > 0)
    for a, b in np.argwhere(nearest):
        yield [names[a]], names[b]
    apart = common == 0
    wider = inside.astype(int)
    # Largest: no set around either of them is apart from the other too.
    largest = apart & ~((wider @ apart) > 0) & ~((apart @ wider.T) > 0)
    for a, b in np.argwhere(np.triu(largest)):
        if names[a][0][1:4] != names[b][0][1:4]:
            continue
        both = np.flatnonzero(inside[a] & inside[b])
        least = [w for w in both if not inside[np.ix_(both, [w])].any()]
        for w in least:
            yield [names[a], names[b]], names[w]


def unknown(known: Known, sets: dict[Any, np.ndarray]) -> tuple[int, list[tuple[list[Any], Any]]]:
    """How many relations hold, and those of which the system does not know."""
    tried = list(pairs(sets))
    return len(tried), [(less, than) for less, than in tried if not known.never_more(less, than)]


PERCENT_40 = indicator("responder_30").model_copy(
    update={
        "id": "responder_40",
        "title": "40 percent or more",
        "numerator": Condition.model_validate({"column": "percent", "at_least": 40}),
        "success": None,
    }
)
"""An indicator of a program's own, of which nobody has said what it is inside of."""


def test_every_relation_of_published_sets_is_known() -> None:
    ids = dict.fromkeys(program.table(changes())["definition"].to_list())
    wanted = [*(one for id in ids if (one := indicator(id)).uses == "changes"), PERCENT_40]
    table, sets = held(wanted)
    tried, missing = unknown(Known(table, wanted), sets)
    assert tried > 500
    assert missing == []
    # Without the definition the system does not know of the indicator what the patients show.
    with pytest.warns(ProtectionWarning, match="the definition is not known"):
        known = Known(table, [])
    _, missing = unknown(known, sets)
    assert missing
    assert all("responder_40" in {name[0][0] for name in (*less, than)} for less, than in missing)
