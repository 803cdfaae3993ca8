"""The questions of an evaluation, one per file. Each computes a `Result`."""

from keras_vae.evaluation.questions.completeness import completeness
from keras_vae.evaluation.questions.continuity import continuity
from keras_vae.evaluation.questions.disentanglement import disentanglement
from keras_vae.evaluation.questions.information import information
from keras_vae.evaluation.questions.likelihood import likelihood
from keras_vae.evaluation.questions.samples import samples

QUESTIONS = {
    "likelihood": likelihood,
    "information": information,
    "continuity": continuity,
    "completeness": completeness,
    "samples": samples,
    "disentanglement": disentanglement,
}
"""name -> function from a `Subject` to a `Result`, in the order of the report."""

__all__ = ["QUESTIONS"]
