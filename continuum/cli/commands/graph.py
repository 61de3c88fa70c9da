"""`continuum graph`."""

from __future__ import annotations

from pathlib import Path

import click

from continuum.cli.output import print_json, print_table, say, visible
from continuum.cli.remote import opened
from continuum.cli.settings import Options, with_server_options
from continuum.client import Client
from continuum.client.records import Neighbourhood as RemoteNeighbourhood
from continuum.core.browsing import Neighbourhood
from continuum.core.graph_health import GraphStats
from continuum.core.memory import ConsciousMemory
from continuum.errors import InvalidInputError, NotFoundError, shown
from continuum.language.names import entity_key

LOOKED_AT_MAX = 1_000
SUGGESTED_MAX = 5
FILE = click.Path(dir_okay=False, path_type=Path)


@click.command()
@click.argument("concept", required=False)
@click.option("--limit", type=int, default=10, show_default=True, help="How many concepts each list may hold.")
@click.option("--depth", type=int, default=1, show_default=True, help="How many links away from CONCEPT, 1 to 3.")
@click.option("--per-node", type=int, default=20, show_default=True, help="The strongest links of each concept.")
@click.option("--html", type=FILE, help="Write a page to look around in; it needs no network.")
@click.option("--svg", type=FILE, help="Write a picture.")
@click.option("--dot", type=FILE, help="Write a graph for Graphviz.")
@with_server_options
def command(
    options: Options,
    concept: str | None,
    limit: int,
    depth: int,
    per_node: int,
    html: Path | None,
    svg: Path | None,
    dot: Path | None,
) -> None:
    """Show what CONCEPT is linked to, as a list or a picture.

    Without CONCEPT: the state of the whole graph, links by strength, orphans, the most connected.
    """
    if concept is None:
        if html or svg or dot:
            raise InvalidInputError("concept", "is missing; name the concept whose neighbourhood is to be drawn")
        _show_health(options, limit)
        return
    with opened(options) as memory:
        found = memory.neighbourhood(_id_of(memory, concept), depth=depth, per_node=per_node)
    _draw(found, html, svg, dot)
    if options.as_json:
        print_json(found)
    else:
        _show(found)


def _id_of(memory: ConsciousMemory | Client, concept: str) -> str:
    """The id of the concept of a name. Raises NotFoundError, which names similar ones."""
    key, beginning = entity_key(concept), []
    for number, each in enumerate(_named(memory, concept)):
        if entity_key(each[1]) == key:
            return each[0]
        beginning.append(each[1])
        if number == LOOKED_AT_MAX:
            break
    hint = f"; there is {', '.join(beginning[:SUGGESTED_MAX])}" if beginning else ""
    raise NotFoundError(f"concept: there is none called {shown(concept)}{hint}")


def _named(memory: ConsciousMemory | Client, concept: str) -> list[tuple[str, str]]:
    """Id and name of the concepts whose names begin so."""
    if isinstance(memory, ConsciousMemory):
        return [(each.id, each.name) for each in memory.entities(query=concept, limit=LOOKED_AT_MAX)]
    return [(each.id, each.name) for each, _ in zip(memory.entities(query=concept), range(LOOKED_AT_MAX), strict=False)]


def _draw(found: Neighbourhood | RemoteNeighbourhood, html: Path | None, svg: Path | None, dot: Path | None) -> None:
    if not (html or svg or dot):
        return
    from continuum.cli.pictures import files  # the layout brings numpy, which a list does not need
    from continuum.cli.pictures.drawing import drawn

    drawing = drawn(found.centre, found.entities, found.links, is_cut=found.is_cut)
    for path, written in ((html, files.page), (svg, files.svg), (dot, files.dot)):
        if path is not None:
            path.write_text(written(drawing), encoding="utf-8")
            say(visible(f"written: {path}"))


def _show(found: Neighbourhood | RemoteNeighbourhood) -> None:
    names = {each.id: each.name for each in (found.centre, *found.entities)}
    rows = [
        [names[link.concept_a], names[link.concept_b], link.link_type, f"{link.strength:.2f}"]
        for link in found.links
        if link.concept_a in names and link.concept_b in names
    ]
    click.echo(visible(f"{found.centre.name}: {found.centre.entity_type}, mentioned {found.centre.occurrences} times"))
    print_table(["concept", "concept", "link", "strength"], rows)
    if found.is_cut:
        say("there is more than fits: only the nearest concepts are shown")


def _show_health(options: Options, limit: int) -> None:
    with opened(options) as memory:
        if not isinstance(memory, ConsciousMemory):
            raise InvalidInputError("concept", "is missing; through a service, one concept's neighbourhood is shown")
        stats = memory.graph(limit)
    if options.as_json:
        print_json(stats)
    else:
        _say_health(stats)


def _say_health(stats: GraphStats) -> None:
    click.echo(f"{stats.concepts} concepts, {stats.links} links, {stats.mean_links:.1f} links a concept")
    click.echo(f"{stats.orphan_count} concepts without a link" + _listed([each.name for each in stats.orphans]))
    bands = [[f"{tenth / 10:.1f} to {(tenth + 1) / 10:.1f}", count] for tenth, count in enumerate(stats.strengths)]
    print_table(["strength", "links"], [band for band in bands if band[1]])
    if stats.most_connected:
        print_table(["most connected", "links"], [[each.name, each.links] for each in stats.most_connected])
    if stats.working_memory:
        click.echo(f"working memory: {', '.join(stats.working_memory)}")


def _listed(names: list[str]) -> str:
    return f": {', '.join(names)}" if names else ""
