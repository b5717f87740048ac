"""From rows of the table to counts of named sets: by the definitions where they are known, else by the row itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations, permutations, product
from os import PathLike
from typing import Any

import numpy as np

from ipm_outcomes.definition import Instrument
from ipm_outcomes.errors import FrameError, ParameterError
from ipm_outcomes.program import _rules
from ipm_outcomes.program.indicators import Indicator, indicator, indicator_of, indicators
from ipm_outcomes.program.suppression import _records
from ipm_outcomes.program.suppression._levels import Levels, scored
from ipm_outcomes.program.suppression._pairs import RATINGS, WHOLE, Pairs, pairs_of
from ipm_outcomes.program.suppression._read import OF_SIDES, PATIENTS, TableRow
from ipm_outcomes.program.suppression._side_by_side import beside
from ipm_outcomes.program.suppression._system import Count, Scene
from ipm_outcomes.program.suppression._targets import due_earlier

_CHAIN = (*OF_SIDES, "numerator", PATIENTS, "denominator", "observed", "eligible", WHOLE)
Set = Callable[[Pairs], np.ndarray]


@dataclass
class Own:
    """What a report publishes beside the indicators."""

    stretches: dict[str, tuple[tuple[str, str, str], dict[str, Set]]] = field(default_factory=dict)
    """By indicator: instrument, scale and target, and the set of pairs of each column."""
    scenes: dict[Any, Scene] = field(default_factory=dict)
    counts: dict[str, tuple[Any, dict[str, Any]]] = field(default_factory=dict)
    """By indicator: the scene, and the set of each column."""
    links: list[tuple[tuple[Any, Any], tuple[Any, Any], str]] = field(default_factory=list)
    apart: list[tuple[Sequence[tuple[Any, Any]], tuple[Any, Any]]] = field(default_factory=list)
    """Sets that have nothing in common, and a set that they are all inside of."""
    level: Callable[[TableRow, str], int] | None = None
    as_data: list[Any] = field(default_factory=list)
    """The figures as data, so that a ledger can hold them."""
    again: Callable[[Sequence[Any]], Own] | None = None
    """Makes from such data what it was made from."""


@dataclass
class Published:
    """All counts of a table, and what is known of their sets."""

    counts: list[Count] = field(default_factory=list)
    cells: list[tuple[TableRow, str, Count]] = field(default_factory=list)
    scenes: dict[Any, Scene] = field(default_factory=dict)
    links: list[tuple[tuple[Any, Any], tuple[Any, Any], str]] = field(default_factory=list)

    release: int = 0
    """0 for this release, else the number of an earlier one."""

    def name(self, scene: Any) -> Any:
        """A scene as it is called in this release."""
        return ("release", self.release, scene) if self.release else scene

    def plain(self, scene: Any) -> Any:
        """A scene as it is called in every release."""
        return scene[2] if self.release else scene

    def values(self) -> dict[Any, int]:
        """The counts by scene, group and set; sets of pairs are known by what they hold, whatever their names."""
        counts = {}
        for count in self.counts:
            scene: Any = self.plain(count.scene)
            held = self.scenes[count.scene].sets[count.set].tobytes() if scene[0] == "pairs" else count.set
            counts[scene, count.key, held] = count.value
        return counts

    def rename(self, release: int) -> None:
        """Set the scenes of an earlier release apart from those of this one."""
        self.release = release
        self.scenes = {self.name(scene): held for scene, held in self.scenes.items()}
        self.links = [((self.name(a), s), (self.name(b), t), how) for (a, s), (b, t), how in self.links]
        for count in self.counts:
            count.scene = self.name(count.scene)

    def since(self, earlier: Published) -> list[tuple[tuple[Any, Any], tuple[Any, Any], str]]:
        """Who was counted in an earlier release is counted in this one; of the same data they are the same people."""
        now, then = self.values(), earlier.values()
        named = dict.fromkeys(
            (release.plain(count.scene), count.set) for release in (earlier, self) for count in release.counts
        )
        both = now.keys() & then.keys()
        how = "same data" if both and all(now[key] == then[key] for key in both) else "within"
        return [
            ((earlier.name(scene), name), (self.name(scene), name), how)
            for scene, name in named
            if earlier.name(scene) in earlier.scenes
            and self.name(scene) in self.scenes
            and _in_both(earlier.scenes[earlier.name(scene)], self.scenes[self.name(scene)], name, scene)
        ]


def _in_both(old: Scene, new: Scene, name: Any, scene: Any) -> bool:
    """Whether both scenes know a set; sets of pairs are the same in each: what one publishes the other may show."""
    if scene[0] == "pairs":
        for holder, other in ((old, new), (new, old)):
            held = holder.sets.get(name)
            if held is not None and len(held) == len(next(iter(other.sets.values()), ())):
                other.sets.setdefault(name, held)
    return name in old.sets and name in new.sets


Definition = str | PathLike[str] | Indicator | Instrument


def known(definitions: Iterable[Definition]) -> tuple[dict[str, Indicator], dict[str, Instrument]]:
    """Indicators and instruments of a program's own, by id."""
    if isinstance(definitions, (str, PathLike, Indicator, Instrument)):
        definitions = [definitions]
    if not isinstance(definitions, Iterable):
        raise ParameterError(f"definitions: a list of definitions, not a {type(definitions).__name__}")
    own: dict[str, Indicator] = {}
    scored: dict[str, Instrument] = {}
    for given in definitions:
        if isinstance(given, Instrument):
            scored[given.id] = given
            continue
        definition = indicator_of(given)
        if definition is None:
            raise ParameterError(
                f"definitions: ids or paths of indicators, Indicator or Instrument objects, not a "
                f"{type(given).__name__}"
            )
        own[definition.id] = definition
    return own, scored


class Reader:
    """Gives each count of each row its set."""

    def __init__(
        self,
        rows: Sequence[TableRow],
        definitions: tuple[Mapping[str, Indicator], Mapping[str, Instrument]],
        families: Sequence[tuple[str, ...]],
        own: Own,
        backend: Any,
    ) -> None:
        self.rows, self.own, self.backend = rows, own, backend
        self.definitions, self.instruments = definitions
        self.families = families
        self.known: dict[str, Indicator | None] = {}
        self.pairs: dict[Any, Pairs | None] = {}
        self.kinds: dict[Any, Pairs] = {}
        """The pairs that a scene is made of."""
        self.alike: dict[str, list[Indicator]] = {}
        """Of an indicator of records, those that test the same columns."""
        self.window: set[tuple[str | None, ...]] = set()
        self.apart: set[Any] = set()
        """Scenes whose counts do not fit the pairs: every row is by itself there."""
        self.alone: dict[int, str] = {}
        """Why a row is protected by itself, by its position."""

    def definition(self, row: TableRow) -> Indicator | None:
        return None if row.definition is None else self.named(row.definition)

    def named(self, id: str) -> Indicator | None:
        """The indicator of that id, if it is known."""
        if id not in self.known:
            self.known[id] = self.definitions.get(id) or (indicator(id) if id in indicators() else None)
        return self.known[id]

    def read(self) -> Published:
        out = Published(scenes=dict(self.own.scenes), links=list(self.own.links))
        level = self.own.level or Levels(self.rows, self.named, self.instruments)
        rules: dict[tuple[str | None, ...], str] = {}
        for row in self.rows:
            definition = self.definition(row)
            if row.rules:
                rules.setdefault(row.about, row.rules)
                rules.setdefault((*row.about[:2], None), row.rules)
            if definition is not None and definition.window is not None:
                self.window.add(row.about)
        family_of = {name: family for family in self.families for name in family}
        loose: dict[Any, list[TableRow]] = {}
        asked: dict[
            Any, tuple[Any, dict[str, Any]] | None
        ] = {}  # a definition counts the same in every group
        for row in self.rows:
            name = (row.indicator, row.definition, row.band, row.about)
            if name not in asked:
                asked[name] = (
                    self._of_records(row, out)
                    or self._of_pairs(row, rules, out)
                    or self.own.counts.get(row.indicator)
                )
            sets_asked = asked[name]
            if sets_asked is None:
                definition = self.definition(row)
                if row.indicator not in family_of:
                    self.alone[row.position] = self._why_alone(row, definition)
                if row.indicator in family_of:
                    scene: Any = ("family", *family_of[row.indicator])
                elif definition is not None and definition.kind == "distribution":
                    scene = ("bands", definition.id, *row.about)
                else:
                    scene = ("row", row.definition or row.indicator, *row.about)
                    if row.definition is None:
                        scene = ("row", row.indicator)
                loose.setdefault(scene, []).append(row)
                continue
            scene, sets = sets_asked
            self._add(out, row, scene, row.key, sets, level)
        for scene, members in loose.items():
            self._loose(out, scene, members, level)
        self._links(out)
        return out

    def _add(
        self, out: Published, row: TableRow, scene: Any, key: Any, sets: Mapping[str, Any], level: Any
    ) -> None:
        for column, name in sets.items():
            if column in row.counts:
                of_rate = column in ("numerator", "denominator")
                solid = (row.rated and of_rate) or (row.net and column in (*RATINGS, "denominator"))
                count = Count(
                    scene, key, name, row.counts[column], level(row, column), 4 if of_rate else 1, solid
                )
                out.counts.append(count)
                out.cells.append((row, column, count))

    def _pairs(self, about: tuple[str | None, ...], rules: Mapping[Any, str]) -> Pairs | None:
        of_instrument, of_scale, _ = about
        if of_instrument is None or of_scale is None or " + " in of_instrument:
            return None
        windows = about in self.window
        text = rules.get(about, "")
        key = (of_instrument, of_scale, text, windows)
        if key not in self.pairs:
            self.pairs[key] = pairs_of(
                of_instrument, of_scale, _rules.read(text), windows, self.instruments.values(), self.backend
            )
        return self.pairs[key]

    def _beside(self, name: str | None) -> Pairs | None:
        """Kinds of patients of the indicators over the same scales, with the same exclusions."""
        if name not in self.pairs:
            over = {d.id: d for row in self.rows if (d := self.definition(row)) is not None and d.scales}
            self.pairs[name] = beside([d for d in over.values() if _side_by_side_name(d) == name])
        return self.pairs[name]

    def _of_pairs(
        self, row: TableRow, rules: Mapping[Any, str], out: Published
    ) -> tuple[Any, dict[str, Any]] | None:
        """The sets of a row as sets of pairs."""
        definition = self.definition(row)
        about, own = row.about, None
        if row.indicator in self.own.stretches:
            about, own = self.own.stretches[row.indicator]
        elif definition is None or definition.uses != "changes" or definition.kind in ("events", "ratio"):
            return None
        elif definition.scales:
            about = (_side_by_side_name(definition), "", about[2])
        elif definition.once:
            about = (*about[:2], None)
        scene = ("pairs", *about)
        if scene in self.apart:
            return None
        several = definition is not None and definition.scales
        pairs = self._beside(about[0]) if several else self._pairs(about, rules)
        if pairs is None:
            return None
        self.kinds[scene] = pairs
        name = row.indicator if own else (definition.id, row.band)  # type: ignore[union-attr]
        there = out.scenes.setdefault(scene, Scene({}))
        set_of = {}
        try:
            held = {c: s(pairs) for c, s in own.items()} if own else pairs.of(definition, row.band)  # type: ignore[arg-type]
        except (KeyError, TypeError):
            return None
        if definition is not None and definition.once:
            # Counted once for all targets: whether the window of one of them is open does not matter.
            held = {
                c: s & ~np.array([bool(o) for o in pairs.columns["window_open"]]) for c, s in held.items()
            }
        for column, members in held.items():
            there.sets.setdefault((name, column), members)
            set_of[column] = (name, column)
        if definition is not None and definition.kind == "proportion" and "numerator" in set_of:
            for other in [
                s for s in there.sets if s[1] == "numerator" and isinstance(s[0], tuple) and s[0][1] is None
            ]:
                if other[0] != name and not (there.sets[other] & held["numerator"]).any():
                    there.apart.append((set_of["denominator"], set_of["numerator"], other))
        return scene, set_of

    def _of_records(self, row: TableRow, out: Published) -> tuple[Any, dict[str, Any]] | None:
        """The sets of a row that is counted from records."""
        definition = self.definition(row)
        if definition is None or definition.uses not in (*_records.USES, "utilization"):
            return None
        if definition.rate is not None:
            around = "windows" if row.about[2] else None
            scene = ("pairs", "utilization", repr((definition.id, row.band)), around)
            if scene in self.apart:
                return None
            out.scenes.setdefault(scene, Scene(_records.rate_sets()))
            return scene, _records.rate_columns(row)
        if definition.id not in self.alike:
            used = [
                o for r in self.rows if (o := self.definition(r)) is not None and o.uses == definition.uses
            ]
            self.alike[definition.id] = _records.alike(list({o.id: o for o in used}.values()), definition)
        scene = ("pairs", definition.uses, self.alike[definition.id][0].id, None)
        if scene not in self.pairs:
            self.pairs[scene] = _records.kinds_of(self.alike[definition.id])
        pairs = self.pairs[scene]
        if pairs is None or scene in self.apart:
            return None
        there = out.scenes.setdefault(scene, Scene({}))
        columns = {}
        for column, members in _records.sets_of(pairs, definition, row.band).items():
            there.sets.setdefault(((definition.id, row.band), column), members)
            columns[column] = ((definition.id, row.band), column)
        return scene, columns

    def _why_alone(self, row: TableRow, indicator: Indicator | None) -> str:
        of_instrument, of_scale, target = row.about
        if row.definition is None:
            return "no_definition"
        if indicator is None:
            return "definition_unknown"
        if indicator.uses != "changes" or indicator.kind in ("events", "ratio"):
            return "counted_by_itself"
        scenes = (("pairs", of_instrument, of_scale, of_target) for of_target in (target, None))
        if any(scene in self.apart and self.kinds[scene].complete for scene in scenes if scene in self.kinds):
            return "counts_do_not_fit"
        if of_instrument and " + " not in of_instrument and not scored(of_instrument, self.instruments):
            return "instrument_unknown"
        return "not_finite"

    def _loose(self, out: Published, scene: Any, rows: Sequence[TableRow], level: Any) -> None:
        """Rows whose definition is not known: nested counts, or parts of one denominator."""
        if scene[0] == "row":
            columns = [c for c in (*_CHAIN, *RATINGS) if any(c in row.counts for row in rows)]
            out.scenes[scene] = Scene(_patterns(columns, rows))
            banded = any(row.band is not None for row in rows)
            for row in rows:
                key = (*row.key, row.band) if banded else row.key
                self._add(out, row, scene, key, {c: c for c in row.counts}, level)
            return
        names = sorted({row.indicator for row in rows})
        kinds = [*names, "denominator", "observed", "eligible", WHOLE]
        sets = {c: np.arange(len(kinds)) <= kinds.index(c) for c in kinds[len(names) :]}
        sets |= {name: np.arange(len(kinds)) == position for position, name in enumerate(names)}
        sets["denominator"] = np.arange(len(kinds)) < len(names)
        by_key: dict[Any, list[TableRow]] = {}
        for row in rows:
            by_key.setdefault(row.key, []).append(row)
        for key, members in by_key.items():
            whole = {row.counts.get("denominator") for row in members}
            parts = [row.counts.get("numerator") for row in members]
            if len(members) == len(names) and (
                len(whole) != 1 or None in whole or None in parts or sum(p or 0 for p in parts) not in whole
            ):
                if scene[0] == "bands":
                    for row in members:
                        self._loose(out, ("row", row.indicator, str(key)), [row], level)
                    continue
                raise FrameError("parts: the numerators of a family do not add up to its denominator")
            for row in members:
                self._add(
                    out,
                    row,
                    scene,
                    key,
                    {c: row.indicator if c == "numerator" else c for c in row.counts if c not in RATINGS},
                    level,
                )
        out.scenes[scene] = Scene(sets)

    def _links(self, out: Published) -> None:
        """Who is known for a later target is known for an earlier one, and once for all."""
        from ipm_outcomes.program._cells import in_order

        out.links += _records.same_patients(out.scenes)
        published = {(count.scene, count.set[1]) for count in out.counts if count.scene[0] == "pairs"}
        by_scale: dict[tuple[str, str], list[Any]] = {}
        for scene in out.scenes:
            if scene[0] == "pairs":
                by_scale.setdefault(scene[1:3], []).append(scene)
        for scenes in by_scale.values():
            once = [s for s in scenes if s[3] is None]
            timed = sorted(
                (s for s in scenes if s[3] is not None and in_order(s[3])[0] >= 0),
                key=lambda s: in_order(s[3]),
            )
            for scene in scenes:
                for whole in once:
                    a, b = (
                        _named(out, scene, WHOLE, "followup_completion"),
                        _named(out, whole, "numerator", "baseline_completion"),
                    )
                    if a and b and scene != whole:
                        same = (scene, WHOLE) in published
                        a = a if same else _named(out, scene, "eligible", "followup_completion")
                        out.links.append(((scene, a), (whole, b), "same" if same else "within"))
            out.links += due_earlier(out.scenes, self.kinds, timed)
        self._across_scales(out)

    def _across_scales(self, out: Published) -> None:
        """Everybody is everybody for each scale and target; who has a score of a scale has one of each scale whose
        items are among its own.
        """
        plain = {scene: self._plain_sets(out, scene) for scene in out.scenes if scene in self.kinds}
        everybody = [(scene, sets["everybody"]) for scene, sets in plain.items() if "everybody" in sets]
        out.links += [(entry, everybody[0], "everybody") for entry in everybody[1:]]
        once = {scene[1:3] for scene in plain if scene[3] is None}
        for large, small in permutations(plain, 2):
            if large[1] != small[1] or large[3] != small[3]:
                continue
            inst = scored(large[1], self.instruments)
            if inst is None or not _needs(inst, large[2], small[2]):
                continue
            for part in plain[large].keys() & plain[small].keys() - {"everybody"}:
                if part != "baseline" or large[3] is None or not {large[1:3], small[1:3]} <= once:
                    out.links.append(((large, plain[large][part]), (small, plain[small][part]), "within"))

    def _plain_sets(self, out: Published, scene: Any) -> dict[str, Any]:
        """Of a scene the sets that ask only which scores are known."""
        columns = self.kinds[scene].columns
        closed = ~np.array([bool(value) for value in columns["window_open"]], bool)
        first = np.array([value is not None for value in columns["baseline"]], bool)
        wanted = {"everybody": np.ones(len(closed), bool), "baseline": first, "due": first & closed}
        if scene[3] is None:  # counted once for all targets
            wanted = {"everybody": closed, "baseline": first & closed}
        elif "followup" in columns:
            last = np.array([value is not None for value in columns["followup"]], bool)
            wanted["paired"] = first & last & closed
        if " + " in scene[1] or "followup" not in columns:
            wanted = {"everybody": wanted["everybody"]}
        named = {held.tobytes(): name for name, held in reversed(out.scenes[scene].sets.items())}
        return {part: named[held.tobytes()] for part, held in wanted.items() if held.tobytes() in named}


def _side_by_side_name(indicator: Indicator) -> str:
    return repr((sorted(indicator.scales.items()), [exclusion.when for exclusion in indicator.exclusions]))


def _needs(inst: Instrument, large: str, small: str) -> bool:
    """Whether a score of the large scale takes all answers from which the small one gets its own."""
    if large == small or not {large, small} <= set(inst.scale_ids):
        return False
    wide, other = inst.scale(large), inst.scale(small)
    if wide.only_if or other.only_if or wide.rule().at_most or other.rule().at_most:
        return False
    return bool(other.items) and _items(inst, small) <= _items(inst, large)


def _items(inst: Instrument, scale: str) -> set[str]:
    part = inst.scale(scale)
    return set(part.items).union(*(_items(inst, part) for part in part.components))


def _named(out: Published, scene: Any, column: str, definition: str) -> Any:
    name = ((definition, None), column)
    return name if name in out.scenes[scene].sets else None


def _patterns(columns: Sequence[str], rows: Sequence[TableRow]) -> dict[str, np.ndarray]:
    """Every way in which a patient can be in the counts of a row, given how they are nested."""
    chain = [c for c in columns if c in _CHAIN]
    inside = [
        (a, b)
        for a, b in combinations(chain, 2)
        if all(row.counts[a] <= row.counts[b] for row in rows if a in row.counts and b in row.counts)
    ]
    rated = [c for c in columns if c in RATINGS]
    inside += [(c, "denominator") for c in rated if "denominator" in columns]
    kinds = []
    for held in product((False, True), repeat=len(columns)):
        in_ = dict(zip(columns, held, strict=True))
        if not any(held) or any(in_[a] and not in_[b] for a, b in inside):
            continue
        if rated and sum(in_[c] for c in rated) != int(in_.get("denominator", True)):
            continue
        kinds.append(held)
    matrix = np.array(kinds, bool).reshape(len(kinds), len(columns))
    return {c: matrix[:, position] for position, c in enumerate(columns)}
