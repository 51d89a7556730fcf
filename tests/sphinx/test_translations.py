"""Derivations in another language."""

from __future__ import annotations

import gettext
import re
import shutil
from pathlib import Path

import pytest

pytest.importorskip("sphinx", reason="Sphinx is not installed")
pytest.importorskip("myst_parser", reason="MyST-Parser is not installed")

from builds import EXAMPLE, sphinx, warnings, write

from derive.catalogue import NAMES
from derive.document import build
from derive.errors import InputError
from derive.rules import RULES
from derive.sphinx.catalogue import LOCALE, compiled, messages, read, template
from derive.sphinx.messages import PROSE, Translator
from derive.sphinx.nodes import derive_prose
from derive.sphinx.render import Renderer

LANGUAGES = sorted(path.parts[-3] for path in LOCALE.glob("*/LC_MESSAGES/derive.po"))
#: Where a test of what is in step fails.
REMEDY = "run: python -m derive.sphinx.catalogue"


def catalogue(language: str) -> dict[str, str]:
    return read((LOCALE / language / "LC_MESSAGES" / "derive.po").read_text("utf-8"))


def test_there_is_german():
    assert LANGUAGES == ["de"]


def test_the_template_is_in_step_with_the_sources():
    assert (LOCALE / "derive.pot").read_text("utf-8") == template(), REMEDY
    assert len(messages()) > 250
    assert messages()["chain rule"] == "the name of a rule"


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_catalogue_is_complete_and_in_step(language):
    known = catalogue(language)
    assert [message for message in messages() if not known.get(message)] == []
    assert set(known) - {""} == set(messages())
    folder = LOCALE / language / "LC_MESSAGES"
    assert (folder / "derive.po").read_text("utf-8") == template(known), REMEDY
    assert (folder / "derive.mo").read_bytes() == compiled(known), REMEDY
    read_back = gettext.translation("derive", str(LOCALE), [language])
    assert all(read_back.gettext(each) == text for each, text in known.items() if each)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_translation_has_the_holes_of_its_message(language):
    for message, text in catalogue(language).items():
        assert sorted(re.findall(r"\{\w+\}", message)) == sorted(re.findall(r"\{\w+\}", text))
        assert message.count("**") == text.count("**")
        assert message.endswith(":") == text.endswith(":")


def test_no_message_is_in_the_list_twice():
    assert sorted(set(PROSE)) == sorted(PROSE)


def shown(name: str, derivation) -> set[str]:
    """Every message of a derivation, in all its details."""
    found: set[str] = set()
    for detail in ("brief", "normal", "full"):
        renderer = Renderer(derivation.problem, look="", docname="page", prefix="p")
        for node in renderer.document(build(derivation, detail=detail)):
            for prose in node.findall(derive_prose):
                found.update(prose.extract_original_messages())
    return found


@pytest.mark.parametrize("name", NAMES)
def test_all_that_the_catalogue_prints_is_translated(name, derivation_of):
    known = catalogue("de")
    translate = Translator(lambda message: known.get(message) or message)
    found = {message: translate(message) for message in shown(name, derivation_of(name))}
    assert len(found) > 50
    assert [message for message, text in found.items() if text is None] == []
    for message, text in found.items():
        assert sorted(re.findall(r"\{\d+\}", message)) == sorted(re.findall(r"\{\d+\}", text))
        # Nothing of the English is left over.
        assert not re.search(r"\b(the|is|of|with|by|and|every|from)\b", text), text


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ("by {3}, {1} and {0}", "nach {3}, {1} und {0}"),
        (
            "chain rule: {0} depends on {1} through {2}, {3} and {4}",
            "Kettenregel: {0} hängt über {2}, {3} und {4} von {1} ab",
        ),
        (
            "the {0} of the definition of J meets the {1} of the power rule: {2} · {3} = {4}",
            (
                "{0} aus der Definition von J trifft auf {1} aus der Regel „Potenzregel“: "
                "{2} · {3} = {4}"
            ),
        ),
        (
            "{0}, only s = j contributes to the sum",
            "{0}, nur s = j trägt zur Summe bei",
        ),
        ("a length of rope, positive", "a length of rope, positiv"),
        ("bread and butter", None),
        ("{0} = {1}", "{0} = {1}"),
    ],
)
def test_sentences_are_composed(message, text):
    known = catalogue("de")
    assert Translator(lambda message: known.get(message) or message)(message) == text


@pytest.mark.parametrize("text", ["msgid yes", 'msgid "a"\nmsgstr ""\n\nmsgid "a"\nmsgstr ""\n'])
def test_what_is_no_catalogue_is_refused(text):
    with pytest.raises(InputError):
        read(text)


def test_marks_and_line_ends_survive():
    odd = {'say "a\\b"\n': "ö\t“"}
    written = template({"": "Language: xx\n", **odd})
    assert 'msgid ""\nmsgstr ""\n"Language: xx\\n"\n' in written
    quoted = 'msgid "say \\"a\\\\b\\"\\n"\nmsgstr "ö\\t“"\n'
    assert read(quoted) == odd


@pytest.fixture(scope="module")
def german(tmp_path_factory):
    """The example, in German."""
    out = tmp_path_factory.mktemp("german") / "out"
    build = sphinx(EXAMPLE, out, "-W", "-D", "language=de")
    assert build.returncode == 0, build.stderr
    return out


def words(page: Path) -> str:
    text = re.sub(r"<math.*?</math>", "ƒ", page.read_text("utf-8"), flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", "", text).split())


def test_a_page_in_german(german):
    page = words(german / "index.html")
    for said in (
        "Logistische Regression: der Gradient der mittleren Kreuzentropie",
        "Ergebnis. Für jede Anzahl ƒ von Beispielen und jedes ƒ gilt",
        "Die Kostenfunktion",
        "gewichtete Summe von Beispiel ƒ",
        "Die Komponente ƒ steht für alle. Zuerst die lokalen Ableitungen",
        "Beispiele sind Zeilen. ƒ ist ƒ",
        "Woher das ƒ kommt",
        "Anordnung",
        "beide Seiten an zufälligen Punkten",
        "by the Kettenregel",  # the author's sentence, and our name
    ):
        assert said in page
    source = (german / "index.html").read_text("utf-8")
    assert 'aria-label="Gleichungen"' in source
    assert 'href="rules.html#rule-chain-rule"' in source
    rules = words(german / "rules.html")
    assert "Die Ableitung geht durch jede Stufe, die dazwischenliegt." in rules
    for rule in RULES.values():
        if not rule.name.startswith("derivative of "):
            assert rule.meaning not in rules


def test_an_author_translates_what_is_not_ours_and_may_say_ours_in_other_words(tmp_path):
    folder = write(
        tmp_path / "project",
        index=".. derivation:: costs.py:J\n   :parts: result cost",
        costs__py=(
            "import derive\ni = derive.indices('i:m')\n"
            "w = derive.parameter('w[i]', meaning='strange weight i')\n"
            "J = derive.sum(w[i] ** 2, over=i)\n"
        ),
        conf="locale_dirs = ['locale']\nlanguage = 'de'\ngettext_compact = False",
    )
    assert sphinx(folder, tmp_path / "pot", "-W", builder="gettext").returncode == 0
    offered = (tmp_path / "pot" / "index.pot").read_text("utf-8")
    assert 'msgid "strange weight {0}"' in offered
    assert 'msgid "The cost"' in offered
    target = folder / "locale" / "de" / "LC_MESSAGES"
    target.mkdir(parents=True)
    (target / "index.mo").write_bytes(
        compiled(
            {
                "": "Content-Type: text/plain; charset=UTF-8\n",
                "strange weight {0}": "seltsames Gewicht {0}",
                "The cost": "Was es kostet",
            }
        )
    )
    build = sphinx(folder, tmp_path / "out", "-W", "-D", "gettext_auto_build=0")
    assert build.returncode == 0, build.stderr
    page = words(tmp_path / "out" / "index.html")
    assert "seltsames Gewicht ƒ" in page
    assert "Was es kostet" in page
    assert "Die Größen in der Reihenfolge" in page


def test_a_translation_that_loses_a_formula_is_said(tmp_path):
    folder = write(
        tmp_path / "project",
        index=".. derivation:: mean_loss\n   :wrt: b\n   :parts: any",
        conf="locale_dirs = ['locale']\nlanguage = 'de'\ngettext_auto_build = False",
    )
    target = folder / "locale" / "de" / "LC_MESSAGES"
    target.mkdir(parents=True)
    (target / "index.mo").write_bytes(
        compiled(
            {
                "": "Content-Type: text/plain; charset=UTF-8\n",
                "The derivative by {0}:": "Die Ableitung:",
            }
        )
    )
    build = sphinx(folder, tmp_path / "out")
    ((file, line, said),) = warnings(build)
    assert (file, line) == ("index.rst", 4)
    assert "each of the formulas" in said


def test_a_language_without_a_catalogue_has_english(tmp_path):
    example = Path(shutil.copytree(EXAMPLE, tmp_path / "example"))
    build = sphinx(example, tmp_path / "out", "-W", "-D", "language=fr")
    assert build.returncode == 0, build.stderr
    assert "The quantities, in the order" in words(tmp_path / "out" / "index.html")
