"""Data sets of pictures: those of torch and of Hugging Face, and lists, are as good as a folder."""

import io
import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import Subset, TensorDataset

import unitscope
from unitscope.errors import UnitscopeError
from unitscope.nouns.pictures import classed, parts_of, pictures
from unitscope.sources.base import ClassedSource, PictureSource, UnreadablePicture, remarks_on
from unitscope.sources.classes import ClassFolders, open_classed
from unitscope.sources.dataset import ClassedDataset, as_source, dataset_pictures
from unitscope.sources.item import picture_to_rgb
from unitscope.sources.pictures import PictureFolder

PICTURES = [np.random.default_rng(n).integers(0, 256, (6 + n, 9, 3), np.uint8) for n in range(4)]


class Columns:
    """Items as dictionaries with features, as a Hugging Face data set has them; a column is read by its name."""

    class _Label:
        names = ("cat", "dog")

    features = {"image": object(), "label": _Label()}  # noqa: RUF012

    def __init__(self):
        self.decoded = 0

    def __len__(self):
        return len(PICTURES)

    def __getitem__(self, key):
        if key == "label":
            return [number % 2 for number in range(len(self))]
        self.decoded += 1
        return {"image": Image.fromarray(PICTURES[key]), "label": key % 2}


class Fails(list):
    def __getitem__(self, index):
        if index == 1:
            raise OSError("disk on fire")
        return super().__getitem__(index)


def file_of(picture):
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "PNG")
    return file.getvalue()


@pytest.mark.parametrize(
    "kind",
    [
        Image.fromarray,
        lambda picture: picture,
        torch.from_numpy,
        lambda picture: torch.from_numpy(picture).permute(2, 0, 1),
        lambda picture: (Image.fromarray(picture), 1),
        lambda picture: {"image": Image.fromarray(picture), "label": 1},
        lambda picture: {"img": {"bytes": file_of(picture), "path": None}},
        file_of,
    ],
)
def test_every_kind_of_item_gives_the_same_pictures(kind):
    source = dataset_pictures([kind(picture) for picture in PICTURES], name="four")
    assert isinstance(source, PictureSource)
    assert (source.name, len(source)) == ("four", 4)
    assert source.sample_ids == ("000000", "000001", "000002", "000003")
    for index, picture in enumerate(PICTURES):
        assert np.array_equal(source.read(index), picture)
    assert source.content_hash == dataset_pictures([Image.fromarray(each) for each in PICTURES]).content_hash


@pytest.mark.parametrize("shape", [(5, 7), (5, 7, 1), (1, 5, 7)])
def test_gray_and_transparent_arrays(shape):
    gray = np.arange(35, dtype=np.uint8).reshape(shape)
    assert np.array_equal(picture_to_rgb(gray), np.repeat(gray.reshape(5, 7, 1), 3, -1))
    assert np.array_equal(picture_to_rgb(np.zeros((2, 2, 4), np.uint8)), np.full((2, 2, 3), 255))


def test_an_array_with_two_axes_of_three_follows_the_custom_of_its_library():
    small = np.arange(27, dtype=np.uint8).reshape(3, 3, 3)
    assert np.array_equal(picture_to_rgb(small), small)
    assert np.array_equal(picture_to_rgb(torch.from_numpy(small)), small.transpose(1, 2, 0))


def test_the_hash_changes_with_pictures_order_and_shape():
    hashes = [
        dataset_pictures(items).content_hash
        for items in (
            PICTURES,
            PICTURES[::-1],
            PICTURES[:3],
            [*PICTURES[:3], PICTURES[3] ^ 1],
            [each.transpose(1, 0, 2) for each in PICTURES],
            [each.reshape(9, -1, 3) for each in PICTURES],
        )
    ]
    assert len(set(hashes)) == len(hashes)
    assert dataset_pictures(list(PICTURES)).content_hash == hashes[0]


@pytest.mark.parametrize(
    ("items", "message"),
    [
        ([], "the data set of pictures is empty; give one with items"),
        (
            TensorDataset(torch.rand(3, 3, 8, 8)),
            "no pictures: there are numbers of type float32, whose black and white",
        ),
        ([np.zeros((4, 4, 3))], "there are numbers of type float64"),
        ([np.zeros((5, 4, 6), np.uint8)], r"there is an array of shape \(5, 4, 6\)"),
        (
            [{"text": "a dog"}],
            "there is a dictionary of text, and none of them is called 'image'; give PIL images",
        ),
        (
            [{"mask": Image.new("L", (4, 4)), "photo": Image.new("RGB", (4, 4)), "id": 3}],
            "there is a dictionary with 2 images, mask, photo, and none of them is called 'image'",
        ),
        ([3, 4], "there is an object of type int; give PIL images, arrays or tensors of uint8, or paths"),
    ],
)
def test_what_is_no_picture_is_refused_in_one_line(items, message):
    with pytest.raises(UnitscopeError, match=message) as caught:
        dataset_pictures(items)
    assert "\n" not in str(caught.value)
    with pytest.raises(UnitscopeError, match="a generator holds no pictures"):
        as_source(each for each in PICTURES)


class Floats(torch.utils.data.Dataset):
    """A data set with the usual ToTensor: numbers from 0 to 1, channels first, and a class."""

    def __init__(self, shift=0.0):
        self.shift = shift

    def __len__(self):
        return len(PICTURES)

    def __getitem__(self, index):
        return torch.from_numpy(PICTURES[index]).permute(2, 0, 1) / 255.0 - self.shift, index % 2


def test_numbers_are_pictures_where_their_range_is_stated():
    with pytest.raises(
        UnitscopeError,
        match=r"'Floats' are no pictures: .* 0 to 0\.\d+\); say it, unitscope.pictures\(dataset, range",
    ):
        pictures(Floats())
    with pytest.raises(UnitscopeError, match="they look normalised: give the data set without its Normalize"):
        pictures(Floats(0.5))
    for source, shift in ((Floats(), 0.0), (Floats(0.5), 0.5)):
        stated = pictures(source, range=(0 - shift, 1 - shift))
        assert all(np.array_equal(stated.read(index), picture) for index, picture in enumerate(PICTURES))
    half = pictures([torch.from_numpy(picture).bfloat16() for picture in PICTURES], range=(0, 255))
    assert all(np.array_equal(half.read(index), picture) for index, picture in enumerate(PICTURES))
    wide = pictures([picture.astype(np.int32) * 16 for picture in PICTURES], range=(0, 4080))
    assert np.array_equal(wide.read(2), PICTURES[2])
    beyond = pictures(Floats(), range=(0, 0.5))
    with pytest.raises(UnreadablePicture, match=r"its numbers are .* beyond the range 0 to 0.5"):
        beyond.read(0)
    with pytest.raises(UnitscopeError, match=r"range is \(1, 0\); give the values of black and white"):
        pictures(Floats(), range=(1, 0))


def test_a_loader_a_stream_and_several_splits_say_what_to_give():
    with pytest.raises(
        UnitscopeError,
        match=r"a DataLoader hands out .*give the Dataset that it loads",
    ):
        pictures(torch.utils.data.DataLoader(Floats(), 2))
    with pytest.raises(
        UnitscopeError, match=r"a dict holds several data sets, train, test; give .*\['train'\]"
    ):
        pictures({"train": Columns(), "test": Columns()})

    class Stream(torch.utils.data.IterableDataset):
        def __iter__(self):
            return iter(PICTURES)

    with pytest.raises(UnitscopeError, match="a Stream holds no pictures that can be read by number"):
        pictures(Stream())


STACK = np.stack([picture[:6] for picture in PICTURES])


@pytest.mark.parametrize(
    "stack",
    [
        STACK,
        STACK.transpose(0, 3, 1, 2),
        torch.from_numpy(STACK),
        torch.from_numpy(STACK).permute(0, 3, 1, 2),
    ],
)
def test_one_array_of_pictures(stack):
    source = pictures(stack)
    assert len(source) == len(STACK)
    assert all(np.array_equal(source.read(index), STACK[index]) for index in range(len(STACK)))
    assert source.content_hash == pictures(list(STACK)).content_hash


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (PICTURES[0], r"an array of shape \(6, 9, 3\) could be one picture or several"),
        (torch.from_numpy(PICTURES[0]), r"an array of shape \(6, 9, 3\) could be one picture or several"),
        (Image.fromarray(PICTURES[0]), "one picture is given; give several as a list"),
    ],
)
def test_one_picture_is_not_several(given, message):
    with pytest.raises(UnitscopeError, match=message):
        pictures(given)


def test_a_list_of_tensors_is_a_list_of_pictures():
    source = pictures([torch.from_numpy(picture).permute(2, 0, 1) for picture in PICTURES])
    assert all(np.array_equal(source.read(index), picture) for index, picture in enumerate(PICTURES))


def test_a_column_of_another_name_is_found_by_what_it_holds():
    assert np.array_equal(
        dataset_pictures([{"id": 3, "photo": Image.fromarray(PICTURES[1])}]).read(0), PICTURES[1]
    )


def test_a_list_of_files_in_any_way_it_is_written(folder):
    files = sorted((folder / "cat").iterdir())
    for listed in (files, [str(file) for file in files], tuple(files)):
        source = pictures(listed)
        assert source.sample_ids == ("0.png", "1.png", "2.png", "3.png")
        assert all(np.array_equal(source.read(index), picture) for index, picture in enumerate(PICTURES))
    mixed = pictures([folder / "dog", *files[:2]])
    assert [len(each) for each in parts_of(mixed)] == [4, 2]
    with pytest.raises(
        UnitscopeError, match=r"listed picture '.*9.png' does not exist; list files of pictures"
    ):
        pictures([*files, folder / "cat" / "9.png"])
    with pytest.raises(UnitscopeError, match="is a file; give the folder that holds it, or a list of files"):
        pictures(files[0])
    with pytest.raises(UnitscopeError, match=r"patterns are not filled in: give the folder '.*cat'"):
        pictures(str(folder / "cat" / "*.png"))
    with pytest.raises(UnitscopeError, match="belong to no classes"):
        classed(files)


def test_pictures_that_change_are_refused():
    class Noise(list):
        def __getitem__(self, index):
            return np.random.default_rng().integers(0, 256, (8, 8, 3), np.uint8)

    with pytest.raises(
        UnitscopeError, match="is another one each time it is read; give the data set without random"
    ):
        dataset_pictures(Noise([1]))


class Turns(torch.utils.data.Dataset):
    """Mirrors a picture from the `time`-th time that it is read."""

    def __init__(self, number, time):
        self.number, self.time, self.reads = number, time, 0

    def __len__(self):
        return 20

    def __getitem__(self, index):
        picture = np.random.default_rng(index).integers(0, 256, (32, 32, 3), np.uint8)
        self.reads += index == self.number
        return picture[:, ::-1] if index == self.number and self.reads >= self.time else picture


def test_a_picture_that_is_another_one_later_is_refused_whichever_it_is(tmp_path):
    message = (
        "picture '00001[25]' of 'Turns' is another one each time it is read; give the data set without random"
    )
    with pytest.raises(UnitscopeError, match=message):
        pictures(Turns(12, 2))
    source = pictures(Turns(15, 3))
    again = pickle.loads(pickle.dumps(source))
    for each in (source, again):
        with pytest.raises(UnitscopeError, match=message):
            each.read(15), each.read(15), each.read(15)


@pytest.mark.parametrize("time", [2, 3])
def test_a_run_stops_where_a_picture_is_not_the_one_that_was_hashed_or_measured(tmp_path, time):
    module = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.ReLU())
    network = unitscope.network(module, preprocess="size=32")
    with pytest.raises(UnitscopeError, match="picture '000010' of 'Turns' is another one each time"):
        unitscope.dissect(network, Turns(10, time), "colors", out=tmp_path / "run", layers=["1"], null=0)


class OneBuffer(torch.utils.data.Dataset):
    """Fills one buffer again and again, as readers of large files do; `kind` makes an item of it."""

    def __init__(self, kind, channels):
        self.kind, self.buffer = kind, np.zeros((200, 200, channels) if channels else (200, 200), np.uint8)

    def __len__(self):
        return 48

    def __getitem__(self, index):
        self.buffer[:] = index
        return self.kind(self.buffer)


@pytest.mark.parametrize(
    ("kind", "channels"), [(np.asarray, 3), (torch.from_numpy, 3), (Image.fromarray, 3), (Image.fromarray, 0)]
)
def test_a_data_set_may_hand_out_one_buffer_again_and_again(kind, channels):
    source = dataset_pictures(OneBuffer(kind, channels))
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(source.read, range(48)))
    assert [(each.min(), each.max()) for each in found] == [(number, number) for number in range(48)]


def test_a_broken_item_is_left_to_its_turn(tmp_path):
    (tmp_path / "x.png").write_bytes(b"no picture")
    source = dataset_pictures(Fails(PICTURES))
    with pytest.raises(UnreadablePicture, match="'000001' cannot be used: OSError: disk on fire"):
        source.read(1)
    assert len(source.content_hash) == 64
    paths = dataset_pictures([tmp_path / "x.png", tmp_path / "y.png"])
    with pytest.raises(UnreadablePicture, match="not a picture in a known format"):
        paths.read(0)


def test_a_hugging_face_data_set_knows_its_classes():
    source = dataset_pictures(Columns())
    assert (source.class_names, source.targets.tolist()) == (("cat", "dog"), [0, 1, 0, 1])
    assert isinstance(source, ClassedSource)
    again = pickle.loads(pickle.dumps(dataset_pictures([(each, 1) for each in PICTURES], classes=("a", "b"))))
    assert isinstance(again, ClassedDataset)
    assert (again.targets.tolist(), again.read(2).tolist()) == ([1] * 4, PICTURES[2].tolist())


def test_items_are_looked_at_once_for_remarks():
    columns = Columns()
    source = dataset_pictures(columns)
    assert source.content_hash
    before = columns.decoded
    assert source.remarks == remarks_on(source) == ()
    assert columns.decoded == before + len(columns)
    assert "remarks" not in vars(source.in_range16((0, 4095)))


def test_classes_that_are_none():
    with pytest.raises(UnitscopeError, match="belong to no classes"):
        open_classed([Image.fromarray(each) for each in PICTURES])
    with pytest.raises(UnitscopeError, match="'000000' of 'list' has class 7; its classes are 0 to 1"):
        _ = dataset_pictures([(PICTURES[0], 7)], classes=("a", "b")).targets
    with pytest.raises(
        UnitscopeError, match=r"the class of picture '000000' of 'list' cannot be read: .*NoneType"
    ):
        _ = dataset_pictures([PICTURES[0]], classes=("a", "b")).targets


@pytest.fixture
def folder(tmp_path):
    for name in ("cat", "dog"):
        (tmp_path / name).mkdir()
        for number, picture in enumerate(PICTURES):
            Image.fromarray(picture).save(tmp_path / name / f"{number}.png")
    return tmp_path


def test_an_image_folder_is_the_folder(folder):
    datasets = pytest.importorskip("torchvision.datasets", reason="needs torchvision")
    ours, theirs = ClassFolders(folder), open_classed(datasets.ImageFolder(str(folder)))
    assert theirs.sample_ids == ours.sample_ids
    assert theirs.class_names == ours.class_names
    assert theirs.targets.tolist() == ours.targets.tolist()
    assert all(np.array_equal(theirs.read(index), ours.read(index)) for index in range(len(ours)))
    subset = open_classed(Subset(datasets.ImageFolder(str(folder)), [5, 0]))
    assert (subset.class_names, subset.targets.tolist()) == (("cat", "dog"), [1, 0])


def test_random_pictures_of_torchvision_are_numbered():
    datasets = pytest.importorskip("torchvision.datasets", reason="needs torchvision")
    source = dataset_pictures(datasets.FakeData(5, (3, 8, 10), num_classes=3))
    assert (source.name, source.sample_ids[-1], source.read(0).shape) == ("FakeData", "000004", (8, 10, 3))


def test_what_is_given_as_pictures(folder):
    images = [Image.fromarray(each) for each in PICTURES]
    alone = pictures(images)
    assert len(alone) == 4
    given = pictures(folder / "cat", images, Columns(), PictureFolder(folder / "dog"))
    assert [type(each).__name__ for each in parts_of(given)] == [
        "PictureFolder",
        "DatasetPictures",
        "ClassedDataset",
        "PictureFolder",
    ]


def test_a_run_on_a_data_set_measures_what_a_run_on_its_folder_does(folder, tmp_path):
    torch.manual_seed(0)
    module = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.ReLU())
    network = unitscope.network(module, preprocess="size=32")
    runs = [
        unitscope.dissect(network, images, "world", out=tmp_path / f"run{number}", layers=["1"])
        for number, images in enumerate((folder / "cat", [Image.fromarray(each) for each in PICTURES]))
    ]
    one, other = (run.units for run in runs)
    assert one["threshold"].tolist() == other["threshold"].tolist()
    assert one["iou"].tolist() == other["iou"].tolist()
