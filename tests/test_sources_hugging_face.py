"""Data sets of the `datasets` package itself, as their users have them."""

import io

import numpy as np
import pytest
from PIL import Image

from unitscope.errors import UnitscopeError
from unitscope.nouns.pictures import classed, parts_of, pictures

datasets = pytest.importorskip("datasets", reason="needs datasets")
PICTURES = [np.random.default_rng(n).integers(0, 256, (6 + n, 9, 3), np.uint8) for n in range(6)]
NAMES = ["cat", "dog", "owl"]


def file_of(picture):
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "PNG")
    return file.getvalue()


def rows(labels=(0, 1, 2, 0, 1, 2), names=NAMES):
    features = datasets.Features({"image": datasets.Image(), "label": datasets.ClassLabel(names=names)})
    encoded = [{"bytes": file_of(picture), "path": None} for picture in PICTURES]
    return datasets.Dataset.from_dict({"image": encoded, "label": list(labels)}, features=features)


def same(source, expected=PICTURES):
    return all(np.array_equal(source.read(index), picture) for index, picture in enumerate(expected))


def test_a_data_set_is_pictures_with_its_classes():
    source = classed(rows())
    assert same(source)
    assert (source.class_names, source.targets.tolist()) == (tuple(NAMES), [0, 1, 2, 0, 1, 2])
    chosen = classed(rows().select([4, 0]))
    assert same(chosen, [PICTURES[4], PICTURES[0]])
    assert chosen.targets.tolist() == [1, 0]


def test_pictures_that_are_not_decoded_or_come_as_arrays_are_the_same():
    assert same(pictures(rows().cast_column("image", datasets.Image(decode=False))))
    for kind in ("numpy", "torch"):
        assert same(pictures(rows().with_format(kind)))


def test_the_classes_are_those_of_the_column_and_items_may_not_say_others():
    def without_class(batch):
        return {"image": batch["image"]}

    def other_class(batch):
        return {"image": batch["image"], "label": [2 - each for each in batch["label"]]}

    assert classed(rows().with_transform(without_class)).targets.tolist() == [0, 1, 2, 0, 1, 2]
    with pytest.raises(UnitscopeError, match="'000000' of 'Dataset' has class 2, and class 0 in its list"):
        classed(rows().with_transform(other_class))
    with pytest.raises(UnitscopeError, match=r"the class of picture '000002' .* a NoneType stands for it"):
        classed(rows([0, 1, None, 0, 1, 2]))
    with pytest.raises(UnitscopeError, match="'000001' of 'Dataset' has class -1; its classes are 0 to 2"):
        classed(rows([0, -1, 2, 0, 1, 2]))


def test_tables_of_other_classes_are_not_one_source(tmp_path):
    rows().to_parquet(tmp_path / "a.parquet")
    rows([2, 1, 0, 2, 1, 0], NAMES[::-1]).to_parquet(tmp_path / "b.parquet")
    rows().remove_columns("label").to_parquet(tmp_path / "c.parquet")
    words = rows().remove_columns("label").add_column("label", [NAMES[each % 3] for each in range(6)])
    words.to_parquet(tmp_path / "d.parquet")
    for other, what in (("b", "owl, dog, cat in column 'label'"), ("c", "none"), ("d", "none")):
        message = rf"tables '.*a\.parquet' and '.*{other}\.parquet' differ in their classes, cat, dog, owl .*{what};"
        with pytest.raises(UnitscopeError, match=message):
            pictures(str(tmp_path / f"{{a,{other}}}.parquet"))
    assert classed(str(tmp_path / "b.parquet")).targets.tolist() == [2, 1, 0, 2, 1, 0]
    rows([0, None, 2, 0, 1, 2]).to_parquet(tmp_path / "e.parquet")
    with pytest.raises(UnitscopeError, match=r"picture 'e/00000001' .* a NoneType stands for it"):
        classed(str(tmp_path / "e.parquet"))


def test_data_sets_beside_a_folder_are_sources_of_their_own(tmp_path):
    Image.fromarray(PICTURES[0]).save(tmp_path / "x.png")
    for given in ([rows(), tmp_path], (tmp_path, rows())):
        assert sorted(map(len, parts_of(pictures(given)))) == [1, 6]


def test_a_table_of_pandas_says_what_to_give(tmp_path):
    pandas = pytest.importorskip("pandas")
    paths = []
    for number, picture in enumerate(PICTURES):
        paths.append(str(tmp_path / f"{number}.png"))
        Image.fromarray(picture).save(paths[-1])
    table = pandas.DataFrame({"path": paths}, index=range(10, 16))
    for given in (table["path"], np.array(paths), np.array(paths, object)):
        assert same(pictures(given))
    with pytest.raises(UnitscopeError, match=r"a DataFrame is no data set .*give a list of its paths"):
        pictures(table)
