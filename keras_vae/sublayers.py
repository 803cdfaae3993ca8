"""What users change about the layers inside a layer: which are frozen, quantized, or trained by LoRA."""

from typing import Any

import keras


def changed_sublayers(layer: keras.layers.Layer) -> dict[str, dict[str, Any]]:
    """The part of a layer's configuration that says what was changed about the layers inside it.

    A layer that makes its own sublayers makes them trainable and in full precision again when it is loaded, cloned,
    copied or unpickled. `restore_sublayers` then applies what this function has noted.

    Args:
        layer: a layer that has been built.

    Returns:
        `{}` if nothing was changed; else `{"sublayers": {"frozen": [...], "quantized": {...}, "lora": {...}}}`: the
        indices of the layers that are not trainable, the quantization mode by index, and rank and alpha of LoRA by
        index. The layer itself has the index 0.

    Example:

    >>> encoder = MLPEncoder((4,), units=(8, 8))
    >>> encoder.hidden[0].trainable = False
    >>> changed_sublayers(encoder)
    {'sublayers': {'frozen': [2]}}
    """
    layers = list(enumerate(layer._flatten_layers()))
    frozen = [index for index, one in layers if not one.trainable]
    quantized = {str(index): mode for index, one in layers if (mode := one.quantization_mode) is not None}
    lora = {str(index): [one.lora_rank, one.lora_alpha] for index, one in layers if getattr(one, "lora_enabled", False)}
    changes = {"frozen": frozen, "quantized": quantized, "lora": lora}
    changes = {name: value for name, value in changes.items() if value}
    return {"sublayers": changes} if changes else {}


def restore_sublayers(layer: keras.layers.Layer, changes: dict[str, Any] | None) -> None:
    """Changes a layer as `changed_sublayers` noted it of a layer of the same configuration.

    Args:
        layer: the layer, just built.
        changes: the value of `"sublayers"` in the configuration. If None, and the layer was made with
            `trainable=False`, everything inside it is frozen, which Keras does not do.
    """
    layers = layer._flatten_layers()
    if changes is None:
        changes = {} if layer.trainable else {"frozen": range(len(layers))}
    frozen = set(changes.get("frozen", ()))
    with_lora = [one for index, one in enumerate(layers) if getattr(one, "lora_enabled", False) and index not in frozen]
    trained = [(weight, weight.trainable) for one in with_lora for weight in one.weights]
    if frozen:
        for index, one in enumerate(layers):  # outer layers first: setting a layer sets those inside it
            one.trainable = index in frozen  # Keras ignores a value that is the old one,
            one.trainable = index not in frozen  # so each is set to the other value before
    for weight, trainable in trained:  # the base weights of LoRA, which a layer that is trained does not train
        weight.trainable = trainable
    for index, mode in changes.get("quantized", {}).items():
        if layers[int(index)].quantization_mode != mode:
            layers[int(index)].quantize(mode)
    for index, (rank, alpha) in changes.get("lora", {}).items():  # after the others, which would thaw the base weights
        one = layers[int(index)]
        if not one.lora_enabled:
            one.enable_lora(rank, lora_alpha=alpha)
        if int(index) in frozen:
            one.trainable = True
            one.trainable = False
