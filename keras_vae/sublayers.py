"""Saves and restores the changes of internal layers by users: freezing, quantization and LoRA."""

from typing import Any

import keras


def changed_sublayers(layer: keras.layers.Layer) -> dict[str, dict[str, Any]]:
    """Returns the entry of a layer's configuration with the changes of its internal layers.

    When a layer is loaded, cloned, copied or unpickled, its constructor creates internal layers that are trainable and
    in full precision. `restore_sublayers` then applies the changes again.

    Args:
        layer: a built layer.

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
    """Applies the changes that `changed_sublayers` returned for a layer of the same configuration.

    Args:
        layer: the layer, just built.
        changes: the value of `"sublayers"` in the configuration. If it is None and the layer has `trainable=False`,
            all internal layers are frozen, which Keras does not do.
    """
    layers = layer._flatten_layers()
    if changes is None:
        changes = {} if layer.trainable else {"frozen": range(len(layers))}
    frozen = set(changes.get("frozen", ()))
    with_lora = [one for index, one in enumerate(layers) if getattr(one, "lora_enabled", False) and index not in frozen]
    trained = [(weight, weight.trainable) for one in with_lora for weight in one.weights]
    if frozen:
        for index, one in enumerate(layers):  # outer layers first, since they set their internal layers
            one.trainable = index in frozen  # Keras ignores an unchanged value,
            one.trainable = index not in frozen  # so each layer is first set to the other value
    for weight, trainable in trained:  # the base weights of LoRA are frozen in a trainable layer
        weight.trainable = trainable
    for index, mode in changes.get("quantized", {}).items():
        if layers[int(index)].quantization_mode != mode:
            layers[int(index)].quantize(mode)
    for index, (rank, alpha) in changes.get("lora", {}).items():  # last: other changes unfreeze the base weights
        one = layers[int(index)]
        if not one.lora_enabled:
            one.enable_lora(rank, lora_alpha=alpha)
        if int(index) in frozen:
            one.trainable = True
            one.trainable = False
