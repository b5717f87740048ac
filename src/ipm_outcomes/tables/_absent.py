"""Why a score can be absent: the codes."""

NO_ANSWERS = "no_answers"
TOO_FEW = "too_few_answers"
COMPONENT = "component_absent"
NOT_ASKED, UNDEFINED, BEYOND = "not_applicable", "undefined_quotient", "beyond_range"
ABSENT_CODES = (NO_ANSWERS, TOO_FEW, COMPONENT, NOT_ASKED, UNDEFINED, BEYOND)
"""Why a score can be absent: no item answered; fewer answered than the missing rule needs; a component has no score; it
is not for people with these answers; it would be divided by 0; the answers together give more than can be."""
