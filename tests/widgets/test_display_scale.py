from __future__ import annotations

import numpy as np
import pytest

from widgets.display_scale import (
    COLOUR_MAPS,
    CT_PRESETS,
    ColourScale,
    WindowLevel,
    colour_table,
    grey_levels,
    map_positions,
    pixel_table,
)
from widgets.theme import voi_colour, voi_dash


@pytest.mark.parametrize("name", ["Hot Iron", "Hot Metal Blue", "Grey"])
def test_that_these_maps_grow_lighter_with_the_value(name):
    table = colour_table(name).astype(float)
    luminance = table @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(luminance) >= -1e-9).all()
    assert luminance[0] == 0
    assert luminance[-1] == pytest.approx(255)


def test_that_every_map_has_256_colours_and_inverted_grey_is_grey_backwards():
    for name in COLOUR_MAPS:
        assert colour_table(name).shape == (256, 3)
    assert np.array_equal(colour_table("Inverted grey"), colour_table("Grey")[::-1])


def test_that_opacity_rises_with_uptake_from_clear():
    alpha = pixel_table("Hot Iron", 0.8, True) >> 24
    assert alpha[0] == 0
    assert (np.diff(alpha.astype(int)) >= 0).all()
    assert alpha[-1] == round(0.8 * 255)
    assert (pixel_table("Hot Iron", 1.0, False) >> 24 == 255).all()


@pytest.mark.parametrize("dtype", [np.int16, np.float32, np.int32])
def test_that_a_window_maps_its_limits_to_black_and_white(dtype):
    window = WindowLevel(400, 40)
    levels = grey_levels(np.array([-1024, -160, 40, 240, 3000], dtype), window)
    assert levels[[0, 1, 3, 4]].tolist() == [0, 0, 255, 255]
    assert levels[2] in (127, 128)


def test_that_presets_are_those_of_the_number_keys():
    assert [(w.width_hu, w.level_hu) for w in CT_PRESETS.values()] == [
        (400, 40),
        (1500, -600),
        (150, 90),
        (2500, 480),
        (80, 40),
    ]


def test_that_limits_map_to_the_ends_of_the_colours():
    values = np.array([-5e4, 0, 2.5e5, 5e5, 9e5], np.float32)
    positions = map_positions(values, ColourScale(0, 5e5))
    assert positions[[0, 1, 3, 4]].tolist() == [0, 0, 255, 255]
    assert positions[2] in (127, 128)


def test_that_limits_read_multiplied_colour_the_same_values_and_come_back():
    scale = ColourScale(1e4, 5e5, "PET", factor=2.5)
    assert scale.as_read() == ColourScale(2.5e4, 1.25e6, "PET")
    assert scale.as_read().on_image(2.5) == scale
    values = np.linspace(0, 6e5, 100, dtype=np.float32)
    plain = map_positions(values, ColourScale(1e4, 5e5, "PET"))
    assert np.array_equal(map_positions(values, scale), plain)


def test_that_scales_and_windows_that_cannot_be_are_refused():
    with pytest.raises(ValueError, match="above"):
        ColourScale(2.0, 2.0)
    with pytest.raises(ValueError, match="colour map"):
        ColourScale(0.0, 1.0, "Rainbow")
    with pytest.raises(ValueError, match="positive"):
        ColourScale(0.0, 1.0, factor=0.0)
    with pytest.raises(ValueError, match="wide"):
        WindowLevel(0.0, 40.0)


# Severity 1 matrices of Machado, Oliveira, Fernandes, IEEE TVCG 15 (2009) 1291, table 1.
_VISION = {
    "normal": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}


def _lab(colour: str, vision: str) -> np.ndarray:
    """CIELAB (D65) of an sRGB colour as seen."""
    srgb = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    linear = np.clip(np.asarray(_VISION[vision]) @ linear, 0, 1)
    to_xyz = np.array(
        [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.119192, 0.9503041]]
    )
    xyz = to_xyz @ linear / [0.95047, 1.0, 1.08883]
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("vision", _VISION)
def test_that_six_voi_colours_stay_apart_for_colour_blind_users(vision):
    seen = [_lab(voi_colour(number), vision) for number in range(6)]
    apart = [np.linalg.norm(a - b) for number, a in enumerate(seen) for b in seen[number + 1 :]]
    assert min(apart) > 20


def test_that_colours_that_come_again_have_another_dash():
    assert voi_colour(8) == voi_colour(0)
    assert voi_dash(8) != voi_dash(0)


def test_that_no_voi_colour_is_near_the_orange_of_hot_iron():
    for number in range(8):
        assert np.linalg.norm(_lab(voi_colour(number), "normal") - _lab("#ff8000", "normal")) > 50
