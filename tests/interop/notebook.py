"""The notebook in `examples/` and its Chinese edition, executed next to the demo's lake: no cell fails, and the plots are
plots. The two have the same code."""

import ast
import base64
import os
import struct
from pathlib import Path

import nbformat
from nbclient import NotebookClient

from kit import attempt, check, environment

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
NAMES = ["lake", "lake.zh-CN"]
PLOTS = 3
SECONDS = 120


class Wordless(ast.NodeTransformer):
    """Empties the strings of a program, which `words` keeps, and drops the language that it asks for."""

    def __init__(self):
        self.words = []

    def visit_Constant(self, node):
        if isinstance(node.value, str):
            self.words.append(node.value)
            node.value = ""
        return node

    def visit_JoinedStr(self, node):
        self.words.append("".join(part.value for part in node.values if isinstance(part, ast.Constant)))
        node.values = [self.visit(part) for part in node.values if isinstance(part, ast.FormattedValue)]
        return node

    def visit_Call(self, node):
        node.keywords = [keyword for keyword in node.keywords if keyword.arg != "lang"]
        return self.generic_visit(node)


def is_chinese(text):
    return any("\u4e00" <= char <= "\u9fff" for char in text)


def check_pair(english, chinese):
    """The same cells; the same code, but for comments and for strings in Chinese."""
    shapes = [[(cell.cell_type, cell.id) for cell in notebook.cells] for notebook in (english, chinese)]
    check("both notebooks have the same cells", shapes[0] == shapes[1])
    check("the Chinese notebook asks for Chinese", any('lang="zh"' in cell.source for cell in chinese.cells))
    for ours, theirs in zip(english.cells, chinese.cells):
        if ours.cell_type == "markdown":
            check(f"{theirs.id} is in Chinese", is_chinese(theirs.source))
            continue
        both = [(Wordless(), ast.parse(cell.source)) for cell in (ours, theirs)]
        code = [ast.dump(wordless.visit(tree)) for wordless, tree in both]
        check(f"{ours.id} has the same code in both notebooks", code[0] == code[1])
        words = zip(*(wordless.words for wordless, _ in both))
        other = [pair for pair in words if pair[0] != pair[1] and not is_chinese(pair[1])]
        check(f"{ours.id} differs in its Chinese only", not other, other[:1])


def images(notebook):
    """The plots of the cells, as PNG."""
    outputs = (output for cell in notebook.cells for output in cell.get("outputs", []))
    return [base64.b64decode(output["data"]["image/png"]) for output in outputs if "image/png" in output.get("data", {})]


def check_notebook(name, demo, folder):
    """`folder` holds the module from the wheel. The plots are saved in `PITLAKE_PLOTS`, if that names a folder."""
    notebook = nbformat.read(EXAMPLES / f"{name}.ipynb", as_version=4)
    nbformat.validate(notebook)
    outputs = [cell for cell in notebook.cells if cell.get("outputs") or cell.get("execution_count")]
    check(f"{name} in the repository has no outputs", not outputs, len(outputs))
    check(f"{name} reads the demo's lake", f'LAKE = "{demo.name}"' in "".join(cell.source for cell in notebook.cells))
    plots = os.environ.get("PITLAKE_PLOTS")
    own = {"PYTHONPATH": str(folder / "module"), "PATH": f"{folder / 'module/bin'}{os.pathsep}{os.environ['PATH']}"}
    client = NotebookClient(
        notebook,
        timeout=SECONDS,
        kernel_name="python3",
        extra_arguments=["--log-level=ERROR"],
        resources={"metadata": {"path": str(demo.parent)}},
    )
    with attempt(f"the notebook {name}"):
        client.execute(env=environment(**own))
    seen = images(notebook)
    check(f"{name} has {PLOTS} plots", len(seen) == PLOTS, len(seen))
    for place, image in enumerate(seen):
        width, height = struct.unpack(">II", image[16:24])
        check(f"plot {place + 1} of {name} is large enough to read", width >= 900 and height >= 400, f"{width} x {height}")
        check(f"plot {place + 1} of {name} shows something", len(image) > 20_000, len(image))
        if plots:
            (Path(plots) / f"{name}-{place + 1}.png").write_bytes(image)
    warned = [output for cell in notebook.cells for output in cell.get("outputs", []) if output.get("name") == "stderr"]
    check(f"no cell of {name} warns", not warned, "".join(output["text"] for output in warned)[:300])


def check_notebooks(demo, folder):
    check_pair(*(nbformat.read(EXAMPLES / f"{name}.ipynb", as_version=4) for name in NAMES))
    for name in NAMES:
        check_notebook(name, demo, folder)
