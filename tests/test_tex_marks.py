"""Marks in a paper: read as TeX reads them, filled, and compiled with nothing but TeX."""

from __future__ import annotations

import re

import pytest
from programs import complaints, require_program, typeset

from derive.command_line import main as run
from derive.errors import InputError
from derive.tex_marks import HEADER, fill, marks, refresh

PAPER = r"""\documentclass[twocolumn]{article}
\input{derive/marks}
\begin{document}
% \derivation{in_a_comment}
\verb|\derivation{as_it_stands}| 100\% \derivation[wrt=w,
   detail=brief, % why
   m=2, layout=rows, parts=result any, columns=2]{linear_regression}
\begin{verbatim}
\derivation{as_it_stands}
\end{verbatim}
\input{part}
See \eqref{own:step:1}.
\end{document}
\derivation{after_the_end}
"""
PART = r"\derivation[columns=2, label=own, look={examples=superscript, w=theta}, steps]{own.py:J}"


@pytest.fixture
def paper(tmp_path):
    main = tmp_path / "main.tex"
    main.write_text(PAPER, encoding="utf-8")
    (tmp_path / "part.tex").write_text(PART, encoding="utf-8")
    (tmp_path / "own.py").write_text(
        "from derive.catalogue import load\nJ = load('linear_regression')\n", encoding="utf-8"
    )
    return main


def test_marks_are_where_tex_sees_them(paper):
    assert [mark.where for mark in marks(paper)] == [
        f"{paper}:5",
        f"{paper.with_name('part.tex')}:1",
    ]


def test_a_module_and_sizes_are_asked_for_as_everywhere(paper):
    paper.write_text(r"\derivation[sizes={m=2, n=1}, parts=small]{own:J}", encoding="utf-8")
    fragment = fill(paper)[-1]
    source = fragment.read_text(encoding="utf-8")
    paper.write_text(r"\derivation[m=2, n=1, parts=small]{own.py:J}", encoding="utf-8")
    again = fill(paper)[-1]
    assert again != fragment
    assert again.read_text(encoding="utf-8").splitlines()[2:] == source.splitlines()[2:]


def test_a_filled_paper_compiles_and_stays(paper):
    written = fill(paper)
    assert len(written) == 3
    assert all(file.parent == paper.parent / "derive" for file in written)
    assert fill(paper) == []
    assert complaints(typeset(require_program("pdflatex"), paper, 2)) == []


def test_what_no_mark_asks_for_is_removed_if_it_was_made_here(paper):
    fill(paper)
    own = paper.parent / "derive" / "own.tex"
    own.write_text("an author's", encoding="utf-8")
    paper.write_text("nothing", encoding="utf-8")
    assert fill(paper) == []
    assert list((paper.parent / "derive").iterdir()) == [own]


def names_in(folder):
    return sorted(file.name.rsplit("-", 1)[0] for file in (folder / "derive").iterdir())


def test_two_documents_of_a_folder_keep_their_fragments(tmp_path):
    first, second = tmp_path / "a.tex", tmp_path / "b.tex"
    head = "\\documentclass{article}\n\\input{derive/marks}\n\\begin{document}\n"
    shared = r"\derivation[parts=result]{mean_loss}"
    first.write_text(head + shared + r"\derivation[wrt=b, parts=result]{linear_regression}"
                     "\n\\end{document}", encoding="utf-8")  # fmt: skip
    second.write_text(head + shared + r"\derivation[wrt=b, parts=result]{ridge_regression}"
                      "\n\\end{document}", encoding="utf-8")  # fmt: skip
    fill(first)
    # Both ask for one fragment, which is there already.
    assert len(fill(second)) == 2
    everything = ["linear-regression", "marks.tex", "mean-loss", "ridge-regression"]
    assert names_in(tmp_path) == everything
    assert fill(first) == fill(second) == []
    pdflatex = require_program("pdflatex")
    assert complaints(typeset(pdflatex, first, 1)) == []
    assert complaints(typeset(pdflatex, second, 1)) == []
    # What only the changed document used goes; what the other one uses stays.
    second.write_text(f"{head}nothing\n\\end{{document}}", encoding="utf-8")
    gone = refresh(second)
    assert [file.name.rsplit("-", 1)[0] for file in gone.removed] == ["ridge-regression"]
    assert names_in(tmp_path) == ["linear-regression", "marks.tex", "mean-loss"]
    assert complaints(typeset(pdflatex, first, 1)) == []
    # A document that is no longer there uses nothing.
    first.rename(tmp_path / "c.tex")
    assert len(refresh(second).removed) == 3


def test_a_part_that_somebody_changed_harms_nothing(tmp_path):
    main = tmp_path / "main.tex"
    main.write_text(r"\derivation[parts=result]{mean_loss}", encoding="utf-8")
    mark, _ = fill(main)
    assert mark.name == "marks.tex"
    source = mark.read_text(encoding="utf-8")
    for name in ('"../main.tex"', "12", '"', r'"\ud800"', '"\\u0000"'):
        mark.write_text(source.replace('"main.tex"', name), encoding="utf-8")
        assert fill(main) == [mark]
        assert mark.read_text(encoding="utf-8") == source


def test_the_command_tells_how_many_were_removed(tmp_path, capsys):
    main = tmp_path / "main.tex"
    main.write_text(r"\derivation[parts=result]{mean_loss}", encoding="utf-8")
    assert run(["tex", str(main)]) == 0
    assert "2 files are new or have changed, 0 were removed" in capsys.readouterr().out
    main.write_text("", encoding="utf-8")
    assert run(["tex", str(main)]) == 0
    assert "0 files are new or have changed, 2 were removed" in capsys.readouterr().out


def test_a_mark_without_a_fragment_says_what_to_run(tmp_path):
    main = tmp_path / "main.tex"
    source = "\\documentclass{article}\n\\input{derive/marks}\n\\begin{document}\n"
    main.write_text(source + r"\derivation[parts=result]{mean_loss}", encoding="utf-8")
    fill(main)
    main.write_text(source + r"\derivation{mean_loss}x\end{document}", encoding="utf-8")
    log = typeset(require_program("pdflatex"), main, 1)
    assert re.search(r"^! Package derive Error: .*\n.*Run: derive tex main\.tex", log, re.MULTILINE)


def test_a_mark_without_a_title(tmp_path):
    main = tmp_path / "main.tex"
    main.write_text(r"\derivation[parts=result, untitled]{mean_loss}", encoding="utf-8")
    assert r"\noindent\textbf" not in fill(main)[-1].read_text(encoding="utf-8")


FAULTS = [
    (r"\derivation{logistic_regresion}", "did you mean logistic_regression"),
    (r"\derivation[detial=full]{mean_loss}", "did you mean detail"),
    (r"\derivation[detail=long]{mean_loss}", "none of brief, normal, full"),
    (r"\derivation[Q=3]{mean_loss}", "Q"),
    (r"\derivation[wrt=q]{mean_loss}", "no quantity 'q'"),
    (r"\derivation[m=2, m=3]{mean_loss}", "twice"),
    (r"\derivation[label=\input]{mean_loss}", "sign of TeX's own"),
    (r"\derivation", "has no name"),
    (r"\derivation[m=2", "isn't closed"),
    (r"\derivation{missing.py:J}", "there is no file"),
    (r"\derivation{../missing.py:J}", "outside the source folder"),
    (r"\derivation{os.path:J}", "there is no module os.path"),
    (r"\derivation[columns=two]{mean_loss}", "columns=two is no whole number"),
    (r"\derivation[steps=perhaps]{mean_loss}", "steps=perhaps is neither true nor false"),
    (r"\derivation[m=many]{mean_loss}", "'m=many' is no size"),
    (r"\derivation{mean_loss} \derivation[m=2]{mean_loss}", "label="),
]


@pytest.mark.parametrize(("source", "words"), FAULTS)
def test_a_fault_is_told_with_its_file_and_line(source, words, tmp_path):
    main = tmp_path / "main.tex"
    main.write_text(f"\n\n{source}\n", encoding="utf-8")
    with pytest.raises(InputError, match=words) as caught:
        fill(main)
    assert str(caught.value).startswith(f"{main}:3: ")
    assert not (tmp_path / "derive").exists()


def test_nothing_is_written_outside_the_folder(tmp_path):
    (tmp_path / "paper").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "paper" / "derive").symlink_to(tmp_path / "elsewhere")
    main = tmp_path / "paper" / "main.tex"
    main.write_text(r"\derivation{mean_loss}", encoding="utf-8")
    with pytest.raises(InputError, match="leads out"):
        fill(main)
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_file_of_the_author_is_never_replaced(tmp_path):
    (tmp_path / "derive").mkdir()
    kept = tmp_path / "derive" / "marks.tex"
    kept.write_text("mine", encoding="utf-8")
    (tmp_path / "main.tex").write_text(r"\derivation{mean_loss}", encoding="utf-8")
    with pytest.raises(InputError, match="wasn't made by derive tex"):
        fill(tmp_path / "main.tex")
    assert kept.read_text(encoding="utf-8") == "mine"
    assert HEADER.startswith("%")
