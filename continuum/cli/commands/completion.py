"""`continuum completion`."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

WHERE = {
    "bash": 'eval "$(continuum completion bash)"   # in ~/.bashrc',
    "zsh": 'eval "$(continuum completion zsh)"   # in ~/.zshrc',
    "fish": "continuum completion fish | source   # in ~/.config/fish/config.fish",
}
_VARIABLE = "_CONTINUUM_COMPLETE"


@click.command(epilog="\b\n" + "\n".join(WHERE.values()))
@click.argument("shell", type=click.Choice(list(WHERE)))
@click.pass_context
def command(context: click.Context, shell: str) -> None:
    """Print the script that lets SHELL complete commands and options."""
    maker = get_completion_class(shell)
    assert maker is not None, "click knows these shells"
    click.echo(maker(context.find_root().command, {}, "continuum", _VARIABLE).source())
