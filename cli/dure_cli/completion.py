"""`dure completion SHELL`: the script that completes commands, options and arguments."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

_INSTALL = {
    "bash": 'eval "$(dure completion bash)"      # in ~/.bashrc',
    "zsh": 'eval "$(dure completion zsh)"       # in ~/.zshrc',
    "fish": "dure completion fish | source       # in ~/.config/fish/config.fish",
}


@click.command()
@click.argument("shell", type=click.Choice(list(_INSTALL)))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the completion script of SHELL; load it with eval (bash, zsh) or source (fish)."""
    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError(f"no completion for {shell}")
    click.echo(kind(ctx.find_root().command, {}, "dure", "_DURE_COMPLETE").source())
    click.echo(f"# {_INSTALL[shell]}")
