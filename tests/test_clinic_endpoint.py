"""The page "A clinic endpoint": its service, on a real server, answers as the page says."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ipm_outcomes import PHQ9, between, score
from ipm_outcomes.responses import PHQ9Changes, PHQ9Scores

PAGE = (Path(__file__).parents[1] / "docs" / "clinic_endpoint.md").read_text(encoding="utf-8")
SENT = re.findall(r"-d '(.*?)'\n", PAGE)
SHOWN = [json.loads(text) for text in re.findall(r"^```json\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)]

Ask = Callable[[str, str | None], tuple[int, Any]]


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    """The service of the page, started as the page starts it, with every warning an error."""
    for name in ("fastapi", "uvicorn"):
        pytest.importorskip(name, reason=f"needs {name}, which is not installed")
    folder = tmp_path_factory.mktemp("clinic")
    (code,) = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    (folder / "clinic.py").write_text(code, encoding="utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-W", "error", "-m", "uvicorn", "clinic:app", "--port", str(port)]
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)

    def asked(path: str, body: str | None = None) -> tuple[int, Any]:
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}{path}",
            data=None if body is None else body.encode(),
            headers={"Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.loads(error.read())

    try:
        for _ in range(300):
            try:
                asked("/openapi.json")
                break
            except urllib.error.URLError:
                assert server.poll() is None, (folder / "log").read_text()
                time.sleep(0.1)
        yield asked
    finally:
        server.terminate()
        server.wait(30)


def holds(answer: Any, shown: Any) -> bool:
    """Whether an answer has all that the page shows of it."""
    if isinstance(shown, dict):
        return all(key in answer and holds(answer[key], value) for key, value in shown.items())
    if isinstance(shown, list):
        return len(answer) == len(shown) and all(map(holds, answer, shown))
    return bool(answer == shown)


def test_the_page_is_as_the_service(ask: Ask) -> None:
    first, second, wrong = SENT
    status, one = ask("/phq9", first)
    assert status == 200
    assert holds(one, SHOWN[0]), one
    assert next(iter(one["scores"])) == "flags"
    status, two = ask("/phq9", second.replace("STORED", json.dumps(one["scores"])))
    assert status == 200
    assert holds(two, SHOWN[1]), two
    status, refused = ask("/phq9", wrong)
    assert status == 422
    assert refused == SHOWN[2]

    # The same without a server.
    forms = [PHQ9(**json.loads(text.replace(', "before": STORED', ""))["form"]) for text in (first, second)]
    before, after = map(score, forms)
    assert PHQ9Scores.from_dict(one["scores"]) == before
    assert PHQ9Changes.from_dict(two["change"]) == between(before, after)


def test_what_is_forged_or_cannot_be_compared_is_refused_without_repeating_it(ask: Ask) -> None:
    _, one = ask("/phq9", SENT[0])
    forged = {"form": {"q1": 1}, "before": {**one["scores"], "Jane Doe": 1}}
    status, told = ask("/phq9", json.dumps(forged))
    assert (status, told["detail"][0]["type"]) == (422, "unknown_attribute")
    assert "Jane" not in json.dumps(told)
    forged["before"] = {**one["scores"], "total": {**one["scores"]["total"], "value": 3.0}}
    status, told = ask("/phq9", json.dumps(forged))
    assert (status, told["detail"][0]["type"]) == (422, "result_contradicts")
    forged["before"]["total"]["value"] = float("nan")
    assert ask("/phq9", json.dumps(forged))[0] == 422
    other = {**one["scores"], "provenance": {**one["scores"]["provenance"], "digest": "0" * 64}}
    status, told = ask("/phq9", json.dumps({"form": {"q1": 1}, "before": other}))
    assert status == 422
    assert "score both responses again" in told["detail"]
