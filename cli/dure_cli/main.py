"""`dure`: the command line of engineers and admins."""

from __future__ import annotations

import click
from click.shell_completion import CompletionItem

from dure_cli.lazy import LazyGroup

_REMOTE = "dure_cli.remote."
_LOCAL = "dure_cli.local."
_COMMANDS = {
    "submit": (_REMOTE + "submit:submit", "Submit a job."),
    "estimate": (_REMOTE + "estimate:estimate", "Say when a job would start and what it would cost."),
    "ps": (_REMOTE + "jobs:ps", "List jobs, with the reason why each one waits."),
    "logs": (_REMOTE + "logs:logs", "Show what a job wrote."),
    "explain": (_REMOTE + "explain:explain", "Say why a job is where it is."),
    "wait": (_REMOTE + "jobs:wait", "Wait until jobs have ended."),
    "cancel": (_REMOTE + "jobs:cancel", "Cancel jobs, pending or running."),
    "hold": (_REMOTE + "jobs:hold", "Keep pending jobs from starting."),
    "release": (_REMOTE + "jobs:release", "Let held jobs start again."),
    "checkpoint": (_REMOTE + "jobs:checkpoint", "Say that a running job has saved its state."),
    "usage": (_REMOTE + "account:usage", "Show metered use."),
    "quota": (_REMOTE + "account:quota", "Show guarantees, limits and what is held."),
    "bill": (_REMOTE + "account:bill", "Show a month's bill."),
    "context": (_REMOTE + "context:context", "Keep servers and tokens by name."),
    "room": (_REMOTE + "admin:room", "Show the room: nodes, what is held, what is paused."),
    "pause": (_REMOTE + "admin:pause", "Stop starting jobs; what runs goes on. (admins)"),
    "resume": (_REMOTE + "admin:resume", "Start jobs again. (admins)"),
    "node": (_REMOTE + "admin:node", "Drain a node, or take it back. (admins)"),
    "token": (_REMOTE + "admin:token", "Create, list and revoke tokens. (admins)"),
    "policy": ("dure_cli.policy:policy", "Validate, compare and reload policy bundles."),
    "serve": (_LOCAL + "serve:serve", "Run a room on this machine."),
    "simulate": (_LOCAL + "simulate:simulate", "Replay a trace under a policy."),
    "ledger": (_LOCAL + "ledger:ledger", "Check the ledger of a data directory."),
    "completion": ("dure_cli.completion:completion", "Print the completion script of a shell."),
}


def _contexts(ctx: click.Context, param: click.Parameter, begun: str) -> list[CompletionItem]:
    from dure_cli.remote.complete import context_names

    return context_names(ctx, param, begun)


_HELP = """Share one room of GPUs and CPUs fairly: submit jobs, see why they wait, what they used and cost.

\b
Exit codes: 0 ok, 1 the job failed, 2 bad input, 3 refused by policy,
            4 not found, 5 the room cannot be reached.
"""


@click.group(
    cls=LazyGroup,
    commands_at=_COMMANDS,
    help=_HELP,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.option("--server", metavar="URL", help="The room's address (DURE_SERVER).")
@click.option(
    "--context", "context_name", metavar="NAME", shell_complete=_contexts,
    help="A context by name; see `dure context`.",
)  # fmt: skip
@click.option("--lang", type=click.Choice(["en", "ko"]), help="Language (DURE_LANG, or the locale's).")
@click.version_option(package_name="dure")
@click.pass_context
def main(ctx: click.Context, server: str | None, context_name: str | None, lang: str | None) -> None:
    """Keep what was chosen for the command."""
    ctx.obj = {"server": server, "context": context_name, "lang": lang}


if __name__ == "__main__":
    main()
