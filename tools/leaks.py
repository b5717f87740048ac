"""Plants identifiers in data, makes hostile calls, and looks for them in all that is said.

    uv run python tools/leaks.py --n 5000 --seed 1

Identifiers stand in cells, ids, episodes, dates, events, names of answers, responses, JSON and files. A call may
fail or succeed; what counts is that no identifier is in the words of an error (with its cause, context, notes and, of
Pydantic, its entries), in a warning, a log, standard output or standard error. What a call returns holds the caller's
data and is not looked at.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import logging
import random
import sys
import tempfile
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from _leaks_data import (
    SURE,
    answers,
    cells,
    days,
    episodes,
    frame,
    good_day,
    good_id,
    hostile_in_one,
    ids,
    planted,
    records,
    scores,
)
from pydantic import ValidationError


@dataclass
class Case:
    """One hostile call: what it is called, and the call."""

    name: str
    call: Callable[[], object]
    notes: dict[str, object] = field(default_factory=dict)


def _page(table: Any, id: str, rng: random.Random, folder: Path) -> object:
    """A page of one patient, refused for most tables."""
    from ipm_outcomes import report

    whose = rng.choice(["patient_id", None])
    invalid: Any = rng.choice(["raise", "null"])
    return report.patient(table, folder / "page.html", instruments=id, id=whose, invalid=invalid)


def _computed(table: Any) -> Any:
    """A table of scores; a lazy one is computed, since it says what is wrong only then."""
    return table.collect() if type(table).__name__ == "LazyFrame" else table


def cases(rng: random.Random, folder: Path) -> Iterator[Case]:
    """One hostile call of every kind, again and again."""
    from _leaks_fhir import of_fhir
    from _leaks_files import of_files
    from _leaks_models import of_models

    from ipm_outcomes import audit, catalog, change, frames, program, responses, score

    instruments = catalog.instruments()
    while True:
        n = rng.randint(1, 6)
        inst = catalog.instrument(rng.choice(instruments))
        data = {"patient_id": ids(rng, n), "date": days(rng, n), "site": ids(rng, n), **answers(rng, inst, n)}
        table = frame(rng, data)
        options = {
            key: value
            for key, value in {
                "coding": rng.choice(["answer", "position"]),
                "not_answered": [99],
                "replace": True,
            }.items()
            if rng.random() < 0.2
        }
        yield Case(
            "frames.score",
            lambda t=table, i=inst.id, o=options: _computed(
                frames.score(t, i, invalid=rng.choice(["raise", "null"]), **o)
            ),
        )
        yield Case("frames.check", lambda t=table, i=inst.id, o=options: frames.check(t, i))
        yield Case("frames.inspect", lambda t=table: frames.inspect(t, by=["site"]))
        yield Case(
            "frames.tidy",
            lambda t=table, i=inst.id: frames.tidy(t, i, by=["patient_id", "date", "site"], invalid="null"),
        )
        scale = rng.choice(inst.scale_ids)
        totals = frame(rng, {**data, "recorded": cells(rng, n, lambda: 7)})
        by = rng.choice([None, ["site"]])
        yield Case(
            "audit.audit",
            lambda t=totals, i=inst.id, s=scale, b=by: audit.audit(
                t, i, {s: "recorded"}, by=b, extra=rng.choice([None, []])
            ),
        )
        yield Case("frames.spreadsheet_safe", lambda t=table: frames.spreadsheet_safe(t))
        tidy, listed = frame(rng, scores(rng, n)), frame(rng, episodes(rng, rng.randint(1, 4)))
        yield Case("change.table", lambda s=tidy, e=listed: change.table(s, episodes=e))
        yield Case(
            "change.table, by",
            lambda s=tidy: change.table(s, by=["site"], date_format=rng.choice([None, "%d/%m/%Y", "excel"])),
        )
        yield Case("change.pair", lambda s=tidy, e=listed: change.pair(s, episodes=e))
        yield Case("change.trajectory", lambda s=tidy: change.trajectory(s))
        yield Case("report.patient", lambda t=table, i=inst.id: _page(t, i, rng, folder))
        yield Case("change.check_dates", lambda s=tidy, e=listed: change.check_dates(s, episodes=e))
        column = cells(rng, n, lambda: 5.0)
        yield Case("change.effect_sizes", lambda c=column: change.effect_sizes(c, [1.0] * len(c)))
        yield Case("change.mean_change", lambda c=column: change.mean_change(c, c, worse="higher"))
        yield Case(
            "change.reliable_change", lambda c=column: change.reliable_change(c, c, sd=5.0, reliability=0.9)
        )
        yield Case("change.growth_curve", lambda c=column: change.growth_curve(c, c, c))
        yield Case("change.roc_mic", lambda c=column: change.roc_mic(c, c))
        yield Case("change.impute", lambda c=column: change.impute(c, [[1.0]] * len(c), imputations=2))
        yield Case("change.mixed_model", lambda c=column: change.mixed_model(c, c))
        changed = frame(
            rng,
            {
                **scores(rng, n),
                "episode": cells(rng, n, lambda: 1),
                "target": cells(rng, n, lambda: "6 months"),
            },
        )
        yield Case("program.table", lambda t=changed, e=listed: program.table(t, by=["site"], episodes=e))
        yield Case("program.suppress", lambda t=changed: program.suppress(t))
        real = None
        with contextlib.suppress(Exception), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            clean = {
                "patient_id": [planted(rng)] * 2,
                "date": ["2024-01-10", "2024-07-09"],
                "site": [planted(rng)] * 2,
            }
            real = change.table(
                frames.tidy(
                    frame(rng, {**clean, **answers(rng, catalog.instrument("peg"), 2, bad=False)}),
                    "peg",
                    by=list(clean),
                )
            )
        if real is not None:
            yield Case(
                "program.table of changes",
                lambda t=real, e=listed: program.suppress(
                    program.table(t, by=["site"], episodes=e), by=["site"]
                ),
            )
        work, care, visits, spans = (frame(rng, made) for made in records(rng, n))
        yield Case("program.return_to_work", lambda t=work: program.return_to_work(t, by=["site"]))
        yield Case(
            "program.return_to_work, episodes", lambda t=work, e=listed: program.return_to_work(t, episodes=e)
        )
        yield Case("program.rates", lambda t=care, e=spans: program.rates(t, e, by=["site"]))
        yield Case(
            "program.rates_before_after",
            lambda t=care, s=spans, e=listed: program.rates_before_after(t, s, e),
        )
        yield Case("program.adherence", lambda t=visits, e=listed: program.adherence(t, episodes=e))
        yield Case("program.adherence, alone", lambda t=visits: program.adherence(t, by=["site"]))
        who, when = ids(rng, n), days(rng, n)
        kinds = ["encounter", "diagnosis", "phq9", "birth", "hospice", "depression"]
        events = frame(
            rng,
            hostile_in_one(
                rng,
                n,
                {
                    "patient": good_id(rng),
                    "event": lambda k=kinds: rng.choice(k),
                    "start": good_day(rng),
                    "end": lambda: None,
                    "value": lambda: 10,
                    "status": lambda: "active",
                    "note": good_id(rng),
                    "site": good_id(rng),
                },
            ),
        )
        yield Case(
            "program.measures.populations",
            lambda e=events: program.measures.populations(e, "cms159", period_start="2024-01-01"),
        )
        yield Case(
            "program.measure", lambda e=events: program.measure(e, "cms159", period_start="2024-01-01")
        )
        yield Case(
            "program.sites.standardize",
            lambda c=column, i=who: program.sites.standardize(c, {"a": c}, i),
        )
        yield Case("program.over_time.xmr_chart", lambda c=column: program.over_time.xmr_chart(c))
        yield Case(
            "program.over_time.cohorts",
            lambda d=when: program.over_time.cohorts(d, as_of="2024-12-31", window_days=30),
        )
        model = getattr(responses, responses.CLASSES.get(inst.id, "PHQ9"))
        given: Any = {
            rng.choice([item, planted(rng)]): cells(rng, 1, lambda: 1)[0] for item in inst.item_ids[:4]
        }
        yield from (Case(*one) for one in of_fhir(rng, model, planted))
        yield from (Case(*one) for one in of_models(rng, planted))
        yield Case("model_validate", lambda m=model, g=given: m.model_validate(g))
        yield Case(
            "model_validate, wrong kind",
            lambda m=model, g=given: m.model_validate(rng.choice([planted(rng), [g], (planted(rng),)])),
        )
        yield Case("constructor", lambda m=model, g=given: m(**g))
        yield Case("model_construct", lambda m=model, g=given: m.model_construct(**g))
        yield Case("model_copy", lambda m=model, g=given: m().model_copy(update=g))
        yield Case(
            "from_labels",
            lambda m=model, i=inst: m.from_labels(**dict.fromkeys(i.item_ids[:2], planted(rng))),
        )
        yield Case("from_positions", lambda m=model, g=given: m.from_positions(**g))
        text = json.dumps({key: planted(rng) for key in (*inst.item_ids[:2], planted(rng))})
        yield Case("JSON", lambda m=model, t=text: m.model_validate_json(t))
        yield Case(
            "broken JSON", lambda m=model, t=text: m.model_validate_json(t[: rng.randint(1, len(t) - 1)])
        )
        yield Case(
            "setattr", lambda m=model: setattr(m(), rng.choice(["q1", "pain", planted(rng)]), planted(rng))
        )
        yield Case("score, missing", lambda m=model: score(m(), missing=planted(rng)))
        yield Case("score of no response", lambda: score(rng.choice([planted(rng), {planted(rng): 1}])))
        yield Case("between", lambda m=model: change.between(m(), planted(rng)))
        yield from (Case(*one) for one in of_files(rng, folder, data, planted))
        stored = {**score(model()).to_dict(), rng.choice(["flags", planted(rng)]): planted(rng)}
        read: Any = model.scores_class
        yield Case("stored scores", lambda r=read, s=stored: r.from_dict(s))
        yield Case("stored scores, JSON", lambda r=read, s=stored: r.from_json(json.dumps(s)))
        yield Case("stored scores, broken", lambda r=read: r.from_json(planted(rng)))
        yield from _commands(rng, folder, data)


def _commands(rng: random.Random, folder: Path, data: dict[str, list[Any]]) -> Iterator[Case]:
    """The command line on a file of the same data, whole or damaged."""
    import csv

    from ipm_outcomes.cli import main

    file, other = folder / "answers.csv", folder / "episodes.csv"
    told = episodes(rng, 3)
    for place, columns in ((file, data), (other, told)):
        with place.open("w", newline="", encoding="utf-8", errors="replace") as opened:
            writer = csv.writer(opened)
            writer.writerow(columns)
            for row in zip(*columns.values(), strict=True):
                writer.writerow(
                    ["" if cell is None else SURE if type(cell) is object else cell for cell in row]
                )
    if rng.random() < 0.3:
        content = file.read_bytes()
        cut = rng.randint(0, len(content))
        damage = rng.choice([b'"', b"\x00", b"\xff", b",,,", b"\r", b'"x"y', b""])
        file.write_bytes(content[:cut] + damage + content[cut:])
    words = [
        ["check", str(file)],
        ["audit", str(file), "--instrument", "peg", "--recorded", "mean=date", "--by", "site"],
        ["score", str(file), "-o", str(folder / "o.csv")],
        ["score", str(file), "--invalid", "null", "-o", str(folder / "o.parquet")],
        ["change", str(file), "--episodes", str(other)],
        ["report", str(file), "--episodes", str(other)],
        [
            "score",
            str(file),
            "--tidy",
            "--id",
            "patient_id",
            "--date",
            "date",
            "--invalid",
            "null",
            "-o",
            str(folder / "o.csv"),
        ],
    ]
    chosen = rng.choice(words)
    yield Case(f"ipm-outcomes {chosen[0]}", lambda w=chosen: main(w))


def chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    rest = [error]
    while rest:
        one = rest.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        rest += [one.__cause__, one.__context__, *getattr(one, "exceptions", ())]


def said(case: Case) -> tuple[str, str]:
    """All that a call says, and how it ended."""
    out, err, logged = io.StringIO(), io.StringIO(), io.StringIO()
    handler = logging.StreamHandler(logged)
    logging.getLogger().addHandler(handler)
    words, end = [], "returned"
    try:
        with (
            warnings.catch_warnings(record=True) as warned,
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            warnings.simplefilter("always")
            try:
                case.call()
            except BaseException as error:
                if isinstance(error, KeyboardInterrupt):
                    raise
                end = type(error).__name__
                for one in chain(error):
                    words += [str(one), repr(one), repr(one.args), *getattr(one, "__notes__", ())]
                    if isinstance(one, ValidationError):
                        words += [repr(one.errors()), one.json()]
        words += [str(one.message) for one in warned]
    finally:
        logging.getLogger().removeHandler(handler)
    return "\n".join([*words, out.getvalue(), err.getvalue(), logged.getvalue()]), end


def leaking(n: int, seed: int) -> tuple[list[tuple[str, str]], Counter[tuple[str, str]]]:
    """Names and words of the calls that told an identifier, and how all calls ended."""
    rng = random.Random(seed)
    found, ends = [], Counter[tuple[str, str]]()
    with tempfile.TemporaryDirectory() as folder:
        calls = cases(rng, Path(folder))
        for _ in range(n):
            case = next(calls)
            words, end = said(case)
            ends[case.name, end] += 1
            if SURE in words.casefold():
                found.append((case.name, words))
    return found, ends


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--n", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    found, ends = leaking(given.n, given.seed)
    for (name, end), count in sorted(ends.items()):
        print(f"{count:6} {name}: {end}")
    for name, words in found:
        place = words.casefold().index(SURE)
        print(f"LEAK in {name}: {words[max(0, place - 300) : place + 100]!r}")
    print(f"{len(found)} of {given.n} calls told an identifier")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
