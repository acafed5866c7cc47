"""Style transfer: the published formula with seeded weights, files of tensors only, styles that do not open."""

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from torch.nn import functional

from unitscope.errors import UnitscopeError
from unitscope.models.adain import decoder, encoder, load_transfer, normalise
from unitscope.nouns.styles import Stylizing, stylizing
from unitscope.sources.altered import picture_generator
from unitscope.sources.framing import Framing
from unitscope.sources.pairs import Frame
from unitscope.sources.pictures import PictureFolder

FRAME = Frame(Framing(), (32, 40))
ENCODER_PLACES = (0, 2, 5, 9, 12, 16, 19, 22, 25, 29)
DECODER_PLACES = (1, 5, 8, 11, 14, 18, 21, 25, 28)


def picture(seed, size=(32, 40)):
    return np.random.default_rng(seed).integers(0, 256, (*size, 3)).astype(np.uint8)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Both networks with seeded weights, the encoder with layers behind relu4_1 as it is published."""
    place = tmp_path_factory.mktemp("adain")
    torch.manual_seed(1)
    first, second = encoder(), decoder()
    with torch.no_grad():
        for layer in [*first, *second]:
            if isinstance(layer, torch.nn.Conv2d):  # so that what is drawn depends on what is seen
                torch.nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        second[-1].weight.mul_(0.3)
        second[-1].bias.fill_(0.5)
    more = {"32.weight": torch.zeros(512, 512, 3, 3), "32.bias": torch.zeros(512)}
    torch.save({**first.state_dict(), **more}, place / "vgg_normalised.pth")
    save_file(second.state_dict(), place / "decoder.safetensors")
    return place


def by_hand(folder, content, style):
    """The whole of it step by step, from the tensors in the files."""
    encoded, decoded = (
        torch.load(folder / "vgg_normalised.pth"),
        dict(load_transfer(folder).decoder.state_dict()),
    )

    def convolve(x, state, place):
        padded = functional.pad(x, (1, 1, 1, 1), mode="reflect")
        return functional.conv2d(padded, state[f"{place}.weight"], state[f"{place}.bias"])

    def encode(values):
        x = torch.from_numpy(values / np.float32(255)).permute(2, 0, 1)[None]
        x = functional.conv2d(x, encoded["0.weight"], encoded["0.bias"])
        for place in ENCODER_PLACES[1:]:
            x = convolve(x, encoded, place).relu()
            if place in (5, 12, 25):
                x = functional.max_pool2d(x, 2, ceil_mode=True)
        return x

    c, s = encode(content), encode(style)
    x = torch.empty_like(c)
    for channel in range(512):
        one, other = c[0, channel].double(), s[0, channel].double()
        deviation = ((one - one.mean()) ** 2).mean().add(1e-5).sqrt()
        wanted = ((other - other.mean()) ** 2).mean().add(1e-5).sqrt()
        x[0, channel] = (wanted * (one - one.mean()) / deviation + other.mean()).float()
    for place in DECODER_PLACES[:-1]:
        x = convolve(x, decoded, place).relu()
        if place in (1, 14, 21):
            x = x.repeat_interleave(2, 2).repeat_interleave(2, 3)
    return convolve(x, decoded, DECODER_PLACES[-1])[0].permute(1, 2, 0)


@pytest.mark.parametrize("size", [(32, 40), (30, 37)])
@torch.no_grad()
def test_a_picture_is_drawn_as_the_formula_says(folder, size):
    content, style = picture(0, size), picture(1)
    drawn = load_transfer(folder)(content, style)
    wanted = by_hand(folder, content, style)[: size[0], : size[1]].clamp(0, 1).numpy() * 255
    assert drawn.shape == content.shape
    assert drawn.dtype == np.uint8
    assert np.abs(drawn - wanted).max() <= 0.55
    assert drawn.std((0, 1)).min() > 5


def test_the_encoding_gets_the_moments_of_the_style():
    torch.manual_seed(0)
    content, style = torch.randn(1, 6, 9, 8) * 3 + 1, torch.randn(1, 6, 5, 7) - 2
    found = normalise(content, style)
    assert torch.allclose(found.mean((2, 3)), style.mean((2, 3)), atol=1e-5)
    assert torch.allclose(found.std((2, 3), correction=0), style.std((2, 3), correction=0), rtol=1e-3)


def test_tensors_are_called_by_their_places():
    names = [{int(name.split(".")[0]) for name in each.state_dict()} for each in (encoder(), decoder())]
    assert names == [set(ENCODER_PLACES), set(DECODER_PLACES)]


def test_broken_styles_are_passed_over(folder, tmp_path):
    for seed in range(2):
        Image.fromarray(picture(seed)).save(tmp_path / f"{seed}.png")
    (tmp_path / "broken.png").write_text("no picture")
    alteration, version = stylizing(f"stylize:{tmp_path}", folder, FRAME)
    assert len(version) == 64
    taken = []
    watching = Stylizing(lambda content, style: taken.append(style) or content, alteration.styles, FRAME)
    for number in range(20):
        watching(picture(5), picture_generator(0, number))
    kinds = {style.tobytes() for style in taken}
    assert len(taken) == 20
    assert kinds == {picture(seed).tobytes() for seed in range(2)}
    drawn = [alteration(picture(5), picture_generator(0, 3)) for _ in range(2)]
    assert np.array_equal(*drawn)
    for name in ("0.png", "1.png"):
        (tmp_path / name).unlink()
    with pytest.raises(UnitscopeError, match="none of the styles"):
        Stylizing(alteration.transfer, PictureFolder(tmp_path), FRAME)(picture(5), picture_generator(0, 0))


def test_what_is_missing_or_more_than_tensors_is_one_line(folder, tmp_path):
    (tmp_path / "styles").mkdir()
    Image.fromarray(picture(0)).save(tmp_path / "styles" / "a.png")
    spec = f"stylize:{tmp_path / 'styles'}"
    with pytest.raises(UnitscopeError, match="needs the published networks"):
        stylizing(spec, None, FRAME)
    with pytest.raises(UnitscopeError, match="has no vgg_normalised"):
        stylizing(spec, tmp_path, FRAME)
    with pytest.raises(UnitscopeError, match="does not exist"):
        stylizing(f"stylize:{tmp_path}/nowhere", folder, FRAME)
    with pytest.raises(UnitscopeError, match="no folder of styles"):
        stylizing("stylize:", folder, FRAME)
    torch.save(encoder(), tmp_path / "vgg_normalised.pth")
    with pytest.raises(UnitscopeError, match="would run code from the file"):
        load_transfer(tmp_path)
    save_file(decoder().state_dict(), tmp_path / "vgg_normalised.safetensors")
    with pytest.raises(UnitscopeError, match=r"not those of Sequential: missing '0\.weight'"):
        load_transfer(tmp_path)
