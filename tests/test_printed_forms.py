"""Each entry of the catalogue ends in the form in which it is taught, as printed: not one equal to
it. The entries with LaTeX in ``test_textbook_forms.py`` have theirs there."""

from __future__ import annotations

import pytest
from test_textbook_forms import FORMS as IN_LATEX

from derive.catalogue import NAMES
from derive.matrix import matrix_text
from derive.notation import Notation, plain_text

#: By entry and quantity: in index form, and as matrices with examples as rows; ``None`` where an
#: array has more than two axes.
FORMS: dict[str, dict[str, tuple[str, str | None]]] = {
    "weighted_least_squares": {
        "w": ("(1/m) Σᵢ₌₁ᵐ c_i (ŷ_i − y_i) x_ij", "(1/m) Xᵀ(c ⊙ (ŷ − y))"),
        "b": ("(1/m) Σᵢ₌₁ᵐ c_i (ŷ_i − y_i)", "(1/m) cᵀ(ŷ − y)"),
    },
    "lasso": {
        "w": ("(1/m) Σᵢ₌₁ᵐ (ŷ_i − y_i) x_ij + λ sign(w_j)", "(1/m) Xᵀ(ŷ − y) + λ sign(w)"),
        "b": ("(1/m) Σᵢ₌₁ᵐ (ŷ_i − y_i)", "(1/m) 𝟏ᵀ(ŷ − y)"),
    },
    "elastic_net": {
        "w": (
            "(1/m) Σᵢ₌₁ᵐ (ŷ_i − y_i) x_ij + λ sign(w_j) + μ w_j",
            "(1/m) Xᵀ(ŷ − y) + λ sign(w) + μ w",
        ),
        "b": ("(1/m) Σᵢ₌₁ᵐ (ŷ_i − y_i)", "(1/m) 𝟏ᵀ(ŷ − y)"),
    },
    "huber_regression": {
        "w": ("(1/m) Σᵢ₌₁ᵐ clip(ŷ_i − y_i, −δ, δ) x_ij", "(1/m) Xᵀclip(ŷ − y, −δ 𝟏, δ 𝟏)"),
        "b": ("(1/m) Σᵢ₌₁ᵐ clip(ŷ_i − y_i, −δ, δ)", "(1/m) 𝟏ᵀclip(ŷ − y, −δ 𝟏, δ 𝟏)"),
    },
    "log_cosh_regression": {
        "w": ("(1/m) Σᵢ₌₁ᵐ tanh(ŷ_i − y_i) x_ij", "(1/m) Xᵀtanh(ŷ − y)"),
        "b": ("(1/m) Σᵢ₌₁ᵐ tanh(ŷ_i − y_i)", "(1/m) 𝟏ᵀtanh(ŷ − y)"),
    },
    "quantile_regression": {
        "w": (
            "(1/m) Σᵢ₌₁ᵐ [(1 − τ) 𝟏[−r_i > 0] − τ 𝟏[r_i > 0]] x_ij",
            "(1/m) Xᵀ((1 − τ) 𝟏[−r > 0] − τ 𝟏[r > 0])",
        ),
        "b": (
            "(1/m) Σᵢ₌₁ᵐ [(1 − τ) 𝟏[−r_i > 0] − τ 𝟏[r_i > 0]]",
            "(1/m) 𝟏ᵀ((1 − τ) 𝟏[−r > 0] − τ 𝟏[r > 0])",
        ),
    },
    "poisson_regression": {
        "w": ("(1/m) Σᵢ₌₁ᵐ (μ_i − y_i) x_ij", "(1/m) Xᵀ(μ − y)"),
        "b": ("(1/m) Σᵢ₌₁ᵐ (μ_i − y_i)", "(1/m) 𝟏ᵀ(μ − y)"),
    },
    "gamma_regression": {
        "w": ("(1/m) Σᵢ₌₁ᵐ (1 − y_i/μ_i) x_ij", "(1/m) Xᵀ(1 − y ⊘ μ)"),
        "b": ("(1/m) Σᵢ₌₁ᵐ (1 − y_i/μ_i)", "(1/m) 𝟏ᵀ(1 − y ⊘ μ)"),
    },
    "negative_binomial_regression": {
        "w": ("(1/m) Σᵢ₌₁ᵐ r (μ_i − y_i)/(r + μ_i) · x_ij", "(1/m) r Xᵀ((μ − y) ⊘ (r 𝟏 + μ))"),
        "b": ("(1/m) Σᵢ₌₁ᵐ r (μ_i − y_i)/(r + μ_i)", "(1/m) r 𝟏ᵀ((μ − y) ⊘ (r 𝟏 + μ))"),
        "r": (
            "(1/m) Σᵢ₌₁ᵐ [ψ(r) − ψ(r + y_i) + ln(r + μ_i) + (r + y_i)/(r + μ_i) − ln r − 1]",
            ("(1/m) 𝟏ᵀ(ψ(r) 𝟏 − ψ(r 𝟏 + y) + ln(r 𝟏 + μ) + (r 𝟏 + y) ⊘ (r 𝟏 + μ) − ln r 𝟏 − 𝟏)"),
        ),
    },
    "logistic_regression_signed": {
        "w": ("−(1/m) Σᵢ₌₁ᵐ σ(−y_i z_i) y_i x_ij", "−(1/m) Xᵀ(σ(−y ⊙ z) ⊙ y)"),
        "b": ("−(1/m) Σᵢ₌₁ᵐ σ(−y_i z_i) y_i", "−(1/m) σ(−y ⊙ z)ᵀy"),
    },
    "probit_regression": {
        "w": (
            "(1/m) Σᵢ₌₁ᵐ (a_i − y_i)/(a_i (1 − a_i)) · φ(z_i) x_ij",
            "(1/m) Xᵀ(((a − y) ⊙ φ(z)) ⊘ (a ⊙ (1 − a)))",
        ),
        "b": (
            "(1/m) Σᵢ₌₁ᵐ (a_i − y_i)/(a_i (1 − a_i)) · φ(z_i)",
            "(1/m) 𝟏ᵀ(((a − y) ⊙ φ(z)) ⊘ (a ⊙ (1 − a)))",
        ),
    },
    "support_vector_machine": {
        "w": (
            "λ w_j − (1/m) Σᵢ₌₁ᵐ 𝟏[1 − y_i z_i > 0] y_i x_ij",
            "λ w − (1/m) Xᵀ(𝟏[1 − y ⊙ z > 0] ⊙ y)",
        ),
        "b": ("−(1/m) Σᵢ₌₁ᵐ 𝟏[1 − y_i z_i > 0] y_i", "−(1/m) 𝟏[1 − y ⊙ z > 0]ᵀy"),
    },
    "squared_hinge": {
        "w": (
            "−(2/m) Σᵢ₌₁ᵐ h_i 𝟏[1 − y_i z_i > 0] y_i x_ij",
            "−(2/m) Xᵀ(h ⊙ 𝟏[1 − y ⊙ z > 0] ⊙ y)",
        ),
        "b": ("−(2/m) Σᵢ₌₁ᵐ h_i 𝟏[1 − y_i z_i > 0] y_i", "−(2/m) (h ⊙ 𝟏[1 − y ⊙ z > 0])ᵀy"),
    },
    "label_smoothing": {
        "W": ("(1/m) Σᵢ₌₁ᵐ (p_ik − t_ik) x_ij", "(1/m) (P − T)ᵀX"),
        "b": ("(1/m) Σᵢ₌₁ᵐ (p_ik − t_ik)", "(1/m) (P − T)ᵀ𝟏"),
    },
    "kl_divergence": {
        "W": ("(1/m) Σᵢ₌₁ᵐ (p_ik − t_ik) x_ij", "(1/m) (P − T)ᵀX"),
        "b": ("(1/m) Σᵢ₌₁ᵐ (p_ik − t_ik)", "(1/m) (P − T)ᵀ𝟏"),
    },
    "multiclass_hinge": {
        "W": (
            "(1/m) Σᵢ₌₁ᵐ [(1 − y_ik) 𝟏[v_ik > 0] − y_ik Σₗ₌₁ᴷ (1 − y_il) 𝟏[v_il > 0]] x_ij",
            "(1/m) ((1 − Y) ⊙ 𝟏[V > 0] − diag(((1 − Y) ⊙ 𝟏[V > 0])𝟏)Y)ᵀX",
        ),
        "b": (
            "(1/m) Σᵢ₌₁ᵐ [(1 − y_ik) 𝟏[v_ik > 0] − y_ik Σₗ₌₁ᴷ (1 − y_il) 𝟏[v_il > 0]]",
            "(1/m) ((1 − Y) ⊙ 𝟏[V > 0] − diag(((1 − Y) ⊙ 𝟏[V > 0])𝟏)Y)ᵀ𝟏",
        ),
    },
    "residual_block": {
        "W": ("(1/m) Σᵢ₌₁ᵐ ∂L_i/∂z_ij · x_ih", "(1/m) dZᵀX"),
        "x": (
            "(1/m) (∂L_i/∂o_ij + Σₕ₌₁ⁿ ∂L_i/∂o_ih · g′(z_ih) W_hj)",
            "(1/m) (dO + (dO ⊙ g′(Z))W)",
        ),
    },
    "dropout": {
        "W": ("(1/m) Σᵢ₌₁ᵐ ∂L_i/∂z_ik · d_ij", "(1/m) dZᵀD"),
        "x": ("(1/(m q)) · ∂L_i/∂d_ij · r_ij", "(1/(m q)) dD ⊙ R"),
    },
    "lstm_cell": {
        "z_i": ("(1/m) · ∂L_k/∂i_kj · i_kj (1 − i_kj)", "(1/m) di ⊙ i ⊙ (1 − i)"),
        "z_f": ("(1/m) · ∂L_k/∂f_kj · f_kj (1 − f_kj)", "(1/m) df ⊙ f ⊙ (1 − f)"),
        "z_o": ("(1/m) · ∂L_k/∂o_kj · o_kj (1 − o_kj)", "(1/m) do ⊙ o ⊙ (1 − o)"),
        "z_g": ("(1/m) · ∂L_k/∂g_kj · (1 − g_kj²)", "(1/m) dg ⊙ (1 − g ⊙ g)"),
        "c_previous": ("(1/m) · ∂L_k/∂c_kj · f_kj", "(1/m) dc ⊙ f"),
    },
    "batch_norm": {
        "x": (
            (
                "(1/m) · γ_j/s_j · (∂L_i/∂o_ij − (1/m) Σₚ₌₁ᵐ ∂L_p/∂o_pj − (1/m) x̂_ij Σₚ₌₁ᵐ "
                "∂L_p/∂o_pj · x̂_pj)"
            ),
            "(1/m) (dO − (1/m) 𝟏𝟏ᵀdO − (1/m) X̂ diag((dO ⊙ X̂)ᵀ𝟏))diag(γ ⊘ s)",
        ),
        "gamma": ("(1/m) Σᵢ₌₁ᵐ ∂L_i/∂o_ij · x̂_ij", "(1/m) (dO ⊙ X̂)ᵀ𝟏"),
        "beta": ("(1/m) Σᵢ₌₁ᵐ ∂L_i/∂o_ij", "(1/m) dOᵀ𝟏"),
    },
    "layer_norm": {
        "x": (
            (
                "(1/m) · 1/s_i · (∂L_i/∂o_ij · γ_j − (1/n) Σₕ₌₁ⁿ ∂L_i/∂o_ih · γ_h − (1/n) x̂_ij "
                "Σₕ₌₁ⁿ ∂L_i/∂o_ih · γ_h x̂_ih)"
            ),
            "(1/m) diag(s)⁻¹(dO diag(γ) − (1/n) dO γ𝟏ᵀ − (1/n) diag((dO ⊙ X̂)γ)X̂)",
        ),
        "gamma": ("(1/m) Σᵢ₌₁ᵐ ∂L_i/∂o_ij · x̂_ij", "(1/m) (dO ⊙ X̂)ᵀ𝟏"),
        "beta": ("(1/m) Σᵢ₌₁ᵐ ∂L_i/∂o_ij", "(1/m) dOᵀ𝟏"),
    },
    "rms_norm": {
        "x": (
            "(1/m) · 1/s_i · (∂L_i/∂o_ij · γ_j − (1/n) x̂_ij Σₕ₌₁ⁿ ∂L_i/∂o_ih · o_ih)",
            "(1/m) diag(s)⁻¹(dO diag(γ) − (1/n) diag((dO ⊙ O)𝟏)X̂)",
        ),
        "gamma": ("(1/m) Σᵢ₌₁ᵐ ∂L_i/∂o_ij · x̂_ij", "(1/m) (dO ⊙ X̂)ᵀ𝟏"),
    },
    "attention": {
        "Q": ("(1/T) · 1/√D · Σ_{s=1}^{S} ∂L_t/∂z_ts · K_sd", "(1/T) · 1/√D · dZ K"),
        "K": ("(1/T) · 1/√D · Σₜ₌₁ᵀ ∂L_t/∂z_ts · Q_td", "(1/T) · 1/√D · dZᵀQ"),
        "V": ("(1/T) Σₜ₌₁ᵀ ∂L_t/∂o_te · a_ts", "(1/T) AᵀdO"),
    },
    "lora": {
        "A": ("(1/m) Σᵢ₌₁ᵐ ∂L_i/∂h_ir · x_ij", "(1/m) dHᵀX"),
        "B": ("(1/m) Σᵢ₌₁ᵐ ∂L_i/∂z_ik · h_ir", "(1/m) dZᵀH"),
    },
    "linear_autoencoder": {
        "W": ("(1/m) Σᵢ₌₁ᵐ [Σₛ₌₁ⁿ (o_is − x_is) V_sh] x_ij", "(1/m) Vᵀ(O − X)ᵀX"),
        "V": ("(1/m) Σᵢ₌₁ᵐ (o_ij − x_ij) c_ih", "(1/m) (O − X)ᵀC"),
    },
    "matrix_factorisation": {
        "P": ("Σᵥ₌₁ⱽ c_uv e_uv Q_vf", "(C ⊙ E)Q"),
        "Q": ("Σᵤ₌₁ᵁ c_uv e_uv P_uf", "(C ⊙ E)ᵀP"),
        "a": ("Σᵥ₌₁ⱽ c_uv e_uv", "(C ⊙ E)𝟏"),
        "b": ("Σᵤ₌₁ᵁ c_uv e_uv", "(C ⊙ E)ᵀ𝟏"),
    },
    "glove": {
        "w": ("2 Σⱼ₌₁ⱽ f_ij e_ij c_jd", "2 (F ⊙ E)C"),
        "c": ("2 Σᵢ₌₁ⱽ f_ij e_ij w_id", "2 (F ⊙ E)ᵀW"),
        "a": ("2 Σⱼ₌₁ⱽ f_ij e_ij", "2 (F ⊙ E)𝟏"),
        "b": ("2 Σᵢ₌₁ⱽ f_ij e_ij", "2 (F ⊙ E)ᵀ𝟏"),
    },
    "skip_gram": {
        "w": ("(1/m) [(a_i − 1) c_id + Σₖ₌₁ᴷ q_ik n_ikd]", None),
        "c": ("(1/m) (a_i − 1) w_id", "(1/m) diag(a − 1)W"),
        "n": ("(1/m) q_ik w_id", None),
    },
    "info_nce": {
        "a": ("(1/(m τ)) (Σⱼ₌₁ᵐ p_ij b_jd − b_id)", "(1/(m τ)) (PB − B)"),
        "b": ("(1/(m τ)) (Σᵢ₌₁ᵐ p_ij a_id − a_jd)", "(1/(m τ)) (PᵀA − A)"),
    },
    "gaussian_likelihood": {
        "v": (
            "(1/m) Σᵢ₌₁ᵐ (1/(2v) − (1/2) · (x_i − μ)²/v²)",
            "(1/m) 𝟏ᵀ(1/(2v) · 𝟏 − 1/(2v²) · (x − μ 𝟏) ⊙ (x − μ 𝟏))",
        ),
        "mu": ("−(1/m) · 1/v · Σᵢ₌₁ᵐ (x_i − μ)", "−(1/m) · 1/v · 𝟏ᵀ(x − μ 𝟏)"),
    },
    "vae_divergence": {
        "s": ("(1/(2m)) (exp(s_id) − 1)", "(1/(2m)) (exp(S) − 1)"),
        "mu": ("(1/m) μ_id", "(1/m) μ"),
    },
    "bradley_terry": {
        "s": ("Σₖ₌₁ⁿ c_ki (1 − p_ki) − Σⱼ₌₁ⁿ c_ij (1 − p_ij)", "(C ⊙ (1 − P))ᵀ𝟏 − (C ⊙ (1 − P))𝟏"),
    },
    "direct_preference_optimisation": {
        "a": ("(β/m) (p_i − 1)", "(β/m) (p − 1)"),
        "b": ("−(β/m) (p_i − 1)", "−(β/m) (p − 1)"),
    },
    "cox_likelihood": {
        "w": (
            "−Σᵢ₌₁ᵐ e_i (x_id − 1/S_i · Σⱼ₌₁ᵐ R_ij exp(z_j) x_jd)",
            "−(X − (((1 ⊘ S)exp(z)ᵀ) ⊙ R)X)ᵀe",
        ),
    },
}


def test_every_entry_has_its_form():
    assert sorted([*FORMS, *dict.fromkeys(entry for entry, _ in IN_LATEX)]) == sorted(NAMES)


@pytest.mark.parametrize("name", FORMS)
def test_the_form_is_that_of_the_textbook(name, derivation_of):
    derivation = derivation_of(name)
    notation = Notation(derivation.problem)
    printed = {
        result.wrt: (
            plain_text(result.term, notation),
            matrix_text(result.rows.expression, notation) if result.rows.expression else None,
        )
        for result in derivation.results
    }
    assert printed == FORMS[name]
