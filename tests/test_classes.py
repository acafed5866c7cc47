"""Class names: as many as there are outputs, in the order of the outputs, as published lists have them."""

import importlib

import pytest
from references import IMAGENET

from unitscope.models.classes import places365_classes


@pytest.mark.parametrize(("names", "count"), [(places365_classes(), 365), (IMAGENET, 1000)])
def test_names_are_as_many_as_the_outputs_and_all_different(names, count):
    assert len(names) == count
    assert len(set(names)) == count
    assert all(name == name.strip() and name for name in names)


def test_places_are_in_the_order_of_their_paths():
    names = places365_classes()
    assert names[0] == "airfield"
    assert names[-1] == "zen_garden"
    assert list(names) == sorted(names)  # "/" comes before "_", and both before letters
    assert all(set(name) <= set("abcdefghijklmnopqrstuvwxyz_/") for name in names)


def test_places_agree_with_a_published_list(shared):
    lines = (shared / "models/places365_squeezenet/categories_places365.txt").read_text().splitlines()
    published = [line.rsplit(" ", 1) for line in lines if line]
    assert [(f"/{name[0]}/{name}", str(index)) for index, name in enumerate(places365_classes())] == [
        tuple(entry) for entry in published
    ]


def test_places_agree_with_the_folders_of_photographs(shared):
    rows = [line.split("\t") for line in (shared / "data/places96/classes.tsv").read_text().splitlines()[1:]]
    assert len(rows) == 96
    assert [places365_classes()[int(index)].replace("/", "-") for _, index in rows] == [
        name for name, _ in rows
    ]


def test_imagenet_agrees_with_the_folders_of_photographs(shared):
    lines = (shared / "data/imagenet1000/classes.tsv").read_text().splitlines()[1:]
    rows = [line.split("\t") for line in lines]
    assert [int(row[0]) for row in rows] == list(range(1000))
    ours = {index: name.replace(" ", "_") for index, name in enumerate(IMAGENET)}
    differing = {index for index, row in enumerate(rows) if ours[index].lower() != row[2].lower()}
    # The folders repeat two names, which the list tells apart.
    repeated = {index for index, row in enumerate(rows) if [other[2] for other in rows].count(row[2]) > 1}
    assert differing == {134, 639}
    assert differing <= repeated


def test_imagenet_agrees_with_torchvision():
    try:
        models = importlib.import_module("torchvision.models")
    except (ImportError, RuntimeError) as error:
        pytest.skip(f"needs torchvision, which cannot be imported: {error}")
    assert list(IMAGENET) == models.ResNet50_Weights.IMAGENET1K_V2.meta["categories"]
