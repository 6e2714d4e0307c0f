"""The name of an experiment: a folder of the store on every system, so nothing but a plain name will do."""

from __future__ import annotations

import re
import unicodedata

from rnnlab.experiment.problems import show

PATTERN = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_DEVICES = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?")  # what Windows keeps for itself
RULE = "1 to 64 characters of a-z, 0-9, '.', '_', '-', the first a letter or a digit, the last no dot"


def refusal(name: object, stem: str) -> str | None:
    """Return why this cannot be the name of an experiment, with a proposal, or None; `stem` is the file's own name."""
    if isinstance(name, str) and is_name(name):
        return None
    good = proposal(name if isinstance(name, str) else "", stem)
    return f'is {show(name)}; it must be {RULE}{_reason(name)}. Write name = "{good}".'


def is_name(name: str) -> bool:
    """Tell whether this can be the name of an experiment."""
    plain = PATTERN.fullmatch(name) and not name.endswith(".") and ".." not in name
    return bool(plain) and not _DEVICES.fullmatch(name)


def proposal(name: str, stem: str = "") -> str:
    """Return a good name near this one: "../My run" gives "my-run"."""
    return next(slug for slug in (_slug(name), _slug(stem), "experiment") if slug)


def _slug(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text[:300]).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"\.{2,}|[^a-z0-9._-]+", "-", plain)
    slug = re.sub(r"-{2,}", "-", words).lstrip("._-")[:64].rstrip("._-")
    return f"run-{slug[:60]}".rstrip("._-") if is_device(slug) else slug


def is_device(name: str) -> bool:
    """Tell whether Windows takes this name for a device, with any suffix."""
    return bool(_DEVICES.fullmatch(name))


def _reason(name: object) -> str:
    return ", and no device of Windows" if isinstance(name, str) and is_device(name.lower()) else ""
