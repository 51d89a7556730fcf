"""The generated NumPy code beside code written by hand and PyTorch's own differentiation.

``python benchmarks/code.py``: one thread, double precision, on the CPU; PyTorch is left out where
it is not installed. What is compared is timed in turn, in another order each round, and the
medians are compared; the time is the processor's, which a busy machine changes less than the
clock's.
"""

from __future__ import annotations

import argparse
import os
import platform
import random
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from statistics import median
from typing import Any

# Before NumPy is imported: BLAS reads them once.
for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_variable] = "1"

import numpy as np  # noqa: E402 - after the variables that it reads
from timing import ROOT  # noqa: E402 - as above

sys.path.insert(0, str(ROOT))

Arrays = dict[str, Any]
Gradient = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """One model at one size.

    Attributes:
        name: as the table has it.
        module: the generated module.
        arrays: the arguments of its ``gradient``, functions among them.
        by_hand: the same gradient as one writes it with NumPy.
        torch_cost: the cost with PyTorch's own layers and losses.
    """

    name: str
    module: dict[str, Any]
    arrays: Arrays
    by_hand: Callable[..., Gradient]
    torch_cost: Callable[..., Any]


def logistic_by_hand(x: Any, y: Any, w: Any, b: Any) -> Gradient:
    """The formula of the textbook with its forward pass."""
    m = len(x)
    a = 1 / (1 + np.exp(-(x @ w + b)))
    return {"w": x.T @ (a - y) / m, "b": (a - y).sum() / m}


def softmax_by_hand(x: Any, y: Any, W: Any, b: Any) -> Gradient:  # noqa: N803 - the textbook's
    """The formula of the textbook with its forward pass, shifted as everybody does it."""
    z = x @ W.T + b
    powers = np.exp(z - z.max(axis=1, keepdims=True))
    error = powers / powers.sum(axis=1, keepdims=True) - y
    return {"W": error.T @ x / len(x), "b": error.mean(axis=0)}


def mlp_by_hand(x: Any, y: Any, W1: Any, b1: Any, w2: Any, b2: Any) -> Gradient:  # noqa: N803
    """Backpropagation through one hidden layer."""
    m = len(x)
    hidden = np.tanh(x @ W1.T + b1)
    dz2 = 1 / (1 + np.exp(-(hidden @ w2 + b2))) - y
    dz1 = dz2[:, None] * w2 * (1 - hidden**2)
    return {
        "W1": dz1.T @ x / m,
        "b1": dz1.mean(axis=0),
        "w2": hidden.T @ dz2 / m,
        "b2": dz2.mean(),
    }


def batch_norm_by_hand(
    x: Any, gamma: Any, beta: Any, epsilon: Any, loss: Any, dloss: Any
) -> Gradient:
    """The compact form, as it is usually quoted."""
    m = len(x)
    centred = x - x.mean(axis=0)
    deviation = np.sqrt((centred**2).mean(axis=0) + epsilon)
    u = centred / deviation
    do = dloss(u * gamma + beta) / m
    by_gamma, by_beta = (do * u).sum(axis=0), do.sum(axis=0)
    dx = gamma / (m * deviation) * (m * do - by_beta - u * by_gamma)
    return {"x": dx, "gamma": by_gamma, "beta": by_beta}


def cases() -> Iterator[Case]:
    """The four models, at realistic sizes."""
    import derive

    def module(problem: Any) -> dict[str, Any]:
        from derive.numpy_code import compile_module

        return compile_module(derive.gradient(problem).python())

    def draw(made: dict[str, Any], **sizes: int) -> Arrays:
        arrays = made["example"](seed=0, **sizes)
        # As after some training: no activation at its limit.
        return {k: a / 10 if k.lower().startswith("w") else a for k, a in arrays.items()}

    def by_logits(z: Any, y: Any) -> Any:
        from torch.nn import functional

        return functional.binary_cross_entropy_with_logits(z, y)

    made = module("logistic_regression")
    yield Case(
        "logistic regression, m = 100,000, n = 100",
        made,
        draw(made, m=100_000, n=100),
        logistic_by_hand,
        lambda x, y, w, b: by_logits(x @ w + b, y),
    )
    made = module("softmax_regression")
    yield Case(
        "softmax regression, m = 100,000, n = 100, K = 10",
        made,
        draw(made, m=100_000, n=100, K=10),
        softmax_by_hand,
        _softmax_with_torch,
    )
    made = module("mlp")
    yield Case(
        "MLP, m = 100,000, n = 100, H = 64",
        made,
        draw(made, m=100_000, n=100, H=64),
        mlp_by_hand,
        _mlp_with_torch,
    )
    specification = spec_from_file_location("batch_norm", ROOT / "tests/models/batch_norm.py")
    assert specification is not None
    assert specification.loader is not None
    model = module_from_spec(specification)
    specification.loader.exec_module(model)
    made = module(model.problem)
    arrays = draw(made, m=100_000, n=100)
    # The derivative of half the squared length, which costs nothing: batch norm alone is timed.
    arrays |= {"loss": lambda o: (o**2).sum(axis=1) / 2, "dloss": lambda o: o}
    yield Case(
        "batch norm, m = 100,000, n = 100",
        made,
        arrays,
        batch_norm_by_hand,
        _batch_norm_with_torch,
    )


def _softmax_with_torch(x: Any, y: Any, W: Any, b: Any) -> Any:  # noqa: N803
    from torch.nn import functional

    return functional.cross_entropy(functional.linear(x, W, b), y)


def _mlp_with_torch(x: Any, y: Any, W1: Any, b1: Any, w2: Any, b2: Any) -> Any:  # noqa: N803
    import torch
    from torch.nn import functional

    z = torch.tanh(functional.linear(x, W1, b1)) @ w2 + b2
    return functional.binary_cross_entropy_with_logits(z, y)


def _batch_norm_with_torch(x: Any, gamma: Any, beta: Any, epsilon: Any) -> Any:
    from torch.nn import functional

    made = functional.batch_norm(x, None, None, gamma, beta, training=True, eps=float(epsilon))
    return (made**2).sum(dim=1).mean() / 2


def with_torch(case: Case, wrt: list[str]) -> Callable[[], Gradient]:
    """The gradient by PyTorch's autograd, on the same memory."""
    import torch

    torch.set_num_threads(1)
    tensors = {
        name: torch.from_numpy(np.asarray(array, dtype=float)).requires_grad_(name in wrt)
        for name, array in case.arrays.items()
        if not callable(array)
    }

    def gradient() -> Gradient:
        cost = case.torch_cost(**tensors)
        found = torch.autograd.grad(cost, [tensors[name] for name in wrt])
        return dict(zip(wrt, found, strict=True))

    return gradient


def compared(case: Case, rounds: int) -> dict[str, float]:
    """The median seconds of each way to the same gradient, all of them checked to agree."""
    ours = case.module["gradient"]
    ways: dict[str, Callable[[], Gradient]] = {
        "derive": lambda: dict(ours(**case.arrays)),
        "by hand": lambda: case.by_hand(**case.arrays),
    }
    expected = ways["derive"]()
    if find_spec("torch") is not None:
        ways["PyTorch"] = with_torch(case, list(expected))
    for way in ways.values():
        for name, value in way().items():
            np.testing.assert_allclose(np.asarray(value), expected[name], rtol=1e-8, atol=1e-10)
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    orders = random.Random(0)
    for _ in range(rounds):
        # In any order, for each pays for the memory that the one before gave back.
        for name in orders.sample(list(ways), len(ways)):
            start = time.process_time()
            ways[name]()
            seconds[name].append(time.process_time() - start)
    return {name: median(times) for name, times in seconds.items()}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=31, help="rounds of each comparison")
    parser.add_argument("only", nargs="*", help="words of the names of models; all if left out")
    options = parser.parse_args()
    print(f"CPython {platform.python_version()}, NumPy {np.__version__}, one thread")
    print("| gradient | derive | by hand | ratio | PyTorch autograd | ratio |\n" + "|---" * 6 + "|")
    for case in cases():
        if options.only and not any(word in case.name for word in options.only):
            continue
        took = compared(case, options.rounds)
        milliseconds = {name: f"{1e3 * seconds:.1f} ms" for name, seconds in took.items()}
        cells = [case.name, milliseconds["derive"], milliseconds["by hand"]]
        cells += [f"{took['derive'] / took['by hand']:.2f}"]
        theirs = took.get("PyTorch")
        cells += ["", ""] if theirs is None else [milliseconds["PyTorch"]]
        cells += [] if theirs is None else [f"{took['derive'] / theirs:.2f}"]
        print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
