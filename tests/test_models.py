"""Models of every kind, as an author writes them: derived and checked, each in a known form.

The files in ``models`` are costs of an author's own; nothing in the package knows of them. Those of
them that are in the catalogue have their forms in ``test_printed_forms.py``.
"""

from __future__ import annotations

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

import derive
from derive.model import Problem

FOLDER = Path(__file__).parent / "models"

#: The gradient of each model by each of its quantities, as it is printed. The paper on the focal
#: loss has (1 − p)^γ (γ p ln p + p − 1) y x.
FORMS: dict[str, dict[str, str]] = {
    "attention": {
        "Q": "(1/T) · 1/√D · Σ_{s=1}^{S} ∂L_t/∂z_ts · K_sd",
        "K": "(1/T) · 1/√D · Σₜ₌₁ᵀ ∂L_t/∂z_ts · Q_td",
        "V": "(1/T) Σₜ₌₁ᵀ ∂L_t/∂o_te · a_ts",
    },
    "batch_norm": {
        "x": (
            "(1/m) · γ_j/s_j · (∂L_i/∂o_ij − (1/m) Σₚ₌₁ᵐ ∂L_p/∂o_pj − (1/m) u_ij Σₚ₌₁ᵐ "
            "∂L_p/∂o_pj · u_pj)"
        ),
        "gamma": "(1/m) Σᵢ₌₁ᵐ ∂L_i/∂o_ij · u_ij",
        "beta": "(1/m) Σᵢ₌₁ᵐ ∂L_i/∂o_ij",
    },
    "batch_norm_paths": {
        "x": "∂J/∂u_ij · 1/√(v_j + ε) + (2/m) · ∂J/∂v_j · (x_ij − μ_j) + (1/m) · ∂J/∂μ_j",
        "gamma": "Σᵢ₌₁ᵐ ∂J/∂o_ij · u_ij",
        "beta": "Σᵢ₌₁ᵐ ∂J/∂o_ij",
    },
    "bradley_terry": {
        "s": "Σₖ₌₁ⁿ c_ki (1 − p_ki) − Σⱼ₌₁ⁿ c_ij (1 − p_ij)",
    },
    "contrastive_loss": {
        "u": "(1/m) · [y_i r_i − (1 − y_i) h_i 𝟏[μ − r_i > 0]] (u_id − v_id)/r_i",
        "v": "−(1/m) · [y_i r_i − (1 − y_i) h_i 𝟏[μ − r_i > 0]] (u_id − v_id)/r_i",
    },
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
    "cosine_similarity": {
        "u": "−(1/m) (v_id/(a_i b_i) − c_i/a_i² · u_id)",
        "v": "−(1/m) (u_id/(a_i b_i) − c_i/b_i² · v_id)",
    },
    "cox_likelihood": {
        "w": "−Σᵢ₌₁ᵐ e_i (x_id − 1/S_i · Σⱼ₌₁ᵐ R_ij exp(z_j) x_jd)",
    },
    "direct_preference_optimisation": {
        "a": "(β/m) (p_i − 1)",
        "b": "−(β/m) (p_i − 1)",
    },
    "dropout": {
        "W": "(1/m) Σᵢ₌₁ᵐ ∂L_i/∂z_ik · d_ij",
        "x": "(1/(m q)) · ∂L_i/∂d_ij · r_ij",
    },
    "elastic_net": {
        "w": "(1/m) Σᵢ₌₁ᵐ (ŷ_i − y_i) x_ij + λ sign(w_j) + μ w_j",
        "b": "(1/m) Σᵢ₌₁ᵐ (ŷ_i − y_i)",
    },
    "embedding": {
        "E": "(1/m) Σᵢ₌₁ᵐ ∂L_i/∂x_id · h_iv",
    },
    "focal_loss": {
        "w": "(1/m) Σᵢ₌₁ᵐ [γ (1 − p_i)^(γ − 1) ln p_i − (1 − p_i)^γ/p_i] p_i (1 − p_i) y_i x_ij",
        "b": "(1/m) Σᵢ₌₁ᵐ [γ (1 − p_i)^(γ − 1) ln p_i − (1 − p_i)^γ/p_i] p_i (1 − p_i) y_i",
    },
    "gamma_regression": {
        "w": "(1/m) Σᵢ₌₁ᵐ (1 − y_i/μ_i) x_ij",
        "b": "(1/m) Σᵢ₌₁ᵐ (1 − y_i/μ_i)",
    },
    "gaussian_density": {
        "mu": "−p Σ_{b=1}^{D} P_ab u_b",
        "P": "−(p/2) [(P⁻¹)_ab − u_a u_b]",
    },
    "gaussian_likelihood": {
        "v": "(1/(2m)) Σᵢ₌₁ᵐ (1/v − (x_i − μ)²/v²)",
        "mu": "−(1/(m v)) Σᵢ₌₁ᵐ (x_i − μ)",
    },
    "gaussian_mixture": {
        "t": "−(1/m) Σᵢ₌₁ᵐ (r_ik − w_k)",
        "mu": "−(1/m) Σᵢ₌₁ᵐ r_ik/v_k · (x_id − μ_kd)",
        "v": "−(1/(2m)) Σᵢ₌₁ᵐ r_ik (−D/v_k + e_ik/v_k²)",
    },
    "gaussian_process": {
        "theta": "(1/2) Σᵢ₌₁ⁿ Σⱼ₌₁ⁿ [(K⁻¹)_ij − a_j a_i] exp(θ − (1/2) e_ij)",
        "rho": "(1/2) exp(ρ) Σᵢ₌₁ⁿ Σⱼ₌₁ⁿ [(K⁻¹)_ij − a_j a_i] o_ij",
    },
    "glove": {
        "w": "2 Σⱼ₌₁ⱽ f_ij e_ij c_jd",
        "c": "2 Σᵢ₌₁ⱽ f_ij e_ij w_id",
        "a": "2 Σⱼ₌₁ⱽ f_ij e_ij",
        "b": "2 Σᵢ₌₁ⱽ f_ij e_ij",
    },
    "gru_cell": {
        "z_r": "(1/m) · ∂L_k/∂g_r,kh · g_r,kh (1 − g_r,kh)",
        "z_u": "(1/m) · ∂L_k/∂g_u,kh · g_u,kh (1 − g_u,kh)",
        "z_x": "(1/m) · ∂L_k/∂n_kh · (1 − n_kh²)",
        "z_h": "(1/m) · ∂L_k/∂n_kh · (1 − n_kh²) g_r,kh",
        "h_previous": "(1/m) · ∂L_k/∂a_kh · g_u,kh",
    },
    "huber_regression": {
        "w": "(1/m) Σᵢ₌₁ᵐ clip(ŷ_i − y_i, −δ, δ) x_ij",
        "b": "(1/m) Σᵢ₌₁ᵐ clip(ŷ_i − y_i, −δ, δ)",
    },
    "info_nce": {
        "a": "(1/(m τ)) (Σⱼ₌₁ᵐ p_ij b_jd − b_id)",
        "b": "(1/(m τ)) (Σᵢ₌₁ᵐ p_ij a_id − a_jd)",
    },
    "kl_divergence": {
        "W": "(1/m) Σᵢ₌₁ᵐ (p_ik − t_ik) x_ij",
        "b": "(1/m) Σᵢ₌₁ᵐ (p_ik − t_ik)",
    },
    "kronecker_product": {
        "A": "Σₖ₌₁ʳ Y_ik Σₗ₌₁ˢ B_kl X_jl",
        "B": "Σᵢ₌₁ᵖ Y_ik Σ_{j=1}^{q} A_ij X_jl",
    },
    "label_smoothing": {
        "W": "(1/m) Σᵢ₌₁ᵐ (p_ik − t_ik) x_ij",
        "b": "(1/m) Σᵢ₌₁ᵐ (p_ik − t_ik)",
    },
    "layer_norm": {
        "x": (
            "(1/m) · 1/s_i · (∂L_i/∂o_ij · γ_j − (1/n) Σₕ₌₁ⁿ ∂L_i/∂o_ih · γ_h − (1/n) u_ij "
            "Σₕ₌₁ⁿ ∂L_i/∂o_ih · γ_h u_ih)"
        ),
        "gamma": "(1/m) Σᵢ₌₁ᵐ ∂L_i/∂o_ij · u_ij",
        "beta": "(1/m) Σᵢ₌₁ᵐ ∂L_i/∂o_ij",
    },
    "linear_autoencoder": {
        "W": "(1/m) Σᵢ₌₁ᵐ [Σₛ₌₁ⁿ (o_is − x_is) V_sh] x_ij",
        "V": "(1/m) Σᵢ₌₁ᵐ (o_ij − x_ij) c_ih",
    },
    "log_cosh_regression": {
        "w": "(1/m) Σᵢ₌₁ᵐ tanh(ŷ_i − y_i) x_ij",
        "b": "(1/m) Σᵢ₌₁ᵐ tanh(ŷ_i − y_i)",
    },
    "logistic_regression_signed": {
        "w": "−(1/m) Σᵢ₌₁ᵐ σ(−y_i z_i) y_i x_ij",
        "b": "−(1/m) Σᵢ₌₁ᵐ σ(−y_i z_i) y_i",
    },
    "lora": {
        "A": "(1/m) Σᵢ₌₁ᵐ ∂L_i/∂h_ir · x_ij",
        "B": "(1/m) Σᵢ₌₁ᵐ ∂L_i/∂z_ik · h_ir",
    },
    "lstm_cell": {
        "z_i": "(1/m) · ∂L_k/∂g_i,kj · g_i,kj (1 − g_i,kj)",
        "z_f": "(1/m) · ∂L_k/∂g_f,kj · g_f,kj (1 − g_f,kj)",
        "z_o": "(1/m) · ∂L_k/∂g_o,kj · g_o,kj (1 − g_o,kj)",
        "z_g": "(1/m) · ∂L_k/∂g_g,kj · (1 − g_g,kj²)",
        "c_previous": "(1/m) · ∂L_k/∂c_kj · g_f,kj",
    },
    "masked_attention": {
        "Q": "1/√D · Σᵤ₌₁ᵁ ∂J/∂s_tu · K_ud",
        "K": "1/√D · Σₜ₌₁ᵀ ∂J/∂s_tu · Q_td",
        "V": "Σₜ₌₁ᵀ ∂J/∂o_te · a_tu",
    },
    "masked_mean": {
        "w": "(1/N) Σᵢ₌₁ᵐ c_i (z_i − y_i) x_ij",
    },
    "matrix_factorisation": {
        "P": "Σᵥ₌₁ⱽ c_uv e_uv Q_vf",
        "Q": "Σᵤ₌₁ᵁ c_uv e_uv P_uf",
        "a": "Σᵥ₌₁ⱽ c_uv e_uv",
        "b": "Σᵤ₌₁ᵁ c_uv e_uv",
    },
    "max_pool": {
        "x": (
            "(1/m) Σₜ₌₁ᵀ ∂L_i/∂z_it · (𝟏[x_{i,2t−1} > x_{i,2t}] δ_{2t−1,s} + [1 − "
            "𝟏[x_{i,2t−1} > x_{i,2t}]] δ_{2t,s})"
        ),
    },
    "mean_pool": {
        "x": "(1/(3m)) Σₜ₌₁ᵀ ∂L_i/∂z_it · [1 ≤ s − 2t + 2 ≤ 3]",
    },
    "multiclass_hinge": {
        "W": "(1/m) Σᵢ₌₁ᵐ [(1 − y_ik) 𝟏[v_ik > 0] − y_ik Σₗ₌₁ᴷ (1 − y_il) 𝟏[v_il > 0]] x_ij",
        "b": "(1/m) Σᵢ₌₁ᵐ [(1 − y_ik) 𝟏[v_ik > 0] − y_ik Σₗ₌₁ᴷ (1 − y_il) 𝟏[v_il > 0]]",
    },
    "multivariate_normal": {
        "mu": "−(1/m) Σ_{b=1}^{D} (Σ⁻¹)_ab Σᵢ₌₁ᵐ u_ib",
        "Sigma": "(1/2) [(Σ⁻¹)_ab − Σₑ₌₁ᴰ (Σ⁻¹)_ae Σ_{f=1}^{D} S_ef (Σ⁻¹)_bf]",
    },
    "negative_binomial_regression": {
        "w": "(1/m) Σᵢ₌₁ᵐ r · (μ_i − y_i)/(r + μ_i) · x_ij",
        "b": "(1/m) Σᵢ₌₁ᵐ r · (μ_i − y_i)/(r + μ_i)",
        "r": "(1/m) Σᵢ₌₁ᵐ [ψ(r) − ψ(r + y_i) + ln(r + μ_i) + (r + y_i)/(r + μ_i) − ln r − 1]",
    },
    "nonnegative_matrix_factorisation": {
        "W": "Σⱼ₌₁ᵖ (Σₗ₌₁ᴷ W_il H_lj − V_ij) H_kj",
        "H": "Σᵢ₌₁ⁿ (Σₗ₌₁ᴷ W_il H_lj − V_ij) W_ik",
    },
    "norms": {
        "x": "(x_i − c_i)/r",
        "W": "W_ij/f",
    },
    "probit_regression": {
        "w": "(1/m) Σᵢ₌₁ᵐ (a_i − y_i)/(a_i (1 − a_i)) · φ(z_i) x_ij",
        "b": "(1/m) Σᵢ₌₁ᵐ (a_i − y_i)/(a_i (1 − a_i)) · φ(z_i)",
    },
    "quantile_regression": {
        "w": "(1/m) Σᵢ₌₁ᵐ [(1 − τ) 𝟏[−r_i > 0] − τ 𝟏[r_i > 0]] x_ij",
        "b": "(1/m) Σᵢ₌₁ᵐ [(1 − τ) 𝟏[−r_i > 0] − τ 𝟏[r_i > 0]]",
    },
    "residual_block": {
        "W": "(1/m) Σᵢ₌₁ᵐ ∂L_i/∂z_ij · x_ih",
        "x": "(1/m) (∂L_i/∂o_ij + Σₕ₌₁ⁿ ∂L_i/∂o_ih · g′(z_ih) W_hj)",
    },
    "rms_norm": {
        "x": "(1/m) · 1/s_i · (∂L_i/∂o_ij · γ_j − (1/n) u_ij Σₕ₌₁ⁿ ∂L_i/∂o_ih · o_ih)",
        "gamma": "(1/m) Σᵢ₌₁ᵐ ∂L_i/∂o_ij · u_ij",
    },
    "skip_gram": {
        "w": "(1/m) [(a_i − 1) c_id + Σₖ₌₁ᴷ q_ik n_ikd]",
        "c": "(1/m) (a_i − 1) w_id",
        "n": "(1/m) q_ik w_id",
    },
    "squared_hinge": {
        "w": "−(2/m) Σᵢ₌₁ᵐ h_i 𝟏[1 − y_i z_i > 0] y_i x_ij",
        "b": "−(2/m) Σᵢ₌₁ᵐ h_i 𝟏[1 − y_i z_i > 0] y_i",
    },
    "support_vector_machine": {
        "w": "λ w_j − (1/m) Σᵢ₌₁ᵐ 𝟏[1 − y_i z_i > 0] y_i x_ij",
        "b": "−(1/m) Σᵢ₌₁ᵐ 𝟏[1 − y_i z_i > 0] y_i",
    },
    "swiglu": {
        "W": "(1/m) Σᵢ₌₁ᵐ ∂L_i/∂a_ih · x_ij",
        "V": "(1/m) Σᵢ₌₁ᵐ ∂L_i/∂b_ih · x_ij",
        "U": "(1/m) Σᵢ₌₁ᵐ ∂L_i/∂o_ik · d_ih",
    },
    "t_sne": {
        "y": "4 Σₖ₌₁ⁿ w_ik (p_ik − q_ik) (y_id − y_kd)",
    },
    "tied_embeddings": {
        "E": "(1/m) Σᵢ₌₁ᵐ [o_iv Σ_{v'=1}^{V} (p_{i,v'} − y_{i,v'}) E_{v',d} + (p_iv − y_iv) h_id]",
    },
    "triplet_loss": {
        "a": "(2/m) 𝟏[t_i > 0] (n_id − p_id)",
        "p": "−(2/m) 𝟏[t_i > 0] (a_id − p_id)",
        "n": "(2/m) 𝟏[t_i > 0] (a_id − n_id)",
    },
    "vae_divergence": {
        "s": "(1/(2m)) (exp(s_id) − 1)",
        "mu": "(1/m) μ_id",
    },
    "vae_reconstruction": {
        "s": "(1/(2m)) [Σⱼ₌₁ᴾ (o_ij − x_ij) W_jd] n_id t_id",
        "mu": "(1/m) Σⱼ₌₁ᴾ (o_ij − x_ij) W_jd",
        "W": "(1/m) Σᵢ₌₁ᵐ (o_ij − x_ij) z_id",
    },
    "weight_norm": {
        "v": "∂J/∂w_kj · 1/r_k · g_k − v_kj/r_k² · Σₕ₌₁ⁿ ∂J/∂w_kh · w_kh",
        "g": "1/r_k · Σⱼ₌₁ⁿ ∂J/∂w_kj · v_kj",
    },
    "weighted_least_squares": {
        "w": "(1/m) Σᵢ₌₁ᵐ c_i (ŷ_i − y_i) x_ij",
        "b": "(1/m) Σᵢ₌₁ᵐ c_i (ŷ_i − y_i)",
    },
    "weighted_mean": {
        "w": "(1/S) Σᵢ₌₁ᵐ c_i (z_i − y_i) x_ij",
        "c": "(L_i − M)/S",
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
