"""The Matrix Cookbook (Petersen and Pedersen, version of 15 November 2012), section 2, as data.

Each identity that differentiates a scalar by a vector or a matrix: the number of its equation, its
cost as a function on NumPy arrays, and its right side as a matrix expression in denominator
layout, as derive prints it. The book's own right side, where it is written in another way, is the
function ``book`` on the same arrays: it is compared in value.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy import trace
from numpy.linalg import det, eigvalsh, inv, matrix_power, norm, slogdet

__all__ = ["IDENTITIES", "REFUSED", "Identity", "Refused"]


@dataclass(frozen=True)
class Identity:
    """One equation.

    Attributes:
        number: the number of the equation in the book.
        cost: the left side's scalar, on NumPy arrays.
        shapes: the shape of each of its arguments.
        wrt: the argument that is differentiated by.
        printed: the gradient as derive prints it, in matrices.
        book: the book's right side, on the same arrays.
        symmetric: the arguments that are symmetric matrices.
    """

    number: str
    cost: Callable[..., Any]
    shapes: dict[str, str]
    wrt: str
    printed: str
    book: Callable[..., Any]
    symmetric: tuple[str, ...] = ()


@dataclass(frozen=True)
class Refused:
    """One equation that derive does not derive, and a part of the refusal."""

    number: str
    cost: Callable[..., Any]
    shapes: dict[str, str]
    wrt: str
    refusal: str


def S(**shapes: str) -> dict[str, str]:
    return shapes


# Costs with stages: what is used twice has a name, and keeps it in the gradient.


def fourth_order(B: Any, X: Any, C: Any) -> Any:
    S = X.T @ C @ X
    return trace(B.T @ S @ S @ B)


def ratio(B: Any, X: Any, C: Any) -> Any:
    S = X.T @ C @ X
    T = X.T @ B @ X
    return trace(inv(S) @ T)


def shifted_ratio(A: Any, B: Any, X: Any, C: Any) -> Any:
    S = A + X.T @ C @ X
    T = X.T @ B @ X
    return trace(inv(S) @ T)


IDENTITIES = (
    # 2.1 determinants
    Identity("49", lambda X: det(X), S(X="n,n"), "X", "det X(X⁻¹)ᵀ", lambda X: det(X) * inv(X).T),
    Identity(
        "51",
        lambda A, X, B: det(A @ X @ B),
        S(A="n,n", X="n,n", B="n,n"),
        "X",
        "det(AXB) Aᵀ((AXB)⁻¹)ᵀBᵀ",
        lambda A, X, B: det(A @ X @ B) * inv(X).T,
    ),
    Identity(
        "52",
        lambda A, X: det(X.T @ A @ X),
        S(A="n,n", X="n,n"),
        "X",
        "det(XᵀAX)(AX(XᵀAX)⁻¹ + AᵀX((XᵀAX)⁻¹)ᵀ)",
        lambda A, X: 2 * det(X.T @ A @ X) * inv(X).T,
    ),
    Identity(
        "53",
        lambda A, X: det(X.T @ A @ X),
        S(A="n,n", X="n,2"),
        "X",
        "2 det(XᵀAX) AX(XᵀAX)⁻¹",
        lambda A, X: 2 * det(X.T @ A @ X) * A @ X @ inv(X.T @ A @ X),
        symmetric=("A",),
    ),
    Identity(
        "54",
        lambda A, X: det(X.T @ A @ X),
        S(A="n,n", X="n,2"),
        "X",
        "det(XᵀAX)(AX(XᵀAX)⁻¹ + AᵀX((XᵀAX)⁻¹)ᵀ)",
        lambda A, X: det(X.T @ A @ X) * (A @ X @ inv(X.T @ A @ X) + A.T @ X @ inv(X.T @ A.T @ X)),
    ),
    Identity(
        "55",
        lambda X: slogdet(X.T @ X)[1],
        S(X="n,2"),
        "X",
        "2 X(XᵀX)⁻¹",
        lambda X: 2 * X @ inv(X.T @ X),
    ),
    Identity("57", lambda X: slogdet(X)[1], S(X="n,n"), "X", "(X⁻¹)ᵀ", lambda X: inv(X).T),
    Identity(
        "58",
        lambda X: det(X @ X @ X),
        S(X="n,n"),
        "X",
        "det(XXX) ((XXX)⁻¹)ᵀXᵀXᵀ + det(XXX) Xᵀ((XXX)⁻¹)ᵀXᵀ + det(XXX) XᵀXᵀ((XXX)⁻¹)ᵀ",
        lambda X: 3 * det(X @ X @ X) * inv(X).T,
    ),
    # 2.2
    Identity(
        "61",
        lambda a, X, b: a @ inv(X) @ b,
        S(a="n", X="n,n", b="n"),
        "X",
        "−(X⁻¹)ᵀabᵀ(X⁻¹)ᵀ",
        lambda a, X, b: -inv(X).T @ np.outer(a, b) @ inv(X).T,
    ),
    Identity(
        "62",
        lambda X: det(inv(X)),
        S(X="n,n"),
        "X",
        "−det X⁻¹(X⁻¹)ᵀ",
        lambda X: -det(inv(X)) * inv(X).T,
    ),
    Identity(
        "63",
        lambda A, X, B: trace(A @ inv(X) @ B),
        S(A="p,n", X="n,n", B="n,p"),
        "X",
        "−(X⁻¹)ᵀAᵀBᵀ(X⁻¹)ᵀ",
        lambda A, X, B: -(inv(X) @ B @ A @ inv(X)).T,
    ),
    Identity(
        "64",
        lambda A, X: trace(inv(X + A)),
        S(A="n,n", X="n,n"),
        "X",
        "−((X + A)⁻¹)ᵀ((X + A)⁻¹)ᵀ",
        lambda A, X: -(inv(X + A) @ inv(X + A)).T,
    ),
    # 2.3
    Identity("65", lambda X: trace(X), S(X="n,n"), "X", "I", lambda X: np.eye(len(X))),
    # 2.4.1
    Identity("69", lambda x, a: x @ a, S(x="n", a="n"), "x", "a", lambda x, a: a),
    Identity(
        "70",
        lambda a, X, b: a @ X @ b,
        S(a="n", X="n,p", b="p"),
        "X",
        "abᵀ",
        lambda a, X, b: np.outer(a, b),
    ),
    Identity(
        "71",
        lambda a, X, b: a @ X.T @ b,
        S(a="p", X="n,p", b="n"),
        "X",
        "baᵀ",
        lambda a, X, b: np.outer(b, a),
    ),
    Identity(
        "72", lambda a, X: a @ X @ a, S(a="n", X="n,n"), "X", "aaᵀ", lambda a, X: np.outer(a, a)
    ),
    # 2.4.2
    Identity(
        "76",
        lambda X: X.sum() ** 2,
        S(X="n,p"),
        "X",
        "2 (𝟏ᵀXᵀ𝟏)𝟏𝟏ᵀ",
        lambda X: 2 * X.sum() * np.ones_like(X),
    ),
    Identity(
        "77",
        lambda b, X, c: b @ X.T @ X @ c,
        S(b="p", X="n,p", c="p"),
        "X",
        "Xcbᵀ + Xbcᵀ",
        lambda b, X, c: X @ (np.outer(b, c) + np.outer(c, b)),
    ),
    Identity(
        "78",
        lambda B, x, b, C, D, d: (B @ x + b) @ C @ (D @ x + d),
        S(B="p,n", x="n", b="p", C="p,q", D="q,n", d="q"),
        "x",
        "BᵀC(Dx + d) + DᵀCᵀ(Bx + b)",
        lambda B, x, b, C, D, d: B.T @ C @ (D @ x + d) + D.T @ C.T @ (B @ x + b),
    ),
    Identity(
        "81", lambda B, x: x @ B @ x, S(B="n,n", x="n"), "x", "Bx + Bᵀx", lambda B, x: (B + B.T) @ x
    ),
    Identity(
        "82",
        lambda b, X, D, c: b @ X.T @ D @ X @ c,
        S(b="p", X="n,p", D="n,n", c="p"),
        "X",
        "DXcbᵀ + DᵀXbcᵀ",
        lambda b, X, D, c: D.T @ X @ np.outer(b, c) + D @ X @ np.outer(c, b),
    ),
    Identity(
        "83",
        lambda b, X, c, D: (X @ b + c) @ D @ (X @ b + c),
        S(b="p", X="n,p", c="n", D="n,n"),
        "X",
        "(D(Xb + c) + Dᵀ(Xb + c))bᵀ",
        lambda b, X, c, D: np.outer((D + D.T) @ (X @ b + c), b),
    ),
    Identity(
        "84",
        lambda x, A, s, W: (x - A @ s) @ W @ (x - A @ s),
        S(x="n", A="n,p", s="p", W="n,n"),
        "s",
        "−2 AᵀW(x − As)",
        lambda x, A, s, W: -2 * A.T @ W @ (x - A @ s),
        symmetric=("W",),
    ),
    Identity(
        "85",
        lambda x, s, W: (x - s) @ W @ (x - s),
        S(x="n", s="n", W="n,n"),
        "x",
        "2 W(x − s)",
        lambda x, s, W: 2 * W @ (x - s),
        symmetric=("W",),
    ),
    Identity(
        "86",
        lambda x, s, W: (x - s) @ W @ (x - s),
        S(x="n", s="n", W="n,n"),
        "s",
        "−2 W(x − s)",
        lambda x, s, W: -2 * W @ (x - s),
        symmetric=("W",),
    ),
    Identity(
        "87",
        lambda x, A, s, W: (x - A @ s) @ W @ (x - A @ s),
        S(x="n", A="n,p", s="p", W="n,n"),
        "x",
        "2 W(x − As)",
        lambda x, A, s, W: 2 * W @ (x - A @ s),
        symmetric=("W",),
    ),
    Identity(
        "88",
        lambda x, A, s, W: (x - A @ s) @ W @ (x - A @ s),
        S(x="n", A="n,p", s="p", W="n,n"),
        "A",
        "−2 W(x − As)sᵀ",
        lambda x, A, s, W: -2 * np.outer(W @ (x - A @ s), s),
        symmetric=("W",),
    ),
    # 2.4.3
    Identity(
        "91",
        lambda a, X, b: a @ X @ X @ X @ b,
        S(a="n", X="n,n", b="n"),
        "X",
        "abᵀXᵀXᵀ + XᵀabᵀXᵀ + XᵀXᵀabᵀ",
        lambda a, X, b: (
            np.outer(a, X @ X @ b) + np.outer(X.T @ a, X @ b) + np.outer(X.T @ X.T @ a, b)
        ),
    ),
    Identity(
        "92",
        lambda a, X, b: a @ X.T @ X.T @ X @ X @ b,
        S(a="n", X="n,n", b="n"),
        "X",
        "XᵀXXbaᵀ + XXbaᵀXᵀ + XXabᵀXᵀ + XᵀXXabᵀ",
        lambda a, X, b: (
            np.outer(X @ X @ b, X @ a)
            + np.outer(X.T @ X @ X @ b, a)
            + np.outer(X @ X @ a, X @ b)
            + np.outer(X.T @ X @ X @ a, b)
        ),
    ),
    Identity(
        "95",
        lambda A, x, B: (A @ x) @ (A @ x) / ((B @ x) @ (B @ x)),
        S(A="p,n", x="n", B="q,n"),
        "x",
        "2((1/(xᵀBᵀBx))AᵀAx − ((xᵀBᵀBx)^(−2))(xᵀAᵀAx)BᵀBx)",
        lambda A, x, B: (
            2 * A.T @ A @ x / (x @ B.T @ B @ x)
            - 2 * (x @ A.T @ A @ x) * B.T @ B @ x / (x @ B.T @ B @ x) ** 2
        ),
    ),
    Identity(
        "96",
        lambda A, x, b: x @ A @ x + b @ x,
        S(A="n,n", x="n", b="n"),
        "x",
        "Ax + Aᵀx + b",
        lambda A, x, b: (A + A.T) @ x + b,
    ),
    # 2.5.1
    Identity("99", lambda X: trace(X), S(X="n,n"), "X", "I", lambda X: np.eye(len(X))),
    Identity("100", lambda X, A: trace(X @ A), S(X="n,p", A="p,n"), "X", "Aᵀ", lambda X, A: A.T),
    Identity(
        "101",
        lambda A, X, B: trace(A @ X @ B),
        S(A="q,n", X="n,p", B="p,q"),
        "X",
        "AᵀBᵀ",
        lambda A, X, B: A.T @ B.T,
    ),
    Identity(
        "102",
        lambda A, X, B: trace(A @ X.T @ B),
        S(A="q,p", X="n,p", B="n,q"),
        "X",
        "BA",
        lambda A, X, B: B @ A,
    ),
    Identity("103", lambda A, X: trace(X.T @ A), S(A="n,p", X="n,p"), "X", "A", lambda A, X: A),
    Identity("104", lambda A, X: trace(A @ X.T), S(A="n,p", X="n,p"), "X", "A", lambda A, X: A),
    Identity(
        "105",
        lambda A, X: trace(A) * trace(X),
        S(A="p,p", X="n,n"),
        "X",
        "tr(A)I",
        lambda A, X: trace(A) * np.eye(len(X)),
    ),
    # 2.5.2
    Identity("106", lambda X: trace(X @ X), S(X="n,n"), "X", "2Xᵀ", lambda X: 2 * X.T),
    Identity(
        "107",
        lambda B, X: trace(X @ X @ B),
        S(B="n,n", X="n,n"),
        "X",
        "BᵀXᵀ + XᵀBᵀ",
        lambda B, X: (X @ B + B @ X).T,
    ),
    Identity(
        "108",
        lambda B, X: trace(X.T @ B @ X),
        S(B="n,n", X="n,p"),
        "X",
        "BX + BᵀX",
        lambda B, X: B @ X + B.T @ X,
    ),
    Identity(
        "109",
        lambda B, X: trace(B @ X @ X.T),
        S(B="n,n", X="n,p"),
        "X",
        "BᵀX + BX",
        lambda B, X: B @ X + B.T @ X,
    ),
    Identity(
        "110",
        lambda B, X: trace(X @ X.T @ B),
        S(B="n,n", X="n,p"),
        "X",
        "BᵀX + BX",
        lambda B, X: B @ X + B.T @ X,
    ),
    Identity(
        "111",
        lambda B, X: trace(X @ B @ X.T),
        S(B="p,p", X="n,p"),
        "X",
        "XBᵀ + XB",
        lambda B, X: X @ B.T + X @ B,
    ),
    Identity(
        "112",
        lambda B, X: trace(B @ X.T @ X),
        S(B="p,p", X="n,p"),
        "X",
        "XB + XBᵀ",
        lambda B, X: X @ B.T + X @ B,
    ),
    Identity(
        "113",
        lambda B, X: trace(X.T @ X @ B),
        S(B="p,p", X="n,p"),
        "X",
        "XB + XBᵀ",
        lambda B, X: X @ B.T + X @ B,
    ),
    Identity(
        "114",
        lambda A, X, B: trace(A @ X @ B @ X),
        S(A="p,n", X="n,p", B="p,n"),
        "X",
        "AᵀXᵀBᵀ + BᵀXᵀAᵀ",
        lambda A, X, B: A.T @ X.T @ B.T + B.T @ X.T @ A.T,
    ),
    Identity("115", lambda X: trace(X.T @ X), S(X="n,p"), "X", "2X", lambda X: 2 * X),
    Identity(
        "116",
        lambda B, X, C: trace(B.T @ X.T @ C @ X @ B),
        S(B="p,q", X="n,p", C="n,n"),
        "X",
        "(CXB + CᵀXB)Bᵀ",
        lambda B, X, C: C.T @ X @ B @ B.T + C @ X @ B @ B.T,
    ),
    Identity(
        "117",
        lambda B, X, C: trace(X.T @ B @ X @ C),
        S(B="n,n", X="n,p", C="p,p"),
        "X",
        "BXC + BᵀXCᵀ",
        lambda B, X, C: B @ X @ C + B.T @ X @ C.T,
    ),
    Identity(
        "118",
        lambda A, X, B, C: trace(A @ X @ B @ X.T @ C),
        S(A="q,n", X="n,p", B="p,p", C="n,q"),
        "X",
        "AᵀCᵀXBᵀ + CAXB",
        lambda A, X, B, C: A.T @ C.T @ X @ B.T + C @ A @ X @ B,
    ),
    Identity(
        "119",
        lambda A, X, B, C: trace((A @ X @ B + C) @ (A @ X @ B + C).T),
        S(A="q,n", X="n,p", B="p,r", C="q,r"),
        "X",
        "2 Aᵀ(AXB + C)Bᵀ",
        lambda A, X, B, C: 2 * A.T @ (A @ X @ B + C) @ B.T,
    ),
    Identity(
        "120",
        lambda X: trace(X) * trace(X),
        S(X="n,n"),
        "X",
        "2 tr(X)I",
        lambda X: 2 * trace(X) * np.eye(len(X)),
    ),
    # 2.5.3
    Identity("121", lambda X: trace(X @ X @ X), S(X="n,n"), "X", "3 XᵀXᵀ", lambda X: 3 * (X @ X).T),
    Identity(
        "122",
        lambda A, X: trace(A @ X @ X @ X),
        S(A="n,n", X="n,n"),
        "X",
        "AᵀXᵀXᵀ + XᵀAᵀXᵀ + XᵀXᵀAᵀ",
        lambda A, X: (X @ X @ A).T + (X @ A @ X).T + (A @ X @ X).T,
    ),
    Identity(
        "123",
        fourth_order,
        S(B="p,q", X="n,p", C="n,n"),
        "X",
        "CXSBBᵀ + CᵀXBBᵀSᵀ + CXBBᵀS + CᵀXSᵀBBᵀ",
        lambda B, X, C: (
            C @ X @ X.T @ C @ X @ B @ B.T
            + C.T @ X @ B @ B.T @ X.T @ C.T @ X
            + C @ X @ B @ B.T @ X.T @ C @ X
            + C.T @ X @ X.T @ C.T @ X @ B @ B.T
        ),
    ),
    # 2.5.4
    Identity(
        "124",
        lambda A, X, B: trace(A @ inv(X) @ B),
        S(A="p,n", X="n,n", B="n,p"),
        "X",
        "−(X⁻¹)ᵀAᵀBᵀ(X⁻¹)ᵀ",
        lambda A, X, B: -inv(X).T @ A.T @ B.T @ inv(X).T,
    ),
    Identity(
        "125",
        lambda A, X, C: trace(inv(X.T @ C @ X) @ A),
        S(A="2,2", X="n,2", C="n,n"),
        "X",
        "−CX(XᵀCX)⁻¹A(XᵀCX)⁻¹ − CX(XᵀCX)⁻¹Aᵀ(XᵀCX)⁻¹",
        lambda A, X, C: -C @ X @ inv(X.T @ C @ X) @ (A + A.T) @ inv(X.T @ C @ X),
        symmetric=("C",),
    ),
    Identity(
        "126",
        ratio,
        S(B="n,n", X="n,2", C="n,n"),
        "X",
        "2 BXS⁻¹ − 2 CXS⁻¹TS⁻¹",
        lambda B, X, C: (
            -2 * C @ X @ inv(X.T @ C @ X) @ X.T @ B @ X @ inv(X.T @ C @ X)
            + 2 * B @ X @ inv(X.T @ C @ X)
        ),
        symmetric=("B", "C"),
    ),
    Identity(
        "127",
        shifted_ratio,
        S(A="p,p", B="n,n", X="n,p", C="n,n"),
        "X",
        "2 BXS⁻¹ − 2 CXS⁻¹TS⁻¹",
        lambda A, B, X, C: (
            -2 * C @ X @ inv(A + X.T @ C @ X) @ X.T @ B @ X @ inv(A + X.T @ C @ X)
            + 2 * B @ X @ inv(A + X.T @ C @ X)
        ),
        symmetric=("A", "B", "C"),
    ),
    # 2.6, 2.7
    Identity(
        "129",
        lambda x, a: norm(x - a),
        S(x="n", a="n"),
        "x",
        "(1/√((x − a)ᵀ(x − a)))(x − a)",
        lambda x, a: (x - a) / norm(x - a),
    ),
    Identity("131", lambda x: norm(x) ** 2, S(x="n"), "x", "2x", lambda x: 2 * x),
    Identity("132", lambda X: norm(X) ** 2, S(X="n,p"), "X", "2X", lambda X: 2 * X),
)

#: What the section has besides: the derivative of a matrix or a vector by a matrix (equations 46 to
#: 48, 50, 59, 60, 73 to 75, 79, 80, 90, 93, 94, 97), which is no gradient of a cost; the derivative
#: by a pseudo-inverse (56), the sine of a matrix (128), which have no counterpart here; structured
#: matrices (133 to 142). Powers X^k (58, 91, 92, 121, 122) stand for k = 2 or 3: a product of as
#: many matrices as a letter says has no index notation.
REFUSED: tuple[Refused, ...] = (
    Refused("67", lambda X: eigvalsh(X)[0], S(X="n,n"), "X", "eigvalsh has no derivation here"),
    Refused(
        "98", lambda X: trace(matrix_power(X, 3)), S(X="n,n"), "X", "matrix_power has no derivation"
    ),
    Refused(
        "105 as np.kron",
        lambda A, X: trace(np.kron(A, X)),
        S(A="p,p", X="n,n"),
        "X",
        "kron has no derivation here",
    ),
    Refused(
        "130", lambda x, a: (x - a) / norm(x - a), S(x="n", a="n"), "x", "a cost is one number"
    ),
)
