"""Write `responses.ndjson`: forms of the synthetic clinic as FHIR R4 QuestionnaireResponses, one on each line.

Forms are those of the first patients in `clinic.csv` (made up by the seeded `make.py`), PEG and PHQ-9. Run
`python make_fhir.py` to write the file again, byte for byte. Forms with a cell that is no answer are not in it.
"""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from ipm_outcomes import PEG, PHQ9, fhir

PATIENTS: Final = 12
FORMS: Final = (PEG, PHQ9)


def main(folder: Path) -> None:
    """Write the file into the folder."""
    with (Path(__file__).parent / "clinic.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    first = list(dict.fromkeys(row["patient_id"] for row in rows))[:PATIENTS]
    lines = []
    for number, row in enumerate(rows):
        for form in FORMS if row["patient_id"] in first else ():
            id = form.instrument_id
            cells = {item: row[f"{id}_{item}"] for item in form.definition().item_ids}
            try:
                answers = form.model_validate({item: int(cell) for item, cell in cells.items() if cell})
            except (ValidationError, ValueError):
                continue
            resource = fhir.questionnaire_response(
                answers, subject=f"Patient/{row['patient_id']}", authored=row["date"], id=f"{id}-{number}"
            )
            if "item" in resource:
                lines.append(json.dumps(resource, ensure_ascii=False, separators=(",", ":")) + "\n")
    (folder / "responses.ndjson").write_text("".join(lines), encoding="utf-8", newline="\n")
    print(f"responses.ndjson: {len(lines)} responses of {len(first)} patients")


if __name__ == "__main__":
    main(Path(__file__).parent)
