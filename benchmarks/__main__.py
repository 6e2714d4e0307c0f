"""`python -m benchmarks [--quick] [--only kernels,theory,...]`: measure, and write benchmarks/README.md."""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

from benchmarks import commands, kernels, long, lyapunov, machine, pairs, report, scale_out, store, theory, training
from benchmarks.whole_process import measure as process

README = Path(__file__).with_name("README.md")
SECTIONS = {
    "kernels": kernels.section,
    "long": long.section,
    "lyapunov": lyapunov.section,
    "pairs": pairs.section,
    "process": process.section,
    "theory": theory.section,
    "commands": commands.section,
    "store": store.section,
    "report": report.section,
    "scale-out": scale_out.section,
    "training": training.section,
}


def main() -> None:
    """Measure the sections that are asked for; a quick run is printed only."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="tiny sizes, to see that everything works; writes nothing")
    parser.add_argument("--only", help=f"some of {','.join(SECTIONS)}; the others stay as they are")
    parser.add_argument("--rounds", type=int, help="turns of each peer (default 9; 5 for whole processes)")
    given = parser.parse_args()
    names = given.only.split(",") if given.only else list(SECTIONS)
    if unknown := set(names) - set(SECTIONS):
        parser.error(f"--only: {', '.join(sorted(unknown))} is unknown. Known: {', '.join(SECTIONS)}.")
    for name in names:
        rounds = given.rounds or (2 if given.quick else 9 if name == "kernels" else 5)
        text = f"{SECTIONS[name](given.quick, rounds)}\n\n{machine.describe()}"
        print(text, flush=True)
        if not given.quick:
            README.write_text(between(README.read_text(encoding="utf-8"), name, text), encoding="utf-8")


def between(page: str, name: str, text: str) -> str:
    """Return the page with the text between the markers of this name."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    if begin not in page or end not in page:
        sys.exit(f"{README} has lost its markers {begin} and {end}.")
    return re.sub(f"{begin}.*{end}", lambda _: f"{begin}\n\n{text}\n\n{end}", page, flags=re.DOTALL)


if __name__ == "__main__":
    main()
