"""The command line: each command, and one clear line for each mistake."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from derive import catalogue
from derive.command_line import main
from derive.derivation import Check
from derive.errors import CheckFailed

OWN = """
import derive
i, j = derive.indices("i:m", "j:n")
x, y = derive.data("x[i,j]", "y[i]")
w = derive.parameters("w[j]")
e = derive.define("e[i]", derive.sum(w[j] * x[i, j], over=j) - y[i])
J = derive.define("J", derive.mean(e[i] ** 2, over=i))
unnamed = derive.mean(e[i] ** 2, over=i)
problem = derive.problem(J, name="least_squares", title="My least squares")
number = 3
"""


@pytest.fixture
def own(tmp_path):
    path = tmp_path / "my_costs.py"
    path.write_text(OWN, encoding="utf-8")
    return path


def environment(**more):
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), **more}


def derive(*arguments, **more):
    """Run the command in a process of its own."""
    command = [sys.executable, "-m", "derive", *map(str, arguments)]
    env = environment(**more.pop("env", {}))
    return subprocess.run(
        command, capture_output=True, encoding="utf-8", env=env, check=False, **more
    )


# Commands ----------------------------------------------------------------------------------------


def test_list(capsys):
    assert main(["list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(catalogue.NAMES)
    columns = {line.index(catalogue.load(line.split()[0]).title) for line in lines}
    assert len(columns) == 1


def test_list_as_json(capsys):
    assert main(["list", "--json"]) == 0
    entries = json.loads(capsys.readouterr().out)
    assert [entry["name"] for entry in entries] == list(catalogue.NAMES)
    softmax = next(entry for entry in entries if entry["name"] == "softmax_regression")
    assert softmax["sizes"] == ["m", "n", "K"]
    assert {"name", "latex", "shape", "role"} <= set(softmax["symbols"][0])


def test_list_of_a_family(capsys):
    assert main(["list", "--family", "networks,mean"]) == 0
    names = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    assert names == ["mean_loss", "mlp", "layer"]
    assert main(["list", "--family", "classification", "--json"]) == 0
    entries = json.loads(capsys.readouterr().out)
    assert [entry["family"] for entry in entries] == ["classification"] * 2


def test_show(capsys):
    assert main(["show", "logistic_regression"]) == 0
    out = capsys.readouterr().out
    assert "∂J/∂w_j = ⟦1/m⟧ Σᵢ₌₁ᵐ (a_i − y_i) x_ij" in out
    assert "\x1b" not in out
    assert max(map(len, out.splitlines())) <= 100


def test_show_takes_parameter_sizes_layout_detail_and_width(capsys):
    arguments = "show logistic_regression --wrt b -m 4 -n 3 --layout columns --detail full"
    assert main([*arguments.split(), "--width", "72"]) == 0
    out = capsys.readouterr().out
    assert "∂J/∂w_j" not in out.partition("1  The cost")[0]
    assert "m = 4, n = 3" in out
    assert "Examples are columns." in out
    assert "Examples are rows." not in out


def test_show_takes_other_sizes(capsys):
    assert main(["show", "softmax_regression", "--size", "K=4", "--detail", "brief"]) == 0
    assert "K = 4" in capsys.readouterr().out


@pytest.mark.parametrize("wrt", [["--wrt", "w,b"], ["--wrt", "w", "--wrt", "b"]])
def test_several_parameters(capsys, wrt):
    assert main(["why", "linear_regression", *wrt]) == 0
    out = capsys.readouterr().out
    assert "The factors of ∂J/∂w_j" in out
    assert "∂J/∂b" in out


def test_why(capsys):
    assert main(["why", "linear_regression", "--width", "80"]) == 0
    out = capsys.readouterr().out
    assert "⟦1/m⟧" in out
    assert "meets the 2 of the power rule" in out  # the ½ and the 2 of the power rule
    assert "meanings of" in out
    assert "A counterexample" in out


def test_build(tmp_path, capsys):
    arguments = ["build", "linear_regression", "-o", str(tmp_path), "--format", "txt,json"]
    assert main([*arguments, "--jobs", "1"]) == 0
    captured = capsys.readouterr()
    assert captured.out.splitlines() == ["linear_regression", f"1 of 1 written to {tmp_path}"]
    assert captured.err == ""
    names = {path.name for path in (tmp_path / "linear_regression").iterdir()}
    assert names == {"linear_regression.json", "linear_regression.txt"}


def test_version_and_help(capsys):
    assert main(["--version"]) == 0
    assert main(["--help"]) == 0
    for command in ("list", "show", "why", "build"):
        assert main([command, "--help"]) == 0
        assert "derive " + command in capsys.readouterr().out


# Own problems ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("problem", "My least squares"),
        ("J", "The gradient of J"),
        ("unnamed", "The gradient of unnamed"),
    ],
)
def test_own_problems(own, capsys, name, title):
    assert main(["show", f"{own}:{name}", "--detail", "brief"]) == 0
    assert capsys.readouterr().out.startswith(title)


def test_own_problems_are_built(own, tmp_path, capsys):
    out = tmp_path / "out"
    assert main(["build", f"{own}:problem", "-o", str(out), "--format", "txt"]) == 0
    assert (out / "least_squares" / "least_squares.txt").exists()


def test_a_file_can_import_what_stands_beside_it(own, tmp_path, capsys):
    (tmp_path / "other.py").write_text("from my_costs import J\n", encoding="utf-8")
    assert main(["why", f"{tmp_path / 'other.py'}:J"]) == 0
    assert str(tmp_path) not in sys.path
    sys.modules.pop("my_costs")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("J = 1 / 0", "costs.py:1: ZeroDivisionError: division by zero"),
        ("\nJ = (", "costs.py:2: '(' was never closed"),
        ("import derive\nJ = derive.indices('i')", "costs.py:2: 'i' is not an index"),
        ("import nowhere", "costs.py:1: ModuleNotFoundError: No module named 'nowhere'"),
        ("raise SystemExit(3)", "costs.py:1: SystemExit: 3"),
        ("J = 3", "costs.py: J is a int and no problem; it has no problem and no cost"),
        ("K = 3", "costs.py has nothing called 'J'; it has no problem and no cost"),
        (OWN.replace("J = ", "C = "), "NameError: name 'J' is not defined"),
        ("def f(): f()\nf()", "costs.py:1: RecursionError: maximum recursion depth exceeded"),
        ("raise ValueError('two\\nlines')", "costs.py:1: ValueError: two lines"),
        ("\x00", "costs.py"),
        (
            "import derive\ni = derive.indices('i:m')\nx = derive.data('x[i]')\nJ = x[i]",
            "the index i is used outside its sum",
        ),
    ],
)
def test_faults_of_own_files_are_one_line(tmp_path, capsys, text, message):
    path = tmp_path / "costs.py"
    path.write_text(text, encoding="utf-8")
    assert main(["show", f"{path}:J"]) == 2
    assert_one_line(capsys, message)


def assert_one_line(capsys, message):
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("derive: ")
    assert captured.err.count("\n") == 1
    assert message in captured.err


# Mistakes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("", "say what to do: list, show, why, build, tex; see derive --help"),
        ("shwo mlp", "there is no command 'shwo'; did you mean show?"),
        ("zzz", "there is no command 'zzz'; there are list, show, why, build, tex"),
        ("list --yaml", "unrecognized arguments: --yaml"),
        ("show", "the following arguments are required: NAME; see derive show --help"),
        ("show logistic", "the catalogue has no 'logistic'; did you mean logistic_regression"),
        ("show qqqqqq", "the catalogue has no 'qqqqqq'; derive list shows its 10 entries"),
        ("list --family nets", "there is no family 'nets'; there are mean, regression, "),
        ("show my_costs.py", "my_costs.py: say which problem of the file is meant"),
        ("show no_such.py:J", "there is no file no_such.py"),
        ("show mlp --wrt W3", "mlp has no quantity 'W3'; did you mean W1"),
        ("show mlp --wrt a1", "a1 is a stage of the model"),
        ("show mlp --wrt J", "J is the cost itself"),
        ("show mlp -m 0", "the size m must be at least 1, not 0"),
        ("show mlp -m -3", "the size m must be at least 1, not -3"),
        ("show mlp -m three", "argument -m: 'three' is no whole number"),
        ("show mlp -m 1e3", "argument -m: '1e3' is no whole number"),
        ("show mlp -m 3 -m 4", "the size m is given twice, as 3 and as 4"),
        ("show mlp --size K=4", "mlp has no size 'K'; its sizes are m, n, H"),
        ("show mlp --size seed=4", "mlp has no size 'seed'"),
        ("show mlp --size K", "'K' is no size; write K=4"),
        ("show mlp -m 100000", "too large to write out: it has"),
        ("show mlp -m 100000", "the general derivation holds for every size and has no limit"),
        ("show mlp --layout diagonal", "invalid choice: 'diagonal'"),
        ("show mlp --detail huge", "invalid choice: 'huge'"),
        ("show mlp --width 3", "argument --width: at least 40 was expected, not 3"),
        ("show mlp --seed -1", "argument --seed: at least 0 was expected, not -1"),
        ("why mlp --layout rows", "unrecognized arguments: --layout"),
        ("build mlp --format doc", "there is no format 'doc'; there are tex, txt, json, py"),
        ("show mlp --parts all", "'all' is no part of a document; there are result, cost"),
        ("show mlp --look bold", "'bold' is no choice of a look; write name=value"),
        ("show mlp --look v=theta", "mlp has no quantity 'v' to be called theta"),
        ("show mlp --look vectors=fat", "vectors='fat' is none of 'plain', 'bold'"),
        ("build mlp --format ,", "no format is given; there are tex, txt, json, py"),
        ("build nowhere", "the catalogue has no 'nowhere'"),
        ("build mlp -o /dev/null/x", "/dev/null/x cannot be written: Not a directory"),
        ("build mlp -o {tmp} --jobs 0", "argument --jobs: at least 1 was expected, not 0"),
    ],
)
def test_mistakes_are_one_line_and_status_2(tmp_path, monkeypatch, capsys, arguments, message):
    monkeypatch.chdir(tmp_path)
    assert main(arguments.replace("{tmp}", str(tmp_path)).split()) == 2
    assert_one_line(capsys, message)


def test_mistakes_leave_no_traceback_in_a_process_of_their_own(tmp_path):
    done = derive("build", "no_such_entry", "mlp", "-o", tmp_path, "--jobs", "2")
    assert done.returncode == 2
    assert done.stderr.startswith("derive: the catalogue has no 'no_such_entry'")
    assert done.stderr.count("\n") == 1


def test_a_cost_that_is_nested_too_deeply(tmp_path, capsys):
    path = tmp_path / "deep.py"
    path.write_text(
        "import derive\nJ = w = derive.parameters('w')\nfor _ in range(3000): J = derive.sin(J)\n",
        encoding="utf-8",
    )
    assert main(["show", f"{path}:J"]) == 2
    assert_one_line(capsys, "nested too deeply")


# Checks that fail --------------------------------------------------------------------------------


def test_a_failed_check_is_reported_with_status_1(monkeypatch, capsys):
    def failing(*_, **__):
        raise CheckFailed("the step 'sum rule' changes the value\n  seed: 0")

    monkeypatch.setattr("derive.gradients.gradient", failing)
    assert main(["show", "mlp"]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "derive: a check failed" in captured.err
    assert "the step 'sum rule' changes the value\n  seed: 0" in captured.err


@pytest.mark.parametrize(
    ("status", "words"), [("failed", "1 failed"), ("could not run", "1 could not run")]
)
def test_a_build_with_a_check_that_did_not_pass_has_status_1(
    tmp_path, monkeypatch, capsys, status, words
):
    from dataclasses import replace

    from derive import build

    real = build.gradient

    def failing(problem, *arguments, **more):
        derivation = real(problem, *arguments, **more)
        bad = Check("step", "sum rule in ∂J/∂w_j", "", status, message="planted")
        return replace(derivation, checks=(bad,)) if "ridge" in problem.name else derivation

    monkeypatch.setattr(build, "gradient", failing)
    targets = ["linear_regression", "ridge_regression"]
    arguments = ["build", *targets, "-o", str(tmp_path), "--format", "txt", "--jobs", "1"]
    assert main(arguments) == 1
    captured = capsys.readouterr()
    assert f"derive: ridge_regression was not written: of its checks, {words}" in captured.err
    assert "planted" in captured.err
    assert (tmp_path / "linear_regression").exists()
    assert not (tmp_path / "ridge_regression").exists()


# The surroundings --------------------------------------------------------------------------------


def test_interrupted(monkeypatch, capsys):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("derive.gradients.gradient", interrupt)
    assert main(["show", "mlp"]) == 130
    assert_one_line(capsys, "interrupted")


def test_a_signal_during_a_build_ends_it_quietly(tmp_path):
    command = [sys.executable, "-m", "derive", "build", "-o", str(tmp_path / "out"), "--jobs", "2"]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment()
    )
    while not (tmp_path / "out").exists():
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert errors == "derive: interrupted\n"
    assert not list((tmp_path / "out").glob(".*"))


def test_a_reader_that_goes_away():
    command = [sys.executable, "-m", "derive", "show", "linear_regression"]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment()
    )
    process.stdout.close()
    errors = process.stderr.read()
    process.stderr.close()
    assert process.wait(timeout=60) == 141
    assert errors == b""


def test_a_full_disk():
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        done = subprocess.run(
            [sys.executable, "-m", "derive", "list"],
            stdout=full, stderr=subprocess.PIPE, text=True, env=environment(), check=False,
        )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr == "derive: the output: No space left on device\n"


def test_any_locale_can_print_formulas():
    done = derive("why", "linear_regression", env={"PYTHONIOENCODING": "ascii", "LC_ALL": "C"})
    assert done.returncode == 0
    assert "Σᵢ₌₁ᵐ" in done.stdout


class Terminal:
    """A command on a terminal of its own, and what it prints there."""

    def __init__(self, *arguments, **env):
        import pty

        leader, follower = pty.openpty()
        import fcntl
        import struct
        import termios

        fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 64, 0, 0))
        unset = {"NO_COLOR": "", "COLUMNS": "", "TERM": "xterm"}
        process = subprocess.Popen(
            [sys.executable, "-m", "derive", *arguments],
            stdout=follower, stderr=follower, stdin=follower, env=environment(**{**unset, **env}),
        )  # fmt: skip
        os.close(follower)
        chunks = []
        while True:
            try:
                chunk = os.read(leader, 65536)
            except OSError:
                break
            if not chunk:
                break
            chunks.append(chunk)
        os.close(leader)
        self.status = process.wait(timeout=60)
        self.text = b"".join(chunks).decode("utf-8")


def test_on_a_terminal_text_has_its_width_and_colour():
    from derive.notation import columns

    shown = Terminal("why", "linear_regression")
    assert shown.status == 0
    assert "\x1b[1;31m⟦1/m⟧\x1b[0m" in shown.text
    lines = shown.text.replace("\r", "").splitlines()
    assert 50 < max(columns(line) for line in lines) <= 64


@pytest.mark.parametrize("env", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_no_colour_where_none_is_wanted(env):
    assert "\x1b" not in Terminal("why", "linear_regression", **env).text


def test_a_build_on_a_terminal_has_a_progress_bar(tmp_path):
    shown = Terminal("build", "linear_regression", "-o", str(tmp_path), "--format", "txt")
    assert shown.status == 0
    assert "1/1" in shown.text
    assert "━" in shown.text
