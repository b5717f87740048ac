"""Hostile calls on FHIR resources, for `leaks.py`."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from typing import Any


def of_fhir(
    rng: random.Random, model: Any, planted: Callable[[random.Random], str]
) -> Iterator[tuple[str, Callable[[], object]]]:
    """Resources with identifiers where they belong, and where they do not."""
    from ipm_outcomes import fhir, score

    found = model.definition()
    answers = {item: found.answers_of(item).answer(found.answers_of(item).lowest) for item in found.item_ids}
    resource = fhir.questionnaire_response(model(**answers), subject=planted(rng), authored="2024-01-01")
    made = fhir.observations(score(model(**answers)), subject=planted(rng), effective="2024-01-01")
    text = json.dumps(resource)
    for part in (resource, made):
        for _ in range(rng.randint(0, 3)):
            holder: Any = part
            while True:
                key = rng.choice(list(holder) if isinstance(holder, dict) else range(len(holder)))
                if not isinstance(holder[key], dict | list) or not holder[key] or rng.random() < 0.2:
                    break
                holder = holder[key]
            if isinstance(holder, dict) and rng.random() < 0.2:
                holder["value" + planted(rng).capitalize()] = holder["_value" + planted(rng)] = planted(rng)
            holder[key] = rng.choice([planted(rng), [planted(rng)], {planted(rng): planted(rng)}, 778812993])
    options = {"invalid": rng.choice(["raise", "null"]), "labels": rng.choice(["refuse", "accept"])}
    yield ("fhir.response", lambda r=resource, o=options: fhir.response(r, **o))
    yield ("fhir.response as given", lambda: fhir.response(planted(rng), rng.choice([None, "phq9"])))
    cut = rng.choice(
        [text[: rng.randrange(len(text))], text.replace("{", planted(rng), 1), text + planted(rng)]
    )
    yield ("fhir.responses", lambda r=resource, c=cut: fhir.responses([r, c]))
    yield ("fhir.responses, all broken", lambda c=cut: fhir.responses([c]))
    yield ("fhir.read_view", lambda: fhir.read_view([{"response_id": planted(rng)}, {planted(rng): 1}]))
    yield ("fhir.scores", lambda m=made: fhir.scores(m))
    yield ("fhir.recorded", lambda m=made: [fhir.recorded(one) for one in m])
    yield ("fhir.bundle", lambda m=made: fhir.bundle([*m, planted(rng)]))
    yield ("fhir.questionnaire_response", lambda: fhir.questionnaire_response(model(), authored=planted(rng)))
