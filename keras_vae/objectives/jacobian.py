"""Squared norms of Jacobians, in reverse mode for few outputs and in forward mode for few inputs.

Neither uses `tf.vectorized_map`, `batch_jacobian` or `tf.autodiff.ForwardAccumulator`: with these, XLA treats the
weights as compile-time constants and compiles every training step again.
"""

import math
from collections.abc import Callable

import tensorflow as tf

from keras_vae.checks import check_integer
from keras_vae.errors import InvalidInputError

Function = Callable[[tf.Tensor], tf.Tensor]


def reverse_squared_norm(
    function: Function, x: tf.Tensor, *, probes: int | None = None, seed: tf.Tensor | None = None
) -> tf.Tensor:
    """Computes |J|^2, the squared Frobenius norm of J = d y / d x, for each example, from one v^T J per output.

    The products are computed in sequence. `probes` products with random signs v give an unbiased estimate:
    |J|^2 = E[|v^T J|^2].

    Args:
        function: x `(B, *input_shape)` -> y `(B, *output_shape)`, with independent rows.
        x: points at which to compute the norm, shape `(B, *input_shape)`.
        probes: number of random products that estimate the norm. None computes it exactly.
        seed: seed of the probes, int32 `(2,)`.

    Returns:
        Shape `(B,)`.
    """
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = function(x)
    directions = _directions(y, probes, seed)  # (N, B, *output_shape)

    def add(i, total):
        return i + 1, total + _sum_of_squares(tape.gradient(y, x, directions[i], "zero"), axis_kept=0)

    count, start = probes or math.prod(y.shape[1:]), (0, tf.zeros(tf.shape(x)[:1]))
    _, total = tf.while_loop(lambda i, _: i < count, add, start, maximum_iterations=count)
    return total / (probes or 1)


def forward_squared_norm(
    function: Function, x: tf.Tensor, *, probes: int | None = None, seed: tf.Tensor | None = None
) -> tf.Tensor:
    """Computes |J|^2, the squared Frobenius norm of J = d y / d x, for each example, from one J v per input.

    The products are computed in parallel. `probes` products with random signs v give an unbiased estimate:
    |J|^2 = E[|J v|^2].

    Args:
        function: x `(N, B, *input_shape)` -> y `(N, B, *output_shape)`, with independent rows, for any N.
        x: points at which to compute the norm, shape `(B, *input_shape)`.
        probes: number of random products that estimate the norm. None computes it exactly.
        seed: seed of the probes, int32 `(2,)`.

    Returns:
        Shape `(B,)`.
    """
    directions = _directions(x, probes, seed)  # (N, B, *input_shape)
    points = tf.broadcast_to(x, tf.shape(directions))
    pushed_forward = jacobian_vector_product(function, points, directions)
    return _sum_of_squares(pushed_forward, axis_kept=1) / (probes or 1)


def jacobian_vector_product(function: Function, x: tf.Tensor, v: tf.Tensor) -> tf.Tensor:
    """Computes J v, the derivative of y = function(x) in the direction v.

    Args:
        function: x -> y.
        x: the point.
        v: the direction, with the shape of x.

    Returns:
        The shape of y.

    Raises:
        InvalidInputError: if `function` cannot be differentiated twice.

    Example:

    >>> jacobian_vector_product(lambda x: x**3, tf.constant([2.0]), tf.constant([1.0])).numpy().tolist()
    [12.0]
    """
    with tf.GradientTape() as outer:
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = function(x)
        u = tf.zeros_like(y)
        outer.watch(u)
        known = 0 if tf.executing_eagerly() else len(y.graph.get_operations())
        pulled_back = inner.gradient(y, x, u)  # u^T J: linear in u, so its own transpose is J
    if pulled_back is None:  # a constant
        return tf.zeros_like(y)
    _check_is_linear(pulled_back, known)
    try:
        pushed_forward = outer.gradient(pulled_back, u, v)
    except LookupError as error:
        raise _not_twice_differentiable(str(error).rpartition(" ")[-1]) from error
    if pushed_forward is None:
        raise _not_twice_differentiable("an operation without a second derivative")
    return pushed_forward


def _check_is_linear(pulled_back, known):
    """Refuses an operation for whose derivative TensorFlow silently returns no gradient, in a graph.

    Eager tensors do not know their operations.
    """
    if tf.executing_eagerly():
        return
    for operation in pulled_back.graph.get_operations()[known:]:
        if operation.type == "ResizeBilinearGrad":
            raise _not_twice_differentiable(operation.type)


def _not_twice_differentiable(operation):
    return InvalidInputError(
        f"Jacobian: expected networks that TensorFlow can differentiate twice, got one with {operation}; replace that "
        "operation, such as UpSampling2D(interpolation='bilinear') by 'nearest'."
    )


def check_probes(part: str, probes: int | None) -> int | None:
    """Returns `probes`; raises `InvalidInputError` if it is neither None nor an integer >= 1."""
    return None if probes is None else check_integer(f"{part}: probes, unless None,", probes)


def _directions(like, probes, seed):
    """Returns all unit vectors, or `probes` vectors of random signs, `(N, *like.shape)`."""
    if probes is None:
        size = math.prod(like.shape[1:])
        axes = tf.reshape(tf.eye(size), (size, 1, *like.shape[1:]))
        return tf.broadcast_to(axes, tf.concat([[size], tf.shape(like)], axis=0))
    shape = tf.concat([[probes], tf.shape(like)], axis=0)
    return tf.cast(2 * tf.random.stateless_uniform(shape, seed, 0, 2, tf.int32) - 1, tf.float32)


def _sum_of_squares(x, *, axis_kept):
    return tf.reduce_sum(x**2, axis=[axis for axis in range(x.shape.rank) if axis != axis_kept])
