"""Which column of a frame holds which item, and how its cells are read."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import lru_cache, partial
from numbers import Real
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ipm_outcomes.catalog import instrument as find_instrument
from ipm_outcomes.catalog import instruments
from ipm_outcomes.definition import Instrument, plain_label
from ipm_outcomes.errors import FrameError, ParameterError, did_you_mean
from ipm_outcomes.frames._decode import Reader, Reading, is_text_column, reader
from ipm_outcomes.frames._frame import Frame
from ipm_outcomes.frames._kernel import CHUNK, MISSING, MOST_NARROW, holding
from ipm_outcomes.frames._missing import declared
from ipm_outcomes.frames._scale_columns import Codes
from ipm_outcomes.frames._stage import refuse_other_stage

Columns = Mapping[str, Any] | str | None
"""A pattern, item ids to column names, or instrument ids to any of these."""
Coding = Literal["answer", "position"]
Codings = Coding | Mapping[str, Coding | Mapping[str, Coding]] | None
"""For all items, by instrument id, or within an instrument by item id."""
FEWEST_AT_VISITS = 3
"""Items of an instrument of which names alone may say that visits are side by side."""
NotAnsweredBy = Collection[int | str] | int | str | Mapping[str, Collection[int | str] | int | str] | None


class ItemColumns:
    """The item columns of one instrument in a frame."""

    def __init__(
        self,
        frame: Frame,
        instrument: str | Instrument,
        columns: Columns = None,
        coding: Codings = None,
        not_answered: NotAnsweredBy = (),
        text_numbers: bool | None = None,
        scales: Sequence[str] | None = None,
    ) -> None:
        self.frame = frame
        self.held: NDArray[np.bool_] | None = None
        """Where rows are marked that hold anything in an item column, if `tidy` asks for it."""
        self.instrument = definition = definition_of(instrument)
        self.coding = _coding(coding, definition)
        self.scales = definition.scale_ids if scales is None else chosen_scales(definition, scales)
        self.needed = needed_items(definition, self.scales)
        self.names = item_names(definition, own_columns(columns, definition), frame.names, self.needed)
        frame.require(list(self.names.values()), definition.id)
        self.not_answered = declared(own("not_answered", not_answered, definition))
        as_numbers = None if text_numbers is None else bool(text_numbers)
        self.readings = {
            item: Reading.of(
                definition.answers_of(item),
                definition.labels(item),
                self.not_answered,
                partial(is_text_column, frame.kind, frame.column(name))
                if as_numbers is None
                else partial(bool, as_numbers),
                (self.coding.get(item) if isinstance(self.coding, Mapping) else self.coding) == "position",
            )
            for item, name in self.names.items()
        }
        for item, reading in self.readings.items():
            self._refuse_answers(item, reading)

    def _refuse_answers(self, item: str, reading: Reading) -> None:
        """Refuse what is an answer of the item and was declared to mean none."""
        lowest, highest = (end / reading.per_unit for end in (reading.lowest, reading.highest))
        clash = sorted(c for c in self.not_answered.numbers if lowest <= c <= highest)
        clashing = [f"{code:g}" for code in clash] + [
            f"a word that reads as {reading.labels[plain_label(word)]}"
            for word in sorted(self.not_answered.words)
            if plain_label(word) in reading.labels
        ]
        if clashing:
            raise ParameterError(
                f"not_answered: {clashing[0]} is an answer of {self.instrument.id} {item}, so it cannot mean not "
                "answered; give a mapping from instrument id to what means it there"
            )

    @property
    def own_scores(self) -> list[str]:
        """Columns of items whose answer, as it was given, is a score of the same name: the score takes the column.

        So does the standard error that a ready score brings.
        """
        instrument = self.instrument
        return [
            self.names[item]
            for scale in map(instrument.scale, self.scales)
            for item, ending in (*((item, "") for item in scale.items), (scale.se_item or "", "_se"))
            if self.names.get(item) == f"{instrument.id}_{scale.id}{ending}"
        ]

    def all_are_answers(self) -> bool:
        """Whether the categories of all columns say that no cell is wrong; that a wrong one is there says nothing."""
        for item, name in self.names.items():
            texts = self.frame.library.categories(self.frame.column(name))
            if texts is None or any(self.readings[item].judge(text)[0] < MISSING for text in texts):
                return False
        return True

    def readers(self) -> list[tuple[int, Reader]]:
        """The place of each item that has a column, with the reader of that column."""
        return [
            (place, reader(self.frame.kind, self.frame.column(self.names[item]), self.readings[item]))
            for place, item in enumerate(self.instrument.item_ids)
            if item in self.names
        ]

    def chunks(self, progress: Callable[[int], None] | None = None) -> Iterator[tuple[int, Codes]]:
        """Codes of all items, a stretch of rows at a time, with the number of its first row.

        The array is the same one each time: use it before going on.
        """
        readers, rows = self.readers(), len(self.frame)
        wide = any(reading.highest > MOST_NARROW for reading in self.readings.values())
        codes = np.empty((len(self.instrument.items), min(rows, CHUNK)), np.int16 if wide else np.int8)
        codes[[place for place in range(len(codes)) if place not in dict(readers)]] = MISSING
        for start in range(0, rows, CHUNK):
            stop = min(start + CHUNK, rows)
            part = codes[:, : stop - start]
            for place, fill in readers:
                fill(start, stop, part[place])
            if self.held is not None:
                self.held[start:stop] |= holding(part)
            yield start, part
            if progress:
                progress(stop)


def definition_of(instrument: str | Instrument) -> Instrument:
    """The definition, found by its id where an id is given."""
    if isinstance(instrument, Instrument):
        return instrument
    if not isinstance(instrument, str):
        raise ParameterError(f"instrument: give an id such as 'phq9', not a {type(instrument).__name__}")
    return find_instrument(instrument)


def given_names(instrument: Instrument, columns: Columns) -> dict[str, str]:
    """Item ids with the names of their columns as they were given, or as they usually are."""
    if columns is None:
        return {item: f"{instrument.id}_{item}" for item in instrument.item_ids}
    if isinstance(columns, str):
        return _by_pattern(instrument, columns)
    if not isinstance(columns, Mapping):
        raise ParameterError(
            f"columns: give a dict of item ids to column names, or a pattern, not a {type(columns).__name__}"
        )
    for item in columns:
        instrument.item(item)
    return {item: str(columns[item]) for item in instrument.item_ids if item in columns}


def lacking_columns(
    instrument: Instrument, columns: Columns, names: Sequence[str], scales: Sequence[str] | None = None
) -> list[str]:
    """Columns that the scores need and the table lacks, by name; by item where no name was given."""
    given = given_names(instrument, own_columns(columns, instrument))
    needed = needed_items(
        instrument, instrument.scale_ids if scales is None else chosen_scales(instrument, scales)
    )
    return [
        given.get(item, item)
        for item in instrument.item_ids
        if item in needed and (item not in given or given[item] not in names)
    ]


def nearest_column(absent: Sequence[str], names: Sequence[str]) -> str:
    """The column that is nearest to the first of those which are absent and near one, for the end of a message."""
    return next((near for name in absent if (near := did_you_mean(name, names))), "")


def visits_beside(instrument: Instrument, names: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What is before, or after, the usual names of all items where several visits are side by side."""
    needed = needed_items(instrument, instrument.scale_ids)
    wanted = [f"{instrument.id}_{item}" for item in instrument.item_ids if item in needed]
    if len(wanted) < FEWEST_AT_VISITS or wanted[0] in names:
        return (), ()
    there = set(names)
    before = [name.removesuffix(wanted[0]) for name in names if name.endswith(wanted[0])]
    after = [name.removeprefix(wanted[0]) for name in names if name.startswith(wanted[0])]
    prefixes = [
        prefix for prefix in before if prefix[-1] in "_.-" and all(prefix + name in there for name in wanted)
    ]
    suffixes = [
        suffix for suffix in after if suffix[0] in "_.-" and all(name + suffix in there for name in wanted)
    ]
    if len(suffixes) > 1:
        return (), tuple(suffix.strip("_.-") for suffix in suffixes)
    return tuple(prefix.strip("_.-") for prefix in prefixes) if len(prefixes) > 1 else (), ()


def in_visits(instrument: Instrument, names: Sequence[str]) -> str:
    """That columns look like several visits side by side, and the way out; empty where they do not."""
    prefixes, suffixes = visits_beside(instrument, names)
    if not (visits := prefixes or suffixes):
        return ""
    shown = ", ".join(visits[:5]) + (" …" if len(visits) > 5 else "")
    return (
        f"the columns look like several visits side by side ({shown}); make one row a visit by files.read and a "
        "mapping: ipm-outcomes read FILE --save MAPPING.toml"
    )


def likely_names(instrument: Instrument, names: Sequence[str]) -> dict[str, str] | str | None:
    """Columns whose names say that they are the items of an instrument: as a pattern where that is enough.

    Letters and digits must be those of ``{instrument}_{item}``, or the id of the instrument with the number of the
    item, whatever their case and what is between; every item of the scores must be there once.
    """
    plain = _by_letters(tuple(names))
    needed = needed_items(instrument, instrument.scale_ids)
    stems = ("{id}", "{id}q", "{id}item", "{id}question")
    for form in ("{id}{item}", *(f"{stem}{n}" for stem in stems for n in ("{n}", "{n:02}"))):
        chosen: dict[str, str] = {}
        for n, item in enumerate(instrument.item_ids, 1):
            if item in needed:
                letters = form.format(id=instrument.id, item=item, n=n).replace("_", "").casefold()
                if len(matches := plain.get(letters, [])) != 1:
                    break
                chosen[item] = matches[0]
        beyond = form.format(id=instrument.id, item="", n=len(instrument.item_ids) + 1).casefold()
        if len(chosen) < len(needed) or ("{n" in form and beyond in plain):
            continue
        for n, (item, name) in enumerate(chosen.items(), 1):
            for part, hole in ((item, "{item}"), (f"{n:02}", "{n:02}"), (str(n), "{n}")):
                pattern = name[: len(name) - len(part)] + hole if name.endswith(part) else ""
                reached = _by_pattern(instrument, pattern) if pattern else {}
                # The number after the last item of the scores may be the total as well as a further question.
                further = {reached[i] for i in reached if i not in chosen} & set(names)
                if pattern and not further and all(reached[i] == name for i, name in chosen.items()):
                    return pattern
            break
        return chosen
    return None


@lru_cache(maxsize=1)
def _by_letters(names: tuple[str, ...]) -> dict[str, list[str]]:
    """Columns by their letters and digits alone, kept for all the instruments that are looked for in one table."""
    plain: dict[str, list[str]] = {}
    for name in names:
        plain.setdefault(re.sub(r"[\W_]", "", name).casefold(), []).append(name)
    return plain


def item_names(
    instrument: Instrument, columns: Columns, names: list[str], needed: Collection[str] | None = None
) -> dict[str, str]:
    """Item ids with the names of their columns; an item that is not needed is taken where it is, and not asked for."""
    given = given_names(instrument, columns)
    if needed is None:
        needed = needed_items(instrument, instrument.scale_ids)
    optional = set(instrument.item_ids) - set(needed)
    if absent := [item for item in instrument.item_ids if item not in given and item not in optional]:
        raise FrameError(f"{instrument.id}: columns names no column for {', '.join(absent)}")
    wanted = {
        item: name
        for item, name in given.items()
        if item not in optional or name in names or (isinstance(columns, Mapping) and item in columns)
    }
    repeated = {name for name in wanted.values() if list(wanted.values()).count(name) > 1}
    if repeated:
        raise FrameError(f"{instrument.id}: the column {min(repeated)!r} is named for more than one item")
    missing = [name for name in wanted.values() if name not in names]
    if missing and len(missing) == len(wanted):
        refuse_other_stage(names, "answers", missing, instrument.id)
        hint = in_visits(instrument, names) or (
            f"columns are looked for as {missing[0]!r} and so on; name them with columns=…"
            + nearest_column(missing, names)
        )
        raise FrameError(f"{instrument.id}: the frame has none of its item columns; {hint}")
    return wanted


def chosen_scales(instrument: Instrument, scales: Sequence[str]) -> tuple[str, ...]:
    wanted = [scales] if isinstance(scales, str) else scales
    if not isinstance(wanted, Collection) or not all(isinstance(id, str) for id in wanted):
        raise ParameterError(f"scales: give a list of scale ids, such as {list(instrument.scale_ids[:1])}")
    if not wanted:
        raise ParameterError(f"scales: name at least one of {', '.join(instrument.scale_ids)}")
    for id in wanted:
        instrument.scale(id)
    return tuple(id for id in instrument.scale_ids if id in wanted)


def needed_items(instrument: Instrument, scales: Collection[str]) -> set[str]:
    """The items that these scales rest on, directly or through other scales."""
    needed: set[str] = set()
    for id in scales:
        scale = instrument.scale(id)
        needed.update(scale.items)
        needed |= needed_items(instrument, scale.components)
    return needed


def _by_pattern(instrument: Instrument, pattern: str) -> dict[str, str]:
    """``{n}`` is the number of the item on the form, ``{item}`` its id; ``{n:02}`` is padded with zeros."""
    if not re.search(r"\{(n(:0\d)?|item)\}", pattern):
        raise ParameterError(
            f"columns: the pattern {pattern!r} holds neither {{n}} (number of the item) nor {{item}} (its id)"
        )
    try:
        return {item: pattern.format(n=n, item=item) for n, item in enumerate(instrument.item_ids, 1)}
    except (KeyError, IndexError, ValueError, AttributeError, TypeError):
        raise ParameterError(f"columns: the pattern {pattern!r} may hold only {{n}} and {{item}}") from None


def _coding(given: Any, instrument: Instrument) -> Coding | Mapping[str, Coding] | None:
    """The coding declared for an instrument, or for some of its items; None where none is."""
    if isinstance(given, Mapping) and given and set(given) <= set(instrument.item_ids):
        coding: Any = given
    else:
        coding = own("coding", given, instrument)
    if isinstance(coding, Mapping):
        for item in coding:
            instrument.item(item)
    for kind in coding.values() if isinstance(coding, Mapping) else [] if coding is None else [coding]:
        if not isinstance(kind, str) or kind not in ("answer", "position"):
            raise ParameterError(
                "coding is 'answer' or 'position', or a mapping from instrument or item id to one of them, not "
                + (repr(kind) if isinstance(kind, str) else f"a {type(kind).__name__}")
            )
    return coding  # type: ignore[no-any-return]


def own(name: str, given: Any, instrument: Instrument) -> Any:
    """The setting of one instrument out of a mapping by instrument id; what is no such mapping is for all."""
    if not isinstance(given, Mapping):
        return given
    known = {instrument.id, *instruments()}
    if any(key not in known for key in given):
        raise ParameterError(
            f"{name}: a key is the id of no instrument; there are {', '.join(sorted(known))}"
        )
    return given.get(instrument.id)


def own_columns(given: Any, instrument: Instrument) -> Any:
    """Where the items of one instrument are; a mapping is by item id, or by instrument id."""
    if not isinstance(given, Mapping) or not given or set(given) & set(instrument.item_ids):
        return given
    return given.get(instrument.id) if set(given) <= {instrument.id, *instruments()} else given


def check_level(level: float | None) -> float | None:
    """The z of a confidence level, or None where none is asked for."""
    if level is None:
        return None
    if not isinstance(level, Real) or isinstance(level, bool) or not 0 < level < (1 + level) / 2 < 1:
        raise ParameterError("level must lie between 0 and 1, such as 0.95")
    from statistics import NormalDist

    return NormalDist().inv_cdf((1 + float(level)) / 2)
