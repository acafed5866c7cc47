"""Pictures in pairs: which copy belongs to which original, and what is left out with which reason."""

import threading

import numpy as np
import pytest
from PIL import Image

from unitscope.errors import UnitscopeError
from unitscope.sources.altered import AlteredPictures
from unitscope.sources.base import UnreadablePicture
from unitscope.sources.framing import Framing
from unitscope.sources.pairs import AlteredFolder, Frame, FramedPictures, PicturePairs
from unitscope.sources.pictures import PictureFolder


def save(path, seed, size=(12, 16)):
    path.parent.mkdir(parents=True, exist_ok=True)
    values = np.random.default_rng(seed).integers(0, 256, (*size, 3)).astype(np.uint8)
    Image.fromarray(values).save(path)
    return values


@pytest.fixture
def originals(tmp_path):
    for number in range(6):
        save(tmp_path / "before" / "a" / f"{number}.png", number)
    return PictureFolder(tmp_path / "before")


def negative(picture, generator):
    return 255 - picture


def speckled(picture, generator):
    picture[generator.random(picture.shape) < 0.2] = 7
    return picture


def pairs_of(originals, folder, frame=None):
    return PicturePairs(originals, AlteredFolder(originals.sample_ids, folder), frame)


def reason(pairs, index):
    with pytest.raises(UnreadablePicture) as caught:
        pairs.read(index)
    assert caught.value.sample_id == pairs.sample_ids[index]
    return caught.value.reason


def test_copies_are_found_by_name_and_what_is_no_pair_says_why(originals, tmp_path):
    after = tmp_path / "after" / "a"
    copy = save(after / "0.png", 100)
    Image.fromarray(originals.read(1)).save(after / "1.webp", lossless=True)
    other_ending = save(after / "2.bmp", 102)
    save(after / "3.png", 103, size=(10, 16))
    (after / "4.png").write_bytes(b"no picture")
    save(after / "stranger.png", 200)
    pairs = pairs_of(originals, tmp_path / "after")
    assert len(pairs) == 6
    assert np.array_equal(pairs.read(0).altered, copy)
    assert np.array_equal(pairs.read(0).original, originals.read(0))
    assert np.array_equal(pairs.read(2).altered, other_ending)
    assert reason(pairs, 1) == "its altered copy is identical to it"
    assert reason(pairs, 3) == "its altered copy has 16x10 pixels, and it has 16x12"
    assert reason(pairs, 4) == "its altered copy: it is not a picture in a known format"
    assert reason(pairs, 5) == "it has no altered copy"


def test_both_halves_leave_out_the_same(originals, tmp_path):
    copy = save(tmp_path / "after" / "a" / "0.png", 100)
    pairs = pairs_of(originals, tmp_path / "after")
    before, after = pairs.half(altered=False), pairs.half(altered=True)
    assert np.array_equal(before.read(0), originals.read(0))
    assert np.array_equal(after.read(0), copy)
    assert before.content_hash != after.content_hash
    for half in (before, after):
        with pytest.raises(UnreadablePicture, match="no altered copy"):
            half.read(1)


def test_two_files_of_one_name_are_no_copy_unless_one_is_called_as_the_original(originals, tmp_path):
    save(tmp_path / "after" / "a" / "0.bmp", 1)
    save(tmp_path / "after" / "a" / "0.webp", 2)
    save(tmp_path / "after" / "a" / "1.webp", 3)
    exact = save(tmp_path / "after" / "a" / "1.png", 4)
    pairs = pairs_of(originals, tmp_path / "after")
    assert reason(pairs, 0) == "it has no altered copy"
    assert np.array_equal(pairs.read(1).altered, exact)


@pytest.mark.parametrize("kept", ["x.jpg", "x.png"])
def test_one_copy_is_not_that_of_two_originals(tmp_path, kept):
    for name in ("x.bmp", "x.png"):
        save(tmp_path / "before" / name, 1)
    save(tmp_path / "after" / kept, 2)
    ids = PictureFolder(tmp_path / "before").sample_ids
    with pytest.raises(
        UnitscopeError,
        match=rf"copy '.*{kept}' could be that of 'x\.bmp' and of 'x\.png'; name originals apart",
    ):
        AlteredFolder(ids, tmp_path / "after")
    for name in ids:
        save(tmp_path / "each" / name, 3)
    assert AlteredFolder(ids, tmp_path / "each").files == ids


def test_a_folder_without_any_copy_is_one_line(originals, tmp_path):
    save(tmp_path / "after" / "stranger.png", 1)
    with pytest.raises(UnitscopeError, match=r"holds 'stranger\.png', they are called 'a/0\.png'"):
        AlteredFolder(originals.sample_ids, tmp_path / "after")
    with pytest.raises(UnitscopeError, match="does not exist"):
        AlteredFolder(originals.sample_ids, tmp_path / "nowhere")


def test_sources_of_other_pictures_are_no_pairs(originals, tmp_path):
    save(tmp_path / "other" / "b.png", 1)
    with pytest.raises(UnitscopeError, match="are not the same"):
        PicturePairs(originals, PictureFolder(tmp_path / "other"))


def test_differences_are_whole_numbers(originals):
    pair = PicturePairs(originals, AlteredPictures(originals, negative, name="negative")).read(2)
    apart = pair.altered.astype(float) - pair.original
    assert pair.squared_difference == (apart**2).sum()
    assert pair.largest_difference == np.abs(apart).max()


def test_an_alteration_depends_on_seed_and_number_alone(originals):
    def altered(seed):
        return AlteredPictures(originals, speckled, name="speckled", seed=seed)

    first, again, other = altered(1), altered(1), altered(2)
    backwards = {number: again.read(number) for number in reversed(range(6))}
    assert all(np.array_equal(first.read(number), backwards[number]) for number in range(6))
    assert not np.array_equal(first.read(0), other.read(0))
    assert first.content_hash == again.content_hash != other.content_hash
    hashes = {
        AlteredPictures(originals, speckled, name=name, version=version).content_hash
        for name in ("one", "two")
        for version in ("", "1")
    }
    assert len(hashes) == 4


def test_an_alteration_leaves_the_original_alone(originals):
    pair = PicturePairs(originals, AlteredPictures(originals, speckled, name="speckled")).read(0)
    assert np.array_equal(pair.original, originals.read(0))


def test_threads_read_the_same_pairs(originals):
    pairs = PicturePairs(originals, AlteredPictures(originals, speckled, name="speckled"))
    found = [[] for _ in range(4)]

    def read(into):
        into.extend(pairs.read(number).altered for number in range(6))

    threads = [threading.Thread(target=read, args=(into,)) for into in found]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(np.array_equal(found[0], each) for each in found)


def test_few_pairs_are_kept(originals, monkeypatch):
    monkeypatch.setattr("unitscope.sources.pairs.KEPT_BYTES", 3 * 2 * 12 * 16 * 3)
    pairs = PicturePairs(originals, AlteredPictures(originals, negative, name="negative"))
    kept = [pairs.read(number) for number in range(6)]
    assert pairs.read(5) is kept[5]
    assert pairs.read(3) is kept[3]
    assert pairs.read(2) is not kept[2]


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (lambda picture, generator: picture[1:], r"returns uint8 \(11, 16, 3\).*same shape, \(12, 16, 3\)"),
        (lambda picture, generator: picture / 255, r"returns float64 \(12, 16, 3\)"),
        (lambda picture, generator: None, "NoneType"),
        (lambda picture, generator: picture[99], r"fails on picture 'a/0\.png'"),
    ],
)
def test_a_wrong_alteration_is_one_line(originals, function, said):
    with pytest.raises(UnitscopeError, match=said):
        AlteredPictures(originals, function, name="mine").read(0)


def test_an_alteration_with_a_will_of_its_own_is_refused(originals):
    own = np.random.default_rng()
    for function in (negative, speckled):
        AlteredPictures(originals, function, name="mine").check()
    with pytest.raises(
        UnitscopeError, match=r"'mine' alters picture 'a/0\.png' differently when it is asked again"
    ):
        AlteredPictures(originals, lambda picture, _: speckled(picture, own), name="mine").check()


def test_an_alteration_that_is_random_for_one_picture_is_refused(originals):
    own, last = np.random.default_rng(), originals.read(5)

    def turned(picture, _generator):
        return speckled(picture, own) if np.array_equal(picture, last) else picture

    with pytest.raises(UnitscopeError, match=r"alters picture 'a/5\.png' differently"):
        AlteredPictures(originals, turned, name="mine").check()


def test_what_an_alteration_makes_tells_it_from_others(originals):
    def made(function):
        return AlteredPictures(originals, function, name="mine").check()

    assert made(negative) == made(lambda picture, _: ~picture)
    assert len({made(function) for function in (negative, speckled, lambda picture, _: picture)}) == 3


def test_an_alteration_is_tried_on_the_first_picture_that_can_be_read(tmp_path):
    for number in range(20):
        save(tmp_path / "few" / f"{number:02d}.png", number)
    names = [f"{number:02d}.png" for number in range(20) if number != 13]
    few = PictureFolder(tmp_path / "few")
    for name in names:
        (tmp_path / "few" / name).write_bytes(b"torn")
    own = np.random.default_rng()
    with pytest.raises(UnitscopeError, match=r"alters picture '13\.png' differently"):
        AlteredPictures(few, lambda picture, _: speckled(picture, own), name="mine").check()
    (tmp_path / "few" / "13.png").write_bytes(b"torn")
    AlteredPictures(few, lambda picture, _: speckled(picture, own), name="mine").check()


def test_pictures_are_framed_before_or_after(originals, tmp_path):
    frame = Frame(Framing("crop", 0.75), (8, 8))
    whole = save(tmp_path / "after" / "a" / "0.png", 100)
    seen = save(tmp_path / "after" / "a" / "1.png", 101, size=(8, 8))
    pairs = pairs_of(originals, tmp_path / "after", frame)
    assert np.array_equal(pairs.read(0).original, frame.of(originals.read(0)))
    assert np.array_equal(pairs.read(0).altered, frame.of(whole))
    assert np.array_equal(pairs.read(1).original, frame.of(originals.read(1)))
    assert np.array_equal(pairs.read(1).altered, seen)
    framed = FramedPictures(originals, frame)
    assert np.array_equal(framed.read(2), frame.of(originals.read(2)))
    assert framed.content_hash != FramedPictures(originals, Frame(Framing(), (8, 8))).content_hash
