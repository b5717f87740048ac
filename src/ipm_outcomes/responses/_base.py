"""What all printed response classes share: validation that forgives spellings of an answer and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from functools import reduce
from inspect import Parameter, Signature
from operator import itemgetter, or_
from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Generic, Self, TypeVar, Union, get_args, get_origin

from pydantic import (
    BaseModel,
    ConfigDict,
    GetJsonSchemaHandler,
    ModelWrapValidatorHandler,
    ValidationError,
    model_validator,
)
from pydantic_core import CoreSchema, InitErrorDetails, PydanticCustomError, SchemaValidator

from ipm_outcomes._stored import literal
from ipm_outcomes.answers import IS_BOOLEAN, IS_TEXT, NOT_ALLOWED, NOT_WHOLE, TOO_FINE, WRONG_KIND, read
from ipm_outcomes.errors import ParameterError, number_of, described
from ipm_outcomes.responses._described import describe_items
from ipm_outcomes.scores import Scores

if TYPE_CHECKING:
    from ipm_outcomes.definition import AnswerList, Instrument

S_co = TypeVar("S_co", bound=Scores, covariant=True)

_PLAIN = frozenset({int, float, type(None)})
"""The types of answers that need no second look, beyond whether a decimal is one of the steps of its item."""


class _Steps(dict[float | None, float | None]):
    """The answers of an item in steps, each by itself; a number that is none of them is no key."""

    def __init__(self, answers: AnswerList, seen: set[float | None] | None = None) -> None:
        super().__init__({None: None})
        self._answers = answers
        self.seen: set[float | None] = {None} if seen is None else seen
        """Those that were met before and have one spelling: 0 has two signs, of which one is kept."""

    def __missing__(self, given: float | None) -> float | None:
        assert given is not None
        code = round(given * self._answers.per_unit)
        answer = self._answers.answer(code)
        # A float is the decimal that it prints as where it is the number nearest to that decimal.
        if not self._answers.lowest <= code <= self._answers.highest or answer != given:
            raise KeyError
        if code:
            self.seen.add(answer)
        return self.setdefault(answer, answer)


_Settle = Callable[[dict[str, Any]], None]
"""Puts answers as they are kept; KeyError where one is none."""


def _settling(items: list[str], answers: AnswerList) -> _Settle:
    known = _Steps(answers)
    get, met = itemgetter(*items), known.seen.issuperset

    def each(given: dict[str, Any]) -> None:
        for item in items:
            given[item] = known[given[item]]

    def together(given: dict[str, Any]) -> None:
        if not met(get(given)):
            each(given)

    return together if len(items) > 2 else each


def _apart(lists: list[AnswerList]) -> bool:
    """Whether a number within the limits of answers in steps is one of them if it is an answer to any item at all.

    0 has two signs, and is looked at by itself.
    """
    numbers = {id(answers): set(map(answers.answer, answers.codes)) for answers in lists}
    every = set[float]().union(*numbers.values())
    return all(
        0 < min(own) and {number for number in every if min(own) <= number <= max(own)} <= own
        for answers in lists
        if answers.per_unit > 1
        for own in (numbers[id(answers)],)
    )


def _settling_all(stepped: list[tuple[list[str], AnswerList]], lists: list[AnswerList]) -> _Settle:
    """Look at all answers of a form at once, whatever item they are to: limits and kinds were seen before."""
    seen: set[float | None] = {None}
    seen.update(answers.answer(code) for answers in lists if answers.per_unit == 1 for code in answers.codes)
    known = [(items, _Steps(answers, seen)) for items, answers in stepped]
    met = seen.issuperset

    def together(given: dict[str, Any]) -> None:
        if not met(given.values()):
            for items, steps in known:
                for item in items:
                    given[item] = steps[given[item]]

    return together


class Response(BaseModel, Generic[S_co]):
    """The answers of one person to one form. Frozen; None, or an item left out, means not answered.

    NaN, ``pandas.NA`` and empty text are not answered as well; whole numbers that arrive as floats or NumPy integers
    are answers. Everything else is refused, all problems of a record in one ``pydantic.ValidationError``. The ``type``
    of each entry of its ``errors()`` is stable: ``answer_not_allowed``, ``answer_not_whole``, ``answer_too_fine``,
    ``answer_is_boolean``, ``answer_is_text``, ``answer_wrong_kind``, ``unknown_item``, ``response_wrong_kind``. No text that was given appears in it.

    Examples
    --------
    >>> from ipm_outcomes import PEG
    >>> PEG(pain=7) == PEG(pain=7.0, enjoyment=None)
    True
    """

    # Not `defer_build`: FastAPI would build the class where Pydantic's warnings are not silenced.
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)
    instrument_id: ClassVar[str]
    scores_class: ClassVar[type[Scores]]
    scoring_plans: ClassVar[dict[str | None, Any]] = {}
    """What scoring lays out once for the class, by missing rule."""

    strict_answers: ClassVar[Callable[..., Any] | None] = None
    """Validates plain answers, without the second look; None until a first response was validated."""
    settling: ClassVar[tuple[_Settle, ...] | None] = None
    """How answers in steps are looked at, for each list of answers; None until it was asked for."""

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        cls.scoring_plans = {}
        cls.strict_answers = cls.settling = None

    if not TYPE_CHECKING:  # checkers see the fields

        def __init__(self, /, **answers):
            """Validate answers, given by item."""
            __tracebackhide__ = True
            strict = self.strict_answers
            if strict is not None:
                try:
                    strict(answers, self_instance=self)
                    for settle in self.settling:
                        settle(self.__dict__)
                except (ValidationError, KeyError):
                    pass  # looked at one by one below
                else:
                    return
            super().__init__(**answers)
            if strict is None:
                _prepare(type(self))

        # What Pydantic marks its own with: validating a mapping need not go through it.
        __init__.__pydantic_base_init__ = True

        @classmethod
        def model_validate(cls, obj, **options):
            """Validate a mapping of answers by item, or a response; options are those of Pydantic."""
            __tracebackhide__ = True
            strict = cls.strict_answers
            if strict is not None and not options and type(obj) is dict:
                try:
                    response = strict(obj)
                    for settle in cls.settling:
                        settle(response.__dict__)
                except (ValidationError, KeyError):
                    pass
                else:
                    return response
            return super().model_validate(obj, **options)

    @classmethod
    def definition(cls) -> Instrument:
        """The definition of the instrument."""
        from ipm_outcomes.catalog import instrument

        return instrument(cls.instrument_id)

    @classmethod
    def __pydantic_init_subclass__(cls, **options: Any) -> None:
        super().__pydantic_init_subclass__(**options)
        # Pydantic's own would show the limits and labels of every answer.
        cls.__signature__ = Signature(
            [
                Parameter(name, Parameter.KEYWORD_ONLY, default=field.get_default(), annotation=_bare(field.annotation))
                for name, field in cls.model_fields.items()
            ]
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """The schema, with the wording (or gist) and LOINC code of each item."""
        whole = handler(schema)
        inside = handler.resolve_ref_schema(whole)
        inside["description"] = inside["description"].partition("\n\nExamples\n")[0]
        describe_items(cls.instrument_id, inside["properties"])
        return whole

    @model_validator(mode="wrap")
    @classmethod
    def _forgive_spellings(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        # Plain answers are decided by the strict schema alone, at full speed; the rest is looked at one by one first,
        # because a caller can ask for lax validation, which would take True for 1 and "2" for 2.
        if isinstance(data, Mapping):
            if _PLAIN.issuperset(map(type, data.values())):
                try:
                    response = handler(data)
                    for settle in _settled(cls):
                        settle(vars(response))
                except (ValidationError, KeyError):
                    pass
                else:
                    return response
            answers, problems = _respelled(cls, data)
            if problems:
                raise _error(cls, problems)
            return handler(answers)
        if isinstance(data, cls):
            return handler(data)
        wrong_kind = False
        try:
            handler(data)  # an object is read by its attributes where the caller asked for that
        except ValidationError as error:
            # A problem without a place is about the whole: then its attributes were not to be read.
            wrong_kind = not error.errors(include_input=False)[0]["loc"]
        if wrong_kind:  # raised here, so that it does not carry along what was given
            message = f"a {type(data).__name__} is no response; give the answers by item"
            problem = PydanticCustomError("response_wrong_kind", literal(message))
            raise _error(cls, [InitErrorDetails(type=problem, input=f"<{type(data).__name__}>")])
        return cls.model_validate(
            {name: getattr(data, name) for name in cls.model_fields if hasattr(data, name)}
        )

    @classmethod
    def model_validate_json(cls, json_data: str | bytes | bytearray, **options: Any) -> Self:
        """Validate JSON text; an error holds nothing of the text."""
        try:
            return super().model_validate_json(json_data, **options)
        except ValidationError as error:
            if error.errors(include_input=False)[0]["type"] != "json_invalid":
                raise
            fault = error.errors(include_input=False, include_url=False)[0]["msg"]
        problem = PydanticCustomError("json_invalid", literal(fault))
        raise _error(cls, [InitErrorDetails(type=problem, input=f"<{type(json_data).__name__}>")])

    @classmethod
    def model_construct(cls, _fields_set: set[str] | None = None, **values: Any) -> Self:  # type: ignore[override]
        """Validate all the same: a response that skipped validation could be given a wrong score."""
        return cls.model_validate(values)

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """A copy with some answers changed, validated like any other response."""
        return type(self).model_validate({**self.__dict__, **(update or {})})

    def copy(self, *, update: Mapping[str, Any] | None = None, **options: Any) -> Self:
        """The old name of `model_copy`; the options of old are not taken."""
        if options:
            raise ParameterError(f"copy takes update only, not {', '.join(sorted(options))}; use model_copy")
        return self.model_copy(update=update)

    def __setattr__(self, name: str, value: Any) -> None:
        problem = PydanticCustomError("frozen_instance", "a response is frozen; use model_copy(update=...)")
        place = name if name in type(self).model_fields else f"<{described(name)}>"
        raise _error(type(self), [_detail(place, problem, value)])

    @classmethod
    def from_positions(cls, **positions: int | None) -> Self:
        """Build a response from positions: 1 for the first option as the form prints it, 2 for the second, and so on.

        Numeric ratings (0 to 10) have no positions and are given as answered.

        Raises
        ------
        pydantic.ValidationError
            All positions that no option has, and all unknown items, in one error.
        """
        instrument = cls.definition()
        answers: dict[str, Any] = {}
        problems: list[InitErrorDetails] = []
        for item, position in positions.items():
            answers[item] = position
            if item not in cls.model_fields or instrument.answers_of(item).numeric:
                continue
            codes = instrument.answers_of(item).codes
            place, problem = _within(position, 1, len(codes))
            answers[item] = None if place is None else codes[place - 1]
            if problem:
                problems.append(_detail(item, problem, position))
        return cls._all_at_once(answers, problems)

    @classmethod
    def _from_labels(cls, labels: Mapping[str, str | float | None]) -> Self:
        from ipm_outcomes.definition._answers import code_of_label

        instrument = cls.definition()
        answers: dict[str, Any] = {}
        problems: list[InitErrorDetails] = []
        for item, label in labels.items():
            answers[item] = label
            if isinstance(label, str) and label.strip() and item in cls.model_fields:
                listed = instrument.answers_of(item)
                code = code_of_label(label, instrument.labels(item), listed.per_unit)
                answers[item] = None if code is None else listed.answer(code)
                if code is None:
                    labeled = ", ".join(repr(o.label) for o in listed.options)
                    message = (
                        f"text of {number_of(len(label), 'character')} is no label of this item; its labels are {labeled}"
                    )
                    problems.append(
                        _detail(item, PydanticCustomError("label_unknown", literal(message)), label)
                    )
        return cls._all_at_once(answers, problems)

    @classmethod
    def _all_at_once(cls, answers: Mapping[str, Any], problems: list[InitErrorDetails]) -> Self:
        respelled, more = _respelled(cls, answers)
        if problems or more:
            raise _error(cls, problems + more)
        return cls.model_validate(respelled)


def _settled(model: type[Response[Any]]) -> tuple[_Settle, ...]:
    if model.settling is None and not any(_decimal(field.annotation) for field in model.model_fields.values()):
        model.settling = ()  # without the definition, which is read where it is needed only
    elif model.settling is None:
        instrument, of = model.definition(), dict[str, list[str]]()
        for item in instrument.items:
            of.setdefault(item.answers, []).append(item.id)
        lists = [(items, instrument.answers[name]) for name, items in of.items()]
        stepped = [(items, answers) for items, answers in lists if answers.per_unit > 1]
        if set(model.model_fields) == set(instrument.item_ids) and _apart([answers for _, answers in lists]):
            model.settling = (_settling_all(stepped, [answers for _, answers in lists]),)
        else:
            model.settling = tuple(_settling(items, answers) for items, answers in stepped)
    return model.settling


def _decimal(annotation: Any) -> bool:
    return annotation is float or any(map(_decimal, get_args(annotation)))


def _bare(annotation: Any) -> Any:
    """The types of an annotation without what limits them."""
    if get_origin(annotation) in (Union, UnionType):
        return reduce(or_, map(_bare, get_args(annotation)))
    return get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation


def _prepare(model: type[Response[Any]]) -> None:
    """Lay out the validation of plain answers, unless a subclass looks at them in a way of its own."""
    schema: Any = model.__pydantic_core_schema__
    ours = schema["type"] == "function-wrap" and schema["schema"]["type"] == "model"
    if ours and schema["function"]["function"] == model._forgive_spellings:
        _settled(model)
        model.strict_answers = SchemaValidator(schema["schema"]).validate_python


def _respelled(
    model: type[Response[Any]], data: Mapping[Any, Any]
) -> tuple[dict[str, Any], list[InitErrorDetails]]:
    answers: dict[str, Any] = {}
    problems: list[InitErrorDetails] = []
    instrument = model.definition()
    for place, (key, value) in enumerate(data.items(), 1):
        if key not in model.model_fields:
            near = get_close_matches(str(key).casefold(), list(model.model_fields), 1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            # The name came with the data and may be anything: it is reported by place and length.
            message = f"{instrument.id} has no item of this name ({described(key)}){hint}"
            unknown = PydanticCustomError("unknown_item", literal(message))
            problems.append(
                InitErrorDetails(type=unknown, loc=(f"<entry {place}>",), input=f"<{type(value).__name__}>")
            )
        elif key not in instrument.item_ids:
            answers[key] = value  # a field that a subclass has added
        else:
            listed = instrument.answers_of(key)
            code, problem = _within(value, listed.lowest, listed.highest, listed.per_unit)
            answers[key] = None if code is None else listed.answer(code)
            if problem:
                problems.append(_detail(key, problem, value))
    return answers, problems


_MESSAGES = {
    NOT_WHOLE: "{shown} is not a whole number",
    TOO_FINE: "{shown} is no answer in steps of {step}; give it as it was reported, nothing is rounded",
    IS_BOOLEAN: "a truth value is not an answer; give the number",
    IS_TEXT: "text of {length} is not an answer; give the number, or use from_labels",
    WRONG_KIND: "a {kind} is not an answer; give the number",
}


def _within(
    value: object, lowest: int, highest: int, per_unit: int = 1
) -> tuple[int | None, PydanticCustomError | None]:
    """The code of the answer, None where there is none, and the problem if there is one."""
    parsed = read(value, per_unit)
    step = f"{1 / per_unit:g}"
    if parsed.problem:
        details = {
            "shown": parsed.shown or "the number",
            "kind": type(value).__name__,
            "step": step,
            "length": number_of(len(value), "character") if isinstance(value, str) else "",
        }
        code: Any = parsed.problem
        return None, PydanticCustomError(code, literal(_MESSAGES[parsed.problem].format(**details)))
    if parsed.number is None or lowest <= parsed.number <= highest:
        return parsed.number, None
    ends = f"{lowest / per_unit:g} to {highest / per_unit:g}" + (f" in steps of {step}" if per_unit > 1 else "")
    message = f"{parsed.shown} is not an answer of this item; its answers are {ends}"
    return None, PydanticCustomError(NOT_ALLOWED, literal(message))


def _detail(item: str, problem: PydanticCustomError, value: object) -> InitErrorDetails:
    """The problem of one item. Numbers may be shown; of anything else only the kind."""
    shown = value if type(value) in (bool, int, float) else f"<{type(value).__name__}>"
    return InitErrorDetails(type=problem, loc=(item,), input=shown)


def _error(model: type[BaseModel], problems: list[InitErrorDetails]) -> ValidationError:
    return ValidationError.from_exception_data(model.__name__, problems, hide_input=True)
