"""speed: how far the state moves in a step, rms over the batch and units of h_t - h_{t-1}."""

import numpy as np
from pydantic import BaseModel, ConfigDict

import rnnlab

NAME = "speed"
VERSION = 1  # raise it when numbers change: then, and only then, trials are measured anew
LEAKY = True  # what it says holds for leaky units too

TABLES = {
    "speed": (
        rnnlab.Column("status", "string", "ok, or diverged: a state was not finite"),
        rnnlab.Column("diverged_at", "int64", "the first step with a state that is not finite"),
        rnnlab.Column(
            "speed", "float64", "rms of h_t - h_{t-1} over steps, batch and units", label="speed of the state"
        ),
    ),
    "speed_by_step": (
        rnnlab.Column("t", "int64", "step, 1..T"),
        rnnlab.Column("speed", "float64", "rms of h_t - h_{t-1} over batch and units", label="speed"),
    ),
}


class Settings(BaseModel):
    """What [measure.speed] may hold."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    steps: bool = True  # whether there is a row for every step


def work(trial, settings):
    """What it costs beyond the forward pass, for `rnnlab plan`: rows of long tables, and bytes held at a time."""
    size = 8 if trial.dtype == "float64" else 4
    return rnnlab.Work(
        rows=trial.length if settings.steps else 0, bytes=2 * size * trial.length * trial.batch * trial.width
    )


def measure(networks, trajectory, settings):
    """The tables of G networks: the first has a value for each, the long one names the network of each row."""
    h = trajectory.h.astype(np.float64)  # (G, T+1, B, N), h_0 first
    diverged = trajectory.diverged  # (G,), the first step with a state that is not finite, or 0
    G, T = h.shape[0], h.shape[1] - 1
    with np.errstate(invalid="ignore", over="ignore"):
        by_step = np.sqrt(np.mean(np.diff(h, axis=1) ** 2, axis=(2, 3)))  # (G, T)
        whole = np.sqrt(np.mean(by_step**2, axis=1))
    gone = diverged > 0
    tables = {
        "speed": {
            "status": np.where(gone, "diverged", "ok").astype(object),
            "diverged_at": np.ma.MaskedArray(diverged, mask=~gone),
            "speed": np.ma.MaskedArray(whole, mask=gone),  # what is masked is null in the table
        }
    }
    if settings.steps:
        t = np.arange(1, T + 1)
        later = gone[:, None] & (t >= diverged[:, None])
        tables["speed_by_step"] = {
            "trial": np.repeat(np.arange(G), T),
            "t": np.tile(t, G),
            "speed": np.ma.MaskedArray(by_step, mask=later).ravel(),
        }
    return tables
