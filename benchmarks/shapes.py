"""What is measured: shapes, arrays, flops, and the bars of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

DTYPES = ("float64", "float32")
RATE, CLIP = 0.01, 1.0  # of the updates of a course


@dataclass(frozen=True)
class Bars:
    """Least share of the matrix-product speed, and least speed beside JAX and PyTorch; None where nothing is asked."""

    share: float | None
    jax: float | None
    torch: float | None


@dataclass(frozen=True)
class Shape:
    """G networks of width N = D = O, length T, batch B: tanh, squared loss at every step."""

    N: int
    B: int
    T: int
    G: int

    def __str__(self) -> str:
        return f"({self.N}, {self.B}, {self.T}, {self.G})"

    @property
    def size(self) -> str:
        """The numbers as `of_size` reads them."""
        return f"{self.N},{self.B},{self.T},{self.G}"

    @property
    def flops(self) -> int:
        """Eight products of 2·N²·B flops a step: Wx, Uh, Vh; Vᵀδo, Uᵀδ; dU, dW, dV."""
        return 8 * 2 * self.N**2 * self.B * self.T * self.G

    def bars(self, dtype: str) -> Bars:
        """Return the bars of this shape in this dtype."""
        double = dtype == "float64"
        if self.B == 1:
            return Bars(None, 3.5 if double else 2.5, 1.7)
        jax = (1.8 if double else 1.6) if self.N <= 256 else (1.3 if double else 1.2)
        return Bars(0.75 if self.N <= 128 else 0.85, jax, 8.0 if double and self.N <= 256 else 1.7)

    def arrays(self, dtype: str) -> dict[str, np.ndarray]:
        """Draw U (G,N,N), W, V, x (G,T,B,N), y; every network has sequences of its own."""
        rng = np.random.default_rng([self.N, self.B, self.T, self.G])

        def normal(*shape: int, scale: float = 1.0) -> Any:
            return (scale * rng.standard_normal(shape)).astype(dtype)

        G, T, B, N = self.G, self.T, self.B, self.N
        weights = {name: normal(G, N, N, scale=N**-0.5) for name in ("U", "W", "V")}
        return {**weights, "x": normal(G, T, B, N), "y": normal(G, T, B, N)}


@dataclass(frozen=True)
class Course(Shape):
    """The same networks in training: so many updates in one call, each from a batch of its own."""

    updates: int

    @property
    def size(self) -> str:
        """The numbers as `of_size` reads them."""
        return f"{super().size},{self.updates}"

    @property
    def flops(self) -> int:
        """Those of all updates."""
        return super().flops * self.updates

    def arrays(self, dtype: str) -> dict[str, np.ndarray]:
        """Draw U (G,N,N), W, V, x (G,updates,T,B,N), y."""
        rng = np.random.default_rng([self.N, self.B, self.T, self.G, self.updates])
        G, N, data = self.G, self.N, (self.G, self.updates, self.T, self.B, self.N)
        weights = {name: (N**-0.5 * rng.standard_normal((G, N, N))).astype(dtype) for name in ("U", "W", "V")}
        return {**weights, **{name: rng.standard_normal(data, dtype=np.float32).astype(dtype) for name in ("x", "y")}}


def of_size(size: str) -> Shape:
    """Return the shape or the course of these numbers."""
    numbers = [int(number) for number in size.split(",")]
    return Course(*numbers) if len(numbers) == 5 else Shape(*numbers)


SHAPES = (
    Shape(64, 32, 100, 32),
    Shape(128, 32, 200, 8),
    Shape(256, 64, 200, 4),
    Shape(512, 64, 100, 2),
    Shape(32, 1, 100, 64),
)
QUICK = (Shape(16, 4, 10, 4), Shape(8, 1, 10, 6))
COURSES = (Course(64, 32, 100, 32, 8), Course(32, 16, 60, 32, 20))
RULES = Course(16, 16, 60, 8, 4)  # real-time recurrent learning takes N⁴ a step
QUICK_COURSES, QUICK_RULES = (Course(8, 3, 9, 4, 3),), Course(4, 3, 24, 2, 2)
