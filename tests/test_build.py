"""Building a folder: what is written, that it is whole, and that it is the same every time."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from programs import require_program

from derive import build as building
from derive import files
from derive.build import Entry, Options, build
from derive.errors import InputError
from derive.notation import Look

SMALL = Options(formats=("txt", "py"))


def run(targets, folder, options=SMALL, **more):
    return list(build(targets, folder, options, **more))


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_an_entry_gets_a_folder_with_a_file_for_each_format(tmp_path):
    (entry,) = run(["linear_regression"], tmp_path, Options())
    assert entry.trouble == ()
    names = {f"linear_regression/linear_regression.{each}" for each in Options().formats}
    assert set(contents(tmp_path)) == names | {"index.json", "index.md"}


def test_the_index_names_each_file_and_its_digest(tmp_path):
    run(["ridge_regression", "linear_regression"], tmp_path)
    index = json.loads((tmp_path / "index.json").read_text(encoding="utf-8"))
    assert [entry["name"] for entry in index["entries"]] == [
        "linear_regression",
        "ridge_regression",
    ]
    for entry in index["entries"]:
        for kind, digest in entry["files"].items():
            path = tmp_path / entry["name"] / f"{entry['name']}.{kind}"
            assert hashlib.sha256(path.read_bytes()).hexdigest() == digest
    page = (tmp_path / "index.md").read_text(encoding="utf-8")
    assert "(linear_regression/linear_regression.txt)" in page
    assert "∂J/∂w_j = (1/m) Σᵢ₌₁ᵐ (ŷ_i − y_i) x_ij" in page


def test_a_second_build_adds_to_the_index(tmp_path):
    run(["ridge_regression"], tmp_path)
    run(["linear_regression"], tmp_path)
    index = json.loads((tmp_path / "index.json").read_text(encoding="utf-8"))
    assert [entry["name"] for entry in index["entries"]] == [
        "linear_regression",
        "ridge_regression",
    ]


def test_the_exported_module_runs(tmp_path):
    run(["logistic_regression"], tmp_path)
    path = tmp_path / "logistic_regression" / "logistic_regression.py"
    code = (
        f"import runpy; module = runpy.run_path({str(path)!r})\n"
        "arrays = module['example'](seed=1, m=5, n=2)\n"
        "print(module['gradient'](**arrays)['w'].shape)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert done.stdout.strip() == "(2,)"


def test_options_reach_the_files(tmp_path):
    options = Options(("tex",), ("b",), (("m", 4),), "brief", fragment=True)
    run(["linear_regression"], tmp_path, options)
    tex = (tmp_path / "linear_regression/linear_regression.tex").read_text(encoding="utf-8")
    assert "documentclass" not in tex
    assert "m= 4" in tex
    assert "x_{ij}\n" not in tex


# Whole files -------------------------------------------------------------------------------------


def test_stale_files_of_an_entry_go(tmp_path):
    run(["linear_regression"], tmp_path)
    run(["linear_regression"], tmp_path, Options(formats=("txt",)))
    assert set(contents(tmp_path / "linear_regression")) == {"linear_regression.txt"}


def test_nothing_else_is_ever_removed(tmp_path):
    run(["linear_regression"], tmp_path)
    folder = tmp_path / "linear_regression"
    (folder / "linear_regression.py").write_text("# changed by its reader\n", encoding="utf-8")
    (folder / "linear_regression.pdf").write_text("compiled", encoding="utf-8")
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    run(["linear_regression"], tmp_path, Options(formats=("txt",)))
    assert (folder / "linear_regression.py").read_text(encoding="utf-8").startswith("# changed")
    assert (folder / "linear_regression.pdf").exists()
    assert (tmp_path / "notes.txt").exists()


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError("disk full")])
@pytest.mark.parametrize("files_written", [0, 1])
def test_an_interrupted_write_leaves_the_former_files(tmp_path, monkeypatch, error, files_written):
    run(["linear_regression"], tmp_path)
    before = contents(tmp_path)
    write, written = files._write, []

    def interrupted(path, text):
        if len(written) == files_written:
            path.write_text(text[: len(text) // 2], encoding="utf-8")
            raise error
        written.append(path)
        write(path, text)

    monkeypatch.setattr(files, "_write", interrupted)
    with pytest.raises((KeyboardInterrupt, InputError)):
        run(["linear_regression"], tmp_path, Options(("txt", "py"), detail="full"))
    assert contents(tmp_path) == before
    assert not list(tmp_path.glob(".*"))


def test_a_killed_build_leaves_every_file_whole(tmp_path):
    """The process is killed, with no chance to tidy up, at each of its writes and moves in turn."""
    run(["linear_regression"], tmp_path)
    former = contents(tmp_path)
    run(["linear_regression"], tmp_path / "new", Options(("txt", "py"), detail="full"))
    new = contents(tmp_path / "new")
    code = """
import os, pathlib, sys
from derive import build, files
left = int(sys.argv[1])
def counted(call):
    def wrapper(*arguments, **more):
        global left
        if left == 0:
            os._exit(9)
        left -= 1
        return call(*arguments, **more)
    return wrapper
pathlib.Path.replace = counted(pathlib.Path.replace)
files._write = counted(files._write)
list(build.build(["linear_regression"], sys.argv[2], build.Options(("txt", "py"), detail="full")))
"""
    codes = []
    for number in (1, 3, 5, 7):
        folder = tmp_path / f"killed{number}"
        for name, content in former.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)
        done = subprocess.run([sys.executable, "-c", code, str(number), str(folder)], check=False)
        codes.append(done.returncode)
        for name, content in contents(folder).items():
            if ".part" not in name:
                assert content in (former[name], new[name]), f"{name} is torn after {number}"
        # The next build mends the folder.
        run(["linear_regression"], folder, Options(("txt", "py"), detail="full"))
        mended = {k: v for k, v in contents(folder).items() if ".part" not in k}
        assert mended == new
    assert codes == [9, 9, 9, 9]


# Determinism -------------------------------------------------------------------------------------


def test_the_same_bytes_whatever_the_hash_seed_and_the_number_of_jobs(tmp_path):
    targets = ["softmax_regression", "mean_loss"]
    seen = []
    for seed, jobs in (("0", "1"), ("1", "2"), ("4242", "1")):
        folder = tmp_path / seed
        command = [sys.executable, "-m", "derive", "build", *targets, "-o", str(folder)]
        subprocess.run(
            [*command, "--jobs", jobs],
            check=True,
            capture_output=True,
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        seen.append(contents(folder))
    assert seen[0] == seen[1] == seen[2]


def test_files_are_utf_8_with_unix_line_ends(tmp_path):
    run(["linear_regression"], tmp_path, Options())
    for name, content in contents(tmp_path).items():
        assert b"\r" not in content, name
        assert content.endswith(b"\n"), name
        content.decode("utf-8")


# What is refused ---------------------------------------------------------------------------------


def test_an_entry_with_a_failed_check_is_not_written(tmp_path, monkeypatch):
    run(["linear_regression"], tmp_path)
    before = contents(tmp_path)
    from dataclasses import replace

    from derive.derivation import Check

    real = building.gradient

    def failing(*arguments, **more):
        derivation = real(*arguments, **more)
        bad = Check("step", "sum rule in ∂J/∂w_j", "", "failed", 1.0, 1e-20, 0, "it is wrong")
        return replace(derivation, checks=(*derivation.checks, bad))

    monkeypatch.setattr(building, "gradient", failing)
    (entry,) = run(["linear_regression"], tmp_path, Options(("txt",), detail="full"))
    assert [check.message for check in entry.trouble] == ["it is wrong"]
    assert contents(tmp_path) == before


@pytest.mark.parametrize("name", ["..", "../up", "/etc", "a/b", "", ".hidden", "a\x00b", "x" * 200])
def test_no_name_leads_out_of_the_folder(tmp_path, name):
    root = tmp_path / "root"
    root.mkdir()
    entry = Entry(name, "title", (), {"txt": "text"})
    with pytest.raises(InputError, match="cannot be the name of a folder"):
        building._put(root, entry, {})
    assert contents(tmp_path) == {}


def test_a_link_that_leads_out_is_not_followed(tmp_path):
    root, outside = tmp_path / "root", tmp_path / "outside"
    root.mkdir()
    outside.mkdir()
    (root / "linear_regression").symlink_to(outside)
    with pytest.raises(InputError, match="leads out of"):
        run(["linear_regression"], root)
    assert contents(outside) == {}


@pytest.mark.parametrize(
    "text",
    [
        "not JSON",
        "{}",
        '{"schema": "other", "entries": []}',
        (
            '{"schema": "derive/index/1", "entries": [{"name": "../x", "title": "",'
            ' "gradients": [], "files": {}}]}'
        ),
        (
            '{"schema": "derive/index/1", "entries": [{"name": "x", "title": "", "gradients": [],'
            ' "files": {"../../y": ""}}]}'
        ),
        "[" * 100_000,
    ],
)
def test_an_index_of_somebody_else_is_left_alone(tmp_path, text):
    (tmp_path / "index.json").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="was not made by this version of derive"):
        run(["linear_regression"], tmp_path)
    assert contents(tmp_path) == {"index.json": text.encode()}


def test_a_folder_that_is_a_file(tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(InputError, match="file cannot be written: File exists"):
        run(["linear_regression"], tmp_path / "file")


def test_a_folder_that_may_not_be_written(tmp_path, monkeypatch):
    # Root may write anywhere, so the system's refusal is played.
    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied", str(tmp_path))

    monkeypatch.setattr(files.tempfile, "mkdtemp", refuse)
    with pytest.raises(InputError, match="cannot be written: Permission denied"):
        run(["linear_regression"], tmp_path)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"formats": ("doc",)}, "there is no format 'doc'; there are tex, txt, json, py"),
        ({"formats": ("txt",), "fragment": True}, "but neither tex nor html is made"),
        ({"formats": ()}, "no format is given"),
    ],
)
def test_options_that_cannot_be(options, message):
    with pytest.raises(InputError, match=message):
        Options(**options)


def test_two_problems_of_one_name_do_not_share_a_folder(tmp_path):
    for name in ("one.py", "two.py"):
        (tmp_path / name).write_text(OWN, encoding="utf-8")
    with pytest.raises(InputError, match="two of the problems are called least_squares"):
        run([f"{tmp_path}/{name}:problem" for name in ("one.py", "two.py")], tmp_path / "out")


OWN = """
import derive
i, j = derive.indices("i:m", "j:n")
x, y = derive.data("x[i,j]", "y[i]")
w = derive.parameters("w[j]")
J = derive.mean((derive.sum(w[j] * x[i, j], over=j) - y[i]) ** 2, over=i)
problem = derive.problem(J, name="least_squares")
"""


def test_the_plot_is_built_on_request(tmp_path):
    list(build(["linear_regression"], tmp_path, Options(formats=("svg",))))
    text = (tmp_path / "linear_regression" / "linear_regression.svg").read_text(encoding="utf-8")
    assert text.startswith("<?xml")
    assert "examples" in text


def test_a_cost_that_is_no_mean_has_no_plot(tmp_path):
    costs = tmp_path / "costs.py"
    costs.write_text(
        "import derive\n"
        'i = derive.indices("i:m")\n'
        'x = derive.data("x[i]")\n'
        'w = derive.parameters("w")\n'
        "J = derive.sum((w - x[i]) ** 2, over=i)\n",
        encoding="utf-8",
    )
    with pytest.raises(InputError, match="no plot: its cost is not a mean"):
        list(build([f"{costs}:J"], tmp_path / "out", Options(formats=("svg",))))


#: Of the formats, those that need no other program and no extra.
PURE = (
    "tex",
    "txt",
    "json",
    "py",
    "html",
    "md",
    "ipynb",
    "graph.svg",
    "graph.tex",
    "beamer.tex",
    "torch.py",
    "jax.py",
)


def test_every_format_of_the_same_derivation(tmp_path):
    run(["linear_regression"], tmp_path, Options(PURE))
    folder = tmp_path / "linear_regression"
    assert {path.name for path in folder.iterdir()} == {f"linear_regression.{e}" for e in PURE}
    first = {path.name: path.read_bytes() for path in folder.iterdir()}
    run(["linear_regression"], tmp_path, Options(PURE))
    assert first == {path.name: path.read_bytes() for path in folder.iterdir()}


def test_what_is_printed_is_chosen(tmp_path):
    look = Look(symbols=(("w", "theta"),))
    run(["linear_regression"], tmp_path, Options(("txt",), look=look, parts=("result",)))
    text = (tmp_path / "linear_regression" / "linear_regression.txt").read_text("utf-8")
    assert "∂J/∂θ_j" in text
    assert "∂J/∂w_j" not in text
    assert "As matrices" not in text


def test_a_pdf(tmp_path):
    require_program("pdflatex")
    run(["mean_loss"], tmp_path, Options(("pdf",)))
    path = tmp_path / "mean_loss" / "mean_loss.pdf"
    first = path.read_bytes()
    assert first.startswith(b"%PDF-")
    run(["mean_loss"], tmp_path, Options(("pdf",)))
    assert path.read_bytes() == first
