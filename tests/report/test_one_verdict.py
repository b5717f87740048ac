"""One patient, one verdict: in the sentence, in the table of changes, on the patient's page, and in the report."""

from __future__ import annotations

import random
import re
from collections import Counter
from datetime import date
from functools import cache
from html import unescape
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from report_cases import EXAMPLE, undrawn

from ipm_outcomes import between, change, frames, instrument, program, report, responses, score
from ipm_outcomes.report import _charts

IDS = ("peg", "phq9", "gad7", "pcs")
DAYS = (date(2025, 1, 6), date(2025, 7, 7))  # 182 days apart


def made_up(patients: int) -> pl.DataFrame:
    """Answers at two visits; the second is near the first, so that all verdicts occur. One answer in 60 is left out."""
    draw = random.Random(11)
    rows = []
    for patient in range(patients):
        first: dict[str, int] = {}
        for day in DAYS:
            row: dict[str, Any] = {"patient_id": patient, "date": str(day), "site": "AB"[patient % 2]}
            shift = draw.choice((0, 0, -1, -2, -6, 1, 4)) if first else 0
            for id in IDS:
                inst = instrument(id)
                for item in inst.item_ids:
                    codes = inst.answers_of(item).codes
                    name = f"{id}_{item}"
                    at = draw.randrange(len(codes)) if name not in first else first[name] + shift
                    first.setdefault(name, at)
                    at = min(max(at, 0), len(codes) - 1)
                    row[name] = None if draw.random() < 1 / 60 else codes[at]
            rows.append(row)
    return pl.DataFrame(rows, infer_schema_length=None)


def scores_of(row: dict[str, Any], id: str) -> Any:
    model: Any = getattr(responses, responses.CLASSES[id])
    items = instrument(id).item_ids
    return score(
        model.model_validate({item: row[f"{id}_{item}"] for item in items if row[f"{id}_{item}"] is not None})
    )


def test_a_thousand_patients_have_one_verdict_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_charts, "patient_svg", undrawn)  # of pages whose text is read
    answers = made_up(1000)
    tidy = frames.tidy(answers, IDS, by=["patient_id", "date", "site"])
    changes = change.table(tidy, by=["site"], as_of="2025-12-31")
    found = program.table(changes, by=["site"], scores=tidy, totals=True)
    report.html(
        tidy,
        changes,
        found,
        tmp_path / "r.html",
        as_of="2025-12-31",
        policy="none",
        tables=tmp_path / "r.csv",
    )
    whole = pl.read_csv(tmp_path / "r.csv", infer_schema_length=None).filter(
        (pl.col("group") == "all") & (pl.col("period") == "all") & (pl.col("stratum") == "all")
    )
    figures = {row["indicator"]: row for row in whole.to_dicts()}
    of_table = {
        (row["patient_id"], row["instrument"], row["scale"]): row["verdict"]
        for row in changes.filter(pl.col("target") == "6 months").to_dicts()
    }
    counts: Counter[tuple[str, str]] = Counter()
    rows = answers.to_dicts()
    for patient in range(1000):
        before, after = rows[2 * patient : 2 * patient + 2]
        said = {}
        for id in IDS:
            changed = between(scores_of(before, id), scores_of(after, id))
            for name, one in changed.scales():
                verdict = getattr(one, "verdict", None)
                if verdict is None:
                    continue
                counts[f"{id}.{name}", verdict] += 1
                assert f"Verdict: {verdict}" in one.sentence
                table = of_table[patient, id, name]
                assert table == verdict or (table is None and verdict == "cannot be judged"), (
                    patient,
                    id,
                    name,
                )
                if one.before is not None and one.after is not None:
                    said[one.sentence] = verdict
        if patient % 20 == 0:
            pair = answers[2 * patient : 2 * patient + 2]
            page = report.patient(pair, tmp_path / "page.html", instruments=IDS)
            text = " ".join(unescape(re.sub(r"<[^>]+>", " ", page.read_text(encoding="utf-8"))).split())
            assert all(sentence in text for sentence in said)
    for scale in ("peg.mean", "phq9.total", "gad7.total", "pcs.total"):
        for indicator, verdict in (
            ("reliable_improvement", "reliably better"),
            ("reliable_deterioration", "reliably worse"),
        ):
            assert figures[f"{indicator}:{scale}:6 months"]["numerator"] == counts[scale, verdict], (
                scale,
                verdict,
            )
        assert counts[scale, "reliably better"] > 0
        assert counts[scale, "no reliable change"] > 0


def test_every_patient_of_the_example_has_one_verdict() -> None:
    answers = pl.read_csv(EXAMPLE / "clinic.csv", infer_schema_length=None)
    tidy = frames.tidy(answers, IDS, by=["patient_id", "episode", "date", "site"])
    changes = change.table(tidy, episodes=pl.read_csv(EXAMPLE / "episodes.csv"), as_of="2026-06-30")
    rows = {(row["patient_id"], row["date"]): row for row in answers.to_dicts()}

    @cache
    def of_pair(patient: str, id: str, *days: str) -> Any:
        pair = [rows.get((patient, day)) for day in days]
        return between(*(scores_of(row, id) for row in pair if row is not None)) if all(pair) else None

    seen = 0
    for row in changes.filter(pl.col("verdict").is_not_null() & pl.col("followup").is_not_null()).to_dicts():
        if row["baseline_rows"] > 1 if "baseline_rows" in row else False:
            continue
        days = (str(row[f"{when}_date"]) for when in ("baseline", "followup"))
        changed = of_pair(row["patient_id"], row["instrument"], *days)
        if changed is None:
            continue
        one = changed.scale(row["scale"])
        if (one.before, one.after) != (row["baseline"], row["followup"]):
            continue  # two forms of one day: the table took the other one
        assert one.verdict == row["verdict"]
        seen += 1
    assert seen > 3000
