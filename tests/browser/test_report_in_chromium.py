"""The report in a real browser: from the file system, network off, no console message, no accessibility violation.

Chromium is looked for in the variable IPM_OUTCOMES_CHROMIUM, then on the path; axe-core's `axe.min.js` in
IPM_OUTCOMES_AXE. Without them the tests are skipped, and say so.
"""

import json
import os
import re
import shutil
import subprocess
from html import unescape
from pathlib import Path

import pytest
from report_cases import example, hostile, nothing, one_patient, patient_of_three, patient_page

BROWSER = (
    os.environ.get("IPM_OUTCOMES_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
)
AXE = os.environ.get("IPM_OUTCOMES_AXE")
SWITCHES = (
    *("--no-sandbox", "--headless", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars"),
    *(
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--disable-dev-shm-usage",
    ),
    "--host-resolver-rules=MAP * ~NOTFOUND",
)
DARK = ("--force-dark-mode", "--blink-settings=preferredColorScheme=0")
# Reports that differ in what they hold; each is opened as it is.
CASES = {"example": example, "one patient": one_patient, "nothing": nothing, "hostile": hostile}
CASES |= {"page of a patient": patient_page, "short page of a patient": patient_of_three}

pytestmark = [
    pytest.mark.skipif(
        not BROWSER, reason="no Chromium: install it or set IPM_OUTCOMES_CHROMIUM to its executable"
    ),
    pytest.mark.xdist_group("browser"),
]
needs_axe = pytest.mark.skipif(not AXE, reason="no axe-core: set IPM_OUTCOMES_AXE to its axe.min.js")


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("reports")
    return {name: made(folder / f"{name.replace(' ', '_')}.html") for name, made in CASES.items()}


def browse(page: Path, profile: Path, *switches: str) -> tuple[str, list[str]]:
    """The document after loading, and what the console said."""
    assert BROWSER
    logging = ("--enable-logging=stderr", "--v=0")
    done = subprocess.run(
        [BROWSER, *SWITCHES, *logging, f"--user-data-dir={profile}", *switches, "--dump-dom", page.as_uri()],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "</html>" in done.stdout, done.stderr[-2000:]
    return done.stdout, [line for line in done.stderr.splitlines() if "CONSOLE" in line]


@pytest.mark.parametrize("name", CASES)
def test_it_opens_without_a_console_message(name: str, reports: dict[str, Path], tmp_path: Path) -> None:
    document, console = browse(reports[name], tmp_path / "profile")
    assert console == []
    assert '<main id="main"' in document


def test_the_console_is_heard(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text("<!DOCTYPE html><title>x</title><script>console.error('heard')</script>")
    _, console = browse(page, tmp_path / "profile")
    assert any("heard" in line for line in console)


def audit(page: Path, tmp_path: Path, *switches: str) -> list[str]:
    """Violations that axe-core finds; the page is copied with axe and without the ban on scripts."""
    assert AXE
    text = page.read_text(encoding="utf-8")
    text = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", text)
    # What is folded away must be accessible as well.
    text = text.replace("<details", "<details open")
    run = (
        "axe.run({resultTypes:['violations']}).then(found=>{const told=document.createElement('pre');"
        "told.id='found';told.textContent=JSON.stringify(found.violations.map("
        "v=>({id:v.id,nodes:v.nodes.slice(0,3).map(n=>n.html.slice(0,200)+' '+n.failureSummary)})));"
        "document.body.append(told)})"
    )
    script = Path(AXE).read_text(encoding="utf-8").replace("</script", "<\\/script")
    copy = tmp_path / "audited.html"
    copy.write_text(
        text.replace("</body>", f"<script>{script}</script><script>{run}</script></body>"), encoding="utf-8"
    )
    document, console = browse(copy, tmp_path / "profile", "--virtual-time-budget=60000", *switches)
    found = re.search(r'<pre id="found">(.*?)</pre>', document, re.DOTALL)
    assert found, f"axe did not finish: {console}"
    return [f"{one['id']}: {one['nodes']}" for one in json.loads(unescape(found[1]))]


@needs_axe
@pytest.mark.parametrize(
    ("name", "switches"),
    [
        ("example", ("--window-size=1280,900",)),
        ("example", ("--window-size=1280,900", *DARK)),
        ("example", ("--window-size=390,844",)),
        ("one patient", ("--window-size=390,844",)),
        ("nothing", ("--window-size=1280,900",)),
        ("hostile", ("--window-size=1280,900",)),
        ("page of a patient", ("--window-size=1280,900",)),
        ("page of a patient", ("--window-size=390,844", *DARK)),
        ("short page of a patient", ("--window-size=1280,900", *DARK)),
    ],
)
def test_no_accessibility_violation(
    name: str, switches: tuple[str, ...], reports: dict[str, Path], tmp_path: Path
) -> None:
    assert audit(reports[name], tmp_path, *switches) == []


@needs_axe
def test_the_audit_finds_what_is_wrong(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text("<!DOCTYPE html><html><head><title>x</title></head><body><img src='x.png'></body></html>")
    found = audit(page, tmp_path)
    assert any(one.startswith("image-alt") for one in found)
    assert any(one.startswith("html-has-lang") for one in found)


@needs_axe
def test_dark_is_dark(reports: dict[str, Path], tmp_path: Path) -> None:
    """The switch that asks for dark reaches the page, so the audit in dark is one."""
    probe = tmp_path / "probe.html"
    text = re.sub(r"<meta http-equiv[^>]*>", "", reports["nothing"].read_text(encoding="utf-8"))
    told = "document.body.dataset.back=getComputedStyle(document.body).backgroundColor"
    probe.write_text(text.replace("</body>", f"<script>{told}</script></body>"), encoding="utf-8")
    light, _ = browse(probe, tmp_path / "light")
    dark, _ = browse(probe, tmp_path / "dark", *DARK)
    assert 'data-back="rgb(255, 255, 255)"' in light
    assert 'data-back="rgb(18, 24, 31)"' in dark


@pytest.mark.parametrize("name", ["example", "page of a patient", "short page of a patient"])
def test_a_phone_needs_no_sideways_scrolling(name: str, reports: dict[str, Path], tmp_path: Path) -> None:
    """Tables scroll in boxes of their own; the page does not."""
    probe = tmp_path / "probe.html"
    text = re.sub(r"<meta http-equiv[^>]*>", "", reports[name].read_text(encoding="utf-8"))
    # Headless Chromium has windows of at least 500 pixels, so the page is put into a frame as wide as a phone.
    inside = json.dumps(text).replace("</", "<\\/")
    frame = (
        "<!DOCTYPE html><html lang='en'><body><iframe id='f' width='390' height='800'></iframe><script>"
        f"const f=document.getElementById('f');f.srcdoc={inside};"
        "f.onload=()=>{const d=f.contentDocument.documentElement;"
        "document.body.dataset.widths=d.scrollWidth+' '+d.clientWidth;f.remove()}</script></body></html>"
    )
    probe.write_text(frame, encoding="utf-8")
    document, _ = browse(probe, tmp_path / "profile", "--virtual-time-budget=10000")
    found = re.search(r'data-widths="(\d+) (\d+)"', document)
    assert found
    assert found[1] == found[2] == "390"
