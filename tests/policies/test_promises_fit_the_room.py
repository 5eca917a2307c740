from pathlib import Path

from tests.policies.small_bundle import changed, refused, rules, write


def tenants(*lines: str) -> str:
    return "\n".join(["tenants:", *lines, "  ada: {}", ""])


def test_guarantees_do_not_add_up_to_more_than_the_room_has(tmp_path: Path) -> None:
    """The line stands at the guarantee that is too much, and says by how much, for each resource."""
    texts = changed("tenants", "{cpu: 4, gpus: {a100: 4}}", "{cpu: 12500m, memory: 33Gi, gpus: {a100: 7}}")
    assert refused(write(tmp_path / "b", **texts)) == [
        "tenants.yaml:4:38: the guarantees add up to 33Gi memory, the room has 32Gi; promise 1Gi less",
        "tenants.yaml:8:22: the guarantees add up to 16.5 cpu, the room has 16; promise 0.5 less",
        "tenants.yaml:8:38: the guarantees add up to 9 gpu:a100, the room has 8; promise 1 less",
    ]


def test_children_are_not_promised_more_than_their_parent(tmp_path: Path) -> None:
    """A guarantee below another is carved out of it."""
    texts = changed("tenants", "guarantee: {gpus: {a100: 1}}", "guarantee: {gpus: {a100: 3}}")
    line = "the guarantees below bob add up to 3 gpu:a100, bob is guaranteed 2; promise 1 less"
    assert refused(write(tmp_path / "b", **texts)) == [f"tenants.yaml:12:30: {line}"]


def test_a_parent_without_a_guarantee_passes_its_childrens_on(tmp_path: Path) -> None:
    """What grandchildren are promised counts against the nearest guarantee above, or the room."""
    text = tenants(
        "  top: {guarantee: {gpus: {a100: 2}}}",
        "  middle: {parent: top}",
        "  low: {parent: middle, guarantee: {gpus: {a100: 3}}}",
    )
    line = "the guarantees below top add up to 3 gpu:a100, top is guaranteed 2; promise 1 less"
    assert refused(write(tmp_path / "b", tenants=text)) == [f"tenants.yaml:4:50: {line}"]


def test_a_limit_is_not_below_what_is_promised_under_it(tmp_path: Path) -> None:
    """A promise that a limit forbids would be none."""
    texts = changed("tenants", "limit: {gpus: {a100: 6}}", "limit: {gpus: {a100: 1}}")
    assert refused(write(tmp_path / "a", **texts)) == [
        "tenants.yaml:9:26: the limit of 1 gpu:a100 is below the guarantee; write 2 or more"
    ]
    text = tenants("  top: {limit: {cpu: 2}}", "  low: {parent: top, guarantee: {cpu: 3}}")
    line = "the guarantees in top add up to 3 cpu, top is limited to 2; promise 1 less"
    assert refused(write(tmp_path / "b", tenants=text)) == [f"tenants.yaml:3:39: {line}"]


def test_one_tenants_promise_may_follow_anothers(tmp_path: Path) -> None:
    """A guarantee counts while its term lasts: the successor may have what the predecessor had."""
    text = tenants(
        "  old: {guarantee: {gpus: {a100: 8}}, term: {first_day: 2024-03-01, last_day: 2026-02-28}}",
        "  new: {guarantee: {gpus: {a100: 8}}, term: {first_day: 2026-03-01, last_day: 2028-02-29}}",
    )
    assert refused(write(tmp_path / "a", tenants=text, calendar="calendar: {}\n")) == []
    overlapping = text.replace("2026-03-01", "2026-02-28")
    line = "the guarantees add up to 16 gpu:a100 on 2026-02-28 00:00, the room has 8; promise 8 less"
    assert refused(write(tmp_path / "b", tenants=overlapping))[-1] == f"tenants.yaml:3:34: {line}"


def test_the_calendar_comes_on_top_of_guarantees(tmp_path: Path) -> None:
    """Six of eight devices are guaranteed, so two can be promised at any time, not three."""
    line = "the guarantees and the calendar add up to 9 gpu:a100 on 2026-12-10 13:00, the room has 8"
    texts = changed("calendar", "{a100: 2}", "{a100: 3}")
    right = "promise 1 less, or name under yields whose guarantee gives way"
    assert refused(write(tmp_path / "a", **texts)) == [f"calendar.yaml:6:30: {line}; {right}"]
    evening = "\n  Evening:\n    start: 2026-12-10 18:00\n    end: 2026-12-11\n    tenants: [bob]\n"
    after = changed("calendar", "{a100: 2}}\n", "{a100: 2}}" + evening + "    resources: {gpus: {a100: 2}}\n")
    assert refused(write(tmp_path / "b", **after)) == []
    early = after["calendar"].replace("start: 2026-12-10 18:00", "start: 2026-12-10 17:59")
    assert len(refused(write(tmp_path / "c", calendar=early))) == 1


def test_terms_begin_and_end_at_local_midnights(tmp_path: Path) -> None:
    """The last day belongs to the term; days are those of the room's time zone."""
    text = tenants("  bob: {term: {first_day: 2026-03-01, last_day: 2026-03-01}}")
    folder = write(tmp_path / "b", tenants=text)
    bob = rules(folder).tenants[0]
    assert bob.term is not None
    assert (bob.term.start, bob.term.length) == (1772290800000, 24 * 3_600_000)


def test_four_years_from_a_leap_day(tmp_path: Path) -> None:
    """Four years from 29 February 2024 end with 28 February 2028."""
    for last, lines in (("2028-02-28", 0), ("2028-02-29", 1)):
        text = tenants(f"  bob: {{term: {{first_day: 2024-02-29, last_day: {last}}}}}")
        assert len(refused(write(tmp_path / last, tenants=text))) == lines
