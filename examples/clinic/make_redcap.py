"""Write `redcap_export.csv` and `redcap_dictionary.csv`: forms of the synthetic clinic as a longitudinal REDCap project.

Forms are those of the first patients in `clinic.csv` (made up by the seeded `make.py`), PEG and PHQ-9 as surveys, in the
first episode of each; of several visits of one name the last. Run `python make_redcap.py` to write the files again, byte
for byte.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Final

from ipm_outcomes import instrument, redcap

PATIENTS: Final = 12
FORMS: Final = ("peg", "phq9")
EVENTS: Final = {
    "baseline": "baseline_arm_1",
    "3 months": "month_3_arm_1",
    "6 months": "month_6_arm_1",
    "12 months": "month_12_arm_1",
}
KEYS: Final = ("record_id", "redcap_event_name", "redcap_data_access_group")


def main(folder: Path) -> None:
    """Write the files into the folder."""
    with (Path(__file__).parent / "clinic.csv").open(encoding="utf-8", newline="") as file:
        visits = [row for row in csv.DictReader(file) if row["episode"] == "1"]
    first = list(dict.fromkeys(row["patient_id"] for row in visits))[:PATIENTS]
    rows = {(row["patient_id"], row["visit"]): row for row in visits if row["patient_id"] in first}
    lines = []
    for (patient, visit), row in sorted(
        rows.items(), key=lambda pair: (pair[0][0], list(EVENTS).index(pair[0][1]))
    ):
        line = [patient, EVENTS[visit], row["site"].lower()]
        for form in FORMS:
            cells = [row[f"{form}_{item}"] for item in instrument(form).item_ids]
            begun = any(cells)
            whole = all(row[f"{form}_{item.id}"] for item in instrument(form).items if not item.unscored)
            stamp = f"{row['date']} 09:00:00" if whole else "[not completed]" if begun else ""
            line += [stamp, *cells, ("2" if whole else "0") if begun else ""]
        lines.append(line)
    header = list(KEYS)
    for form in FORMS:
        header += [
            f"{form}_timestamp",
            *(f"{form}_{item}" for item in instrument(form).item_ids),
            f"{form}_complete",
        ]
    with (folder / "redcap_export.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *lines])
    (folder / "redcap_dictionary.csv").write_text(redcap.dictionary(*FORMS), encoding="utf-8", newline="\n")
    print(f"redcap_export.csv: {len(lines)} rows of {len(first)} records")


if __name__ == "__main__":
    main(Path(__file__).parent)
