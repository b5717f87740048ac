"""PROMIS-29+2 Profile v2.1 (v2.1).

Printed from ``instruments/promis29_2.toml`` by ``python -m ipm_outcomes._printer``; do not edit.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Self

from pydantic import Field

from ipm_outcomes.responses._base import Response
from ipm_outcomes.responses._described import OfScales
from ipm_outcomes.scores import Score, Scores

if TYPE_CHECKING:
    from ipm_outcomes.responses._changes.promis29_2 import PROMIS29Plus2Changes

_DIFFICULTY = Field(strict=True, ge=1, le=5, json_schema_extra={"oneOf": [{"const": 5, "title": "Without any difficulty"}, {"const": 4, "title": "With a little difficulty"}, {"const": 3, "title": "With some difficulty"}, {"const": 2, "title": "With much difficulty"}, {"const": 1, "title": "Unable to do"}]})
_FREQUENCY = Field(strict=True, ge=1, le=5, json_schema_extra={"oneOf": [{"const": 1, "title": "Never"}, {"const": 2, "title": "Rarely"}, {"const": 3, "title": "Sometimes"}, {"const": 4, "title": "Often"}, {"const": 5, "title": "Always"}]})
_INTENSITY = Field(strict=True, ge=1, le=5, json_schema_extra={"oneOf": [{"const": 1, "title": "Not at all"}, {"const": 2, "title": "A little bit"}, {"const": 3, "title": "Somewhat"}, {"const": 4, "title": "Quite a bit"}, {"const": 5, "title": "Very much"}]})
_QUALITY = Field(strict=True, ge=1, le=5, json_schema_extra={"oneOf": [{"const": 5, "title": "Very poor"}, {"const": 4, "title": "Poor"}, {"const": 3, "title": "Fair"}, {"const": 2, "title": "Good"}, {"const": 1, "title": "Very good"}]})
_REFRESHING = Field(strict=True, ge=1, le=5, json_schema_extra={"oneOf": [{"const": 5, "title": "Not at all"}, {"const": 4, "title": "A little bit"}, {"const": 3, "title": "Somewhat"}, {"const": 2, "title": "Quite a bit"}, {"const": 1, "title": "Very much"}]})
_PARTICIPATION = Field(strict=True, ge=1, le=5, json_schema_extra={"oneOf": [{"const": 5, "title": "Never"}, {"const": 4, "title": "Rarely"}, {"const": 3, "title": "Sometimes"}, {"const": 2, "title": "Usually"}, {"const": 1, "title": "Always"}]})
_PAIN = Field(strict=True, ge=0, le=10, description="0 = No pain; 10 = Worst imaginable pain")


@dataclass(frozen=True, kw_only=True, repr=False)
class PROMIS29Plus2Scores(OfScales, Scores):
    """The scores of one PROMIS29Plus2 response.

    Examples
    --------
    >>> from ipm_outcomes import PROMIS29Plus2, score
    >>> score(PROMIS29Plus2()).physical_function.value is None  # nothing was answered
    True
    """
    instrument_id: ClassVar[str] = "promis29_2"
    scale_ids: ClassVar[tuple[str, ...]] = ("physical_function", "anxiety", "depression", "fatigue", "sleep_disturbance", "social_roles", "pain_interference", "pain_intensity", "physical_summary", "mental_summary", "cognitive_function", "propr")

    physical_function: Score
    """Physical function, T-score, 22.5 to 57.0; lower is worse."""
    anxiety: Score
    """Anxiety, T-score, 40.3 to 81.6; higher is worse."""
    depression: Score
    """Depression, T-score, 41.0 to 79.4; higher is worse."""
    fatigue: Score
    """Fatigue, T-score, 33.7 to 75.8; higher is worse."""
    sleep_disturbance: Score
    """Sleep disturbance, T-score, 32.0 to 73.3; higher is worse."""
    social_roles: Score
    """Ability to participate in social roles and activities, T-score, 27.5 to 64.2; lower is worse."""
    pain_interference: Score
    """Pain interference, T-score, 41.6 to 75.6; higher is worse."""
    pain_intensity: Score
    """Pain intensity, 0 to 10; higher is worse."""
    physical_summary: Score
    """Physical health summary, T-score; lower is worse."""
    mental_summary: Score
    """Mental health summary, T-score; lower is worse."""
    cognitive_function: Score
    """Cognitive function (abilities), T-score, 29.5 to 61.2; lower is worse."""
    propr: Score
    """PROPr preference score, -0.022 to 1; lower is worse."""

    if TYPE_CHECKING:

        def _pair(self, after: "PROMIS29Plus2Scores", /) -> "type[PROMIS29Plus2Changes]": ...  # type: ignore[override]


class PROMIS29Plus2(Response[PROMIS29Plus2Scores]):
    """Answers to the PROMIS-29+2 Profile v2.1, v2.1. Recall: past 7 days; none stated for physical function
    and social roles.

    The PROMIS-29 Profile v2.1 with two further questions on cognitive function, and PROPr, a preference
    score from 1 (full health) over 0 (dead) to -0.022. PROPr needs all seven of its domains; anxiety and
    pain intensity are not among them. The place of the two questions on the form was not checked.
    PROMIS, copyright PROMIS Health Organization and PROMIS Cooperative Group. The item labels in this
    file are not the wording of the items.

    Examples
    --------
    >>> from ipm_outcomes import PROMIS29Plus2
    >>> PROMIS29Plus2(pfa11=1).pfa11
    1
    """
    instrument_id: ClassVar[str] = "promis29_2"
    scores_class: ClassVar[type[Scores]] = PROMIS29Plus2Scores

    pfa11: Annotated[int, _DIFFICULTY] | None = None
    """household and yard chores: 5 Without any difficulty, 4 With a little difficulty, 3 With some
    difficulty, 2 With much difficulty, 1 Unable to do.
    """
    pfa21: Annotated[int, _DIFFICULTY] | None = None
    """stairs: 5 Without any difficulty, 4 With a little difficulty, 3 With some difficulty, 2 With much
    difficulty, 1 Unable to do.
    """
    pfa23: Annotated[int, _DIFFICULTY] | None = None
    """walking for a quarter of an hour: 5 Without any difficulty, 4 With a little difficulty, 3 With some
    difficulty, 2 With much difficulty, 1 Unable to do.
    """
    pfa53: Annotated[int, _DIFFICULTY] | None = None
    """errands and shopping: 5 Without any difficulty, 4 With a little difficulty, 3 With some difficulty, 2
    With much difficulty, 1 Unable to do.
    """
    edanx01: Annotated[int, _FREQUENCY] | None = None
    """fear: 1 Never, 2 Rarely, 3 Sometimes, 4 Often, 5 Always."""
    edanx40: Annotated[int, _FREQUENCY] | None = None
    """attention taken up by anxiety: 1 Never, 2 Rarely, 3 Sometimes, 4 Often, 5 Always."""
    edanx41: Annotated[int, _FREQUENCY] | None = None
    """burden of worries: 1 Never, 2 Rarely, 3 Sometimes, 4 Often, 5 Always."""
    edanx53: Annotated[int, _FREQUENCY] | None = None
    """unease: 1 Never, 2 Rarely, 3 Sometimes, 4 Often, 5 Always."""
    eddep04: Annotated[int, _FREQUENCY] | None = None
    """low self-worth: 1 Never, 2 Rarely, 3 Sometimes, 4 Often, 5 Always."""
    eddep06: Annotated[int, _FREQUENCY] | None = None
    """helplessness: 1 Never, 2 Rarely, 3 Sometimes, 4 Often, 5 Always."""
    eddep29: Annotated[int, _FREQUENCY] | None = None
    """depressed mood: 1 Never, 2 Rarely, 3 Sometimes, 4 Often, 5 Always."""
    eddep41: Annotated[int, _FREQUENCY] | None = None
    """hopelessness: 1 Never, 2 Rarely, 3 Sometimes, 4 Often, 5 Always."""
    hi7: Annotated[int, _INTENSITY] | None = None
    """fatigue: 1 Not at all, 2 A little bit, 3 Somewhat, 4 Quite a bit, 5 Very much."""
    an3: Annotated[int, _INTENSITY] | None = None
    """trouble getting started for tiredness: 1 Not at all, 2 A little bit, 3 Somewhat, 4 Quite a bit, 5
    Very much.
    """
    fatexp41: Annotated[int, _INTENSITY] | None = None
    """exhaustion on average: 1 Not at all, 2 A little bit, 3 Somewhat, 4 Quite a bit, 5 Very much."""
    fatexp40: Annotated[int, _INTENSITY] | None = None
    """fatigue on average: 1 Not at all, 2 A little bit, 3 Somewhat, 4 Quite a bit, 5 Very much."""
    sleep109: Annotated[int, _QUALITY] | None = None
    """sleep quality: 5 Very poor, 4 Poor, 3 Fair, 2 Good, 1 Very good."""
    sleep116: Annotated[int, _REFRESHING] | None = None
    """refreshing sleep: 5 Not at all, 4 A little bit, 3 Somewhat, 2 Quite a bit, 1 Very much."""
    sleep20: Annotated[int, _INTENSITY] | None = None
    """sleep problem: 1 Not at all, 2 A little bit, 3 Somewhat, 4 Quite a bit, 5 Very much."""
    sleep44: Annotated[int, _INTENSITY] | None = None
    """falling asleep: 1 Not at all, 2 A little bit, 3 Somewhat, 4 Quite a bit, 5 Very much."""
    srpper11_caps: Annotated[int, _PARTICIPATION] | None = None
    """trouble with leisure in company: 5 Never, 4 Rarely, 3 Sometimes, 2 Usually, 1 Always."""
    srpper18_caps: Annotated[int, _PARTICIPATION] | None = None
    """trouble with family activities: 5 Never, 4 Rarely, 3 Sometimes, 2 Usually, 1 Always."""
    srpper23_caps: Annotated[int, _PARTICIPATION] | None = None
    """trouble with usual work: 5 Never, 4 Rarely, 3 Sometimes, 2 Usually, 1 Always."""
    srpper46_caps: Annotated[int, _PARTICIPATION] | None = None
    """trouble with activities with friends: 5 Never, 4 Rarely, 3 Sometimes, 2 Usually, 1 Always."""
    painin9: Annotated[int, _INTENSITY] | None = None
    """pain and daily activities: 1 Not at all, 2 A little bit, 3 Somewhat, 4 Quite a bit, 5 Very much."""
    painin22: Annotated[int, _INTENSITY] | None = None
    """pain and work around the home: 1 Not at all, 2 A little bit, 3 Somewhat, 4 Quite a bit, 5 Very much."""
    painin31: Annotated[int, _INTENSITY] | None = None
    """pain and social participation: 1 Not at all, 2 A little bit, 3 Somewhat, 4 Quite a bit, 5 Very much."""
    painin34: Annotated[int, _INTENSITY] | None = None
    """pain and household chores: 1 Not at all, 2 A little bit, 3 Somewhat, 4 Quite a bit, 5 Very much."""
    global07: Annotated[int, _PAIN] | None = None
    """average pain intensity: 0 No pain to 10 Worst imaginable pain."""
    pc6r: Annotated[int, _INTENSITY] | None = None
    """cognitive abilities, first of two questions: 1 Not at all, 2 A little bit, 3 Somewhat, 4 Quite a bit,
    5 Very much.
    """
    pc27r: Annotated[int, _INTENSITY] | None = None
    """cognitive abilities, second of two questions: 1 Not at all, 2 A little bit, 3 Somewhat, 4 Quite a
    bit, 5 Very much.
    """

    @classmethod
    def from_labels(
        cls,
        *,
        pfa11: str | int | None = None,
        pfa21: str | int | None = None,
        pfa23: str | int | None = None,
        pfa53: str | int | None = None,
        edanx01: str | int | None = None,
        edanx40: str | int | None = None,
        edanx41: str | int | None = None,
        edanx53: str | int | None = None,
        eddep04: str | int | None = None,
        eddep06: str | int | None = None,
        eddep29: str | int | None = None,
        eddep41: str | int | None = None,
        hi7: str | int | None = None,
        an3: str | int | None = None,
        fatexp41: str | int | None = None,
        fatexp40: str | int | None = None,
        sleep109: str | int | None = None,
        sleep116: str | int | None = None,
        sleep20: str | int | None = None,
        sleep44: str | int | None = None,
        srpper11_caps: str | int | None = None,
        srpper18_caps: str | int | None = None,
        srpper23_caps: str | int | None = None,
        srpper46_caps: str | int | None = None,
        painin9: str | int | None = None,
        painin22: str | int | None = None,
        painin31: str | int | None = None,
        painin34: str | int | None = None,
        global07: str | int | None = None,
        pc6r: str | int | None = None,
        pc27r: str | int | None = None,
    ) -> Self:
        """Build a response from the labels of the answers; case, spacing and punctuation do not matter.

        Raises pydantic.ValidationError with all labels that are none of the item's.
        """
        return cls._from_labels(
            {
                "pfa11": pfa11,
                "pfa21": pfa21,
                "pfa23": pfa23,
                "pfa53": pfa53,
                "edanx01": edanx01,
                "edanx40": edanx40,
                "edanx41": edanx41,
                "edanx53": edanx53,
                "eddep04": eddep04,
                "eddep06": eddep06,
                "eddep29": eddep29,
                "eddep41": eddep41,
                "hi7": hi7,
                "an3": an3,
                "fatexp41": fatexp41,
                "fatexp40": fatexp40,
                "sleep109": sleep109,
                "sleep116": sleep116,
                "sleep20": sleep20,
                "sleep44": sleep44,
                "srpper11_caps": srpper11_caps,
                "srpper18_caps": srpper18_caps,
                "srpper23_caps": srpper23_caps,
                "srpper46_caps": srpper46_caps,
                "painin9": painin9,
                "painin22": painin22,
                "painin31": painin31,
                "painin34": painin34,
                "global07": global07,
                "pc6r": pc6r,
                "pc27r": pc27r,
            }
        )
