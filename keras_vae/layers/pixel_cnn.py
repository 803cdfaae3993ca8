"""A convolutional network whose features at a pixel depend only on the preceding pixels."""

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from keras_vae.checks import check_event_shape, check_integer, check_seed
from keras_vae.errors import InvalidInputError
from keras_vae.serialization import Serializable, register


@register
class PixelCNN(Serializable, keras.layers.Layer):
    """A gated PixelCNN: out_i = f(x_1, ..., x_(i-1), c) for the pixels i of a grid in raster order (row by row).

        v' = g(K_v * v),    h' = h + W g(K_h * h + U (K_v * v)),    g([a, b]) = tanh(a) sigmoid(b)

    The vertical stack v covers the rows above a pixel, on both sides. The horizontal stack h covers the pixels to its
    left and, through U, the vertical stack. Together they cover all preceding pixels of the receptive field, without a
    blind spot. The convolutions are shifted by padding instead of masked. The output of a pixel depends on none of its
    channels, so these are independent given the preceding pixels and the context. An additional input channel of ones
    distinguishes the border from zeros.

    A sequence of N steps is a grid `(N, 1, C)`. Kernels are not larger than the grid.

    Args:
        input_shape: `(H, W, C)`, H at least 2.
        out_channels: number of outputs per pixel.
        filters: width of the two stacks.
        layers: number of gated layers; each adds `kernel_size // 2` rows to the receptive field.
        kernel_size: side of the square around a pixel whose preceding half a layer covers; odd, at least 3.
        context_dim: channels of the context. None for a network without context.
        seed: seed of the initial weights. None draws one.

    Call arguments:
        x: `(B, H, W, C)`.
        context: c, `(B, H, W, context_dim)`; a batch of 1 is broadcast. An output depends on the context of its own row
            and of the rows above, within the receptive field.

    Returns:
        Shape `(B, H, W, out_channels)`.

    Raises:
        InvalidInputError: if the input is not a grid of two or more rows, or if a number is out of its range.

    Example:

    >>> PixelCNN((8, 8, 1), 5, filters=4)(tf.zeros((2, 8, 8, 1))).shape
    TensorShape([2, 8, 8, 5])

    References: van den Oord et al., 2016, https://arxiv.org/abs/1606.05328; the channel of ones: Salimans et al.,
    2017, https://arxiv.org/abs/1701.05517
    """

    def __init__(
        self,
        input_shape: tuple[int, ...],
        out_channels: int,
        *,
        filters: int = 32,
        layers: int = 3,
        kernel_size: int = 5,
        context_dim: int | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.input_shape = check_event_shape("PixelCNN", input_shape)
        if len(self.input_shape) != 3 or self.input_shape[0] < 2:
            raise InvalidInputError(
                f"PixelCNN: input_shape must be (height, width, channels) with two rows or more; got {input_shape!r}; "
                "turn a single row into a column."
            )
        self.out_channels = check_integer("PixelCNN: out_channels", out_channels)
        self.filters = check_integer("PixelCNN: filters", filters)
        self.layers = check_integer("PixelCNN: layers", layers)
        self.kernel_size = check_integer("PixelCNN: kernel_size", kernel_size, least=3)
        if kernel_size % 2 == 0:
            raise InvalidInputError(f"PixelCNN: kernel_size must be odd; got {kernel_size!r}.")
        self.context_dim = None if context_dim is None else check_integer("PixelCNN: context_dim", context_dim)
        self.seed = None if seed is None else check_seed(seed)
        height, width, _ = self.input_shape
        self._above = min(kernel_size // 2, height - 1)
        self._aside = min(kernel_size // 2, width - 1)
        self._build_layers()
        self.built = True

    def _build_layers(self):
        above, aside, filters = self._above, self._aside, self.filters
        self._made = 0
        self._vertical, self._horizontal, self._links, self._outputs = [], [], [], []
        for n in range(self.layers):
            channels = filters if n else self.input_shape[-1] + 1
            own = 1 if n else 0  # whether a kernel covers the row (the pixel) itself
            self._vertical.append(self._conv(channels, 2 * filters, (above + own, 2 * aside + 1), name=f"vertical_{n}"))
            self._horizontal.append(
                self._conv(channels, 2 * filters, (1, aside + own), use_bias=False, name=f"horizontal_{n}")
                if aside + own
                else None  # the first layer of a single column has nothing to its left
            )
            self._links.append(self._pointwise(2 * filters, 2 * filters, name=f"link_{n}"))
            self._outputs.append(self._pointwise(filters, filters, name=f"output_{n}"))
        self._hidden = self._pointwise(filters, filters, name="hidden")
        self._out = self._pointwise(filters, self.out_channels, name="out")
        if self.context_dim is not None:
            self._contexts = [
                self._pointwise(self.context_dim, 4 * filters, use_bias=False, name=f"context_{n}")
                for n in range(self.layers)
            ]

    def _conv(self, channels, filters, kernel_size, **options):
        layer = keras.layers.Conv2D(
            filters, kernel_size, kernel_initializer=self._initializer(), dtype=self.dtype_policy, **options
        )
        layer.build((None, None, None, channels))
        return layer

    def _pointwise(self, channels, units, **options):
        layer = keras.layers.Dense(units, kernel_initializer=self._initializer(), dtype=self.dtype_policy, **options)
        layer.build((None, channels))
        return layer

    def _initializer(self):
        self._made += 1
        return keras.initializers.GlorotUniform(None if self.seed is None else (self.seed + self._made) % 2**31)

    def call(self, x: tf.Tensor, context: tf.Tensor | None = None) -> tf.Tensor:
        return self._output(self._across(x, self._down(x, context)))

    def _down(self, x, context):
        """The contribution of the vertical stack and the context to the gates of each layer, `(B, H, W, 2 filters)`."""
        context = None if context is None else tf.cast(context, self.compute_dtype)
        rows, gates = self._input(x), []
        for n in range(self.layers):
            rows = tf.pad(rows, [(0, 0), (self._above, 0), (self._aside, self._aside), (0, 0)])
            vertical = self._vertical[n](rows if n else rows[:, :-1])  # the first layer does not see its own row
            by_context = 0.0
            if context is not None:
                of_vertical, by_context = tf.split(self._contexts[n](context), 2, axis=-1)
                vertical += of_vertical
            gates.append(self._links[n](vertical) + by_context)
            rows = _gated(vertical)
        return gates

    def _across(self, x, gates):
        """The features after the horizontal stack, `(B, H, W, filters)`; each row depends only on itself."""
        pixels = self._input(x)
        for n in range(self.layers):
            before = tf.pad(pixels, [(0, 0), (0, 0), (self._aside, 0), (0, 0)])
            own = gates[n]
            if self._horizontal[n] is not None:  # the first layer does not see the pixel itself
                own += self._horizontal[n](before if n else before[:, :, :-1])
            output = self._outputs[n](_gated(own))
            pixels = pixels + output if n else output
        return pixels

    def _input(self, x):
        x = tf.cast(x, self.compute_dtype)
        return tf.concat([x, tf.ones_like(x[..., :1])], axis=-1)

    def _output(self, features):
        return self._out(tf.nn.relu(self._hidden(tf.nn.relu(features))))

    def rollout(
        self,
        choose: Callable[[tf.Tensor, tf.Tensor], tf.Tensor],
        start: tf.Tensor,
        context: tf.Tensor | None = None,
        *,
        embed: Callable[[tf.Tensor], tf.Tensor] = tf.identity,
    ) -> tf.Tensor:
        """Fills a grid pixel by pixel.

        It takes H passes of the vertical stack over the rows of the receptive field, and H * W passes of the horizontal
        stack over one row.

        Args:
            choose: from the output at a pixel `(B, out_channels)` and its position in raster order to the values of
                the pixel, `(B, C)`, of the dtype of `start`.
            start: the grid to fill, `(B, H, W, C)`; its values are not used.
            context: see the call arguments.
            embed: maps such a grid, or rows of it, to the input of the network.
        """
        height, width, _ = self.input_shape
        reach = min(self.layers * self._above, height - 1)  # rows above its own that a pixel can see

        def fill_row(row, grid):
            first = tf.maximum(row - reach, 0)
            seen = first + tf.range(reach + 1)
            beside = None if context is None else tf.gather(context, seen, axis=1)
            gates = self._down(embed(tf.gather(grid, seen, axis=1)), beside)
            gates = [tf.gather(own, [row - first], axis=1) for own in gates]

            def fill_pixel(column, pixels):
                features = tf.gather(self._across(embed(pixels), gates)[:, 0], column, axis=1)
                values = choose(self._output(features), row * width + column)
                return column + 1, _replaced(pixels, column, values[:, None, None, :], axis=2)

            start = (tf.constant(0), tf.gather(grid, [row], axis=1))
            _, pixels = tf.while_loop(lambda column, _: column < width, fill_pixel, start, maximum_iterations=width)
            return row + 1, _replaced(grid, row, pixels, axis=1)

        first_row = (tf.constant(0), start)
        return tf.while_loop(lambda row, _: row < height, fill_row, first_row, maximum_iterations=height)[1]

    def compute_output_shape(
        self, x_shape: tuple[int | None, ...], context_shape: tuple[int | None, ...] | None = None
    ) -> tuple[int | None, ...]:
        return (*x_shape[:-1], self.out_channels)


def _gated(gates):
    features, gate = tf.split(gates, 2, axis=-1)
    return tf.tanh(features) * tf.sigmoid(gate)


def _replaced(x, index, values, *, axis):
    """`x` `(B, H, W, C)` with `values` at `index` of an axis."""
    places = tf.reshape(tf.range(x.shape[axis]), [-1 if each == axis else 1 for each in range(4)])
    return tf.where(places == index, values, x)
