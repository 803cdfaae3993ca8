"""What a graph must not hold if TF Serving is to run it, in batches, on a server that shares nothing."""

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
"""The step from 1 to the next number of the floats in 16 bits."""


def graph_problems(graph: MetaGraphDef, core_ops: bytes) -> list[str]:
    """A line for each thing in the graph that does not belong there.

    Args:
        graph: the meta graph that is served.
        core_ops: the serialised `OpList` of the operations that TensorFlow's core knows.
    """
    core = {op.name: op for op in op_def_pb2.OpList.FromString(core_ops).op}
    functions = {function.signature.name: function for function in graph.graph_def.library.function}
    nodes = list(_nodes(graph))
    ops = {node.op for node in nodes} - set(functions)
    reached = {node.op for node in _reached(graph, functions)}
    must_compile = [node.name for node in nodes if node.attr["_XlaMustCompile"].b]
    must_compile += [name for name, function in functions.items() if function.attr["_XlaMustCompile"].b]
    stateful = {op for op in ops & set(core) if core[op].is_stateful and op.startswith(RANDOM)}
    return [
        line
        for line, found in (
            ("Python in the graph ({}): a server has none; use TensorFlow operations.", ops & PYTHON),
            ("operations outside TensorFlow's core ({}): the server does not know them.", ops - set(core) - PYTHON),
            ("clusters that XLA must compile ({}): export without jit_compile=True.", must_compile),
            (
                "random numbers with a state ({}): answers depend on earlier requests; use stateless ones and a seed.",
                (stateful | (ops & GENERATORS)) - PYTHON,
            ),
            ("a signature writes variables ({}): requests change each other.", reached & WRITES),
        )
        for line in ([line.format(_some(found))] if found else [])
    ]


def shape_problems(graph: MetaGraphDef) -> list[str]:
    """A line for each input or output that cannot be batched: a scalar, or one of a fixed dimension 0."""
    problems = []
    for name, signature in serving_signatures(graph).items():
        for side in ("inputs", "outputs"):
            for key, info in getattr(signature, side).items():
                shape = [dim.size for dim in info.tensor_shape.dim]
                if info.tensor_shape.unknown_rank:
                    problems.append(f"{name}: {side[:-1]} {key!r} has no known rank; give it a shape.")
                elif not shape:
                    problems.append(f"{name}: {side[:-1]} {key!r} is a scalar; batching needs dimension 0.")
                elif shape[0] != -1:
                    problems.append(
                        f"{name}: {side[:-1]} {key!r} has the fixed dimension 0 of {shape[0]}; leave it open (None)."
                    )
    return problems


def coarsest_step(graph: MetaGraphDef) -> float:
    """The step from 1 to the next number of the coarsest floats of 16 bits in the graph; 0 without any."""
    found = {attribute.type for node in _nodes(graph) for attribute in node.attr.values()}
    return max((step for dtype, step in EPSILON.items() if dtype in found), default=0.0)


def serving_signatures(graph: MetaGraphDef) -> dict:
    """Name -> `SignatureDef` of what a client may ask, the default first and those of files last."""
    names = sorted(graph.signature_def, key=lambda name: (name != "serving_default", name.endswith("_bytes"), name))
    chosen = {name: graph.signature_def[name] for name in names}
    return {name: found for name, found in chosen.items() if found.method_name == "tensorflow/serving/predict"}


def _nodes(graph: MetaGraphDef) -> Iterator[NodeDef]:
    yield from graph.graph_def.node
    for function in graph.graph_def.library.function:
        yield from function.node_def


def _reached(graph: MetaGraphDef, functions: dict) -> Iterator[NodeDef]:
    """The nodes that the signatures run, those of functions that they call included."""
    by_name = {node.name: node for node in graph.graph_def.node}
    waiting = [info.name.partition(":")[0] for s in serving_signatures(graph).values() for info in s.outputs.values()]
    seen, called = set(), set()
    while waiting:
        name = waiting.pop()
        if name in seen or name not in by_name:
            continue
        seen.add(name)
        node = by_name[name]
        yield node
        waiting += [given.lstrip("^").partition(":")[0] for given in node.input]
        yield from _called(node, functions, called)


def _called(node: NodeDef, functions: dict, called: set) -> Iterator[NodeDef]:
    names = [attr.func.name for attr in node.attr.values() if attr.HasField("func")] + [node.op]
    for name in names:
        if name in functions and name not in called:
            called.add(name)
            for inner in functions[name].node_def:
                yield inner
                yield from _called(inner, functions, called)


def _some(found: Iterable[str], most: int = 5) -> str:
    found = sorted(found)
    return ", ".join(found[:most]) + (f" and {len(found) - most} more" if len(found) > most else "")
