"""Executes the module of an objective again, with a factor before every operand of + and -."""

import ast
import sys
from pathlib import Path
from types import ModuleType

import jax
import jax.numpy as jnp

PART, FACTORS_HERE, GATES, USED = "__part__", "__factors__", "__gates__", "__used__"
"""Names in the mutated module that no objective uses."""


class Marker(ast.NodeTransformer):
    """Replaces every operand of + and - by a call, and records its place."""

    def __init__(self, tree: ast.Module) -> None:
        self.operands: list[str] = []
        self.spans: list[set[int]] = []
        self.assigned: dict[str, list[ast.stmt]] = {}
        functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
        self.returned = {
            f.name: [node for node in ast.walk(f) if isinstance(node, ast.Return)]
            for f in functions
        }

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        outer, self.assigned = self.assigned, {}
        for part in ast.walk(node):
            if isinstance(part, (ast.Assign, ast.AugAssign, ast.AnnAssign)):
                targets = part.targets if isinstance(part, ast.Assign) else [part.target]
                for name in (n for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)):
                    self.assigned.setdefault(name.id, []).append(part)
        self.generic_visit(node)
        self.assigned = outer
        return node

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        written = (node.left, node.right)
        texts = [ast.unparse(side) for side in written]
        self.generic_visit(node)
        if isinstance(node.op, (ast.Add, ast.Sub)):
            node.left = self._marked(node.left, written[0], texts[0])
            node.right = self._marked(node.right, written[1], texts[1])
        return node

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST:
        written, text = node.value, ast.unparse(node.value)
        self.generic_visit(node)
        if isinstance(node.op, (ast.Add, ast.Sub)):
            node.value = self._marked(node.value, written, text)
        return node

    def _marked(self, operand: ast.expr, written: ast.expr, text: str) -> ast.expr:
        self.operands.append(text)
        self.spans.append(self._places(written))
        number = ast.Constant(len(self.operands) - 1)
        call = ast.Call(ast.Name(PART, ast.Load()), [number, operand], [])
        return ast.copy_location(call, written)

    def _places(self, written: ast.AST) -> set[int]:
        """Returns the lines of an expression, and of the code that its name stands for."""
        nodes = [written]
        if isinstance(written, ast.Name):
            nodes += self.assigned.get(written.id, [])
        for node in list(nodes):
            call = getattr(node, "value", None) if isinstance(node, ast.stmt) else node
            for part in [call.func, *call.args] if isinstance(call, ast.Call) else ():
                if isinstance(part, ast.Name):  # the second one for map(function, ...)
                    nodes += self.returned.get(part.id, [])
        return {line for node in nodes for line in range(node.lineno, node.end_lineno + 1)}


def executed(original: ModuleType) -> tuple[Marker, ModuleType]:
    """Returns the module with factors before its operands.

    It holds the factors, the gates (factors of only the derivative of an operand), and the numbers
    of the operands that were used.
    """
    path = Path(original.__file__)
    source = ast.parse(path.read_text("utf-8"))
    marker = Marker(source)
    tree = ast.fix_missing_locations(marker.visit(source))
    module = ModuleType(f"{original.__name__}_mutated")
    module.__package__ = original.__package__
    factors, gates, used = {}, {}, set()

    def part(number, operand):
        if not (isinstance(operand, jax.Array) and jnp.issubdtype(operand.dtype, jnp.floating)):
            return operand
        used.add(number)
        scaled, gate = factors.get(number, 1.0) * operand, gates.get(number)
        if gate is None:
            return scaled
        return gate * scaled + (1 - gate) * jax.lax.stop_gradient(scaled)

    vars(module).update({PART: part, FACTORS_HERE: factors, GATES: gates, USED: used})
    sys.modules[module.__name__] = module  # NamedTuples and dataclasses look it up
    exec(compile(tree, str(path), "exec"), vars(module))
    return marker, module
