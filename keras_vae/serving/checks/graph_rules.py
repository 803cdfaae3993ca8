"""Rules for graphs that TensorFlow Serving can run in batches, on a server without Python."""

from collections.abc import Iterable, Iterator

from tensorflow.core.framework import op_def_pb2
from tensorflow.core.framework.node_def_pb2 import NodeDef
from tensorflow.core.framework.types_pb2 import DT_BFLOAT16, DT_HALF
from tensorflow.core.protobuf.meta_graph_pb2 import MetaGraphDef

PYTHON = {"PyFunc", "PyFuncStateless", "EagerPyFunc"}
GENERATORS = {"RngReadAndSkip", "RngSkip"}
WRITES = {"AssignVariableOp", "AssignAddVariableOp", "AssignSubVariableOp"}
RANDOM = (
    "Random", "StatefulRandom", "StatefulStandardNormal", "StatefulTruncatedNormal", "StatefulUniform", "Multinomial",
    "TruncatedNormal", "ParameterizedTruncatedNormal", "NonDeterministic",
)  # fmt: skip


EPSILON = {DT_HALF: 2.0**-10, DT_BFLOAT16: 2.0**-7}
"""The difference between 1 and the next number, for 16-bit floats."""


def graph_problems(graph: MetaGraphDef, core_ops: bytes) -> list[str]:
    """Returns a line for each problem of the graph.

    Args:
        graph: the meta graph for serving.
        core_ops: the serialized `OpList` of the operations of TensorFlow's core.
    """
    core = {op.name: op for op in op_def_pb2.OpList.FromString(core_ops).op}
    functions = {function.signature.name: function for function in graph.graph_def.library.function}
    nodes = list(_nodes(graph))
    ops = {node.op for node in nodes} - set(functions)
    reachable_ops = {node.op for node in _reachable_nodes(graph, functions)}
    xla_names = [node.name for node in nodes if node.attr["_XlaMustCompile"].b]
    xla_names += [name for name, function in functions.items() if function.attr["_XlaMustCompile"].b]
    stateful = {op for op in ops & set(core) if core[op].is_stateful and op.startswith(RANDOM)}
    return [
        line
        for line, names in (
            ("Python in the graph ({}): a server has no Python; use TensorFlow operations.", ops & PYTHON),
            (
                "operations outside TensorFlow's core ({}): a server lacks them; use core ones.",
                ops - set(core) - PYTHON,
            ),
            ("clusters that XLA must compile ({}): export without jit_compile=True.", xla_names),
            (
                "stateful random numbers ({}): outputs depend on earlier requests; use stateless ones and a seed.",
                (stateful | (ops & GENERATORS)) - PYTHON,
            ),
            ("a signature writes variables ({}): requests affect each other; use constants.", reachable_ops & WRITES),
        )
        for line in ([line.format(_join(names))] if names else [])
    ]


def shape_problems(graph: MetaGraphDef) -> list[str]:
    """Returns a line for each input or output that cannot be batched: a scalar, or a tensor with fixed dimension 0."""
    problems = []
    for name, signature in serving_signatures(graph).items():
        for side in ("inputs", "outputs"):
            for key, info in getattr(signature, side).items():
                shape = [dim.size for dim in info.tensor_shape.dim]
                if info.tensor_shape.unknown_rank:
                    problems.append(f"{name}: {side[:-1]} {key!r} has an unknown rank; set its shape.")
                elif not shape:
                    problems.append(f"{name}: {side[:-1]} {key!r} is a scalar; batching needs dimension 0.")
                elif shape[0] != -1:
                    problems.append(
                        f"{name}: {side[:-1]} {key!r} has the fixed dimension 0 of {shape[0]}; leave it open (None)."
                    )
    return problems


def coarsest_step(graph: MetaGraphDef) -> float:
    """Returns the difference between 1 and the next number for the coarsest 16-bit floats in the graph; else 0."""
    dtypes = {attribute.type for node in _nodes(graph) for attribute in node.attr.values()}
    return max((step for dtype, step in EPSILON.items() if dtype in dtypes), default=0.0)


def serving_signatures(graph: MetaGraphDef) -> dict:
    """Returns name -> `SignatureDef` of the signatures for clients, the default first and those of image files last."""
    names = sorted(graph.signature_def, key=lambda name: (name != "serving_default", name.endswith("_bytes"), name))
    definitions = {name: graph.signature_def[name] for name in names}
    return {name: each for name, each in definitions.items() if each.method_name == "tensorflow/serving/predict"}


def _nodes(graph: MetaGraphDef) -> Iterator[NodeDef]:
    yield from graph.graph_def.node
    for function in graph.graph_def.library.function:
        yield from function.node_def


def _reachable_nodes(graph: MetaGraphDef, functions: dict) -> Iterator[NodeDef]:
    """Yields the nodes that the signatures run, including the nodes of called functions."""
    by_name = {node.name: node for node in graph.graph_def.node}
    queue = [info.name.partition(":")[0] for s in serving_signatures(graph).values() for info in s.outputs.values()]
    visited_names, visited_functions = set(), set()
    while queue:
        name = queue.pop()
        if name in visited_names or name not in by_name:
            continue
        visited_names.add(name)
        node = by_name[name]
        yield node
        queue += [input_name.lstrip("^").partition(":")[0] for input_name in node.input]
        yield from _function_nodes(node, functions, visited_functions)


def _function_nodes(node: NodeDef, functions: dict, visited_functions: set) -> Iterator[NodeDef]:
    names = [attr.func.name for attr in node.attr.values() if attr.HasField("func")] + [node.op]
    for name in names:
        if name in functions and name not in visited_functions:
            visited_functions.add(name)
            for function_node in functions[name].node_def:
                yield function_node
                yield from _function_nodes(function_node, functions, visited_functions)


def _join(names: Iterable[str], max_names: int = 5) -> str:
    names = sorted(names)
    return ", ".join(names[:max_names]) + (f" and {len(names) - max_names} more" if len(names) > max_names else "")
