"""`rnnlab verify [NAME...]`: whether the files of the store are what was written."""

from __future__ import annotations

import time
from dataclasses import asdict

import click

from rnnlab.cli import options

_EVERY = 5.0  # s between lines on stderr


@click.command("verify")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@options.shared(options.store, options.as_json)
def command(names: tuple[str, ...], store: str, as_json: bool, quiet: bool) -> None:
    """Hash every file of experiments NAME (default: of all in the store), and say what is wrong.

    Finds any changed byte of any file that rnnlab wrote, files that are gone or were added, keys that do not fit the
    parameters beside them, and trials that stand in two files with different results; names the files and the trials
    that they cost. Takes no lock and writes nothing. Exit code 4 where anything is wrong: `rnnlab repair` mends it.
    """
    from rnnlab import api
    from rnnlab.api import listing
    from rnnlab.cli import output
    from rnnlab.errors import StoreDamaged, typed

    wanted = [api.known(name, store) for name in names] or [entry.name for entry in listing(store)]
    found = [api.verify(name, store, progress=_Progress(name, quiet)) for name in dict.fromkeys(wanted)]
    if as_json:
        output.print_json([{**asdict(each), "ok": each.ok} for each in found])
    for each in found:
        for note in each.notes:
            output.message(f"note: {note}", quiet=quiet)
        if each.ok and not as_json:
            about = f"{output.plural(each.files, 'file')}, {output.size(each.bytes)}"
            click.echo(f"{each.name}: all well ({about}, {output.plural(each.trials, 'trial')})")
    if not found:
        output.message(
            f"{store} has no experiments yet. Run one: {typed('run', 'quickstart', store=store)}", quiet=quiet
        )
    if damaged := [each for each in found if not each.ok]:
        raise StoreDamaged("\n".join(api.said(each, store) for each in damaged))


class _Progress:
    """Says how far it is, every few seconds."""

    def __init__(self, name: str, quiet: bool) -> None:
        self._name, self._quiet = name, quiet
        self._said = time.monotonic()

    def __call__(self, done: int, total: int) -> None:
        from rnnlab.cli import output

        if time.monotonic() - self._said > _EVERY:
            self._said = time.monotonic()
            output.message(f"{self._name}: {output.size(done)} of {output.size(total)}", quiet=self._quiet)
