"""What all printed response classes share: validation that forgives spellings of an answer and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from operator import index
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Self, SupportsIndex, TypeVar

from pydantic import BaseModel, ConfigDict, ModelWrapValidatorHandler, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from ipm_outcomes.scores import Scores

if TYPE_CHECKING:
    from ipm_outcomes.definition import Instrument

S_co = TypeVar("S_co", bound=Scores, covariant=True)

SAS_ZERO = 16.0**-65
"""What readers of SAS transport files that know only IEEE floats make of a zero."""


class Response(BaseModel, Generic[S_co]):
    """The answers of one person to one form. Frozen; None, or an item left out, means not answered.

    NaN, ``pandas.NA`` and empty text are not answered as well; whole numbers that arrive as floats or NumPy integers
    are answers. Everything else is refused, all problems of a record in one ``pydantic.ValidationError``. The ``type``
    of each entry of its ``errors()`` is stable: ``answer_not_allowed``, ``answer_not_whole``, ``answer_is_boolean``,
    ``answer_is_text``, ``answer_wrong_kind``, ``unknown_item``. No text that was given appears in it.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, defer_build=True, hide_input_in_errors=True
    )
    instrument_id: ClassVar[str]
    scores_class: ClassVar[type[Scores]]
    scoring_plans: ClassVar[dict[str | None, Any]] = {}
    """What scoring lays out once for the class, by missing rule."""

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        cls.scoring_plans = {}

    @classmethod
    def definition(cls) -> Instrument:
        """The definition of the instrument."""
        from ipm_outcomes.catalog import instrument

        return instrument(cls.instrument_id)

    @model_validator(mode="wrap")
    @classmethod
    def _forgive_spellings(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        # The strict schema decides good records alone, at full speed; only what it refuses is looked at again.
        try:
            return handler(data)
        except ValidationError:
            if not isinstance(data, Mapping):
                raise
        answers, problems = _respelled(cls, data)
        if problems:
            raise ValidationError.from_exception_data(cls.__name__, problems, hide_input=True)
        return handler(answers)

    @classmethod
    def model_construct(cls, _fields_set: set[str] | None = None, **values: Any) -> Self:  # type: ignore[override]
        """Validate all the same: a response that skipped validation could be given a wrong score."""
        return cls.model_validate(values)

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """A copy with some answers changed, validated like any other response."""
        return type(self).model_validate({**self.__dict__, **(update or {})})

    @classmethod
    def from_positions(cls, **positions: int | None) -> Self:
        """Build a response from positions: 1 for the first option as the form prints it, 2 for the second, and so on.

        Numeric ratings (0 to 10) have no positions and are given as answered.

        Raises
        ------
        pydantic.ValidationError
            All positions that no option has, and all unknown items, in one error.
        """
        found = cls.definition()
        answers: dict[str, Any] = {}
        problems: list[InitErrorDetails] = []
        for item, position in positions.items():
            answers[item] = position
            if item not in cls.model_fields or found.answers_of(item).numeric:
                continue
            codes = found.answers_of(item).codes
            plain = _answer(position)
            if isinstance(plain, int) and 1 <= plain <= len(codes):
                answers[item] = codes[plain - 1]
            elif plain is not None:
                problem = (
                    plain if isinstance(plain, PydanticCustomError) else _not_allowed(plain, 1, len(codes))
                )
                problems.append(_detail(item, problem, position))
                answers[item] = None
        return cls._all_at_once(answers, problems)

    @classmethod
    def _from_labels(cls, labels: Mapping[str, str | int | None]) -> Self:
        from ipm_outcomes.definition import plain_label

        found = cls.definition()
        answers: dict[str, Any] = {}
        problems: list[InitErrorDetails] = []
        for item, label in labels.items():
            answers[item] = label
            if isinstance(label, str) and label.strip() and item in cls.model_fields:
                code = found.labels(item).get(plain_label(label))
                answers[item] = code
                if code is None:
                    known = ", ".join(repr(o.label) for o in found.answers_of(item).options)
                    message = (
                        f"text of {len(label)} characters is no label of this item; its labels are {known}"
                    )
                    problems.append(
                        _detail(item, PydanticCustomError("label_unknown", _literal(message)), label)
                    )
        return cls._all_at_once(answers, problems)

    @classmethod
    def _all_at_once(cls, answers: Mapping[str, Any], problems: list[InitErrorDetails]) -> Self:
        respelled, more = _respelled(cls, answers)
        if problems or more:
            raise ValidationError.from_exception_data(cls.__name__, problems + more, hide_input=True)
        return cls.model_validate(respelled)


def _respelled(
    model: type[Response[Any]], data: Mapping[Any, Any]
) -> tuple[dict[str, Any], list[InitErrorDetails]]:
    answers: dict[str, Any] = {}
    problems: list[InitErrorDetails] = []
    found = model.definition()
    for key, value in data.items():
        if key not in model.model_fields:
            near = get_close_matches(str(key), list(model.model_fields), 1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            message = f"{found.id} has no such item{hint}"
            problems.append(_detail(str(key), PydanticCustomError("unknown_item", _literal(message)), value))
            continue
        answer = _answer(value)
        if isinstance(answer, int):
            listed = found.answers_of(key)
            if not listed.lowest <= answer <= listed.highest:
                answer = _not_allowed(answer, listed.lowest, listed.highest)
        if isinstance(answer, PydanticCustomError):
            problems.append(_detail(key, answer, value))
        else:
            answers[key] = answer
    return answers, problems


def _answer(value: object) -> int | None | PydanticCustomError:
    """A whole number, None for any spelling of not answered, or the problem."""
    kind = type(value).__name__
    if value is None or kind in ("NAType", "NaTType") or (isinstance(value, str) and not value.strip()):
        return None
    if isinstance(value, bool) or kind in ("bool_", "bool"):
        return PydanticCustomError("answer_is_boolean", "a truth value is not an answer; give the number")
    if isinstance(value, str):
        message = f"text of {len(value)} characters is not an answer; give the number, or use from_labels"
        return PydanticCustomError("answer_is_text", _literal(message))
    if isinstance(value, SupportsIndex):
        return index(value)
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return PydanticCustomError(
            "answer_wrong_kind", _literal(f"a {kind} is not an answer; give the number")
        )
    if number != number:
        return None
    if number == SAS_ZERO:
        return 0
    if number != value or not number.is_integer():
        return PydanticCustomError("answer_not_whole", _literal(f"{number:g} is not a whole number"))
    return int(number)


def _not_allowed(answer: int, lowest: int, highest: int) -> PydanticCustomError:
    shown = answer if abs(answer) < 10**9 else "the number"
    return PydanticCustomError(
        "answer_not_allowed",
        "{shown} is not an answer of this item; its answers are {lowest} to {highest}",
        {"shown": shown, "lowest": lowest, "highest": highest},
    )


def _literal(message: str) -> Any:
    """A message as a template that fills nothing in."""
    return message.replace("{", "(").replace("}", ")")


def _detail(item: str, problem: PydanticCustomError, value: object) -> InitErrorDetails:
    shown = value if isinstance(value, (int, float)) else f"<{type(value).__name__}>"
    return InitErrorDetails(type=problem, loc=(item,), input=shown)
