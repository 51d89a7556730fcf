"""The matrix forms in which models are taught, and the errors that they are made of."""

from __future__ import annotations

from functools import cache

import pytest
from test_models import problem_of

import derive
from derive.gradients import Derivation
from derive.matrix.layout import matrix_text
from derive.notation import Notation

#: Model, what is on the left, and the matrix with examples as rows.
FORMS = (
    ("masked_attention", "∂J/∂a_tu", "(∂J/∂O) Vᵀ"),
    ("masked_attention", "∂J/∂s_tu", "(∂J/∂A − (∂J/∂A ⊙ A)𝟏𝟏ᵀ) ⊙ A"),
    ("masked_attention", "∂J/∂Q_td", "1/√D · (∂J/∂S) K"),
    ("masked_attention", "∂J/∂K_ud", "1/√D · (∂J/∂S)ᵀQ"),
    ("masked_attention", "∂J/∂V_ue", "Aᵀ(∂J/∂O)"),
    ("swiglu", "∂L_i/∂d_ih", "dO U"),
    ("swiglu", "∂L_i/∂a_ih", "dC ⊙ (C + σ(A) ⊙ (1 − C))"),
    ("swiglu", "∂J/∂W_hj", "(1/m) dAᵀX"),
    ("tied_embeddings", "∂J/∂E_vd", "(1/m) Oᵀ(P − Y)E + (1/m) (P − Y)ᵀH"),
    ("nonnegative_matrix_factorisation", "∂J/∂W_ik", "(WH − V)Hᵀ"),
    ("nonnegative_matrix_factorisation", "∂J/∂H_kj", "Wᵀ(WH − V)"),
    ("t_sne", "∂J/∂y_id", "4 diag((W ⊙ (P − Q))𝟏)Y − 4 (W ⊙ (P − Q))Y"),
    ("multivariate_normal", "∂J/∂Σ_ab", "(1/2) (Σ⁻¹ − Σ⁻¹SΣ⁻¹)"),
    ("multivariate_normal", "∂J/∂μ_a", "−(1/m) Σ⁻¹Uᵀ𝟏"),
    ("gaussian_density", "∂J/∂Λ_ab", "−(1/2) p (Λ⁻¹ − uuᵀ)"),
    ("gaussian_density", "∂J/∂μ_a", "−p Λu"),
    ("gaussian_process", "∂J/∂θ", "(1/2) tr((K⁻¹ − ααᵀ)ᵀexp(θ 𝟏𝟏ᵀ − (1/2) E))"),
    ("gaussian_mixture", "∂J/∂t_k", "−(1/m) Rᵀ𝟏 + w"),
    (
        "gaussian_mixture",
        "∂J/∂μ_kd",
        "−(1/m) diag(σ²)⁻¹RᵀX + (1/m) diag((Rᵀ𝟏) ⊘ σ²)μ",
    ),
    ("vae_reconstruction", "∂J/∂s_id", "(1/(2m)) ((O − X)W) ⊙ ε ⊙ σ"),
    ("masked_mean", "∂J/∂w_j", "1/N · Xᵀ(c ⊙ (z − y))"),
    ("weight_norm", "∂J/∂g_k", "((∂J/∂W ⊙ V)𝟏) ⊘ r"),
    ("kronecker_product", "∂J/∂A_ij", "YBXᵀ"),
    ("kronecker_product", "∂J/∂B_kl", "YᵀAX"),
    ("norms", "∂J/∂x_i", "1/r · (x − c)"),
    ("norms", "∂J/∂W_ij", "1/f · W"),
    ("batch_norm_paths", "∂J/∂x̂_ij", "(∂J/∂O) diag(γ)"),
    ("batch_norm_paths", "∂J/∂σ²_j", "−(1/2) ((∂J/∂x̂ ⊙ x̂)ᵀ𝟏) ⊙ (√(σ² + ε 𝟏))^∘−2"),
    (
        "batch_norm_paths",
        "∂J/∂x_ij",
        "(∂J/∂x̂) diag(√(σ² + ε 𝟏))⁻¹ + (2/m) (X − 𝟏μᵀ)diag(∂J/∂σ²) + (1/m) 𝟏(∂J/∂μ)ᵀ",
    ),
)


@cache
def derivation(name: str) -> Derivation:
    return derive.gradient(problem_of(name), check="none")


@pytest.mark.parametrize(("name", "left", "form"), FORMS)
def test_the_matrix_form_is_the_one_that_is_taught(name: str, left: str, form: str) -> None:
    found = derivation(name)
    notation = Notation(found.problem)
    printed = [
        matrix_text(line.rows.expression, notation)
        for line in found.matrix
        if line.rows.expression is not None
        and derive.notation.plain_text(line.left, notation) == left
    ]
    assert form in printed
