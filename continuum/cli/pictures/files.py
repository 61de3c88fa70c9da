"""Writes a drawing: SVG for documents, DOT for Graphviz, one HTML page to look around in, without any network."""

from __future__ import annotations

import json
from dataclasses import asdict
from html import escape
from importlib import resources

from continuum.cli.output import visible
from continuum.cli.pictures.drawing import HEIGHT, WIDTH, Drawing, Edge, Node, colours

LABEL_CHARS_MAX = 40
_PAGE = "neighbourhood.html"
_HOLE = "__DRAWING__"


def svg(drawing: Drawing) -> str:
    """A picture that any browser and most editors show."""
    paint = colours(drawing.nodes)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:g} {HEIGHT:g}" font-family="sans-serif">',
        f"<title>{_text(drawing.nodes[0].name)}</title>",
        *(_svg_edge(edge, drawing.nodes) for edge in drawing.edges),
        *(_svg_node(node, paint[node.entity_type]) for node in drawing.nodes),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _svg_edge(edge: Edge, nodes: tuple[Node, ...]) -> str:
    a, b = nodes[edge.start], nodes[edge.end]
    return (
        f'<line x1="{a.x}" y1="{a.y}" x2="{b.x}" y2="{b.y}" stroke="#8888" stroke-width="{1 + 4 * edge.strength:.1f}">'
        f"<title>{_text(f'{a.name} - {b.name}: {edge.link_type} {edge.strength:.2f}')}</title></line>"
    )


def _svg_node(node: Node, colour: str) -> str:
    ring = ' stroke="#000" stroke-width="3"' if node.is_centre else ""
    about = f"{node.name} ({node.entity_type}, {node.occurrences})"
    return (
        f'<g><circle cx="{node.x}" cy="{node.y}" r="{node.radius}" fill="{colour}"{ring}/>'
        f"<title>{_text(about if not node.description else f'{about}: {node.description}')}</title>"
        f'<text x="{node.x}" y="{node.y + node.radius + 14:.1f}" text-anchor="middle" font-size="13">'
        f"{_text(_short(node.name))}</text></g>"
    )


def dot(drawing: Drawing) -> str:
    """A graph in the language of Graphviz; typed links are arrows."""
    lines = ["digraph neighbourhood {", '  node [shape=ellipse, fontname="sans-serif"];']
    for place, node in enumerate(drawing.nodes):
        lines.append(f"  n{place} [label={_quoted(_short(node.name))}{', penwidth=3' if node.is_centre else ''}];")
    for edge in drawing.edges:
        looks = f"penwidth={1 + 4 * edge.strength:.1f}, tooltip={_quoted(f'{edge.link_type} {edge.strength:.2f}')}"
        looks += ", dir=none" if edge.link_type == "hebbian" else f", label={_quoted(edge.link_type)}"
        lines.append(f"  n{edge.start} -> n{edge.end} [{looks}];")
    return "\n".join([*lines, "}"]) + "\n"


def page(drawing: Drawing) -> str:
    """One HTML file to look around in: drag, zoom, point, search. It asks no server for anything."""
    told = {
        "nodes": [asdict(node) | {"name": visible(node.name)} for node in drawing.nodes],
        "edges": [asdict(edge) for edge in drawing.edges],
        "colours": dict(colours(drawing.nodes)),
        "width": WIDTH,
        "height": HEIGHT,
        "is_cut": drawing.is_cut,
    }
    # Inside a script element only "</" and "<!--" mean anything: no "<" is left.
    data = json.dumps(told, ensure_ascii=True).replace("<", "\\u003c")
    whole = resources.files("continuum.cli.pictures").joinpath(_PAGE).read_text("utf-8")
    return whole.replace(_HOLE, data)


def _short(name: str) -> str:
    return name if len(name) <= LABEL_CHARS_MAX else f"{name[: LABEL_CHARS_MAX - 1]}…"


def _text(words: str) -> str:
    return escape(visible(words))


def _quoted(words: str) -> str:
    escaped = visible(words).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
