"""How exactly a network multiplies, and what is said where its device is out of memory."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from tiny import run_cli
from torch import nn

import unitscope as us
from unitscope.errors import UnitscopeError
from unitscope.experiments.dissection import reading
from unitscope.experiments.forward import run_batch
from unitscope.experiments.samples import Batch
from unitscope.models.products import products_as_they_were, use_products
from unitscope.models.weights import weights_hash
from unitscope.nouns.network import left_as_it_was, on_device
from unitscope.nouns.reopened import reopen_network

SIDE, COUNT = 16, 6
NET = """
import torch
from torch import nn


class Small(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.head = nn.Conv2d(3, 4, 3, padding=1), nn.Linear(4, 2)

    def forward(self, x):
        return {"logits": self.head(torch.relu(self.conv(x)).mean((2, 3)))}


def net():
    torch.manual_seed(0)
    return Small()
"""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    for folder in ("images", "masks"):
        (tmp_path / folder).mkdir()
    for number in range(COUNT):
        picture = rng.integers(0, 256, (SIDE, SIDE, 3)).astype(np.uint8)
        Image.fromarray(picture).save(tmp_path / "images" / f"p{number}.png")
        Image.fromarray((picture[..., 0] > 128).astype(np.uint8)).save(tmp_path / "masks" / f"p{number}.png")
    (tmp_path / "labels.txt").write_text("1 bright\n")
    (tmp_path / "net.py").write_text(NET)
    return tmp_path


def words(data: Path, out: str, *more: str) -> list[str]:
    return [
        "dissect", f"{data / 'net.py'}:net", "--images", str(data / "images"), "--masks", str(data / "masks"),
        "--labels", str(data / "labels.txt"), "--layer", "conv",
        "--preprocess", f"size={SIDE}", "--out", str(data / out),
        "--quiet", *more,
    ]  # fmt: skip


def kept(run: us.Dissection) -> np.ndarray:
    return run.units.threshold.to_numpy()


def test_a_run_says_at_what_precision_and_is_reopened_so(data: Path, monkeypatch, capsys) -> None:
    for name, more in (("single", ()), ("short", ("--precision", "bf16"))):
        assert run_cli(monkeypatch, *words(data, name, *more)) == 0
    single, short = (us.open_run(data / name) for name in ("single", "short"))
    assert "precision" not in single.manifest.config["model"]
    assert short.manifest.config["model"]["precision"] == short.network.precision == "bf16"
    assert short.network.weights_hash == single.network.weights_hash
    assert not np.array_equal(kept(single), kept(short))
    assert np.allclose(kept(single), kept(short), rtol=2e-2)
    with products_as_they_were():
        found = reopen_network(short)
    assert found.precision == "bf16"
    answer = found.module(torch.zeros(1, 3, SIDE, SIDE))
    assert answer["logits"].dtype == torch.float32
    assert run_cli(monkeypatch, *words(data, "short")) == 2
    assert "precision" in capsys.readouterr().err


def test_layers_have_their_names_and_weights_their_type() -> None:
    module = nn.Sequential(nn.Conv2d(3, 4, 1), nn.ReLU())
    single, short = us.network(module), us.network(module, precision="bf16")
    assert [name for name, _ in short.module.named_modules()] == ["", "0", "1"]
    assert weights_hash(short.module) == weights_hash(module)
    x = torch.rand(2, 3, 5, 5)
    rounded, exact = short.module(x), single.module(x)
    assert rounded.dtype == torch.float32
    assert torch.equal(rounded, rounded.bfloat16().float())
    assert not torch.equal(rounded, exact)
    assert torch.equal(us.network(short, precision="fp32").module(x), exact)
    with products_as_they_were():
        use_products("tf32")
        us.layers(module)
        assert torch.backends.cudnn.allow_tf32, "what a user has chosen stays"
    assert single.module is module
    assert next(module.parameters()).dtype == torch.float32


def test_a_network_that_is_called_by_a_function_multiplies_so_too() -> None:
    module = nn.Conv2d(3, 4, 1)
    seen = []

    def call(network: nn.Module, inputs: torch.Tensor) -> torch.Tensor:
        answer: torch.Tensor = network(2 * inputs)
        seen.append(answer.dtype)
        return answer

    short = us.network(module, forward=call, precision="bf16")
    x = torch.rand(2, 3, 5, 5)
    assert torch.allclose(short.module(x), module(2 * x), atol=0.1)
    assert torch.equal(short.with_precision("fp32").module(x), module(2 * x))
    assert seen == [torch.bfloat16, torch.float32]


def test_products_of_a_gpu_are_rounded_where_that_was_asked_for_and_only_then() -> None:
    def flags() -> tuple[bool, bool]:
        return torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32

    before = flags()
    for precision, expected in (("tf32", (True, True)), ("fp32", (False, False)), ("bf16", (False, False))):
        network = us.network(nn.Conv2d(3, 4, 1), precision=precision, device="cpu")
        with left_as_it_was(network):
            on_device(network)
            assert flags() == expected
        assert flags() == before


def test_questions_about_small_changes_refuse_short_products(data: Path, monkeypatch) -> None:
    assert run_cli(monkeypatch, *words(data, "run", "--precision", "bf16")) == 0
    for name in ("0", "1"):
        (data / "classes" / name).mkdir(parents=True)
        Image.new("RGB", (SIDE, SIDE), (200 * int(name), 0, 0)).save(data / "classes" / name / "x.png")
    with pytest.raises(
        UnitscopeError, match=r"importance compares answers that differ by little, which .* bf16"
    ):
        us.importance(data / "run", data / "classes", data / "classes", show=False)
    with pytest.raises(UnitscopeError, match="attack compares answers that differ by little"):
        us.attack(data / "run", data / "classes", target="0", show=False)


def test_a_precision_that_there_is_not_is_refused(data: Path, monkeypatch, capsys) -> None:
    with pytest.raises(UnitscopeError, match="precision is 'fp8'; it must be fp32 or tf32 or bf16 or fp16"):
        us.network(nn.Conv2d(3, 4, 1), precision="fp8")  # type: ignore[arg-type]
    given = ("world-gan", "--latents", "2", "--precision", "bf16", "--out", str(data / "x"))
    assert run_cli(monkeypatch, "dissect", *given) == 2
    assert "--precision is about networks that read pictures" in capsys.readouterr().err


class Full(nn.Module):
    """A network whose device holds so many pictures at once."""

    def __init__(self, room: int) -> None:
        super().__init__()
        self.conv, self.room, self.seen = nn.Conv2d(3, 4, 1), room, []

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.seen.append(len(x))
        if len(x) > self.room:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")
        return self.conv(x).mean((2, 3))


@pytest.mark.parametrize(
    ("room", "said"),
    [
        (
            3,
            "cpu is out of memory with 6 pictures at once, half of them fit: give batch_size=3, which is another",
        ),
        (2, "cpu is out of memory with 6 pictures at once, and with 3; give batch_size=1 or less"),
    ],
)
def test_half_a_batch_is_tried_once_where_memory_is_full(data: Path, room: int, said: str) -> None:
    network = Full(room)
    with pytest.raises(UnitscopeError, match=said):
        us.dissect(
            us.network(network, preprocess=f"size={SIDE}"), str(data / "images"),
            us.masks(data / "masks", data / "labels.txt"), layers="conv", out=data / "run", batch_size=6, show=False,
            allow_random=True, device="cpu",
        )  # fmt: skip
    first = network.seen.index(6)
    assert network.seen.count(6) == 1, "as many as the run will read are asked for before any picture is read"
    assert network.seen[first + 1] == 3


@pytest.mark.parametrize("room", [2, 3])
def test_half_a_batch_of_pictures_is_tried_where_the_batch_does_not_fit(room: int) -> None:
    batch = Batch(np.arange(6), torch.zeros(6, 3, 2, 2), np.zeros((6, 1, 2, 2), np.int16))
    network, kept = Full(room), []

    def read(inputs: torch.Tensor) -> None:
        kept.append(network(inputs))

    with pytest.raises(UnitscopeError, match="half of them fit" if room == 3 else "and with 3"):
        run_batch(
            read, batch, sample_ids=[*"abcdef"], device=torch.device("cpu"), half=network, called="latents"
        )
    assert network.seen == [6, 3]
    assert not kept


def test_one_picture_that_does_not_fit_has_no_half() -> None:
    batch = Batch(np.zeros(1, np.int64), torch.zeros(1, 3, 2, 2), np.zeros((1, 1, 2, 2), np.int16))
    network = Full(room=0)
    with pytest.raises(
        UnitscopeError, match="cpu is out of memory with one of the pictures at once; run it on cpu"
    ):
        run_batch(network, batch, sample_ids=["a"], device=torch.device("cpu"))
    assert network.seen == [1]


def test_no_room_for_a_shard_is_said_in_one_line(data: Path, monkeypatch) -> None:
    def full(*_: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(reading, "layer_grids", full)
    with pytest.raises(
        UnitscopeError, match=r"cpu has no room for the activations of a shard: .*fewer layers"
    ):
        us.dissect(
            us.network(Full(99), preprocess=f"size={SIDE}"), str(data / "images"),
            us.masks(data / "masks", data / "labels.txt"), layers="conv", out=data / "run", show=False, device="cpu",
        )  # fmt: skip
