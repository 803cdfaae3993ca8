"""Logs of a run beside its own files: TensorBoard, MLflow, Weights & Biases."""

import contextlib
import os
from collections.abc import Iterator, Sequence

import keras

from keras_vae.data import SplitDataset
from keras_vae.errors import InvalidInputError, one_line, unknown
from keras_vae.serving.extra import need
from keras_vae.training.config import TrainingConfig
from keras_vae.training.run import Run
from keras_vae.training.tensorboard_pictures import TensorBoardPictures

LOGGERS = {"tensorboard": "tensorboard", "mlflow": "mlflow.keras", "wandb": "wandb.integration.keras"}
"""Name -> the module that it needs."""

PROJECT = "keras_vae"


def check_loggers(names: Sequence[str]) -> None:
    """Checks that the loggers are known and installed.

    Raises:
        InvalidInputError: if one is not.

    Example:

    >>> check_loggers(["tensorbord"])
    Traceback (most recent call last):
    ...
    keras_vae.errors.InvalidInputError: Unknown logger 'tensorbord': did you mean 'tensorboard'? Known: ...
    """
    if isinstance(names, str):
        raise InvalidInputError(f"log: expected a list of names, such as ['tensorboard']; got {names!r}.")
    for name in names:
        if name not in LOGGERS:
            raise InvalidInputError(unknown(name, LOGGERS, part="logger"))
        need(LOGGERS[name], extra=name)


@contextlib.contextmanager
def loggers(
    names: Sequence[str], run: Run, config: TrainingConfig, data: SplitDataset
) -> Iterator[list[keras.callbacks.Callback]]:
    """A context with the Keras callbacks of loggers; at its end, the logs are complete.

    MLflow and Weights & Biases take their settings, such as the server, from their own environment variables. Each part
    of a resumed run is a run of its own there, with the name of the folder.

    Args:
        names: names in `LOGGERS`.
        run: the run.
        config: its configuration, which MLflow and Weights & Biases record.
        data: its data. TensorBoard shows examples of the validation split.
    """
    callbacks: list[keras.callbacks.Callback] = []
    with contextlib.ExitStack() as stack:
        if "tensorboard" in names:
            callbacks.append(keras.callbacks.TensorBoard(run["logs"], write_graph=False))
            callbacks.append(TensorBoardPictures(run["logs"], config, data))
        for name, start in (("mlflow", _mlflow), ("wandb", _wandb)):
            if name in names:
                try:
                    callbacks.append(start(stack, run, config))
                except Exception as error:  # of the other package: no server, no account, no access
                    raise InvalidInputError(
                        f"log: {name} cannot start ({one_line(error)}); check its settings, or leave it out."
                    ) from error
        yield callbacks


def _mlflow(stack, run, config) -> keras.callbacks.Callback:
    mlflow = need("mlflow", extra="mlflow")
    mlflow.set_experiment(os.environ.get("MLFLOW_EXPERIMENT_NAME", PROJECT))
    stack.enter_context(mlflow.start_run(run_name=run.path.name))
    mlflow.log_dict(config.as_dict(), "config.json")
    return need(LOGGERS["mlflow"], extra="mlflow").MlflowCallback()


def _wandb(stack, run, config) -> keras.callbacks.Callback:
    project, settings = os.environ.get("WANDB_PROJECT", PROJECT), config.as_dict()
    run["logs"].mkdir(exist_ok=True)
    wandb = need("wandb", extra="wandb")
    stack.enter_context(wandb.init(project=project, name=run.path.name, config=settings, dir=str(run["logs"])))
    return need(LOGGERS["wandb"], extra="wandb").WandbMetricsLogger()
