"""Names of classes hold for the numbers that items of a data set carry, or are not used."""

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import Dataset, Subset

import unitscope
from unitscope.errors import UnitscopeError
from unitscope.experiments.importance.pictures import match_pictures
from unitscope.nouns.pictures import classed, pictures
from unitscope.sources.class_numbers import stated_classes

NAMES = ("cat", "dog", "owl")
NUMBERS = [0, 1, 2, 0, 1, 2, 2, 0]


def picture(number):
    return np.random.default_rng(number).integers(0, 256, (8, 9, 3), np.uint8)


class Animals(Dataset):
    """As data sets of torchvision are: items with numbers, names, and maybe the numbers once more."""

    def __init__(self, **stated):
        self.classes = list(NAMES)
        self.__dict__.update(stated)

    def __len__(self):
        return len(NUMBERS)

    def __getitem__(self, index):
        return Image.fromarray(picture(index)), NUMBERS[index]


class Other(Dataset):
    """What stands around a data set and gives other numbers."""

    def __init__(self, dataset):
        self.dataset = dataset

    def __len__(self):
        return len(self.dataset)

    def __getitem__(self, index):
        found, number = self.dataset[index]
        return found, (number + 1) % 3


class OtherSubset(Subset):
    def __getitem__(self, index):
        found, number = super().__getitem__(index)
        return found, (number + 1) % 3

    def __getitems__(self, indices):
        return [self[index] for index in indices]


class Own:
    """A source of another package."""

    name, content_hash, class_names = "own", "0", NAMES

    def __init__(self, targets):
        self.targets = np.array(targets)
        self.sample_ids = tuple(map(str, range(len(NUMBERS))))

    def __len__(self):
        return len(NUMBERS)

    def read(self, index):
        return picture(index)


@pytest.fixture(scope="module")
def network():
    module = torch.nn.Sequential(
        torch.nn.Conv2d(3, 4, 3), torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(), torch.nn.Linear(4, 3)
    )
    return unitscope.network(module, preprocess="size=8")


@pytest.fixture
def folder(tmp_path):
    for name in NAMES:
        (tmp_path / name).mkdir()
        for number in range(3):
            Image.fromarray(picture(number)).save(tmp_path / name / f"{number}.png")
    return str(tmp_path)


@pytest.mark.parametrize(
    "stated",
    [
        {},
        {"targets": NUMBERS},
        {"targets": torch.tensor(NUMBERS)},
        {"targets": np.array(NUMBERS), "class_to_idx": {"cat": 0, "dog": 1, "owl": 2}},
        {"targets": [torch.tensor(number) for number in NUMBERS]},
    ],
)
def test_numbers_are_those_of_the_items_in_any_way_they_are_listed(stated):
    source = classed(Animals(**stated))
    assert (source.class_names, source.targets.tolist()) == (NAMES, NUMBERS)
    chosen = classed(Subset(Animals(**stated), [4, 0]))
    assert (chosen.class_names, chosen.targets.tolist()) == (NAMES, [1, 0])


@pytest.mark.parametrize(
    ("items", "why"),
    [
        (Animals(target_transform=lambda number: number), "its target_transform gives other numbers"),
        (Animals(class_to_idx={"cat": 1, "dog": 0, "owl": 2}), "its class_to_idx gives 'cat' another number"),
        (Other(Animals()), "it is of type Other, which may give other numbers than the data set in it"),
        (OtherSubset(Animals(), [0, 1]), "it is of type OtherSubset, which may give other numbers"),
        (Subset(Animals(target_transform=abs), [0, 1]), "its target_transform gives other numbers"),
    ],
)
def test_names_of_other_numbers_are_not_used_unless_a_person_gives_them(items, why):
    with pytest.raises(UnitscopeError, match=f"what the classes of .* not known: {why}.*classes=") as caught:
        classed(items)
    assert "\n" not in str(caught.value)
    source = classed(pictures(items, classes=["a", "b", "c"]))
    assert source.class_names == ("a", "b", "c")
    assert source.targets.tolist() == [items[index][1] for index in range(len(items))]
    assert np.array_equal(pictures(items).read(1), picture(1)), "pictures are read without their classes"


def test_classes_are_given_for_one_data_set(folder):
    for given in ([folder], [folder, Animals()], [pictures(Animals()), Animals()]):
        with pytest.raises(UnitscopeError, match=r"classes= are the names of the numbers in one data set"):
            pictures(*given, classes=NAMES)


def test_two_classes_of_one_name_are_no_contradiction():
    stated = Animals(classes=[("crane", "bird"), ("crane",)], class_to_idx={"crane": 1, "bird": 0})
    assert stated_classes(stated).names == ("crane, bird", "crane")


@pytest.mark.parametrize(
    ("targets", "message"),
    [
        ([0, 1], r"'Animals' has classes of 2 pictures and 8 pictures, .* give one class for each picture"),
        ([*NUMBERS[:-1], 1], "'000007' of 'Animals' has class 0, and class 1 in its list of them"),
        (["cat"] * 8, "the class of picture '000000' of 'Animals' cannot be read: a str stands for it"),
        ([None] * 8, "a NoneType stands for it; leave the picture out"),
        ([0.0, 1.7] * 4, "a float stands for it"),
        ([[0, 1, 1]] * 8, "a list stands for it"),
        (np.eye(8, dtype=int), "a ndarray stands for it"),
        (torch.eye(8), "a Tensor stands for it"),
        ([0, 1, 3, 0, 1, 2, 2, 0], "'000002' of 'Animals' has class 3; its classes are 0 to 2"),
    ],
)
def test_a_list_of_numbers_that_cannot_be_is_refused_in_one_line(targets, message):
    with pytest.raises(UnitscopeError, match=message) as caught:
        classed(Animals(targets=targets))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("changes", [{198: 199}, {7: 6}, {3: 4, 4: 3}])
def test_a_list_that_calls_some_classes_otherwise_is_seen_however_many_there_are(changes):
    items = [(np.zeros((2, 2, 3), np.uint8), number // 50) for number in range(10_000)]

    class Listed(list):
        targets = [changes.get(number, number) for _, number in items]  # noqa: RUF012

    with pytest.raises(UnitscopeError, match=r"has class \d+, and class \d+ in its list"):
        classed(pictures(Listed(items), classes=[str(each) for each in range(200)]))


def test_an_image_folder_whose_pictures_were_changed_is_refused(folder):
    datasets = pytest.importorskip("torchvision.datasets", reason="needs torchvision")
    shuffled, thinned = datasets.ImageFolder(folder), datasets.ImageFolder(folder)
    shuffled.samples = shuffled.samples[::-1]
    thinned.samples = thinned.samples[::2]
    for changed in (shuffled, thinned):
        with pytest.raises(UnitscopeError, match=r"other classes in \.targets than in \.samples; bring both"):
            classed(changed)
    with pytest.raises(UnitscopeError, match="its target_transform gives other numbers"):
        classed(datasets.ImageFolder(folder, target_transform=lambda number: 2 - number))


@pytest.mark.parametrize(
    ("targets", "message"),
    [
        ([0, 1, -1, 0, 1, 2, 2, 0], "picture '2' of 'own' has class -1; its classes are 0 to 2"),
        ([0, 1, 3, 0, 1, 2, 2, 0], "picture '2' of 'own' has class 3"),
        ([0, 1], "'own' has classes of 2 pictures and 8 pictures"),
        ([0.0] * 8, "a float64 stands for it"),
    ],
)
def test_numbers_of_any_source_are_looked_at(network, targets, message):
    other = Own(NUMBERS)
    other.content_hash = "1"
    with pytest.raises(UnitscopeError, match=message):
        match_pictures(other, Own(targets), network, {"cat": "0", "dog": "1", "owl": "2"})
