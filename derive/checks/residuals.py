"""How a residual is reported."""

from __future__ import annotations

import math

__all__ = ["round_up"]


def round_up(residual: float, floor: float = 0.0) -> float:
    """The next power of ten, at least ``floor``; zero stays zero where there is no floor.

    The last digits of a residual are noise, which another version of a library changes; a report
    must not change with it.

    >>> round_up(3.4e-33)
    1e-32
    >>> round_up(1e-60, floor=1e-45)
    1e-45
    >>> round_up(0.0)
    0.0
    """
    if not math.isfinite(residual):
        return math.inf
    if residual <= floor:
        return floor
    # From the printed digits, since a logarithm of a power of ten may come out just above it.
    mantissa, exponent = f"{residual:.3e}".split("e")
    return float(f"1e{int(exponent) + (float(mantissa) > 1.0)}")
