"""The best linear predictors of a target from the input of its step: baselines of tasks without a closed form."""

from __future__ import annotations

import numpy as np

MOST_ROWS = 20_000  # examples that a predictor is fitted to
RIDGE = 1e-6  # of inputs at variance 1: without it classes that a plane tells apart have no best weights
STEPS = 50  # of Newton's method, which needs about ten


def some_rows(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return inputs (S, D) and targets (S, ...) of at most MOST_ROWS examples, evenly spaced in x (..., D)."""
    x, y = x.reshape(-1, x.shape[-1]), y.reshape(x.size // x.shape[-1], *y.shape[x.ndim - 1 :])
    every = -(-len(x) // MOST_ROWS)
    return x[::every], y[::every]


def squared_loss(x: np.ndarray, y: np.ndarray) -> float:
    """Return the expected ½‖A x + c - y‖² of the best A and c, corrected for the fit; x (S, D), y (S, O).

    With no more examples than numbers to fit it is that of the best c alone.
    """
    design = np.column_stack([x, np.ones(len(x))])
    if len(x) <= design.shape[1]:
        design = design[:, -1:]
    weights = np.linalg.lstsq(design, y, rcond=None)[0]
    return float(0.5 * np.sum((design @ weights - y) ** 2) / max(len(x) - design.shape[1], 1))


def cross_entropy(x: np.ndarray, classes: np.ndarray, kinds: int) -> float:
    """Return the mean over examples of -log softmax(A x + c)[class] of the best A and c, by Newton's method."""
    spread = x.std(axis=0)
    design = np.column_stack([(x - x.mean(axis=0)) / np.where(spread > 0, spread, 1.0), np.ones(len(x))])
    told = np.asarray(classes[:, None] == np.arange(kinds), np.float64)
    weights = np.zeros((design.shape[1], kinds))
    for _ in range(STEPS):
        p = _softmax(design @ weights)
        gradient = design.T @ (p - told) / len(x) + RIDGE * weights
        step = np.linalg.solve(_curvature(design, p), gradient.T.ravel()).reshape(kinds, -1).T
        weights -= step * min(1.0, 2.0 / max(np.abs(step).max(), 1e-300))  # a full step from far off may overshoot
        if np.abs(step).max() < 1e-8:
            break
    right = np.maximum((_softmax(design @ weights) * told).sum(axis=1), np.finfo(np.float64).tiny)
    return float(-np.log(right).mean())


def _softmax(a: np.ndarray) -> np.ndarray:
    e = np.exp(a - a.max(axis=1, keepdims=True))
    return np.asarray(e / e.sum(axis=1, keepdims=True))


def _curvature(design: np.ndarray, p: np.ndarray) -> np.ndarray:
    """Return the second derivatives (K D, K D), class by class."""
    size, kinds = design.shape[1], p.shape[1]
    found = np.zeros((kinds, size, kinds, size))
    for k in range(kinds):
        for j in range(k + 1):
            weight = p[:, k] * ((k == j) - p[:, j])
            found[k, :, j] = found[j, :, k] = (design.T * weight) @ design / len(design)
    return found.reshape(kinds * size, -1) + RIDGE * np.eye(kinds * size)
