"""Result types: what a score, a flag and their provenance hold. Immutable, comparable, free of any engine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from fractions import Fraction
from operator import itemgetter
from typing import Any, ClassVar, NamedTuple, get_type_hints

from ipm_outcomes.errors import ParameterError, UnknownNameError


class Absent(NamedTuple):
    """Why there is no value: a stable code and a sentence."""

    code: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Score:
    """The score of one scale.

    Attributes
    ----------
    scale : str
        Id of the scale.
    value : float or None
        The score in the scale's own unit; None exactly when ``absent`` says why.
    band : str or None
        The band that the value lies in, where the scale has bands.
    se : float or None
        Standard error of the value, in its unit, where the published table has one.
    answered, items : int
        How many items of the scale were answered, and how many there are.
    missing_rule : str
        The missing rule that was used.
    absent : Absent or None
        A stable code and a sentence why there is no value.
    numerator, denominator : int
        The exact integers behind ``value``.
    """

    scale: str
    value: float | None
    band: str | None
    se: float | None
    answered: int
    items: int
    missing_rule: str
    absent: Absent | None
    numerator: int | None
    denominator: int

    @property
    def exact(self) -> Fraction | None:
        """The exact value, for decisions that must not depend on binary floating point."""
        return None if self.numerator is None else Fraction(self.numerator, self.denominator)

    def interval(self, level: float = 0.95) -> tuple[float, float] | None:
        """Confidence interval of the value by normal theory: value minus and plus z times its standard error.

        Parameters
        ----------
        level
            Confidence level between 0 and 1.

        Returns
        -------
        tuple of float or None
            Lower and upper limit in the unit of the value; None where there is no value or no standard error.

        Raises
        ------
        ParameterError
            The level is not between 0 and 1.

        >>> from ipm_outcomes import PROMIS29, score
        >>> s = score(PROMIS29(edanx01=2, edanx40=2, edanx41=2, edanx53=2))  # T 55.8, SE 2.7
        >>> low, high = s.anxiety.interval()
        >>> round(low, 1), round(high, 1)
        (50.5, 61.1)
        """
        if not 0 < level < 1:
            raise ParameterError(f"level must lie between 0 and 1, not {level}")
        if self.value is None or self.se is None:
            return None
        from statistics import NormalDist

        reach = NormalDist().inv_cdf((1 + level) / 2) * self.se
        return self.value - reach, self.value + reach


@dataclass(frozen=True, slots=True)
class CategoryScore:
    """The score of a scale whose value is a word; attributes as in `Score`.

    ``sentence`` gives the word together with how well it finds what it is meant to find, where that is published.
    """

    scale: str
    value: str | None
    answered: int
    items: int
    missing_rule: str
    absent: Absent | None
    sentence: str = ""


@dataclass(frozen=True, slots=True)
class Flag:
    """Something a reader must see. It says what was answered; it is no diagnosis and no assessment of risk.

    Attributes
    ----------
    id : str
        Id of the flag, such as ``"self_harm"``.
    state : str
        ``"raised"``, or ``"not answered"`` where the form was started and the question left blank.
    item : str
        The item that it rests on.
    answer : int or None
        The answer given.
    sentence : str
        What was answered, and what the authors of the instrument ask for.
    """

    id: str
    state: str
    item: str
    answer: int | None
    sentence: str


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a score comes from, so that it can be traced and computed again.

    Attributes
    ----------
    instrument, edition : str
        Id and edition of the instrument.
    digest : str
        SHA-256 of the definition file.
    missing : str
        The missing rule asked for, or ``"default"``.
    library : str
        Version of this library.
    sources : tuple of str
        The works that the definition rests on.
    unverified : tuple of str
        Places in the definition that decide a score and whose source was not read: treat what rests on them with care.
    """

    instrument: str
    edition: str
    digest: str
    missing: str
    library: str
    sources: tuple[str, ...]
    unverified: tuple[str, ...]


AnyScore = Score | CategoryScore


class Scores(tuple[Any, ...]):
    """All scores of one response; each scale is an attribute. Printed subclasses name the scales of an instrument.

    Attributes
    ----------
    flags : tuple of Flag
        Empty where nothing is flagged.
    provenance : Provenance
        Instrument, edition, digest of the definition, missing rule, library version, sources.
    """

    __slots__ = ()
    scale_ids: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls) -> None:
        cls.scale_ids = tuple(
            name for name, hint in get_type_hints(cls).items() if hint in (Score, CategoryScore)
        )
        for place, name in enumerate(cls.scale_ids):
            setattr(cls, name, property(itemgetter(place)))

    @property
    def flags(self) -> tuple[Flag, ...]:
        """What was flagged, in the order of the definition."""
        found: tuple[Flag, ...] = self[-2]
        return found

    @property
    def provenance(self) -> Provenance:
        """Where these scores come from."""
        found: Provenance = self[-1]
        return found

    def scales(self) -> Iterator[tuple[str, AnyScore]]:
        """Scale ids with their scores, in the order of the definition."""
        return zip(self.scale_ids, self, strict=False)

    def scale(self, id: str) -> AnyScore:
        """The score of one scale by its id; raises `UnknownNameError`."""
        for name, found in self.scales():
            if name == id:
                return found
        raise UnknownNameError(f"there is no scale {id!r}; there are {', '.join(self.scale_ids)}")

    def to_dict(self) -> dict[str, Any]:
        """Plain dictionaries, lists, numbers and text, ready for JSON."""
        plain = {name: _plain(asdict(found)) for name, found in self.scales()}
        return {
            "scales": plain,
            "flags": [asdict(flag) for flag in self.flags],
            "provenance": _plain(asdict(self.provenance)),
        }

    def __getnewargs__(self) -> tuple[tuple[Any, ...]]:
        return (tuple(self),)

    def __repr__(self) -> str:
        shown = [f"{name}={_shown(found)}" for name, found in self.scales()]
        if self.flags:
            shown.append("flags=" + ", ".join(f"{flag.id}: {flag.state}" for flag in self.flags))
        return f"{type(self).__name__}({', '.join(shown)})"


def _shown(found: AnyScore) -> str:
    if found.value is None:
        return f"absent ({found.absent.code})" if found.absent else "absent"
    value = found.value if isinstance(found.value, str) else f"{found.value:.4g}"
    band = getattr(found, "band", None)
    return f"{value} ({band})" if band else value


def _plain(fields: Mapping[str, Any]) -> dict[str, Any]:
    plain = {}
    for name, value in fields.items():
        if isinstance(value, Absent):
            value = value._asdict()
        plain[name] = list(value) if isinstance(value, tuple) else value
    return plain
