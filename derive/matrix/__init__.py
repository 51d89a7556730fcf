"""Matrix form: a term in index notation as a product of matrices, in either layout."""

from derive.matrix.form import Layout, MatrixForm, StoredArray
from derive.matrix.layout import matrix_latex, matrix_layout, matrix_text
from derive.matrix.vectorise import arrangement, vectorise, vectorise_blocks

__all__ = [
    "Layout",
    "MatrixForm",
    "StoredArray",
    "arrangement",
    "matrix_latex",
    "matrix_layout",
    "matrix_text",
    "vectorise",
    "vectorise_blocks",
]
