"""Which columns are proposed, for header sets as they are in public files and programs: a whole set or nothing.

The sets are rebuilt from descriptions: stems, numbers and what is around them. Nothing is ever applied without a yes.
"""

from __future__ import annotations

from typing import Any

import pytest

from ipm_outcomes import files, instrument
from ipm_outcomes.files._propose import Candidate, proposals

pl = pytest.importorskip("polars")


def numbered(shape: str, last: int, first: int = 1) -> list[str]:
    return [shape.format(n=n) for n in range(first, last + 1)]


PHQ_LABELS = [str(item.wording) for item in instrument("phq9").items[:9]]
SEMANTIC = ["anxious", "control", "worry", "relax", "restless", "irritable", "afraid"]

PROPOSED: dict[str, tuple[list[str], dict[str, str]]] = {
    "phq9, total and level": ([*numbered("phq9_{n}", 9), "phq9_sum", "phq9_level"], {"phq9": "names"}),
    "PHQ9 with INST, GAD7": (
        [*numbered("PHQ9_{n}", 10), "PHQ-9_INST", *numbered("gad_{n}", 7)],
        {"phq9": "names", "gad7": "weak"},
    ),
    "phq9 q with s": (numbered("phq9_q{n}s", 9), {"phq9": "names"}),
    "NHANES": (["SEQN", *numbered("DPQ0{n}0", 9), "DPQ100"], {"phq9": "names"}),
    "PHQ_9 and GAD_7 beside GAD_2": (
        [*numbered("PHQ_9_{n}", 9), *numbered("GAD_7_{n}", 7), *numbered("GAD_2_{n}", 2)],
        {"phq9": "names", "gad7": "names"},
    ),
    "three instruments": (
        [*numbered("phq_9_{n}", 9), *numbered("gad_7_{n}", 7), *numbered("pcs_{n}", 13)],
        {"phq9": "names", "gad7": "names", "pcs": "weak"},
    ),
    "waves in front": (
        [*numbered("t1_phq_{n}", 9), *numbered("t0_phq_{n}", 9), *numbered("t0_bdi_{n}", 21)],
        {"phq9": "weak"},
    ),
    "one wave in front": (
        [*numbered("fu6month_phq_{n}", 9), *numbered("fu6month_smfa_{n}", 46)],
        {"phq9": "weak"},
    ),
    "no sign between": (
        [*numbered("phq{n}", 9), *numbered("gad7_{n}", 7)],
        {"phq9": "weak", "gad7": "names"},
    ),
    "record id and total": (["record_id", *numbered("phq_{n}", 9), "phq9_total"], {"phq9": "weak"}),
    "semantic suffix": (
        [f"gad7_{n}_{word}_float" for n, word in enumerate(SEMANTIC, 1)] + ["gad7_score_total_float"],
        {"gad7": "names"},
    ),
    "base in front": ([*numbered("base_phq9_{n}", 9), "base_phq9_level"], {"phq9": "names"}),
    "gad7 with item 8": ([*numbered("gad7_{n}", 8), "gad7_sum"], {"gad7": "names"}),
    "pcs": (["PID", *numbered("PCS{n}", 13), "total_score"], {"pcs": "weak"}),
    "pcs and panas": ([*numbered("pcs_{n}", 13), *numbered("panas_{n}", 20)], {"pcs": "weak"}),
    "peg words": (["peg_pain", "peg_enjoy", "peg_general", "peg_activity_note"], {"peg": "names"}),
    "peg words and score": (["peg_pain", "peg_enjoyment", "peg_activity", "peg_score"], {"peg": "names"}),
    "QUESTION": (
        [*numbered("PHQ9_QUESTION_{n}", 9), *numbered("GAD7_QUESTION_{n}", 7), "GAD7_TOTAL_SCORE"],
        {"phq9": "names", "gad7": "names"},
    ),
    "PHQ9_q": ([*numbered("PHQ9_q{n}", 9), "PHQ9_Total"], {"phq9": "names"}),
    "codes of anxiety": (["EDANX01", "EDANX40", "EDANX41", "EDANX53"], {"promis29": "codes"}),
    "codes of two domains": (
        [*numbered("x{n}", 2)]
        + [f"p29_{code}" for code in ("sleep109", "sleep116", "sleep20", "sleep44")]
        + [f"p29_painin{n}" for n in (9, 22, 31, 34)],
        {"promis29": "codes"},
    ),
    "codes of sleep": (["QSleep109", "QSleep116", "QSleep20", "QSleep44"], {"promis29": "codes"}),
    "GAD_7 and a tool's own": ([*numbered("GAD_7_{n}", 7), *numbered("Q27_{n}", 2)], {"gad7": "names"}),
    "PHQ-A by the numbers of the PHQ-9": (numbered("phq_{n}_val", 9), {"phq9": "weak"}),
    "LimeSurvey": (numbered("GAD7[SQ00{n}]", 7), {"gad7": "names"}),
    "labels": ([*PHQ_LABELS, "If you checked off any problems"], {"phq9": "wording"}),
    "labels with numbers": ([f"{n}. {text}" for n, text in enumerate(PHQ_LABELS, 1)], {"phq9": "wording"}),
}
QUIET: dict[str, list[str]] = {
    "PEG without its pain item": ["lbp_vas_current", "peg_enjoyment", "peg_activity"],
    "pain interference 6b": ["painin3", "painin8", "painin9", "painin10", "painin14", "painin26"],
    "an item of the bank too many": ["EDANX01", "EDANX05", "EDANX40", "EDANX41", "EDANX53"],
    "Neuro-QoL": [f"neuroqol_edanx{n}" for n in (53, 46, 48, 41, 54, 55, 18, 47)],
    "a tool's own numbers": [*numbered("Q1_{n}", 6), "Q1_7.1"],
    "own words": [
        "nervous_anxious",
        "stop_worry",
        "worry_much",
        "trouble_relax",
        "restless",
        "annoyed",
        "afraid",
    ],
    "PROMIS by own numbers": [*numbered("promsi29_fatig{n}_1", 4), "promis29_pain_intens_1"],
    "PHQ-4": ["PHQ4_Anxiety_1", "PHQ4_Anxiety_2", "PHQ4_Depression_3", "PHQ4_Depression_4"],
    "component summaries": ["PCS", "MCS", "pcs12", "mcs12"],
    "PHQ-15": numbered("phq_{n}", 15),
    "PHQ-15 by its number": numbered("phq15_{n}", 15),
    "PHQ-8": numbered("phq8_{n}", 8),
    "counted from 0": numbered("phq9_{n}", 8, first=0),
    "reworded": [
        f"{n}. In a semester, how often: {text} due to pressure?" for n, text in enumerate(PHQ_LABELS, 1)
    ],
    "one number twice": [*numbered("phq9_{n}_a", 9)[:5], *numbered("phq9_{n}_b", 9)[3:]],
}


def test_a_question_that_contradicts_the_number_of_its_column_leaves_nothing_to_propose() -> None:
    names = numbered("phq9_{n}", 9)
    asked = dict(zip(names, PHQ_LABELS, strict=True))
    swapped = asked | {"phq9_1": asked["phq9_2"], "phq9_2": asked["phq9_1"]}
    (found,) = proposals(names, swapped)
    assert (found.how, found.columns["q1"], found.columns["q2"]) == ("wording", "phq9_2", "phq9_1")
    assert proposals(names, swapped | {"phq9_9": "shortened"}) == []
    (found,) = proposals(names, asked | {"phq9_9": "shortened"})
    assert found.how == "names"


def test_what_surveymonkey_writes_under_a_question_with_one_answer_is_no_part_of_it() -> None:
    assert found_in([f"{text} / Response" for text in PHQ_LABELS]) == {"phq9": "wording"}
    assert found_in([f"{text} / Comment" for text in PHQ_LABELS]) == {}


def found_in(names: list[str]) -> dict[str, str]:
    return {one.id: one.how for one in proposals(names)}


OWN_NAMES = {"peg words and score": ["peg_pain", "peg_enjoyment", "peg_activity"]}


@pytest.mark.parametrize("name", PROPOSED)
def test_whole_sets_are_proposed(name: str) -> None:
    names, expected = PROPOSED[name]
    assert found_in(names) == expected


@pytest.mark.parametrize("name", QUIET)
def test_traps_stay_quiet(name: str) -> None:
    assert found_in(QUIET[name]) == {}


@pytest.mark.parametrize("name", [*PROPOSED, *QUIET])
def test_nothing_is_applied_without_a_yes(name: str, tmp_path: Any) -> None:
    names = PROPOSED[name][0] if name in PROPOSED else QUIET[name]
    mapping = files.propose(names)
    assert mapping.instrument == []
    path = tmp_path / "a.csv"
    path.write_text(";".join(["who", *names]) + "\nx" + ";1" * len(names) + "\n", encoding="utf-8")
    read = files.read(path, delimiter=";")
    own = OWN_NAMES.get(name, [])  # whole sets of the library's own names, which need no yes
    assert read.instruments == tuple({one.partition("_")[0] for one in own})
    assert [cell for one in names if one not in own for cell in read.data[one]] == ["1"] * (
        len(names) - len(own)
    )
    assert [cell for one in own for cell in read.data[one]] == [1] * len(own)


@pytest.mark.parametrize("name", PROPOSED)
def test_an_order_that_names_cannot_prove_is_said(name: str) -> None:
    for one in proposals(PROPOSED[name][0]):
        assert "edition" in one.evidence or "cannot be known from names" in one.evidence
        if one.how == "weak":
            assert "order of the form cannot be known from names" in one.evidence
            assert "another form" in one.evidence


def only(names: list[str]) -> Candidate:
    (found,) = proposals(names)
    return found


def test_what_comes_after_the_last_item_is_left_out_and_said() -> None:
    found = only(numbered("phq9_{n}", 10))
    assert list(found.columns) == [f"q{n}" for n in range(1, 10)]
    assert "number 10 is left out" in found.evidence


def test_visits_are_parts_of_names() -> None:
    before = only([*numbered("t0_phq9_{n}", 9), *numbered("t1_phq9_{n}", 9)])
    assert (before.prefixes, before.columns["q1"]) == (("t0", "t1"), "phq9_1")
    after = only([*numbered("phq9_{n}_t0", 9), *numbered("phq9_{n}_t1", 9)])
    assert (after.suffixes, after.columns["q9"]) == (("t0", "t1"), "phq9_9")


def test_a_domain_by_codes_says_which_other_editions_it_may_be() -> None:
    found = only(["EDANX01", "EDANX40", "EDANX41", "EDANX53"])
    assert found.scales == ("anxiety",)
    assert "promis29_v2_0" in found.evidence


def test_a_frame_is_looked_at_by_its_names() -> None:
    mapping = files.propose(pl.DataFrame({name: [1] for name in numbered("phq9_{n}", 9)}))
    (proposal,) = mapping.proposed
    assert (proposal.name, mapping.accept().instrument[0].columns["q3"]) == ("phq9", "phq9_3")
