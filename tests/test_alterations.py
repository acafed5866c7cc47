"""What alterations leave as it was, and what they take away."""

import numpy as np
import pytest

from unitscope.errors import UnitscopeError
from unitscope.sources.alterations import alteration, silhouette
from unitscope.sources.altered import picture_generator
from unitscope.world.source import WorldPictures


@pytest.fixture(scope="module")
def scenes():
    return WorldPictures(6, size=96)


@pytest.fixture(scope="module", params=[(48, 64), (47, 33)], ids=str)
def picture(request):
    generator = np.random.default_rng(4)
    coarse = generator.integers(0, 256, (6, 8, 3)).astype(np.uint8)
    whole = coarse.repeat(8, 0).repeat(8, 1)
    return whole[: request.param[0], : request.param[1]]


def apply(spec, picture, seed=0):
    return alteration(spec)(picture.copy(), picture_generator(seed, 7))


def blocks(picture, side):
    rows, columns = picture.shape[0] // side, picture.shape[1] // side
    cut = picture[: rows * side, : columns * side].reshape(rows, side, columns, side, 3).swapaxes(1, 2)
    return cut.reshape(-1, side * side * 3)


@pytest.mark.parametrize("spec", ["shuffle:8", "gray", "blur:2", "phase:0.5"])
def test_the_same_seed_gives_the_same_copy_and_shape_and_type_stay(picture, spec):
    altered = apply(spec, picture)
    assert altered.shape == picture.shape
    assert altered.dtype == np.uint8
    assert not np.array_equal(altered, picture)
    assert np.array_equal(altered, apply(spec, picture))
    random = spec.startswith(("shuffle", "phase"))
    assert np.array_equal(altered, apply(spec, picture, seed=1)) != random


@pytest.mark.parametrize("side", [4, 8, 16])
def test_every_patch_is_kept_and_none_stays(side):
    picture = np.arange(48 * 40 * 3).reshape(48, 40, 3)
    picture = (picture % 251).astype(np.uint8)
    picture[::side, ::side, 0] = np.arange(len(picture[::side, ::side, 0].ravel())).reshape(
        picture[::side, ::side, 0].shape
    )
    altered = apply(f"shuffle:{side}", picture)
    before, after = blocks(picture, side), blocks(altered, side)
    assert len(np.unique(before, axis=0)) == len(before)
    assert sorted(map(bytes, before)) == sorted(map(bytes, after))
    assert not (before == after).all(axis=1).any()
    rest = picture.copy()
    rest[: 48 // side * side, : 40 // side * side] = altered[: 48 // side * side, : 40 // side * side]
    assert np.array_equal(altered, rest)


def test_two_patches_change_places():
    picture = np.zeros((8, 16, 3), np.uint8)
    picture[:, 8:] = 9
    assert np.array_equal(apply("shuffle:8", picture), picture[:, ::-1])


def test_gray_has_one_channel_and_the_brightness(picture):
    altered = apply("gray", picture).astype(float)
    assert (altered[..., 0] == altered[..., 1]).all()
    assert (altered[..., 0] == altered[..., 2]).all()
    assert np.abs(altered[..., 0] - picture @ [0.299, 0.587, 0.114]).max() <= 1


def test_blur_is_the_convolution_with_a_gaussian():
    picture = np.zeros((41, 41, 3), np.uint8)
    picture[20, 20] = 255
    place = np.arange(-20, 21)
    kernel = np.exp(-(place**2) / (2 * 1.5**2))
    kernel /= kernel.sum()
    wanted = 255 * np.outer(kernel, kernel)
    assert np.abs(apply("blur:1.5", picture)[..., 1] - wanted).max() < 1
    assert (apply("blur:3", np.full((9, 9, 3), 77, np.uint8)) == 77).all()


def test_disturbed_phases_leave_the_spectrum_and_the_mean():
    generator = np.random.default_rng(0)
    # Of low contrast, so that nothing is cut off at black and white.
    picture = generator.integers(118, 139, (64, 65, 3)).astype(np.uint8)
    altered = apply("phase:1", picture)
    before, after = (np.abs(np.fft.fft2(each.astype(float), axes=(0, 1))) for each in (picture, altered))
    assert np.corrcoef(before[1:].ravel(), after[1:].ravel())[0, 1] > 0.99
    assert altered.mean((0, 1)) == pytest.approx(picture.mean((0, 1)), abs=0.1)
    assert abs(np.corrcoef(picture.ravel(), altered.ravel())[0, 1]) < 0.1
    slight = apply("phase:0.1", picture)
    assert np.corrcoef(picture.ravel(), slight.ravel())[0, 1] > 0.9


def test_a_silhouette_has_one_level_for_each_concept():
    labels = np.zeros((10, 12), int)
    labels[2:5, 2:5], labels[6:9, 3:11] = 4, 9
    drawn = silhouette(labels, np.random.default_rng(0))
    levels = {int(number): set(drawn[labels == number].ravel().tolist()) for number in np.unique(labels)}
    assert levels[0] == {255}
    assert {*levels[4], *levels[9]} == {0, 208}
    alone = silhouette(labels == 4, np.random.default_rng(0))
    assert set(alone[labels == 4].ravel()) == {0}


def test_scenes_in_other_materials_have_the_same_labels_and_other_pixels(scenes):
    other = scenes.retextured(3)
    assert other.sample_ids == scenes.sample_ids
    assert other.content_hash != scenes.retextured(4).content_hash
    for index in range(3):
        before, after = scenes.read(index), other.read(index)
        assert np.array_equal(after, scenes.retextured(3).read(index))
        assert np.array_equal(other.labels(index), scenes.labels(index))
        assert (np.abs(before.astype(int) - after).max(-1) > 8).mean() > 0.2


def test_outlines_are_painted_where_they_were(scenes):
    from unitscope.world.retexture import Exchanging, Noting, exchange
    from unitscope.world.scene import render_scene

    class Same(Exchanging):
        def coat(self, number, coat):
            changed.append(super().coat(number, coat).material != coat.material)
            return super().coat(number, coat)

    for index in range(3):
        told = {"scene": scenes.scene_class(index), "size": 96}
        noting = Noting()
        plain = render_scene(scenes.seed(index), brush=noting, **told)
        assert np.array_equal(plain.picture, scenes.read(index))
        given = exchange(noting.materials, np.random.default_rng(0))
        assert sorted(given) == sorted(given.values()) == sorted(noting.materials)
        assert all(one != other for one, other in given.items())
        changed = []
        again = render_scene(scenes.seed(index), brush=Same(noting.materials, given), **told)
        # All planes but that of colours, which are seen in the picture.
        assert np.array_equal(again.labels[:3], scenes.labels(index)[:3])
        assert np.mean(changed) > 0.5


@pytest.mark.parametrize(
    "spec", ["grey", "shuffle", "shuffle:-2", "shuffle:x", "blur:0", "blur:inf", "phase:1.5", ""]
)
def test_what_cannot_be_done_is_one_line(spec):
    with pytest.raises(UnitscopeError) as caught:
        alteration(spec)
    assert "\n" not in str(caught.value)
