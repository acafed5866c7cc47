"""Weights from files are read without running anything, and put only where they fit."""

import pickle
from collections.abc import Iterator

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from unitscope.errors import UnitscopeError
from unitscope.models.checkpoints import fill, read_state, to_be_filled
from unitscope.models.fitting import take_weights


class Network(nn.Module):
    def __init__(self, width=4):
        super().__init__()
        self.conv = nn.Conv2d(3, width, 3)
        self.norm = nn.BatchNorm2d(width)
        self.head = nn.Linear(width, 2)


@pytest.fixture
def state():
    torch.manual_seed(0)
    return Network().state_dict()


def same(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("wrap", [lambda s: s, lambda s: {"epoch": 3, "state_dict": s}])
@pytest.mark.parametrize("prefix", ["", "module."])
def test_tensors_are_read_however_they_are_wrapped(tmp_path, state, wrap, prefix, zipped):
    path = tmp_path / "weights.pth"
    written = wrap({prefix + name: value for name, value in state.items()})
    torch.save(written, path, _use_new_zipfile_serialization=zipped)
    assert same(read_state(path), state)


def test_safetensors_are_read(tmp_path, state):
    for name in ("weights.safetensors", "weights.pth"):  # by their content
        save_file(state, tmp_path / name)
        assert same(read_state(tmp_path / name), state)


class Payload:
    ran = False

    def __reduce__(self):
        return exec, ("import test_checkpoints; test_checkpoints.Payload.ran = True",)


@pytest.mark.parametrize("how", ["zip", "legacy", "pickle"])
def test_a_file_that_would_run_code_is_refused(tmp_path, state, how):
    path = tmp_path / "weights.pth"
    if how == "pickle":
        path.write_bytes(pickle.dumps({"weight": Payload()}))
    else:
        torch.save({**state, "x": Payload()}, path, _use_new_zipfile_serialization=how == "zip")
    with pytest.raises(
        UnitscopeError, match=r"reading those would run code|damaged, cut short, or no checkpoint"
    ):
        read_state(path)
    assert not Payload.ran


def test_a_whole_pickled_network_is_refused_by_name(tmp_path):
    torch.save(Network(), tmp_path / "net.pth")
    with pytest.raises(UnitscopeError, match=r"net\.pth holds the Python object \S*Network beside tensors"):
        read_state(tmp_path / "net.pth")


@pytest.mark.parametrize("ending", ["pth", "safetensors"])
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty; delete it"),
        (b"<!DOCTYPE html><title>404</title>", "is a web page, not a checkpoint"),
        (b"\x00\x01garbage" * 99, "is damaged, cut short, or no checkpoint"),
        (None, "is damaged, cut short, or no checkpoint"),
    ],
)
def test_a_file_that_is_no_checkpoint(tmp_path, state, content, message, ending):
    path = tmp_path / f"weights.{ending}"
    if content is None:
        (save_file if ending == "safetensors" else torch.save)(state, path)
        content = path.read_bytes()[: path.stat().st_size // 2]
    path.write_bytes(content)
    with pytest.raises(UnitscopeError, match=message) as error:
        read_state(path)
    assert "weights_only" not in str(error.value)  # torch advises to run the file


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([1, 2], "holds a list, not named tensors"),
        ({}, "holds an empty dictionary"),
        ({"epoch": 3}, "its entry 'epoch' is a int, not a tensor"),
        ({"state_dict": {"a": {"b": torch.zeros(1)}}}, "its entry 'a' is a dictionary"),
    ],
)
def test_other_content_is_named(tmp_path, content, message):
    torch.save(content, tmp_path / "weights.pth")
    with pytest.raises(UnitscopeError, match=message):
        read_state(tmp_path / "weights.pth")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(UnitscopeError, match="does not exist"):
        read_state(tmp_path / "none.pth")
    with pytest.raises(UnitscopeError, match="is a folder"):
        read_state(tmp_path)


def test_weights_that_fit_are_taken(state):
    network = Network()
    counts = {name: value for name, value in state.items() if not name.endswith("num_batches_tracked")}
    fill(network, counts, "here")
    assert same(network.state_dict(), state)


@pytest.fixture
def empty_memory_is_nan() -> Iterator[None]:
    torch.use_deterministic_algorithms(True)  # fills what is empty
    yield
    torch.use_deterministic_algorithms(False)


@pytest.mark.usefixtures("empty_memory_is_nan")
def test_what_is_filled_next_draws_nothing_and_has_its_buffers():
    before = torch.random.get_rng_state()
    with to_be_filled():
        made = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Linear(4, 2))
    assert torch.equal(torch.random.get_rng_state(), before)
    assert all(bool(value.isnan().all()) for layer in (made[0], made[2]) for value in layer.parameters())
    assert [value.tolist() for value in made.buffers()] == [[0] * 4, [1] * 4, 0]
    drawn = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Linear(4, 2))
    assert all(bool(value.isfinite().all()) for value in drawn.parameters())
    fill(made, drawn.state_dict(), "a file")
    for name, value in drawn.state_dict().items():
        assert torch.equal(made.state_dict()[name], value), name


def test_weights_that_do_not_fit_change_nothing_and_are_named(state):
    network = Network(5)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    del state["head.bias"]
    state |= {"tail.weight": torch.zeros(1), "tail.bias": torch.zeros(1)}
    with pytest.raises(UnitscopeError) as error:
        fill(network, state, "old.pth")
    assert str(error.value) == (
        "the weights in old.pth are not those of Network: missing 'head.bias'; "
        "unexpected 'tail.weight', 'tail.bias'; of another shape: "
        "'conv.weight' is (4, 3, 3, 3) where (5, 3, 3, 3) is expected, 'conv.bias' is (4,) where (5,) is expected, "
        "'norm.weight' is (4,) where (5,) is expected and 4 more; give the checkpoint of this network"
    )
    assert same(network.state_dict(), before)


class Harmless:
    """An object of somebody's program, as trainers write it beside tensors."""

    def __init__(self, **told):
        self.__dict__ |= told

    def __setstate__(self, state):
        Payload.ran = True


PREFIXES = (
    "module.", "model.", "_orig_mod.", "backbone.", "encoder.", "net.", "module._orig_mod.", "_orig_mod.module.",
    "model._orig_mod.", "teacher.backbone.", "a.b.c.",
)  # fmt: skip


@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize(
    "wrap", [lambda s: s, lambda s: {"epoch": 3, "model": s}, lambda s: {"a": {"weights": s}}]
)
def test_weights_are_found_by_what_fits(tmp_path, state, prefix, wrap):
    network = Network()
    torch.save(wrap({prefix + name: value for name, value in state.items()}), tmp_path / "w.ckpt")
    take_weights(network, tmp_path / "w.ckpt")
    assert same(network.state_dict(), state)


def test_strangers_beside_the_weights_are_named(tmp_path, state, monkeypatch):
    said = []
    monkeypatch.setattr("unitscope.models.fitting.say", said.append)
    written = {f"model.{name}": value for name, value in state.items()}
    written["criterion.weight"] = torch.ones(5)
    content = {
        "state_dict": written,
        "hyper_parameters": Harmless(lr=0.1),
        "callbacks": {Harmless: {"best": 1.0}},
    }
    content["optimizer_states"] = [{"state": {0: {"exp_avg": torch.zeros(3)}}}]
    torch.save(content, tmp_path / "w.ckpt")
    network = Network()
    take_weights(network, tmp_path / "w.ckpt")
    assert same(network.state_dict(), state)
    assert said == [f"weights from {tmp_path / 'w.ckpt'}: state_dict.model; left out: criterion.weight"]
    assert not Payload.ran


def test_parts_compiled_alone_and_a_compiled_network_take_plain_names(tmp_path, state):
    torch.save(
        {name.replace("conv.", "conv._orig_mod."): value for name, value in state.items()}, tmp_path / "w.pth"
    )
    network = Network()
    take_weights(network, tmp_path / "w.pth")
    assert same(network.state_dict(), state)
    torch.save(state, tmp_path / "w.pth")
    compiled = nn.Module()
    compiled._orig_mod = Network()
    take_weights(compiled, tmp_path / "w.pth")
    assert same(compiled._orig_mod.state_dict(), state)


def test_of_several_that_fit_one_has_to_be_named(tmp_path, state):
    teacher = {name: value + 1 if value.is_floating_point() else value for name, value in state.items()}
    path = tmp_path / "dino.pth"
    written = {f"student.{name}": value for name, value in state.items()}
    torch.save(written | {f"teacher.{name}": value for name, value in teacher.items()}, path)
    network = Network()
    with pytest.raises(
        UnitscopeError,
        match=r"holds several weights that fit Network: 'student', 'teacher'; name one, as .*\?entry=student",
    ):
        take_weights(network, path)
    take_weights(network, f"{path}?entry=teacher")
    assert same(network.state_dict(), teacher)
    with pytest.raises(UnitscopeError, match="has no entry 'other'; it has 'student', 'teacher'"):
        take_weights(network, f"{path}?entry=other")
    torch.save({"state_dict": state, "ema": {name: value.clone() for name, value in state.items()}}, path)
    take_weights(network, path)  # the same values
    assert same(network.state_dict(), state)


def test_what_does_not_fit_is_named_as_it_comes_closest(tmp_path, state):
    torch.save(
        {f"model.{name}": value for name, value in state.items() if name != "head.bias"}, tmp_path / "w.pth"
    )
    with pytest.raises(
        UnitscopeError, match=r"are not those of Network: missing 'head\.bias'; give the checkpoint"
    ):
        take_weights(Network(), tmp_path / "w.pth")
    torch.save({**state, "extra": torch.ones(1)}, tmp_path / "w.pth")
    with pytest.raises(UnitscopeError, match="unexpected 'extra'"):
        take_weights(Network(), tmp_path / "w.pth")
    torch.save({"epoch": 3}, tmp_path / "w.pth")
    with pytest.raises(UnitscopeError, match=r"holds no named tensors; it has 'epoch'"):
        take_weights(Network(), tmp_path / "w.pth")
