"""`rnnlab completion SHELL`: what makes Tab complete commands, options, experiments, trials, columns and values."""

from __future__ import annotations

import click

from rnnlab.cli import options

_INSTALL = {
    "bash": "rnnlab completion bash > ~/.local/share/bash-completion/completions/rnnlab",
    "zsh": "the same line in ~/.zshrc, after compinit",
    "fish": "rnnlab completion fish > ~/.config/fish/completions/rnnlab.fish",
}
_NOW = {
    "bash": 'eval "$(rnnlab completion bash)"',
    "zsh": 'eval "$(rnnlab completion zsh)"',
    "fish": "rnnlab completion fish | source",
}


@click.command("completion")
@click.argument("shell", type=click.Choice(tuple(_INSTALL)))
@options.shared()
def command(shell: str, quiet: bool) -> None:
    """Print the script that lets SHELL complete rnnlab's command lines.

    Commands, options, experiments (files and results), keys of trials, columns, parameters and their values. How to
    install it is said on stderr.
    """
    from click.shell_completion import get_completion_class

    from rnnlab.cli import main, output, shells  # noqa: F401  # registers ours

    complete = get_completion_class(shell)
    if complete is None:  # pragma: no cover  # a shell that click has dropped
        raise click.UsageError(f"this version of click does not complete in {shell}.")
    click.echo(complete(main, {}, "rnnlab", "_RNNLAB_COMPLETE").source())
    output.message(f"For this shell: {_NOW[shell]}", quiet=quiet)
    output.message(f"For every one:  {_INSTALL[shell]}", quiet=quiet)
