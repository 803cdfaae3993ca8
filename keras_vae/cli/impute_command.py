"""The command `impute`."""

from pathlib import Path
from typing import Annotated

import typer

from keras_vae.checks import MAX_SEED
from keras_vae.cli.imports import imports_first


@imports_first("run")
def impute(
    run: Annotated[
        Path,
        typer.Argument(
            help="Run folder or .keras file of a model for missing values (masked_vae).", show_default=False
        ),
    ],
    data: Annotated[str, typer.Option(help="Table with missing values, a .csv, .tsv or .parquet file.")],
    out: Annotated[Path, typer.Option(help="Output: a .csv, .tsv or .parquet file.")],
    sample: Annotated[
        bool,
        typer.Option("--sample", help="Draw the values instead of their means; repeat it with other seeds."),
    ] = False,
    seed: Annotated[int, typer.Option(min=0, max=MAX_SEED, help="Seed of the draws.")] = 0,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the file if it exists.")] = False,
) -> None:
    """Write a table with its missing values replaced by those that a model expects.

    All other values and columns stay as they are.
    """
    from keras_vae.cli.outputs import check_out
    from keras_vae.cli.sources import model_of
    from keras_vae.cli.table_output import check_table, impute_table
    from keras_vae.data.arrow_tables import SUFFIXES

    check_out(out, *SUFFIXES, overwrite=overwrite)
    check_table(run, out)
    impute_table(run, data, out, draw=sample, seed=seed, model=model_of(run))
