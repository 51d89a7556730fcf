"""The text of a Python module that computes a cost and its gradient: with NumPy alone, or as a
function with its own gradient for PyTorch (``torch.autograd.Function``) and JAX
(``jax.custom_vjp``).

Arrays are stored in the rows layout (example ``i`` is row ``i``), vectors have one axis, scalars
are floats. Matrix expressions come from :mod:`derive.matrix` and are written with broadcasting in
place of vectors of ones.

*Numerical stability.* Before it is written, a term is rewritten by the rules below, which are
identities in exact arithmetic and keep a finite result finite for ``|z| = 1000``. They are
recognised by structure; a name is replaced by its definition where that is needed to see it.

==============================  =====================  ===================================
term                            becomes                in NumPy
==============================  =====================  ===================================
``1 / (1 + e^(−u))``            ``sigmoid(u)``         from ``e^(−|u|)``
``ln sigmoid(u)``               ``log_sigmoid(u)``     ``−logaddexp(0, −u)``
``ln(1 − sigmoid(u))``          ``log_sigmoid(−u)``    ``−logaddexp(0, u)``
``ln(1 + e^u)``                 ``softplus(u)``        ``logaddexp(0, u)``
``e^(u_k) / Σ_l e^(u_l)``       ``softmax(u)``         shifted by the maximum over ``k``
``ln softmax(u)``               ``log_softmax(u)``     ``u − logsumexp(u)``
``ln Σ_l e^(u_l)``              ``logsumexp(u)``       shifted by the maximum over ``k``
``ln e^u``                      ``u``
``1 − Φ(u)``                    ``Φ(−u)``              by ``erfc``
``1 / (1 − sigmoid(u))``        ``1 / sigmoid(−u)``
==============================  =====================  ===================================

The softmax and ``ln Σ_l`` may run over any index. What a function of the module would compute twice
gets a variable of its own, whether it is a stage of the cost, a derivative that several parameters
share (``∂L/∂z``) or a part of an expression (:mod:`derive.numpy_code.statements`). How each library
writes an operation is in :mod:`derive.numpy_code.dialects`.
"""

from derive.numpy_code.autodiff import jax_source, torch_source
from derive.numpy_code.module import compile_module, module_source

__all__ = ["compile_module", "jax_source", "module_source", "torch_source"]
