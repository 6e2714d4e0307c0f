"""The kinds of figure in words: what each shows, what it needs and which choices it takes. Imports nothing heavy."""

from __future__ import annotations

from dataclasses import dataclass

SIZES = ("column", "page", "slide")
FORMATS = (".png", ".svg", ".pdf")


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of figure."""

    name: str
    shows: str  # one line
    measures: tuple[str, ...] = ()  # it needs one of them and takes all; none: any measure will do
    choices: tuple[str, ...] = ()  # of x, y, hue, column: those that mean something to it
    command: str = ""  # what draws an example, of an experiment in experiments/


CATALOGUE = (
    Kind(
        "phase",
        "growth rate over two axes as colour, a line at the edge of chaos, hatching where trials diverged",
        choices=("x", "y", "hue", "column"),
        command="rnnlab plot theory-beside-measurement phase",
    ),
    Kind(
        "growth",
        "growth rate against the recurrent scale, beside mean field, and against ½ ln(g²⟨phi'²⟩)",
        ("gradients",),
        ("x", "hue"),
        "rnnlab plot quickstart growth",
    ),
    Kind(
        "length",
        "growth rate and the gradient's whole growth against the length",
        ("gradients",),
        ("hue",),
        "rnnlab plot lengths length",
    ),
    Kind(
        "steps",
        "norm of the gradient against time, a line a trial",
        ("gradients",),
        ("hue", "column"),
        "rnnlab plot quickstart steps",
    ),
    Kind(
        "rates",
        "growth rates, a dot a seed, where no axis has several values and steps were not recorded",
        ("gradients",),
        ("column",),
        "rnnlab plot quickstart rates --where recurrent_scale=1",
    ),
    Kind(
        "histogram",
        "how a statistic is distributed over trials: growth rates, norms, singular values",
        choices=("hue", "column"),
        command="rnnlab plot quickstart histogram",
    ),
    Kind(
        "pairs",
        "what each step k contributes to dL_t/dU, a heat map a trial",
        ("terms",),
        ("column",),
        "rnnlab plot pairs pairs",
    ),
    Kind(
        "theory",
        "growth rates beside those that mean field predicts",
        ("theory",),
        ("x", "hue"),
        "rnnlab plot theory-beside-measurement theory",
    ),
    Kind(
        "lags",
        "contributions to dL/dU by lag, and their shares",
        ("lags",),
        ("hue",),
        "rnnlab plot NAME lags",
    ),
    Kind(
        "spectrum",
        "Lyapunov exponents and singular values by index, beside random-matrix theory and mean field",
        ("lyapunov", "jacobian"),
        ("hue",),
        "rnnlab plot spectra spectrum",
    ),
    Kind(
        "success",
        "success rates against the axis, with Wilson intervals",
        ("training",),
        ("x", "hue"),
        "rnnlab plot training-quickstart success",
    ),
    Kind(
        "survival",
        "the share of networks that have succeeded, against updates",
        ("training",),
        ("hue",),
        "rnnlab plot training-quickstart survival",
    ),
    Kind(
        "training",
        "losses, gradients and their growth along training",
        ("training",),
        ("hue", "column"),
        "rnnlab plot training-quickstart training --where recurrent_scale=1",
    ),
    Kind(
        "statistics",
        "means over seeds of statistics of a measure, against the axis",
        choices=("x", "hue", "column"),
        command="rnnlab plot quickstart statistics",
    ),
)
KINDS = tuple(kind.name for kind in CATALOGUE)
OF = {kind.name: kind for kind in CATALOGUE}


def in_columns(indent: int = 2) -> str:
    """Return a line a kind, its name and what it shows: the help of `rnnlab plot`."""
    width = max(map(len, KINDS)) + 2
    return "\n".join(f"{'':{indent}}{kind.name:{width}}{kind.shows}" for kind in CATALOGUE)
