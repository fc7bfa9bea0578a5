"""The notebook of the examples runs as it stands, and every cell shows something."""

import ast
import json

import pytest

from tests.conftest import ROOT

NOTEBOOK = ROOT / "examples" / "notebook.ipynb"


@pytest.mark.slow
def test_the_notebook_of_the_examples_runs(tmp_path, monkeypatch, capsys):
    """Cell by cell as a kernel does; the value of a last line is shown."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ablations").symlink_to(ROOT / "ablations")
    names = {}
    cells = json.loads(NOTEBOOK.read_text("utf-8"))["cells"]
    for cell in cells:
        if cell["cell_type"] != "code":
            continue
        tree = ast.parse("".join(cell["source"]))
        *body, last = tree.body
        exec(compile(ast.Module(body, []), "cell", "exec"), names)
        value = eval(compile(ast.Expression(last.value), "cell", "eval"), names)
        assert value is not None
        html = value._repr_html_() if hasattr(value, "_repr_html_") else None
        # A text has no HTML, and the kernel draws a figure itself.
        assert html is None or "<" in html
    assert "seeds" in capsys.readouterr().out  # the answer
