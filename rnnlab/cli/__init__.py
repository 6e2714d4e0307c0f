"""The command line: one file a command, imported when it is used. Data goes to stdout, everything else to stderr."""

from __future__ import annotations

import os
import sys
import warnings
from importlib import import_module
from typing import Any

import click

from rnnlab import __version__

COMMANDS = (
    "new", "run", "plan", "ls", "show", "plot", "report", "extract", "measure", "check", "verify",
    "repair", "compact", "gc", "diff", "reproduce", "export", "schema", "completion", "doctor",
)  # fmt: skip

_COMPLETES = "_RNNLAB_COMPLETE" in os.environ  # a shell asks what can follow
if _COMPLETES:
    import_module("rnnlab.cli.shells")


class Commands(click.Group):
    """Loads a command's file on use, and turns every error into a message and an exit code."""

    def list_commands(self, ctx: click.Context | None) -> list[str]:
        """Return the commands in the order in which one meets them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command of this name; its file is imported now."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"rnnlab.cli.{cmd_name}").command
        return import_module("rnnlab.cli.completing").completed(command) if _COMPLETES else command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or say which one was meant."""
        if args[0] not in COMMANDS and not args[0].startswith("-") and not ctx.resilient_parsing:
            from rnnlab.errors import did_you_mean

            near = did_you_mean(args[0], COMMANDS)
            advice = f"{near if near.startswith(' Did') else ''} See what there is with: rnnlab --help"
            ctx.fail(f"There is no command {args[0]!r:.80}.{advice}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands, each with its whole first sentence: click would cut it off at the end of the line."""
        commands = {name: self.get_command(ctx, name) for name in self.list_commands(ctx)}
        with formatter.section("Commands"):
            formatter.write_dl([(name, each.get_short_help_str(500)) for name, each in commands.items() if each])

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; whatever it raises leaves as a message and an exit code."""
        try:
            warnings.showwarning = _warn  # type: ignore[assignment]
            return super().invoke(ctx)
        except click.MissingParameter as error:
            from rnnlab.cli.failure import completed

            raise completed(error) from None
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except (Exception, KeyboardInterrupt) as error:
            from rnnlab.cli.failure import explained

            raise explained(error, debug=ctx.meta.get("rnnlab.debug", False)) from None


def _warn(message: Warning | str, *_where: Any) -> None:
    click.echo(f"Warning: {message}", err=True)


@click.command(
    cls=Commands,
    name="rnnlab",
    context_settings={"help_option_names": ["-h", "--help"], "auto_envvar_prefix": "RNNLAB", "max_content_width": 100},
    epilog="Options can come from the environment: RNNLAB_STORE for --store, RNNLAB_RUN_WAIT=1 for --wait of run.",
)
@click.version_option(__version__, message="rnnlab %(version)s")
@click.pass_context
def main(ctx: click.Context) -> None:
    """Measure how the gradient of recurrent networks vanishes or explodes.

    An experiment is one TOML file that describes a grid of networks. To begin:

    \b
      rnnlab new mine     writes a commented experiment
      rnnlab run mine     computes what is missing; without a name: lists what there is to run
      rnnlab show mine    prints the verdicts
      rnnlab plot mine    draws the figure
    """
    if os.environ.get("NO_COLOR"):
        ctx.color = False
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal without unicode gets a question mark, not a crash
