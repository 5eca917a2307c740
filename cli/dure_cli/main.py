"""The `dure` command."""

import click


@click.group()
@click.version_option(package_name="dure")
def main() -> None:
    """Share one room of machines fairly, meter it exactly, bill it to the won."""
