"""The distance of two sets of pictures in the features of a network, through torchmetrics.

FID is that of Heusel et al., "GANs trained by a two time-scale update rule converge to a local
Nash equilibrium", 2017: Inception features, a Gaussian fitted to each set. Over few pictures it
says little: its bias falls with their number, and covariances need more of them than there are
features.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from refcodec.backends.errors import BackendError

if TYPE_CHECKING:
    from PIL.Image import Image

# Of one picture, an array (1, dimensions).
Features = Callable[["Image"], NDArray[np.float64]]

MIN_PICTURES = 2
# What the papers that report FID use, below which values of different sizes cannot be compared.
USUAL_PICTURES = 10_000


class FrechetDistance:
    """Collects pictures by group; their features come from a function."""

    def __init__(self, features: Features) -> None:
        self._features = features
        self._metrics: dict[Hashable, Any] = {}
        self._counts: dict[Hashable, int] = {}

    def add(self, group: Hashable, original: Image, reconstruction: Image) -> None:
        """Count an original and its reconstruction to the group's two sets.

        Raises BackendError for pictures that the network does not take.
        """
        import torch

        try:
            wanted, got = self._features(original), self._features(reconstruction)
        except (RuntimeError, ValueError) as error:
            raise BackendError(f"the features of a picture cannot be had: {error}") from error
        if group not in self._metrics:
            self._metrics[group] = _new_metric(wanted.shape[1])
        self._metrics[group].update(torch.from_numpy(wanted), real=True)
        self._metrics[group].update(torch.from_numpy(got), real=False)
        self._counts[group] = self._counts.get(group, 0) + 1

    def count(self, group: Hashable) -> int:
        """How many pictures each of the group's two sets has."""
        return self._counts.get(group, 0)

    def value(self, group: Hashable) -> float | None:
        """The distance of the group's two sets; None below MIN_PICTURES."""
        if self.count(group) < MIN_PICTURES:
            return None
        return float(self._metrics[group].compute())


def _new_metric(dimensions: int) -> Any:
    """The metric, whose pictures are features already and pass through unchanged."""
    import torch
    from torchmetrics.image.fid import FrechetInceptionDistance

    return FrechetInceptionDistance(feature=torch.nn.Identity(), input_img_size=(dimensions,))
