"""Our forms in LHC-Forms of the US National Library of Medicine: shown, filled in, calculated, and read back.

Chromium is looked for as in `test_report_in_chromium.py`; IPM_OUTCOMES_LFORMS names the folder ``dist/lforms`` of the
npm package lforms 40. Without them the tests are skipped, and say so. Nothing is loaded from a network.
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
from ipm_outcomes.responses import CLASSES

BROWSER = (
    os.environ.get("IPM_OUTCOMES_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
)
FORMS = os.environ.get("IPM_OUTCOMES_LFORMS")
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
        not FORMS, reason="no LHC-Forms: set IPM_OUTCOMES_LFORMS to the folder dist/lforms of lforms"
    ),
    pytest.mark.xdist_group("browser"),
]


def filled_in(id: str, answers: list[dict[str, int]], folder: Path) -> list[dict[str, Any]]:
    """What LHC-Forms makes of the form when these answers are chosen."""
    assert BROWSER
    assert FORMS
    forms = []
    for chosen in answers:
        form = fhir.questionnaire(id)
        for item, part in zip(ipm.instrument(id).item_ids, form["item"], strict=False):
            for option, code in zip(
                part["answerOption"], ipm.instrument(id).answers_of(item).codes, strict=True
            ):
                if chosen.get(item) == code:
                    option["initialSelected"] = True
        forms.append(form)
    loaded = "".join(f'<script src="{(Path(FORMS) / name).as_uri()}"></script>' for name in SCRIPTS)
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
