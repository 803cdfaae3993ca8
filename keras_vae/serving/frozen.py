"""A function with its weights folded into the graph."""

import tensorflow as tf
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2


def frozen(function: tf.types.experimental.ConcreteFunction) -> tf.types.experimental.ConcreteFunction:
    """The same function without variables; names, types and shapes of inputs and outputs stay.

    Args:
        function: concrete, with keyword inputs and a dictionary of outputs.
    """
    specs = function.structured_input_signature[1]
    constant = convert_variables_to_constants_v2(function, lower_control_flow=False)

    def answer(**inputs):
        outputs = constant(*(inputs[spec.name.split(":")[0]] for spec in constant.inputs))
        return dict(zip(sorted(function.structured_outputs), outputs, strict=True))

    return tf.function(answer, autograph=False).get_concrete_function(**specs)
