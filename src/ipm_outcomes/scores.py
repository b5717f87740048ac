"""Result types: what a score, a flag and their provenance hold. Immutable, comparable, free of any engine."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field

from ipm_outcomes._stored import Checked, Count, Number, Stored, Whole
from ipm_outcomes.errors import ParameterError, UnknownNameError

if TYPE_CHECKING:
    from ipm_outcomes._changes import Changes


@dataclass(frozen=True)
class Absent(Checked):
    """Why there is no value: a stable code and a sentence.

    Examples
    --------
    >>> from ipm_outcomes import PEG, score
    >>> score(PEG(pain=5)).mean.absent.code
    'too_few_answers'
    """

    code: str
    sentence: str


@dataclass(frozen=True)
class Score(Checked):
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

    Examples
    --------
    >>> from ipm_outcomes import PEG, score
    >>> mean = score(PEG(pain=7, enjoyment=6, activity=7)).mean
    >>> mean.numerator, mean.denominator, mean.answered, mean.missing_rule
    (20, 3, 3, 'complete')
    """

    scale: str
    value: Number | None
    band: str | None
    se: Number | None
    answered: Count
    items: Count
    missing_rule: str
    absent: Absent | None
    numerator: Whole | None
    denominator: Annotated[Whole, Field(ge=1)]

    def _contradiction(self) -> str | None:
        exact = None if self.numerator is None else self.numerator / self.denominator
        if self.value != exact:
            return "the value of a score is not its numerator over its denominator"
        return _incomplete(self)

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


@dataclass(frozen=True)
class CategoryScore(Checked):
    """The score of a scale whose value is a word; attributes as in `Score`.

    ``sentence`` gives the word together with how well it finds what it is meant to find, where that is published.

    Examples
    --------
    >>> from ipm_outcomes import PHQ9, score
    >>> score(PHQ9(q1=2, q2=2, q3=2, q4=2, q5=2, q6=0, q7=0, q8=0, q9=0)).syndrome.value
    'major'
    """

    scale: str
    value: str | None
    answered: Count
    items: Count
    missing_rule: str
    absent: Absent | None
    sentence: str

    def _contradiction(self) -> str | None:
        return _incomplete(self)


def _incomplete(score: "AnyScore") -> str | None:
    if (score.value is None) != (score.absent is not None):
        return "a score has either a value or a reason why there is none"
    if score.answered > score.items:
        return "more items were answered than the scale has"
    return None


@dataclass(frozen=True)
class Flag(Checked):
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

    Examples
    --------
    >>> from ipm_outcomes import PHQ9, score
    >>> flag = score(PHQ9(q9=1)).flags[0]
    >>> flag.id, flag.state, flag.answer
    ('self_harm', 'raised', 1)
    """

    id: str
    state: Literal["raised", "not answered"]
    item: str
    answer: Whole | None
    sentence: str

    def _contradiction(self) -> str | None:
        if (self.state == "raised") != (self.answer is not None):
            return "a flag is raised by an answer, and says so where there is none"
        return None


@dataclass(frozen=True)
class Provenance(Checked):
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

    Examples
    --------
    >>> from ipm_outcomes import PEG, score
    >>> made = score(PEG()).provenance
    >>> made.instrument, made.edition, made.missing
    ('peg', '2009', 'default')
    """

    instrument: str
    edition: str
    digest: str
    missing: str
    library: str
    sources: tuple[str, ...]
    unverified: tuple[str, ...]


AnyScore = Score | CategoryScore


@dataclass(frozen=True, kw_only=True, repr=False)
class Scores(Stored):
    """All scores of one response; each scale is an attribute. Printed subclasses name the scales of an instrument.

    Accepted by Pydantic and FastAPI like any dataclass; `to_json` and `from_json` store and read back.

    Attributes
    ----------
    flags : tuple of Flag
        What was flagged, in the order of the definition; empty where nothing is.
    provenance : Provenance
        Instrument, edition, digest of the definition, missing rule, library version, sources.

    >>> from ipm_outcomes import PEG, score
    >>> from ipm_outcomes.responses import PEGScores
    >>> s = score(PEG(pain=7, enjoyment=5, activity=6))
    >>> s
    PEGScores(mean=6)
    >>> PEGScores.from_json(s.to_json()) == s
    True
    """

    instrument_id: ClassVar[str] = ""
    scale_ids: ClassVar[tuple[str, ...]] = ()

    flags: tuple[Flag, ...]
    provenance: Provenance

    if TYPE_CHECKING:

        def _pair(self, after: "Scores", /) -> "type[Changes]": ...

    def _contradiction(self) -> str | None:
        if self.provenance.instrument != self.instrument_id:
            return f"these are not scores of {self.instrument_id}"
        if any(name != score.scale for name, score in self.scales()):
            return "a score is of another scale than its name says"
        return None

    def scales(self) -> Iterator[tuple[str, AnyScore]]:
        """Scale ids with their scores, in the order of the definition."""
        return ((name, getattr(self, name)) for name in self.scale_ids)

    def scale(self, id: str) -> AnyScore:
        """The score of one scale by its id; raises `UnknownNameError`."""
        if id not in self.scale_ids:
            raise UnknownNameError(f"there is no scale {id!r}; there are {', '.join(self.scale_ids)}")
        score: AnyScore = getattr(self, id)
        return score

    def __repr__(self) -> str:
        shown = [f"{name}={_shown(score)}" for name, score in self.scales()]
        if self.flags:
            shown.append("flags=" + ", ".join(f"{flag.id}: {flag.state}" for flag in self.flags))
        return f"{type(self).__name__}({', '.join(shown)})"

    def _repr_html_(self) -> str:
        return str(self.__rich__()._repr_html_())

    def __rich__(self) -> Any:
        from ipm_outcomes._display import of_scores

        return of_scores(self)


def _shown(score: AnyScore) -> str:
    if score.value is None:
        return f"absent ({score.absent.code})" if score.absent else "absent"
    value = score.value if isinstance(score.value, str) else f"{score.value:.4g}"
    band = getattr(score, "band", None)
    return f"{value} ({band})" if band else value
