import torch
from torch import nn

from unitscope.ablation import Ablation
from unitscope.experiments.carried import HEADER, CarriedCache
from unitscope.replay import cut
from unitscope.run.storage import Budget, bytes_of


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, padding=1)
        self.more = nn.Conv2d(4, 4, 3, padding=1)
        self.head = nn.Linear(4, 3)

    def forward(self, x):
        x = self.conv(x)
        return self.head((self.more(x).relu() + x).mean((2, 3)))


def make():
    torch.manual_seed(0)
    network, batches = Net().eval(), torch.randn(3, 2, 3, 8, 8)
    return cut(network, "more", batches[0]), batches


SIZE = 2 * 2 * 4 * 8 * 8 * 4
"""Two values of two pictures with four channels of 8 x 8 cells."""
BUDGET = 2 * (SIZE + HEADER) + 100


def read_all(cache, batches):
    asked = []
    carried = [cache.read(i, lambda i=i: asked.append(i) or batches[i]) for i in range(len(batches))]
    return carried, asked


def test_what_fits_the_budget_is_computed_once(tmp_path):
    replay, batches = make()
    cache = CarriedCache(replay, tmp_path / "cache", budget=BUDGET, identity="x")
    first, asked = read_all(cache, batches)
    assert asked == [0, 1, 2]
    assert bytes_of((tmp_path / "cache").iterdir()) <= BUDGET
    again = CarriedCache(replay, tmp_path / "cache", budget=BUDGET, identity="x")
    second, asked = read_all(again, batches)
    assert asked == [2]
    for one, other in zip(first, second, strict=True):
        assert all(torch.equal(a, b) for a, b in zip(one.values, other.values, strict=True))
        assert torch.equal(one.activation, other.activation)
        answers = [torch.cat([a for _, a in Ablation(replay).single_units(each)]) for each in (one, other)]
        assert torch.equal(*answers)


def test_nothing_is_written_without_a_budget(tmp_path):
    replay, batches = make()
    cache = CarriedCache(replay, tmp_path / "cache", budget=0, identity="x")
    assert read_all(cache, batches)[1] == read_all(cache, batches)[1] == [0, 1, 2]
    assert bytes_of((tmp_path / "cache").iterdir()) == 0


def test_files_of_something_else_are_replaced(tmp_path):
    replay, batches = make()
    read_all(CarriedCache(replay, tmp_path, budget=10 * BUDGET, identity="x"), batches)
    other = CarriedCache(replay, tmp_path, budget=10 * BUDGET, identity="y")
    assert read_all(other, batches)[1] == [0, 1, 2]
    assert read_all(other, batches)[1] == []


def test_a_budget_is_kept_to_with_few_looks_at_the_files(tmp_path):
    looks = []

    def taken():
        looks.append(1)
        return bytes_of(tmp_path.iterdir())

    budgets = [Budget(10_000, taken) for _ in range(3)]  # as of three processes
    for number in range(2_000):
        budget = budgets[number % 3]
        if budget.left >= 10:
            budget.take(10)
            (tmp_path / str(number)).write_bytes(bytes(10))
    assert 9_900 <= bytes_of(tmp_path.iterdir()) <= 10_000 + 3 * 10
    assert len(looks) < 300
    assert [budget.left < 10 for budget in budgets] == [True] * 3


def test_what_is_deleted_makes_room_again(tmp_path):
    old = [tmp_path / str(number) for number in range(10)]
    for path in old:
        path.write_bytes(bytes(100))
    budget = Budget(1_000, lambda: bytes_of(tmp_path.iterdir()))
    assert budget.left == 0
    for path in old:
        budget.delete(path)
        assert budget.left == 100
        budget.take(100)
        (tmp_path / f"new-{path.name}").write_bytes(bytes(100))
    budget.delete(tmp_path / "is not there")
    assert budget.left == 0


def test_values_that_files_have_no_type_for_are_computed_again(tmp_path):
    class Short(Net):
        def forward(self, x):
            with torch.autocast("cpu", torch.bfloat16):
                return super().forward(x)

    torch.manual_seed(0)
    batches = torch.randn(3, 2, 3, 8, 8)
    replay = cut(Short().eval(), "more", batches[0])
    cache = CarriedCache(replay, tmp_path / "cache", budget=BUDGET, identity="x")
    carried, _ = read_all(cache, batches)
    assert carried[0].values[0].dtype == torch.bfloat16
    assert read_all(cache, batches)[1] == [0, 1, 2]
