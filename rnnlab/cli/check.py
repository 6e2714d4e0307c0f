"""`rnnlab check`: published results, measured again on this machine."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from rnnlab.cli import options

if TYPE_CHECKING:
    from rnnlab.published import Finding

FAILED = 3  # exit code
_SIGNS = {"=": "", "<=": "≤ ", ">=": "≥ "}


@click.command("check")
@click.option("--quick", is_flag=True, help="Leave out what takes long: under a minute.")
@options.shared(options.as_json)
def command(quick: bool, as_json: bool, quiet: bool) -> None:
    """Measure published results of the field again, and print how they came out.

    Norm bounds, mean field, Lyapunov exponents, spectra of products, maps, baselines of tasks: expected against
    measured, with the tolerance and what it is made of. Exit code 3 where one fails. Writes nothing.
    """
    from rnnlab.cli import output
    from rnnlab.published import results

    claims, found = list(results(quick=quick)), []
    for number, claim in enumerate(claims, start=1):
        output.message(f"{number} of {len(claims)}: {claim.name} ({claim.source})", quiet=quiet or as_json)
        found.append(claim.check())
    if as_json:
        output.print_json([asdict(each) for each in found])
    else:
        _print(found)
    failed = sum(not each.passed for each in found)
    output.message(f"{len(found) - failed} of {len(found)} published results came out.", quiet=quiet)
    if failed:
        raise click.exceptions.Exit(FAILED)


def _print(found: list[Finding]) -> None:
    from rich.table import Table
    from rich.text import Text

    from rnnlab.cli import output

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold", show_edge=False)
    table.add_column("")
    table.add_column("result, source, tolerance")
    table.add_column("expected", justify="right", no_wrap=True)
    table.add_column("measured", justify="right", no_wrap=True)
    for each in found:
        about = f"{each.source}; ± {each.tolerance:.1g}, {each.because}"
        error = f" ± {each.error:.1g}" if each.error else ""
        table.add_row(
            Text("pass", "green") if each.passed else Text("FAIL", "bold red"),
            Text.assemble(each.name, "\n", (about, "dim")),
            f"{_SIGNS[each.relation]}{each.expected:.7g}", f"{each.measured:.7g}{error}",
        )  # fmt: skip
    output.print_rich((table, ""))
