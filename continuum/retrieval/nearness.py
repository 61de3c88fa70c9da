"""Cosines made comparable: how far each message's lies above what is usual for this question in this tenant.

A raw cosine of .5 says little: a vague question is near to everything, and models differ in their usual cosines. The
distance from the mean, in standard deviations, carries from one question, tenant and model to the next.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from continuum.retrieval.postings import Floats, Places

_FULL = 6.0
"""So many standard deviations above the mean count as 1."""
_LOWEST = -0.5
_USUAL_COUNT = 50
_USUAL_MEAN = 0.1
_USUAL_DEVIATION = 0.1
"""A few messages say nothing of what is usual: as if 50 more with these figures, measured with MiniLM, were there."""


@dataclass(frozen=True, slots=True, eq=False)
class Nearness:
    """The cosines of all messages by place, with one more 0 at the end for "nobody"; 0 is "no vector"."""

    cosines: Floats
    mean: float
    deviation: float

    def at(self, places: Places) -> Floats:
        """From -0.5 to 1; 0 for what is as near as the average, and for messages without a vector.

        Rounded, since equal vectors may differ in the last bits of their products: ties must be ties.
        """
        cosines = self.cosines[places]
        distances = (cosines - self.mean) / (_FULL * self.deviation)
        near: Floats = np.where(cosines != 0.0, np.clip(distances, _LOWEST, 1.0), 0.0)
        return np.round(near, 5)


def nearness(cosines: Floats) -> Nearness:
    """Of cosines by place, 0 where there is no vector."""
    known, total = int(np.count_nonzero(cosines)), float(cosines.sum())
    own = float(np.dot(cosines, cosines)) - total * total / max(known, 1)
    count = known + _USUAL_COUNT
    deviation = ((max(own, 0.0) + _USUAL_COUNT * _USUAL_DEVIATION**2) / count) ** 0.5
    return Nearness(np.append(cosines, 0.0), (total + _USUAL_COUNT * _USUAL_MEAN) / count, deviation)
