from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

from tests.small_stores import finished, folder  # noqa: F401

settings.register_profile(
    "rnnlab",
    deadline=None,  # the first call of a kernel compiles it
    derandomize="CI" in os.environ,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("rnnlab")
