"""The notebook of `examples/`, executed beside the demo's lake: no cell fails, and its plots are plots."""

import base64
import os
import struct
from pathlib import Path

import nbformat
from nbclient import NotebookClient

from kit import attempt, check, environment

NOTEBOOK = Path(__file__).resolve().parents[2] / "examples/lake.ipynb"
PLOTS = 3
SECONDS = 120


def images(notebook):
    """The plots of the cells, as PNG."""
    outputs = (output for cell in notebook.cells for output in cell.get("outputs", []))
    return [base64.b64decode(output["data"]["image/png"]) for output in outputs if "image/png" in output.get("data", {})]


def check_notebook(demo, folder):
    """`folder` holds the module of the wheel; the plots stay in `PITLAKE_PLOTS`, if that names a folder."""
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(notebook)
    outputs = [cell for cell in notebook.cells if cell.get("outputs") or cell.get("execution_count")]
    check("the notebook in the repository has no outputs", not outputs, len(outputs))
    check("the notebook reads the demo's lake", f'LAKE = "{demo.name}"' in "".join(cell.source for cell in notebook.cells))
    plots = os.environ.get("PITLAKE_PLOTS")
    own = {"PYTHONPATH": str(folder / "module"), "PATH": f"{folder / 'module/bin'}{os.pathsep}{os.environ['PATH']}"}
    client = NotebookClient(
        notebook,
        timeout=SECONDS,
        kernel_name="python3",
        extra_arguments=["--log-level=ERROR"],
        resources={"metadata": {"path": str(demo.parent)}},
    )
    with attempt("the notebook"):
        client.execute(env=environment(**own))
    seen = images(notebook)
    check(f"the notebook has {PLOTS} plots", len(seen) == PLOTS, len(seen))
    for place, image in enumerate(seen):
        width, height = struct.unpack(">II", image[16:24])
        check(f"plot {place + 1} is large enough to read", width >= 900 and height >= 400, f"{width} x {height}")
        check(f"plot {place + 1} shows something", len(image) > 20_000, len(image))
        if plots:
            (Path(plots) / f"plot-{place + 1}.png").write_bytes(image)
    warned = [output for cell in notebook.cells for output in cell.get("outputs", []) if output.get("name") == "stderr"]
    check("no cell warns", not warned, "".join(output["text"] for output in warned)[:300])
