"""Logistic regression."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from ipm_outcomes.errors import ParameterError
from ipm_outcomes.stats.arguments import Floats


class LogisticFit(NamedTuple):
    """A logistic regression: coefficients of the columns, fitted probabilities, and whether they are final.

    `separated` says that the columns distinguish the outcome completely for some rows, so that the
    coefficients have no finite estimate; the probabilities are then the limit they run to.
    """

    coefficients: Floats
    probabilities: Floats
    separated: bool


def fit_logistic(design: Floats, outcome: Floats) -> LogisticFit:
    """Fit a logistic regression by Newton's method.

    Parameters
    ----------
    design : numpy.ndarray of float64, shape (n, p)
        Columns of the model, the constant among them. They may depend on each other; the smallest
        coefficients that give the fit are returned then.
    outcome : numpy.ndarray of float64, shape (n,)
        0 or 1.

    Returns
    -------
    LogisticFit

    Raises
    ------
    ParameterError
        If the fit does not settle.

    Examples
    --------
    >>> import numpy as np
    >>> fit = fit_logistic(np.ones((4, 1)), np.array([1.0, 1.0, 1.0, 0.0]))
    >>> fit.probabilities.round(6).tolist()
    [0.75, 0.75, 0.75, 0.75]

    """
    from scipy.special import expit

    n = outcome.size
    scale, left, singular, right = singular_parts(design, 1e-10)
    # Orthogonal columns of unit mean square: the information matrix below is the identity / 4 at the start.
    columns = left * math.sqrt(n)
    gamma = np.zeros(singular.size)
    likelihood = -n * math.log(2)
    separated = False
    for _ in range(100):
        p = expit(columns @ gamma)
        weight = p * (1 - p)
        information = (columns * weight[:, None]).T @ columns / n
        if np.linalg.eigvalsh(information)[0] < 1e-9:
            separated = True
            break
        step = np.linalg.solve(information, columns.T @ (outcome - p) / n)
        factor = 1.0
        while (new := _log_likelihood(columns @ (gamma + factor * step), outcome)) < likelihood - 1e-9 * n:
            factor /= 2
        gamma, likelihood = gamma + factor * step, new
        if np.abs(step).max() < 1e-10 * (1 + np.abs(gamma).max()):
            break
    else:
        raise ParameterError("outcome: the logistic regression did not settle; use fewer or other columns")
    back = right.T @ (gamma * math.sqrt(n) / singular)
    return LogisticFit(back / scale, expit(columns @ gamma), separated)


def singular_parts(columns: Floats, least: float) -> tuple[Floats, Floats, Floats, Floats]:
    """The scales of columns, and of the scaled columns what does not depend on each other: left, values, right."""
    scale = np.abs(columns).max(axis=0)
    scale[scale == 0] = 1.0
    left, singular, right = np.linalg.svd(columns / scale, full_matrices=False)
    kept = singular > least * singular[0]
    return scale, left[:, kept], singular[kept], right[kept]


def _log_likelihood(eta: Floats, outcome: Floats) -> float:
    return float((outcome * eta - np.logaddexp(0, eta)).sum())
