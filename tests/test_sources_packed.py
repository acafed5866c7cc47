"""Pictures as large data comes: tar files, tables with picture bytes, data sets saved by Hugging Face."""

from __future__ import annotations

import io
import pickle
import sys
import tarfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

import unitscope as us
from unitscope.errors import UnitscopeError
from unitscope.sources import dataset, lmdbs
from unitscope.sources.base import ClassedSource, PictureSource, UnreadablePicture
from unitscope.sources.classes import open_classed
from unitscope.sources.shards import in_braces
from unitscope.sources.tables import TablePictures
from unitscope.sources.tars import TarPictures


def picture(number: int, size: tuple[int, int] = (9, 7)) -> np.ndarray:
    return np.random.default_rng(number).integers(0, 256, (*size, 3)).astype(np.uint8)


def encoded(number: int, kind: str = "PNG", size: tuple[int, int] = (9, 7)) -> bytes:
    file = io.BytesIO()
    Image.fromarray(picture(number, size)).save(file, kind)
    return file.getvalue()


def write_tar(path: Path, members: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w") as tar:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return path


@pytest.fixture
def tars(tmp_path: Path) -> Path:
    for shard in range(3):
        members = {}
        for number in range(4):
            key = f"{number:04d}"
            members[f"{key}.png"] = encoded(10 * shard + number)
            members[f"{key}.cls"] = b"1"
            members[f"{key}.seg.png"] = b"a mask"
        members["notes.txt"] = b"x" * 5000
        write_tar(tmp_path / f"photos-{shard:03d}.tar", members)
    return tmp_path


def test_pictures_of_tar_files_are_read_by_number(tars: Path) -> None:
    source = us.pictures(str(tars / "photos-{000..002}.tar"))
    assert isinstance(source, TarPictures)
    assert isinstance(source, PictureSource)
    assert len(source) == 12
    assert source.sample_ids[5] == "photos-001/0001.png"
    assert source.name == "photos-000 to photos-002"
    with ThreadPoolExecutor(4) as pool:
        for index, found in zip([11, 0, 5, 4], pool.map(source.read, [11, 0, 5, 4]), strict=True):
            assert np.array_equal(found, picture(10 * (index // 4) + index % 4))
    assert [(each.extension, each.count) for each in source.left_out] == [
        (".cls", 12),
        (".png", 12),
        (".txt", 3),
    ]
    again = pickle.loads(pickle.dumps(source))
    assert again.content_hash == source.content_hash
    assert np.array_equal(again.read(7), source.read(7))


def test_a_list_of_tar_files_is_one_source_and_a_folder_says_how_to_name_them(tars: Path) -> None:
    listed = us.pictures([tars / "photos-000.tar", str(tars / "photos-002.tar")])
    assert listed.sample_ids[4] == "photos-002/0000.png"
    mixed = us.pictures([tars / "photos-000.tar", "world:2"])
    assert len(mixed) == 6
    with pytest.raises(UnitscopeError, match=r"3 \.tar \(read if given by name"):
        us.pictures(str(tars))


def test_the_hash_of_tar_files_follows_what_is_in_them(tars: Path) -> None:
    before = us.pictures(str(tars / "photos-000.tar")).content_hash
    assert us.pictures(str(tars / "photos-000.tar")).content_hash == before
    write_tar(tars / "photos-000.tar", {"0000.png": encoded(99)})
    assert us.pictures(str(tars / "photos-000.tar")).content_hash != before


@pytest.mark.parametrize("bytes_left", [300, 700, 1024, 3000, -1024, -1536, -1500])
def test_a_tar_file_that_is_cut_off_is_refused_wherever_that_is(tars: Path, bytes_left: int) -> None:
    path = tars / "photos-001.tar"
    with tarfile.open(path) as tar:
        last = tar.getmembers()[-1]
    end = last.offset_data + -(-last.size // 512) * 512
    size = bytes_left if bytes_left > 0 else end + 1024 + bytes_left
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(UnitscopeError, match=r"photos-001\.tar' is (cut off after|no tar file)"):
        us.pictures(str(tars / "photos-{000..002}.tar"))


def test_other_tar_files_that_cannot_be_read_say_why(tmp_path: Path, tars: Path) -> None:
    twice = write_tar(tmp_path / "twice.tar", {"a/1.png": encoded(1), "a/2.png": encoded(2)})
    with tarfile.open(twice, "a") as tar:
        entry = tarfile.TarInfo("a/1.png")
        entry.size = 3
        tar.addfile(entry, io.BytesIO(b"abc"))
    with pytest.raises(UnitscopeError, match=r"two pictures of the key 'a/1', a/1\.png and a/1\.png"):
        TarPictures([twice])
    both = write_tar(tmp_path / "both.tar", {"1.png": encoded(1), "1.jpg": encoded(1, "JPEG")})
    with pytest.raises(UnitscopeError, match=r"two pictures of the key '1', 1\.png and 1\.jpg"):
        TarPictures([both])
    with tarfile.open(tmp_path / "small.tar", "w:gz") as tar:
        tar.addfile(tarfile.TarInfo("x"))
    with pytest.raises(UnitscopeError, match=r"small\.tar' is compressed"):
        TarPictures([tmp_path / "small.tar"])
    with pytest.raises(UnitscopeError, match=r"x\.tar\.gz' is compressed"):
        us.pictures("x.tar.gz")
    with pytest.raises(UnitscopeError, match=r"holds no pictures; there are 1 \.txt in it"):
        TarPictures([write_tar(tmp_path / "text.tar", {"1.txt": b"a"})])
    (tmp_path / "noise.tar").write_bytes(b"noise" * 1000)
    with pytest.raises(UnitscopeError, match=r"noise\.tar' is no tar file"):
        TarPictures([tmp_path / "noise.tar"])
    with pytest.raises(UnitscopeError, match=r"photos-003\.tar' cannot be read: No such file"):
        us.pictures(str(tars / "photos-{000..003}.tar"))
    (tmp_path / "other").mkdir()
    other = write_tar(tmp_path / "other" / "photos-000.tar", {"1.png": encoded(1)})
    with pytest.raises(UnitscopeError, match="two tar files are called 'photos-000'"):
        TarPictures([tars / "photos-000.tar", other])


def add_link(tar: tarfile.TarFile, name: str, target: str, kind: bytes = tarfile.SYMTYPE) -> None:
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname = kind, target
    tar.addfile(entry)


def test_a_tar_file_holds_the_pictures_that_its_folder_does(tmp_path: Path) -> None:
    place = tmp_path / "photos" / "a"
    (place / ".hidden").mkdir(parents=True)
    for name in ("1.png", "2.png", "2_mask.png", ".x.png", ".hidden/3.png"):
        (place / name).write_bytes(encoded(len(name)))
    (place / "4.png").hardlink_to(place / "1.png")
    (place / "5.png").symlink_to("../a/2.png")
    (place / "6.png").symlink_to("5.png")
    (place / "7.png").symlink_to("../../elsewhere.png")
    (place / "8.png").symlink_to("8.png")
    with tarfile.open(tmp_path / "x.tar", "w") as tar:
        tar.add(place, arcname="a")
    folder, packed = us.pictures(tmp_path / "photos"), us.pictures(str(tmp_path / "x.tar"))
    order = [packed.sample_ids.index(f"x/{name}") for name in folder.sample_ids]
    assert folder.sample_ids == tuple(f"a/{number}.png" for number in (1, 2, 4, 5, 6))
    assert sorted(order) == list(range(5))
    for index, there in enumerate(order):
        assert np.array_equal(packed.read(there), folder.read(index))
    assert [(each.extension, each.count, each.reason) for each in packed.left_out] == [
        (".png", 2, "links that lead to no picture in the tar file"),
        (".png", 1, "masks beside their pictures"),
    ]


def test_what_is_no_file_in_a_tar_is_counted(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "x.tar", "w") as tar:
        add_link(tar, "x.png", "../y.png")
        add_link(tar, "z.png", "", tarfile.FIFOTYPE)
    with pytest.raises(UnitscopeError, match=r"holds no pictures; there are 1 \.png, 1 \.png in it"):
        us.pictures(str(tmp_path / "x.tar"))


def test_a_broken_picture_in_a_tar_file_is_left_out_by_name(tmp_path: Path) -> None:
    source = TarPictures([write_tar(tmp_path / "x.tar", {"1.png": encoded(1), "2.png": encoded(2)[:60]})])
    assert source.read(0).shape == (9, 7, 3)
    with pytest.raises(UnreadablePicture, match=r"picture 'x/2\.png' cannot be used"):
        source.read(1)
    (tmp_path / "x.tar").write_bytes(b"")
    with pytest.raises(UnreadablePicture, match="its tar file has become shorter"):
        source.read(0)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("x.tar", ["x.tar"]),
        ("x-{08..10}.tar", ["x-08.tar", "x-09.tar", "x-10.tar"]),
        ("{a,b}-{1..2}", ["a-1", "a-2", "b-1", "b-2"]),
    ],
)
def test_braces_stand_for_several_files(text: str, names: list[str]) -> None:
    assert in_braces(text) == names


@pytest.mark.parametrize("text", ["x-{5..2}.tar", "x-{a}.tar", "{0..99999999}.tar"])
def test_braces_that_say_nothing_are_refused(text: str) -> None:
    with pytest.raises(UnitscopeError, match=r"cannot be read; write \{000\.\.099\} for numbers"):
        in_braces(text)


def rows(first: int, count: int) -> pa.Table:
    images = [{"bytes": encoded(first + i), "path": f"{first + i}.png"} for i in range(count)]
    return pa.table({"label": [i % 2 for i in range(count)], "image": images})


def test_pictures_of_parquet_files_are_read_by_number(tmp_path: Path) -> None:
    for part in range(2):
        pq.write_table(rows(10 * part, 7), tmp_path / f"train-{part}.parquet", row_group_size=3)
    source = us.pictures(str(tmp_path / "train-{0..1}.parquet"))
    assert isinstance(source, TablePictures)
    assert not isinstance(source, ClassedSource)
    assert source.sample_ids[8] == "train-1/00000001"
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(source.read, range(14)))
    for index in (0, 6, 7, 13, 3):
        assert np.array_equal(found[index], picture(10 * (index // 7) + index % 7))
    assert len(source._groups) <= 4
    assert np.array_equal(pickle.loads(pickle.dumps(source)).read(9), picture(12))


def test_a_data_set_saved_by_hugging_face_is_read_with_its_classes(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    features = datasets.Features(
        {"image": datasets.Image(), "label": datasets.ClassLabel(names=["cat", "dog"])}
    )
    made = datasets.Dataset.from_dict(
        {"image": [{"bytes": encoded(i), "path": None} for i in range(5)], "label": [0, 1, 1, 0, 1]},
        features=features,
    )
    made.save_to_disk(tmp_path / "saved")
    made.to_parquet(tmp_path / "saved.parquet")
    datasets.DatasetDict({"train": made}).save_to_disk(tmp_path / "splits")
    for place in (tmp_path / "saved", tmp_path / "saved.parquet"):
        source = open_classed(str(place))
        assert source.class_names == ("cat", "dog")
        assert source.targets.tolist() == [0, 1, 1, 0, 1]
        assert np.array_equal(source.read(3), picture(3))
    with pytest.raises(UnitscopeError, match="holds several data sets, train; give one of them"):
        us.pictures(str(tmp_path / "splits"))
    assert len(us.pictures(str(tmp_path / "splits" / "train"))) == 5
    made.select([1, 3]).save_to_disk(tmp_path / "chosen")
    assert len(us.pictures(str(tmp_path / "chosen"))) == 2


def test_a_folder_of_pictures_with_a_file_of_its_own_state_is_a_folder(tmp_path: Path) -> None:
    (tmp_path / "1.png").write_bytes(encoded(1))
    (tmp_path / "state.json").write_text("{}")
    assert us.pictures(tmp_path).sample_ids == ("1.png",)


def test_tables_that_cannot_be_read_say_why(tmp_path: Path) -> None:
    pq.write_table(rows(0, 6), tmp_path / "a.parquet")
    content = (tmp_path / "a.parquet").read_bytes()
    (tmp_path / "cut.parquet").write_bytes(content[: len(content) // 2])
    with pytest.raises(UnitscopeError, match=r"cut\.parquet' cannot be opened, it may be cut off"):
        us.pictures(str(tmp_path / "cut.parquet"))
    pq.write_table(pa.table({"x": [1, 2]}), tmp_path / "b.parquet")
    with pytest.raises(
        UnitscopeError, match=r"b\.parquet' has no column of picture bytes.*its columns are x"
    ):
        us.pictures(str(tmp_path / "b.parquet"))
    with pytest.raises(UnitscopeError, match=r"b\.parquet' has no column 'image'"):
        us.pictures(str(tmp_path / "{a,b}.parquet"))
    pq.write_table(pa.table({"x": [b"a"], "y": [b"b"]}), tmp_path / "c.parquet")
    with pytest.raises(
        UnitscopeError, match="several columns of bytes, x, y; call the one with pictures 'image'"
    ):
        us.pictures(str(tmp_path / "c.parquet"))
    pq.write_table(pa.table({"image": [b"noise", None]}), tmp_path / "d.parquet")
    source = us.pictures(str(tmp_path / "d.parquet"))
    with pytest.raises(UnreadablePicture, match="it is not a picture in a known format"):
        source.read(0)
    with pytest.raises(UnreadablePicture, match="its row holds no bytes"):
        source.read(1)
    with pytest.raises(UnitscopeError, match="tar files and tables are given together"):
        us.pictures([tmp_path / "a.parquet", tmp_path / "x.tar"])


def test_jpeg_is_decoded_at_a_fraction_where_that_is_asked_for(tmp_path: Path) -> None:
    content = encoded(1, "JPEG", (128, 200))
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "1.jpg").write_bytes(content)
    pq.write_table(pa.table({"image": [content]}), tmp_path / "a.parquet")
    sources = [
        us.pictures(str(tmp_path / "folder")),
        TarPictures([write_tar(tmp_path / "x.tar", {"1.jpg": content})]),
        us.pictures(str(tmp_path / "a.parquet")),
        us.pictures([content]),
    ]
    joined = us.pictures(sources[0], sources[1])
    for source in (*sources, joined):
        assert source.read(0).shape == (128, 200, 3)
        assert source.drafted(32).read(0).shape == (32, 50, 3)
        assert source.drafted(33).read(0).shape == (64, 100, 3)
        assert source.drafted(65).read(0).shape == (128, 200, 3)
        assert source.read(0).shape == (128, 200, 3)
    png = us.pictures([encoded(1, "PNG", (128, 200))])
    assert png.drafted(32).read(0).shape == (128, 200, 3)


def test_a_data_set_that_changes_its_length_is_refused() -> None:
    items = [Image.fromarray(picture(i)) for i in range(4)]
    source = us.pictures(items)
    items.pop()
    with pytest.raises(UnitscopeError, match="had 4 items and now has 3; give one that stays") as caught:
        source.read(1)
    assert not isinstance(caught.value, UnreadablePicture)


def test_a_large_data_set_is_not_read_whole_for_its_hash(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dataset, "HASHED_WHOLE", 10)
    monkeypatch.setattr(dataset, "HASHED_SPREAD", 5)
    read = []

    class Items(list):
        def __getitem__(self, index):
            read.append(index)
            return super().__getitem__(index)

    def hashed(changed: int) -> str:
        items = Items(Image.fromarray(picture(99 if i == changed else i)) for i in range(23))
        source = dataset.dataset_pictures(items)
        read.clear()
        return source.content_hash

    before = hashed(-1)
    assert read == [0, 5, 10, 15, 20]
    assert hashed(10) != before
    assert hashed(11) == before


def write_lmdb(path: Path, entries: dict[bytes, bytes], *, folder: bool = True) -> Path:
    lmdb = pytest.importorskip("lmdb")
    with (
        lmdb.open(str(path), subdir=folder, map_size=2**22, lock=False) as environment,
        environment.begin(write=True) as writing,
    ):
        for key, value in entries.items():
            writing.put(key, value)
    return path


@pytest.mark.parametrize("folder", [True, False])
def test_pictures_of_lmdb_files_are_read_by_key(tmp_path: Path, folder: bool) -> None:
    entries = {f"{number:04d}".encode(): encoded(number) for number in range(6)}
    path = write_lmdb(tmp_path / "photos.lmdb", {**entries, b"__len__": b"6"}, folder=folder)
    source = us.pictures(path)
    assert source.sample_ids == tuple(f"photos/{number:04d}" for number in range(6))
    assert [(each.extension, each.count) for each in source.left_out] == [("keys __", 1)]
    again = pickle.loads(pickle.dumps(source))
    assert again.content_hash == source.content_hash
    with ThreadPoolExecutor(4) as pool:
        for number, read in enumerate(pool.map(again.read, range(6))):
            assert np.array_equal(read, picture(number))


def test_lmdb_files_that_are_damaged_or_ambiguous_are_refused(tmp_path: Path) -> None:
    path = write_lmdb(
        tmp_path / "cut.lmdb", {f"{n}".encode(): encoded(n) * 20 for n in range(40)}, folder=False
    )
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UnitscopeError, match=r"cut\.lmdb' is cut off: it has"):
        us.pictures(path)
    (tmp_path / "none.lmdb").write_bytes(b"something else" * 1000)
    with pytest.raises(UnitscopeError, match=r"none\.lmdb' is no LMDB file"):
        us.pictures(tmp_path / "none.lmdb")
    with pytest.raises(UnitscopeError, match=r"LMDB file .*gone\.lmdb' cannot be read"):
        us.pictures(tmp_path / "gone.lmdb")
    empty = write_lmdb(tmp_path / "empty.lmdb", {b"__len__": b"0"})
    with pytest.raises(UnitscopeError, match=r"LMDB file .* holds no pictures"):
        us.pictures(empty)
    with pytest.raises(UnitscopeError, match="tables and LMDB files are given together"):
        us.pictures([empty, tmp_path / "x.parquet"])


def test_an_lmdb_file_that_changes_is_told(tmp_path: Path) -> None:
    path = write_lmdb(tmp_path / "photos.lmdb", {b"a": encoded(0), b"b": b"no picture"}, folder=False)
    source = us.pictures(path)
    with pytest.raises(UnreadablePicture):
        source.read(1)
    path.write_bytes(path.read_bytes() + bytes(4096))
    with pytest.raises(UnreadablePicture, match="has changed since it was opened"):
        source.read(0)


def test_without_lmdb_a_line_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_lmdb(tmp_path / "photos.lmdb", {b"a": encoded(0)})
    monkeypatch.setitem(sys.modules, "lmdb", None)
    with pytest.raises(UnitscopeError, match=r"needs lmdb, .*pip install 'unitscope\[lmdb\]'"):
        us.pictures(path)


def test_keys_of_several_values_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_lmdb(tmp_path / "photos.lmdb", {b"a": encoded(0)})
    monkeypatch.setattr(
        lmdbs, "_keys", lambda file: iter([b"a", b"a"])
    )  # lmdb for Python writes no such file
    with pytest.raises(UnitscopeError, match="holds several values of the key 'a'"):
        us.pictures(path)
