"""The notebooks run from top to bottom, and what they show is what a person is to see."""

import html
import re
from pathlib import Path

import nbclient
import nbformat
import pytest
from jupyter_client import KernelManager

EXAMPLES = Path(__file__).parents[1] / "examples"
SMALLER = {
    "1_first_dissection": {'"world:200"': '"world:24"'},
    "2_from_label_to_cause": {'"world:200"': '"world:24"', "world:200:": "world:15:", "random=3": "random=1"},
    "3_a_generator": {
        "latents(200": "latents(24",
        "latents=60": "latents=2",
        "latents=20": "latents=1",
        "random=2": "random=1",
        "16:random": "8:random",
    },
}
SHOWN = {
    "1_first_dissection": [
        "Network world-vgg",
        "Dissection of world-vgg on 24 pictures",
        "relu4_3 unit",
        "2 runs, side",
    ],
    "2_from_label_to_cause": [
        "Dissection of world-vgg",
        "Importance of the 256 units of relu4_3",
        "relu4_3 unit",
    ],
    "3_a_generator": [
        "Generator world-gan",
        "layer4 unit",
        "Removal of tree units",
        "Insertion of 20 door units",
    ],
}
"""Titles of what shows itself, in order."""


def test_every_notebook_is_run_and_is_without_outputs():
    assert {path.stem for path in EXAMPLES.glob("*.ipynb")} == SMALLER.keys() == SHOWN.keys()
    for path in EXAMPLES.glob("*.ipynb"):
        for cell in nbformat.read(path, 4).cells:
            assert not cell.get("outputs"), path.name
            assert not cell.get("execution_count"), path.name


@pytest.fixture(scope="module")
def kernel():
    """A kernel that has loaded the library by the second notebook."""
    manager = KernelManager()
    yield manager
    if manager.has_kernel:
        manager.shutdown_kernel(now=True)


@pytest.mark.slow
@pytest.mark.parametrize("name", SMALLER)
def test_a_notebook_runs_and_shows_what_it_found(name, kernel, tmp_path):
    book = nbformat.read(EXAMPLES / f"{name}.ipynb", 4)
    text = "\n".join(cell.source for cell in book.cells if cell.cell_type == "code")
    for word, less in SMALLER[name].items():
        assert word in text
        for cell in book.cells:
            cell.source = cell.source.replace(word, less)
    # Names of another notebook are forgotten, so that each must import and define all that it uses.
    book.cells.insert(0, nbformat.v4.new_code_cell(f"%reset -f\n%cd -q {tmp_path}"))
    client = nbclient.NotebookClient(book, km=kernel, timeout=600)
    try:
        client.execute()
    finally:
        client.kc.stop_channels()
    outputs = [output for cell in book.cells for output in cell.get("outputs", [])]
    assert not [output for output in outputs if output.output_type in ("stream", "error")]
    shown = [output.data.get("text/html", "") for output in outputs]
    titles = [
        html.unescape(each)
        for page in shown
        for each in re.findall(r"</style><p><strong>(.*?)</strong>", page)
    ]
    places = [next(at for at, title in enumerate(titles) if title.startswith(said)) for said in SHOWN[name]]
    assert places == sorted(places)
    (unit,) = (page for page in shown if re.search(r"<strong>(relu4_3|layer4) unit", page) and "<svg" in page)
    assert unit.count("<img ") == 5
    assert "where the unit is above its threshold" in unit
    assert (tmp_path / "runs").is_dir()
    assert (
        outputs[-1].data["text/plain"].startswith("PosixPath('runs/")
        or "index.html" in outputs[-1].data["text/plain"]
    )
