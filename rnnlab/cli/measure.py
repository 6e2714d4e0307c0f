"""`rnnlab measure NET.npz`: the measures of a network of the user's own."""

from __future__ import annotations

import json
import shlex
from dataclasses import asdict
from typing import Any, cast

import click

from rnnlab.cli import options


@click.command("measure")
@click.argument("network", metavar="NET.npz")
@click.option("--inputs", metavar="X.npy", help="Inputs x (T, B, D), in place of those in NET.npz.")
@click.option("--targets", metavar="Y.npy", help="Targets y (T, B, O), or classes (T, B) for cross_entropy.")
@click.option("--cotangents", metavar="C.npy", help="dL/do (T, B, O) of a loss of yours, in place of targets.")
@click.option("--activation", metavar="PHI", help="phi of h_t = phi(U h_{t-1} + W x_t + b).")
@click.option("--loss", metavar="LOSS", help="squared or cross_entropy.  [default: squared]")
@click.option("--loss-at", metavar="STEPS", help="every or last: the steps that have a loss.  [default: every]")
@click.option("--measure", "measures", multiple=True, metavar="NAME", help="May be repeated.  [default: gradients]")
@click.option("-s", "--set", "sets", multiple=True, metavar="MEASURE.SETTING=VALUE", help="May be repeated.")
@click.option("--name", metavar="NAME", help="What the results are called.  [default: that of NET.npz]")
@options.shared(options.store, options.wait, options.as_json)
def command(
    network: str, inputs: str | None, targets: str | None, cotangents: str | None, activation: str | None,
    loss: str | None, loss_at: str | None, measures: tuple[str, ...], sets: tuple[str, ...], name: str | None,
    store: str, wait: bool, as_json: bool, quiet: bool,
) -> None:  # fmt: skip
    """Measure the network in NET.npz and keep the tables in the store.

    NET.npz is a file of numpy.savez with U (N, N), W (N, D), V (O, N), and maybe b, c, h0, x, y, cotangents and
    activation, loss, loss_at; or what `rnnlab extract` wrote. What is measured already is not measured again: the key
    is of the content of the files.
    """
    from rnnlab import api
    from rnnlab.cli import output

    results = api.measure_files(
        network, inputs=inputs, targets=targets, cotangents=cotangents, activation=activation, loss=loss,
        loss_at=loss_at, measures=_settings(measures, sets), store=store, name=name, wait=wait,
    )  # fmt: skip
    summary = cast("Any", results.summary)
    key = results.trials["key"].iloc[0]
    place = "".join(f" {shlex.quote(part)}" for part in options.store_flag(store))
    did = f"measured in {output.duration(summary.seconds)}" if summary.new else "done already, nothing to compute"
    diverged = " It diverged: a result, not a failure." if summary.diverged else ""
    for note in summary.notes:
        output.message(f"note: {note}", quiet=quiet)
    output.message(f"{results.name}: {did}.{diverged} It is in {store}/{results.name}.", quiet=quiet)
    output.message(f"Next: rnnlab show {results.name}{place}", quiet=quiet)
    if as_json:
        output.print_json({**asdict(summary), "key": key, "folder": results.store / results.name})


def _settings(measures: tuple[str, ...], sets: tuple[str, ...]) -> dict[str, dict[str, Any]]:
    settings: dict[str, dict[str, Any]] = {name: {} for name in measures or ("gradients",)}
    for text in sets:
        path, equals, value = text.partition("=")
        measure, dot, setting = path.partition(".")
        if not (equals and dot and setting):
            raise click.UsageError(f"-s {text}: write MEASURE.SETTING=VALUE, as in -s gradients.steps=10")
        if measure not in settings:
            raise click.UsageError(f"-s {text}: {measure} is not measured; add --measure {measure}")
        settings[measure][setting] = _value(value)
    return settings


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
