"""A made-up definition whose answers come in steps finer than 1."""

from __future__ import annotations

import tomllib
from decimal import Decimal
from functools import cache
from typing import Any

from ipm_outcomes.catalog import parse
from ipm_outcomes.definition import Instrument

DEFINITION = """
id = "tide7"
class = "TIDE7"
title = "Tide"
edition = "made up"
measures = "a made-up tide"
recall = "today"
about = "Ready scores and one rating."
domain = "tides"
license = { status = "unknown", statement = "Made up.", wording = false, source = "made", evidence = "1" }
sources = [{ key = "made", cite = "Nobody. The tide and its questions. 2026" }]
answers.height = { range = [10.5, 90], step = 0.1, low = "Low", source = "made", evidence = "1" }
answers.error = { range = [0.01, 10], step = 0.01, source = "made", evidence = "1" }
answers.current = { range = [0, 20], step = 0.25, source = "made", evidence = "1" }
answers.wave = { range = [0, 10], source = "made", evidence = "1" }
answers.salt = { range = [0, 20000], source = "made", evidence = "1" }
items = [
  { id = "wave", gist = "waves", answers = "wave" },
  { id = "height", gist = "height", answers = "height" },
  { id = "height_se", gist = "standard error of the height", answers = "error" },
  { id = "ebb", gist = "ebb", answers = "current" },
  { id = "flow", gist = "flow", answers = "current", reverse = true },
  { id = "salt", gist = "salt", answers = "salt" },
]

[[scales]]
id = "level"
title = "Level"
kind = "sum"
worse = "higher"
range = [10.5, 90]
step = 0.1
items = ["height"]
se_item = "height_se"
bands = { of = [[10.5, 54.9, "ebb"], [55.0, 90, "flood"]], source = "made", evidence = "1" }
missing = [{ id = "complete", source = "made", evidence = "1" }]
source = "made"
evidence = "1"

[[scales]]
id = "current"
title = "Current"
kind = "sum"
worse = "higher"
range = [0, 40]
step = 0.25
items = ["ebb", "flow"]
missing = [
  { id = "complete", source = "made", evidence = "1" },
  { id = "prorate", at_most = 1, source = "made", evidence = "1" },
]
source = "made"
evidence = "1"

[[scales]]
id = "mean"
title = "Mean current"
kind = "mean"
worse = "higher"
range = [0, 20]
step = 0.25
items = ["ebb", "flow"]
missing = [{ id = "complete", source = "made", evidence = "1" }]
source = "made"
evidence = "1"

[[scales]]
id = "waves"
title = "Waves"
kind = "sum"
worse = "higher"
range = [0, 10]
items = ["wave"]
missing = [{ id = "complete", source = "made", evidence = "1" }]
source = "made"
evidence = "1"

[[scales]]
id = "salt"
title = "Salt"
kind = "sum"
worse = "higher"
range = [0, 20000]
items = ["salt"]
missing = [{ id = "complete", source = "made", evidence = "1" }]
source = "made"
evidence = "1"

[[scales]]
id = "mix"
title = "Mix"
kind = "weighted"
worse = "higher"
missing = [{ id = "complete", source = "made", evidence = "1" }]
source = "made"
evidence = "1"
[scales.weighted]
center = 1
unit = 2
standardize = { level = [50, 10], waves = [0, 1] }
terms = [{ scales = ["level"], weight = 1 }, { scales = ["waves"], weight = 1 }]
source = "made"
evidence = "1"
"""


def data() -> dict[str, Any]:
    return tomllib.loads(DEFINITION, parse_float=Decimal)


def read(content: dict[str, Any]) -> Instrument:
    return parse(content, file="tide7.toml")


@cache
def unchanged() -> Instrument:
    """One for all tests, for its tables are large."""
    return read(data())


TENTHS = [Decimal(n) / 10 for n in range(105, 901)]
"""All heights, from 10.5 to 90.0."""
