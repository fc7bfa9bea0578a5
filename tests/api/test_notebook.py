"""The notebook of the examples runs as it stands, and every cell shows something."""

import json

import pytest

from tests.conftest import ROOT

NOTEBOOK = ROOT / "examples" / "notebook.ipynb"


@pytest.mark.slow
def test_the_notebook_of_the_examples_runs(tmp_path, monkeypatch, capsys):
    """Cell by cell as a kernel does; the value of a last line is shown."""
    import ast

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
        shown = getattr(value, "_repr_html_", None)
        # A figure is drawn by the kernel itself.
        assert shown is None or "<" in shown()
    assert "seeds" in capsys.readouterr().out
