"""Our forms in LHC-Forms of the US National Library of Medicine: shown, filled in, calculated, and read back.

Chromium is looked for as in `test_report_in_chromium.py`; LHC-Forms is among the judges
that `.ci/judges FOLDER` installs, and IPM_OUTCOMES_JUDGES names the folder. Without them the tests are skipped, and say
so. Nothing is loaded from a network.
"""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import subprocess
from html import unescape
from pathlib import Path
from typing import Any

import pytest

import ipm_outcomes as ipm
from ipm_outcomes import fhir, responses, score
from ipm_outcomes.errors import InputError
from ipm_outcomes.responses import CLASSES

BROWSER = (
    os.environ.get("IPM_OUTCOMES_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
)
JUDGES = os.environ.get("IPM_OUTCOMES_JUDGES")
FORMS = Path(JUDGES, "node_modules", "lforms", "dist", "lforms").resolve() if JUDGES else None
SWITCHES = (
    *(
        "--no-sandbox",
        "--headless",
        "--disable-gpu",
        "--allow-file-access-from-files",
        "--disable-dev-shm-usage",
    ),
    *("--host-resolver-rules=MAP * ~NOTFOUND", "--virtual-time-budget=60000"),
)
SCRIPTS = (
    *("webcomponent/assets/lib/zone.min.js", "webcomponent/runtime.js", "webcomponent/polyfills.js"),
    *("webcomponent/main.js", "fhir/R4/lformsFHIR.min.js"),
)
RUN = """
window.addEventListener("load", async () => {
  const out = [];
  for (const form of FORMS) {
    const place = document.createElement("div");
    document.body.append(place);
    place.id = "form" + out.length;
    await LForms.Util.addFormToPage(form, place.id, {fhirVersion: "R4"});
    await new Promise((done) => setTimeout(done, 800));
    out.push({filled: LForms.Util.getFormFHIRData("QuestionnaireResponse", "R4", place), shown: place.innerText});
  }
  const found = document.createElement("pre");
  found.id = "found";
  found.textContent = JSON.stringify(out);
  document.body.append(found);
});
"""

pytestmark = [
    pytest.mark.skipif(
        not BROWSER, reason="no Chromium: install it or set IPM_OUTCOMES_CHROMIUM to its executable"
    ),
    pytest.mark.skipif(
        FORMS is None or not FORMS.exists(),
        reason="no LHC-Forms: set IPM_OUTCOMES_JUDGES to the folder that .ci/judges filled",
    ),
    pytest.mark.xdist_group("browser"),
]


def filled_in(
    id: str, answers: list[dict[str, int]], folder: Path, weights: dict[int, int] | None = None
) -> list[dict[str, Any]]:
    """What LHC-Forms makes of the form when these answers are chosen; weights that are wrong by the right ones."""
    assert BROWSER
    assert FORMS
    forms = []
    for chosen in answers:
        text = json.dumps(fhir.questionnaire(id))
        for right, wrong in (weights or {}).items():
            text = text.replace(f'"valueDecimal": {right}}}', f'"valueDecimal": {wrong}}}')
        form = json.loads(text)
        for item, part in zip(ipm.instrument(id).item_ids, form["item"], strict=False):
            for option, code in zip(
                part["answerOption"], ipm.instrument(id).answers_of(item).codes, strict=True
            ):
                if chosen.get(item) == code:
                    option["initialSelected"] = True
        forms.append(form)
    loaded = "".join(f'<script src="{(FORMS / name).as_uri()}"></script>' for name in SCRIPTS)
    script = RUN.replace("FORMS", json.dumps(forms).replace("</", "<\\/"), 1)
    page = folder / "page.html"
    page.write_text(
        f"<!DOCTYPE html><meta charset=utf-8><body>{loaded}<script>{script}</script>", encoding="utf-8"
    )
    done = subprocess.run(
        [BROWSER, *SWITCHES, f"--user-data-dir={folder / 'profile'}", "--dump-dom", page.as_uri()],
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=170,
        check=False,
    )
    found = re.search(r'<pre id="found">(.*?)</pre>', done.stdout, re.DOTALL)
    assert found, done.stderr[-2000:]
    told: list[dict[str, Any]] = json.loads(unescape(found[1]))
    return told


@pytest.mark.parametrize("id", ["phq9", "gad7", "peg", "pcs"])
def test_a_form_is_shown_filled_in_calculated_and_read_back(id: str, tmp_path: Path) -> None:
    rng = random.Random(id)
    found = ipm.instrument(id)
    codes = {item: found.answers_of(item).codes for item in found.item_ids}
    whole = [{item: rng.choice(codes[item]) for item in codes} for _ in range(2)]
    gaps = [{item: code for item, code in one.items() if item != rng.choice(list(one))} for one in whole]
    gaps[1].pop(next(iter(codes)), None)
    answers = [*whole, *gaps]
    for chosen, one in zip(answers, filled_in(id, answers, tmp_path), strict=True):
        assert all((item.wording or item.gist)[:40] in one["shown"] for item in found.items)
        read = fhir.response(one["filled"])
        assert read.answers == getattr(responses, CLASSES[id])(**chosen)
        # Their totals are ours, and there is none where we give none.
        ours = score(read.answers)
        totals = {item["linkId"] for item in fhir.questionnaire(id)["item"] if item.get("readOnly")}
        sums = {scale.id for scale in found.scales if {scale.loinc, f"{id}_{scale.id}"} & totals}
        recorded = {one.scale: one.value for one in read.recorded}
        assert recorded == {s: ours.scale(s).value for s in sums if ours.scale(s).value is not None}
        assert not [note for note in read.notes if note.code.startswith("recorded")]


def test_a_form_with_a_wrong_weight_gives_another_total_and_is_refused(tmp_path: Path) -> None:
    answers = {f"q{n}": 3 for n in range(1, 8)}
    (one,) = filled_in("gad7", [answers], tmp_path, {3: 4})
    (total,) = [
        item
        for item in one["filled"]["item"]
        if item["linkId"] == ipm.instrument("gad7").scale("total").loinc
    ]
    assert total["answer"][0]["valueDecimal"] == 7 * 4
    with pytest.raises(InputError) as error:
        fhir.response(one["filled"])
    assert "ordinal_contradicts" in str(vars(error.value))
