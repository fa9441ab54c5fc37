from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import fftconvolve

from dosimetry_core.dose import convolution
from dosimetry_core.dose.convolution import (
    Kernel,
    direct_sum,
    kernel_spectrum,
    map_of,
    padded_shape,
    rounding_error,
    spectrum,
    whole_sum,
)
from tests.dosimetry_core.dose.mirrored import mirrored

GENERATOR = np.random.default_rng(5)


def convolved(source: np.ndarray, kernel: Kernel) -> np.ndarray:
    padded = padded_shape(source.shape, [kernel])
    return map_of(spectrum(source, padded) * kernel_spectrum(kernel, source.shape, padded), padded, source.shape)


@pytest.mark.parametrize("lags", [(0, 0, 0), (1, 2, 3), (30, 2, 40), (6, 6, 6)])
def test_that_sums_are_those_of_a_double_precision_convolution(lags: tuple[int, int, int]) -> None:
    source = GENERATOR.random((13, 20, 17)).astype(np.float32)
    kernel = Kernel(GENERATOR.random([n + 1 for n in lags]))
    full = fftconvolve(source.astype(np.float64), mirrored(kernel.values), mode="full")
    expected = full[tuple(slice(n, n + size) for n, size in zip(lags, source.shape, strict=True))]
    error = np.abs(convolved(source, kernel) - expected).max()
    assert error < 1e-5 * expected.max()
    bound = rounding_error(source, kernel, padded_shape(source.shape, [kernel]))
    assert error < bound < 1e-4 * expected.max()


def test_that_nothing_wraps_around() -> None:
    source = np.zeros((9, 8, 7), np.float32)
    source[0, 0, 0] = 1
    kernel = Kernel(np.ones((4, 4, 4)))
    found = convolved(source, kernel)
    assert found[:4, :4, :4] == pytest.approx(1.0, abs=1e-5)
    found[:4, :4, :4] = 0
    assert np.abs(found).max() < 1e-5


def test_that_the_plain_sum_at_a_voxel_is_the_convolution_there() -> None:
    source = GENERATOR.random((6, 7, 8)).astype(np.float32)
    kernel = Kernel(GENERATOR.random((3, 9, 4)))
    found = convolved(source, kernel)
    for index in ((0, 0, 0), (5, 6, 7), (2, 3, 4), (0, 6, 1)):
        assert direct_sum(source, kernel, index) == pytest.approx(float(found[index]), rel=1e-5)


def test_that_the_sum_over_all_lags_is_that_of_the_mirrored_kernel() -> None:
    values = GENERATOR.random((3, 1, 4))
    assert whole_sum(values) == pytest.approx(mirrored(values).sum(), rel=1e-12)


def test_that_a_kernel_keeps_its_values_in_double_precision_and_lets_nobody_write() -> None:
    kernel = Kernel(np.ones((2, 2, 2), np.float32))
    assert kernel.values.dtype == np.float64
    with pytest.raises(ValueError, match="read-only"):
        kernel.values[0, 0, 0] = 2.0


def test_that_transforms_of_kernels_are_kept_up_to_a_size_the_ones_used_last() -> None:
    kernels = [Kernel(np.full((2, 2, 2), value)) for value in (1.0, 2.0, 3.0)]
    size = kernel_spectrum(kernels[0], (6, 6, 6), (8, 8, 8)).nbytes
    spectra = convolution._Spectra(2 * size)
    first, second = (spectra.get(kernel, (2, 2, 2), (8, 8, 8)) for kernel in kernels[:2])
    assert spectra.get(kernels[0], (2, 2, 2), (8, 8, 8)) is first
    spectra.get(kernels[2], (2, 2, 2), (8, 8, 8))
    assert spectra.get(kernels[0], (2, 2, 2), (8, 8, 8)) is first, "used after the second"
    again = spectra.get(kernels[1], (2, 2, 2), (8, 8, 8))
    assert again is not second
    np.testing.assert_array_equal(again, second)
    # One larger than all room is made and not kept.
    alone = convolution._Spectra(size - 1)
    assert alone.get(kernels[0], (2, 2, 2), (8, 8, 8)) is not alone.get(kernels[0], (2, 2, 2), (8, 8, 8))
