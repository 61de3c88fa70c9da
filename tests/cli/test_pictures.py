"""`continuum graph CONCEPT`: the neighbourhood as a list, a picture, a page."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from continuum import ConsciousMemory
from continuum.cli.pictures.drawing import HEIGHT, WIDTH, drawn
from continuum.cli.pictures.files import dot, page, svg
from continuum.core.browsing import Neighbourhood
from continuum.errors import InvalidInputError, NotFoundError
from tests.cli.conftest import run, told
from tests.client.served import service
from tests.requirements import requirement

HOSTILE = '</script><script>alert(1)</script> "quoted" \\ <b>& \u202e--> ]]>'


@pytest.fixture
def store(tmp_path: Path) -> Path:
    path = tmp_path / "store.db"
    with ConsciousMemory("alice", path) as memory:
        memory.learn("Aurora uses Kafka and Redis. Kafka feeds Borealis.")
        memory.link_entities("Aurora", HOSTILE, "named_by", 0.7)
    return path


def around(store: Path, name: str) -> Neighbourhood:
    with ConsciousMemory("alice", store) as memory:
        return memory.neighbourhood(memory.entities(query=name)[0].id, depth=2)


@requirement("cli:graph")
def test_a_concept_is_drawn_for_a_browser_a_document_and_graphviz(store: Path, tmp_path: Path) -> None:
    where = ("--storage", str(store), "--tenant", "alice")
    html, picture, graph = (tmp_path / f"aurora.{end}" for end in ("html", "svg", "dot"))
    done = run("graph", "aurora", *where, "--html", str(html), "--svg", str(picture), "--dot", str(graph))
    assert "Kafka" in done.stdout
    names = [each.text for each in ElementTree.parse(picture).iter("{http://www.w3.org/2000/svg}text")]
    assert {"Aurora", "Kafka", "Redis"} <= set(names)
    assert graph.read_text().startswith("digraph neighbourhood {")
    assert not re.search(r"(?:src|href)=|https?://(?!www\.w3\.org/2000/svg)", html.read_text("utf-8"))


@requirement("cli:graph")
def test_a_service_draws_the_same_neighbourhood(tmp_path: Path) -> None:
    with service(tmp_path / "served.db") as served, served.client() as client:
        client.learn("Aurora uses Kafka and Redis.")
        answer = told("graph", "Aurora", "--server", served.url, "--tenant", "alice")
        assert {each["name"] for each in answer["entities"]} >= {"Kafka", "Redis"}


def test_names_can_do_nothing_in_any_of_the_pictures(store: Path) -> None:
    found = around(store, "Aurora")
    drawing = drawn(found.centre, found.entities, found.links)
    whole = page(drawing)
    assert whole.count("<script") == whole.count("</script>") == 2
    data = re.search(r'<script type="application/json" id="drawing">(.*?)</script>', whole, re.DOTALL)
    assert data is not None
    assert any("alert(1)" in node["name"] for node in json.loads(data[1])["nodes"])
    ElementTree.fromstring(svg(drawing))
    assert "\u202e" not in svg(drawing) + dot(drawing)
    labels = re.findall(r'label=("(?:[^"\\]|\\.)*")', dot(drawing))
    assert len(labels) >= len(drawing.nodes)


def test_the_layout_is_the_same_each_time_and_stays_on_the_plane(store: Path) -> None:
    found = around(store, "Aurora")
    drawings = [drawn(found.centre, found.entities, found.links) for _ in range(2)]
    assert drawings[0] == drawings[1]
    for node in drawings[0].nodes:
        assert 0 <= node.x <= WIDTH
        assert 0 <= node.y <= HEIGHT
    assert len({(node.x, node.y) for node in drawings[0].nodes}) == len(drawings[0].nodes)
    alone = drawn(found.centre, (), ())
    assert (alone.nodes[0].x, alone.nodes[0].y) == (WIDTH / 2, HEIGHT / 2)


def test_a_concept_that_is_not_there_is_answered_with_what_is(store: Path, tmp_path: Path) -> None:
    where = ("--storage", str(store), "--tenant", "alice")
    with pytest.raises(NotFoundError, match="there is Kafka"):
        run("graph", "Kaf", *where)
    with pytest.raises(InvalidInputError, match="concept"):
        run("graph", "--svg", str(tmp_path / "x.svg"), *where)
    assert not (tmp_path / "x.svg").exists()
    assert "concepts" in run("graph", *where).stdout
