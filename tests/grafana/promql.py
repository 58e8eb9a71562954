"""Walks parsed PromQL: every node with those above it."""

from collections.abc import Iterator
from typing import Any

import promql_parser
from promql_parser import MatrixSelector, SubqueryExpr, VectorSelector

Node = Any  # the parser's node types share no base


def walk(node: Node, above: tuple[Node, ...] = ()) -> Iterator[tuple[Node, tuple[Node, ...]]]:
    """Every node of an expression, with its ancestors, the nearest last."""
    yield node, above
    for child in _children(node):
        yield from walk(child, (*above, node))


def _children(node: Node) -> list[Node]:
    if isinstance(node, promql_parser.BinaryExpr):
        return [node.lhs, node.rhs]
    if isinstance(node, promql_parser.AggregateExpr):
        return [node.expr] if node.param is None else [node.param, node.expr]
    if isinstance(node, promql_parser.Call):
        return list(node.args)
    if isinstance(node, MatrixSelector):
        return [node.vector_selector]
    if isinstance(node, SubqueryExpr | promql_parser.UnaryExpr | promql_parser.ParenExpr):
        return [node.expr]
    return []


def selectors(expr: str) -> Iterator[tuple[VectorSelector, tuple[Node, ...]]]:
    """Every selector of an expression.

    Raises:
        ValueError: it is no PromQL.
    """
    for node, above in walk(promql_parser.parse(expr)):
        if isinstance(node, VectorSelector):
            yield node, above


def family(name: str | None) -> str:
    """The family of a sample's name: that of a histogram for its buckets."""
    assert name, "a selector without a metric name"
    for suffix in ("_bucket", "_count", "_sum"):
        if name.endswith(suffix) and name.startswith("exchange_"):
            return name.removesuffix(suffix)
    return name
