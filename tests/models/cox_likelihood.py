"""Cox's partial likelihood (1972): events among those still at risk."""

from derive.language import data, define, exp, indices, ln, parameter, sum
from derive.language import problem as make_problem

i, j, d = indices("i:m", "j:m", "d:n")
spare = indices("p:m", "q:m", "r:n")
x = data("x[i,d]", meaning="covariate d of subject i")
e = data("e[i]", meaning="1 if the event was seen, 0 if censored", domain="binary")
R = data("R[i,j]", meaning="1 if j is still at risk at the time of i", domain="binary")
w = parameter("w[d]", meaning="coefficients")
z = define("z[i]", sum(w[d] * x[i, d], over=d), meaning="log-hazard of subject i")
S = define("S[i]", sum(R[i, j] * exp(z[j]), over=j), meaning="hazard of those at risk with i")
J = define("J", -sum(e[i] * (z[i] - ln(S[i])), over=i), meaning="negative log partial likelihood")

problem = make_problem(
    J,
    name="cox_likelihood",
    title="Cox regression: the gradient of the partial likelihood",
    summary="At each event: the covariates of the one who had it, minus their mean over those at "
    "risk.",
    spare=spare,
    sizes={"m": 2},
)
