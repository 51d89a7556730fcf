"""Models of every kind, as an author writes them: derived, checked, in the form that is taught.

The files in ``models`` are costs of an author's own; nothing in the package knows of them.
"""

from __future__ import annotations

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

import derive
from derive.model import Problem

FOLDER = Path(__file__).parent / "models"

#: The gradient of each model by each of its quantities, as it is printed.
FORMS: dict[str, dict[str, str]] = {
    "attention": {
        "Q": "1/√D · Σₑ₌₁ᴱ g_te Σ_{s=1}^{S} a_ts (V_se − Σ_{s'=1}^{S} V_{s',e} a_{t,s'}) K_sd",
        "K": "1/√D · Σₜ₌₁ᵀ a_ts Q_td Σₑ₌₁ᴱ g_te (V_se − Σ_{s'=1}^{S} V_{s',e} a_{t,s'})",
        "V": "Σₜ₌₁ᵀ g_te a_ts",
    },
    "batch_norm": {
        "x": "(1/m) · γ_j/s_j · (∂L_i/∂o_ij − (1/m) Σₚ₌₁ᵐ ∂L_p/∂o_pj − (1/m) u_ij "
        "Σₚ₌₁ᵐ ∂L_p/∂o_pj · u_pj)",
        "gamma": "(1/m) Σᵢ₌₁ᵐ ∂L_i/∂o_ij · u_ij",
        "beta": "(1/m) Σᵢ₌₁ᵐ ∂L_i/∂o_ij",
    },
    "bradley_terry": {"s": "Σⱼ₌₁ⁿ c_ji (1 − p_ji) − Σₖ₌₁ⁿ c_ik (1 − p_ik)"},
    "conv1d": {
        "w": "(1/T) Σₜ₌₁ᵀ (z_t − y_t) x_{t+k−1}",
        "b": "(1/T) Σₜ₌₁ᵀ (z_t − y_t)",
        "x": "(1/T) Σₜ₌₁ᵀ (z_t − y_t) [1 ≤ s − t + 1 ≤ K] w_{s−t+1}",
    },
    "conv2d": {
        "K": "(1/m) Σᵢ₌₁ᵐ Σᵤ₌₁ᵁ Σᵥ₌₁ⱽ e_iuv x_{i,c,u+a−1,v+d−1}",
        "b": "(1/m) Σᵢ₌₁ᵐ Σᵤ₌₁ᵁ Σᵥ₌₁ⱽ e_iuv",
        "x": "(1/m) Σᵤ₌₁ᵁ [1 ≤ p − u + 1 ≤ A] Σᵥ₌₁ⱽ e_iuv [1 ≤ q − v + 1 ≤ B] K_{c,p−u+1,q−v+1}",
    },
    "cox_likelihood": {"w": "−Σᵢ₌₁ᵐ e_i (x_id − 1/S_i · Σⱼ₌₁ᵐ R_ij exp(z_j) x_jd)"},
    "direct_preference_optimisation": {"a": "(β/m) (σ(z_i) − 1)", "b": "−(β/m) (σ(z_i) − 1)"},
    "dropout": {"W": "(1/m) Σᵢ₌₁ᵐ ∂L_i/∂z_ik · d_ij", "x": "(1/(m q)) · ∂L_i/∂d_ij · r_ij"},
    "elastic_net": {
        "w": "(1/m) Σᵢ₌₁ᵐ (z_i − y_i) x_ij + λ sign(w_j) + μ w_j",
        "b": "(1/m) Σᵢ₌₁ᵐ (z_i − y_i)",
    },
    "embedding": {"E": "(1/m) Σᵢ₌₁ᵐ ∂L_i/∂x_id · h_iv"},
    "focal_loss": {
        "w": "(1/m) Σᵢ₌₁ᵐ (−y_i [−γ (1 − a_i)^(γ − 1) ln a_i + (1 − a_i)^γ/a_i] − (1 − "
        "y_i) [γ a_i^(γ − 1) ln(1 − a_i) − a_i^γ/(1 − a_i)]) a_i (1 − a_i) x_ij",
        "b": "(1/m) Σᵢ₌₁ᵐ (−y_i [−γ (1 − a_i)^(γ − 1) ln a_i + (1 − a_i)^γ/a_i] − (1 − "
        "y_i) [γ a_i^(γ − 1) ln(1 − a_i) − a_i^γ/(1 − a_i)]) a_i (1 − a_i)",
    },
    "gamma_regression": {"w": "(1/m) Σᵢ₌₁ᵐ (−y_i/μ_i + 1) x_ij", "b": "(1/m) Σᵢ₌₁ᵐ (−y_i/μ_i + 1)"},
    "gaussian_likelihood": {
        "v": "(1/m) Σᵢ₌₁ᵐ (1/(2v) − (1/2) · (x_i − μ)²/v²)",
        "mu": "−(1/(m v)) Σᵢ₌₁ᵐ (x_i − μ)",
    },
    "glove": {
        "w": "2 Σₚ₌₁ⱽ f_ip e_ip c_pd",
        "c": "2 Σᵢ₌₁ⱽ f_ij e_ij w_id",
        "a": "2 Σₚ₌₁ⱽ f_ip e_ip",
        "b": "2 Σᵢ₌₁ⱽ f_ij e_ij",
    },
    "huber_regression": {
        "w": "(1/m) Σᵢ₌₁ᵐ clip(z_i − y_i, −δ, δ) x_ij",
        "b": "(1/m) Σᵢ₌₁ᵐ clip(z_i − y_i, −δ, δ)",
    },
    "info_nce": {
        "a": "(1/(m τ)) (Σⱼ₌₁ᵐ p_ij b_jd − b_id)",
        "b": "(1/(m τ)) (Σᵢ₌₁ᵐ p_ij a_id − a_jd)",
    },
    "kl_divergence": {"W": "(1/m) Σᵢ₌₁ᵐ (p_ik − t_ik) x_ij", "b": "(1/m) Σᵢ₌₁ᵐ (p_ik − t_ik)"},
    "label_smoothing": {"W": "(1/m) Σᵢ₌₁ᵐ (p_ik − t_ik) x_ij", "b": "(1/m) Σᵢ₌₁ᵐ (p_ik − t_ik)"},
    "lasso": {"w": "(1/m) Σᵢ₌₁ᵐ (z_i − y_i) x_ij + λ sign(w_j)", "b": "(1/m) Σᵢ₌₁ᵐ (z_i − y_i)"},
    "layer_norm": {
        "x": "(1/m) (∂L_i/∂o_ij · γ_j − (1/n) Σₕ₌₁ⁿ ∂L_i/∂o_ih · γ_h − (1/n) u_ij "
        "Σₕ₌₁ⁿ ∂L_i/∂o_ih · γ_h u_ih) · 1/s_i",
        "gamma": "(1/m) Σᵢ₌₁ᵐ ∂L_i/∂o_ij · u_ij",
        "beta": "(1/m) Σᵢ₌₁ᵐ ∂L_i/∂o_ij",
    },
    "linear_autoencoder": {
        "W": "(1/m) Σᵢ₌₁ᵐ [Σₛ₌₁ⁿ (o_is − x_is) V_sh] x_ij",
        "V": "(1/m) Σᵢ₌₁ᵐ (o_ij − x_ij) c_ih",
    },
    "log_cosh_regression": {
        "w": "(1/m) Σᵢ₌₁ᵐ tanh(z_i − y_i) x_ij",
        "b": "(1/m) Σᵢ₌₁ᵐ tanh(z_i − y_i)",
    },
    "logistic_regression_signed": {
        "w": "−(1/m) Σᵢ₌₁ᵐ σ(−y_i z_i) y_i x_ij",
        "b": "−(1/m) Σᵢ₌₁ᵐ σ(−y_i z_i) y_i",
    },
    "lora": {"A": "(1/m) Σᵢ₌₁ᵐ ∂L_i/∂h_ir · x_ij", "B": "(1/m) Σᵢ₌₁ᵐ ∂L_i/∂z_ik · h_ir"},
    "lstm_cell": {
        "z_i": "(1/m) · ∂L_k/∂g_i,kh · g_i,kh (1 − g_i,kh)",
        "z_f": "(1/m) · ∂L_k/∂g_f,kh · g_f,kh (1 − g_f,kh)",
        "z_o": "(1/m) · ∂L_k/∂g_o,kh · g_o,kh (1 − g_o,kh)",
        "z_g": "(1/m) · ∂L_k/∂g_g,kh · (1 − g_g,kh²)",
        "c_previous": "(1/m) · ∂L_k/∂c_kh · g_f,kh",
    },
    "matrix_factorisation": {
        "P": "Σᵥ₌₁ⱽ c_uv e_uv Q_vf",
        "Q": "Σᵤ₌₁ᵁ c_uv e_uv P_uf",
        "a": "Σᵥ₌₁ⱽ c_uv e_uv",
        "b": "Σᵤ₌₁ᵁ c_uv e_uv",
    },
    "max_pool": {
        "x": "(1/m) Σₜ₌₁ᵀ ∂L_i/∂z_it · (𝟏[x_{i,2t−1} > x_{i,2t}] δ_{2t−1,s} + "
        "[1 − 𝟏[x_{i,2t−1} > x_{i,2t}]] δ_{2t,s})"
    },
    "mean_pool": {"x": "(1/(3m)) Σₜ₌₁ᵀ ∂L_i/∂z_it · [1 ≤ s − 2t + 2 ≤ 3]"},
    "multiclass_hinge": {
        "W": "(1/m) Σᵢ₌₁ᵐ ((1 − y_ik) [1 − 𝟏[0 > 1 + z_ik − t_i]] − y_ik Σₗ₌₁ᴷ "
        "(1 − y_il) [1 − 𝟏[0 > 1 + z_il − t_i]]) x_ij",
        "b": "(1/m) Σᵢ₌₁ᵐ ((1 − y_ik) [1 − 𝟏[0 > 1 + z_ik − t_i]] − y_ik Σₗ₌₁ᴷ "
        "(1 − y_il) [1 − 𝟏[0 > 1 + z_il − t_i]])",
    },
    "negative_binomial_regression": {
        "w": "(1/m) Σᵢ₌₁ᵐ ((r + y_i)/(r + μ_i) · μ_i − y_i) x_ij",
        "b": "(1/m) Σᵢ₌₁ᵐ ((r + y_i)/(r + μ_i) · μ_i − y_i)",
        "r": "(1/m) Σᵢ₌₁ᵐ [ψ(r) − ψ(r + y_i) + ln(r + μ_i) + (r + y_i)/(r + μ_i) − ln r − 1]",
    },
    "poisson_regression": {"w": "(1/m) Σᵢ₌₁ᵐ (μ_i − y_i) x_ij", "b": "(1/m) Σᵢ₌₁ᵐ (μ_i − y_i)"},
    "probit_regression": {
        "w": "(1/m) Σᵢ₌₁ᵐ (−y_i/a_i + (1 − y_i)/(1 − a_i)) φ(z_i) x_ij",
        "b": "(1/m) Σᵢ₌₁ᵐ (−y_i/a_i + (1 − y_i)/(1 − a_i)) φ(z_i)",
    },
    "quantile_regression": {
        "w": "(1/m) Σᵢ₌₁ᵐ (1 − τ − 𝟏[τ r_i > (τ − 1) r_i]) x_ij",
        "b": "(1/m) Σᵢ₌₁ᵐ (1 − τ − 𝟏[τ r_i > (τ − 1) r_i])",
    },
    "residual_block": {
        "W": "(1/m) Σᵢ₌₁ᵐ ∂L_i/∂z_ij · x_ih",
        "x": "(1/m) (∂L_i/∂o_ij + Σₕ₌₁ⁿ ∂L_i/∂o_ih · g′(z_ih) W_hj)",
    },
    "rms_norm": {
        "x": "(1/m) (∂L_i/∂o_ij · γ_j − (1/n) u_ij Σₕ₌₁ⁿ ∂L_i/∂o_ih · o_ih) · 1/s_i",
        "gamma": "(1/m) Σᵢ₌₁ᵐ ∂L_i/∂o_ij · u_ij",
    },
    "skip_gram": {
        "w": "(1/m) [(σ(s_i) − 1) c_id + Σₖ₌₁ᴷ (1 − σ(−r_ik)) n_ikd]",
        "c": "(1/m) (σ(s_i) − 1) w_id",
        "n": "(1/m) (1 − σ(−r_ik)) w_id",
    },
    "squared_hinge": {
        "w": "−(2/m) Σᵢ₌₁ᵐ h_i 𝟏[1 − y_i z_i > 0] y_i x_ij",
        "b": "−(2/m) Σᵢ₌₁ᵐ h_i 𝟏[1 − y_i z_i > 0] y_i",
    },
    "support_vector_machine": {
        "w": "λ w_j − (1/m) Σᵢ₌₁ᵐ 𝟏[1 − y_i z_i > 0] y_i x_ij",
        "b": "−(1/m) Σᵢ₌₁ᵐ 𝟏[1 − y_i z_i > 0] y_i",
    },
    "vae_divergence": {"s": "(1/(2m)) (exp(s_id) − 1)", "mu": "(1/m) μ_id"},
    "weighted_least_squares": {
        "w": "(1/m) Σᵢ₌₁ᵐ c_i (z_i − y_i) x_ij",
        "b": "(1/m) Σᵢ₌₁ᵐ c_i (z_i − y_i)",
    },
}


def problem_of(name: str) -> Problem:
    specification = spec_from_file_location(name, FOLDER / f"{name}.py")
    assert specification is not None
    assert specification.loader is not None
    module = module_from_spec(specification)
    specification.loader.exec_module(module)
    assert isinstance(module.problem, Problem)
    return module.problem


def test_every_model_has_its_form() -> None:
    assert {path.stem for path in FOLDER.glob("*.py")} == set(FORMS)


@pytest.mark.parametrize("name", FORMS)
def test_every_check_passes_and_the_form_is_that_of_the_textbook(name: str) -> None:
    derivation = derive.gradient(problem_of(name))
    assert {check.status for check in derivation.checks} == {"passed"}
    assert {result.wrt: str(result.term) for result in derivation.results} == FORMS[name]
    assert derive.from_json(derivation.json()) == derivation


@pytest.mark.parametrize("name", FORMS)
def test_one_example_and_another_seed(name: str) -> None:
    problem = problem_of(name)
    example = problem.example_index
    sizes = {} if example is None else {str(example.size): 1}
    checks = derive.gradient(problem, check="report", seed=7, **sizes).checks
    assert [check for check in checks if check.status != "passed"] == []


@pytest.mark.parametrize("name", FORMS)
def test_it_prints_in_every_form(name: str) -> None:
    derivation = derive.gradient(problem_of(name), check="none")
    assert r"\end{document}" in derivation.latex()
    assert "merror" not in derivation.html()
    for made in (derivation.text(), derivation.markdown()):
        assert "Result" in made
    compile(derivation.python(), name, "exec")
