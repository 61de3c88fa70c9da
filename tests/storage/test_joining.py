"""Laws of what is joined: the order of sightings does not matter."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from continuum.domain.ids import TenantId
from continuum.domain.records import AttentionLink, Sources
from continuum.storage import open_backend, unit_of_work
from continuum.storage.repositories.entities import merged_aliases, more_specific_type
from continuum.storage.repositories.links import is_confirmed, tier_of

names = st.sets(st.text(max_size=3), max_size=20)
types = st.sampled_from(["concept", "person", "tool", "topic"])
sources = st.sampled_from([each for each in Sources if each])
unit = st.floats(0, 1)


@given(names, names, names)
def test_aliases_join_in_any_order(a: set[str], b: set[str], c: set[str]) -> None:
    assert merged_aliases(merged_aliases(a, b), c) == merged_aliases(a, merged_aliases(c, b))
    assert len(merged_aliases(a, b)) <= 16


@given(types, types, types)
def test_types_join_in_any_order_and_concept_gives_way(a: str, b: str, c: str) -> None:
    assert more_specific_type(more_specific_type(a, b), c) == more_specific_type(b, more_specific_type(c, a))
    assert more_specific_type("concept", a) == a


@given(unit, unit)
def test_a_stronger_link_is_never_in_a_lower_tier(a: float, b: float) -> None:
    assert a > b or tier_of(a) <= tier_of(b)


@given(st.lists(sources, min_size=1, max_size=6), st.floats(0.01, 0.99), st.floats(0.01, 0.5))
def test_a_links_strength_is_a_function_of_its_meetings(meetings: list[Sources], initial: float, rate: float) -> None:
    cap = 0.29
    backend = open_backend(":memory:")
    found: list[AttentionLink] = []
    for order in (meetings, sorted(meetings), meetings[::-1]):
        tenant = TenantId(f"t{len(found)}")
        with unit_of_work(backend, tenant, write=True) as work:
            for source in order:
                met = AttentionLink("a", "b", "hebbian", 0, 1, source, 5, 5, 5, 5)
                work.links.reinforce([met], initial=initial, rate=rate, cap=cap)
            found.append(work.links.between(["a", "b"])[0])
    backend.close_all()
    assert found[0] == found[1] == found[2]
    raw = initial
    for _ in meetings[1:]:
        raw = raw + rate * (1 - raw)
    together = Sources.NONE
    for source in meetings:
        together |= source
    expected = raw if is_confirmed(together) else min(raw, cap)
    assert abs(found[0].strength - expected) < 1e-9
    assert 0 <= found[0].strength <= 1
