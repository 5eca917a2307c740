"""Malformed and hostile bundles, the same ones for the same seed.

Each maker writes one bundle into a new folder. What it makes must be refused, except where it only damages a good
bundle at random: then either answer is right, as long as there is one.
"""

import os
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.policies.small_bundle import FULL, TEXTS, write

Maker = Callable[[random.Random, Path], object]
MEBI = 1024 * 1024
WORD = re.compile(r"(?<=[:\[{,] )[^\s\[\]{},]+|(?<=: )[^\s\[\]{},]+")
WRONG = [
    "[]", "{}", "[[]]", "{a: {b: [c]}}", "null", "~", "", "no", "on", "010", "0x1f", "12:30", "1e3", ".inf",
    ".nan", "-1", "1.5", "9" * 400, "1" + "_000" * 300, "2026-03-01", "2026-03-01T00:00:00Z", "!!int 3",
    "!!python/object/apply:os.system [x]", "&a a", "*a", '"\\0"', '"\\e[31m"', '"\\ud800"', "'", '"', "|", ">", "%",
    "@", "`", "? a", "- a", "a: b: c", "{", "]", "#", "<<", "=", "1-2-3", "99999-99-99", "0000-00-00", "١٢",
    "x" * 3000, "\\", "{<<: *a}", "&a [*a]",
]  # fmt: skip


@dataclass(frozen=True)
class Hostile:
    """A bundle on disk; `must_fail` where no reader may accept it."""

    folder: Path
    kind: str
    must_fail: bool


def bundles(root: Path, count: int, seed: int) -> Iterator[Hostile]:
    """`count` bundles below `root`, kinds in turn."""
    kinds = [*[(maker, True) for maker in BAD], *[(maker, False) for maker in DAMAGED]]
    for number in range(count):
        maker, must_fail = kinds[number % len(kinds)]
        folder = root / f"{number:03}"
        maker(random.Random(f"{seed} {number}"), folder)
        yield Hostile(folder, maker.__name__, must_fail)


def _any(rng: random.Random) -> str:
    return rng.choice(sorted(TEXTS))


# Damaged at random


def wrong_words(rng: random.Random, folder: Path) -> None:
    file = _any(rng)
    text = FULL[file]
    for _ in range(rng.randint(1, 4)):
        found = rng.choice(list(WORD.finditer(text)))
        text = text[: found.start()] + rng.choice(WRONG) + text[found.end() :]
    write(folder, **{file: text})


def wrong_bytes(rng: random.Random, folder: Path) -> None:
    file = _any(rng)
    data = bytearray(FULL[file].encode())
    for _ in range(rng.randint(1, 20)):
        data[rng.randrange(len(data))] = rng.randrange(256)
    write(folder, **{file: bytes(data)})


def pieces(rng: random.Random, folder: Path) -> None:
    texts = {}
    for file, text in FULL.items():
        lines = text.splitlines(keepends=True)
        rng.shuffle(lines)
        texts[file] = "".join(lines[: rng.randint(1, len(lines))])
    write(folder, **texts)


def exchanged(rng: random.Random, folder: Path) -> None:
    names = sorted(TEXTS)
    write(folder, **dict(zip(names, rng.sample([TEXTS[name] for name in names], 4), strict=True)))


def punctuation(rng: random.Random, folder: Path) -> None:
    text = "".join(rng.choice("{}[]:,-&*!|>?%@`'\"# \n\tab0") for _ in range(rng.randint(1, 400)))
    write(folder, **{_any(rng): text})


# Hostile


def deep_flow(rng: random.Random, folder: Path) -> None:
    opening = rng.choice(["[", "{a: ", "[{a: ", "- "])
    write(folder, **{_any(rng): opening * rng.randint(20, MEBI // len(opening) - 1)})


def deep_blocks(rng: random.Random, folder: Path) -> None:
    write(folder, **{_any(rng): "\n".join(" " * i + "a:" for i in range(rng.randint(20, 1400)))})


def alias_bomb(rng: random.Random, folder: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, rng.randint(3, 200))]
    write(folder, **{_any(rng): "\n".join(lines)})


def endless_alias(rng: random.Random, folder: Path) -> None:
    write(folder, **{_any(rng): "room: &a [*a, *a]\ntenants: &b {c: *b}\n"})


def huge_number(rng: random.Random, folder: Path) -> None:
    digits = rng.choice(["9", "1_000", "0x9", "1:1", "1e9", "-9", "0.0000001", "9Gi", "9d"])
    number = digits * rng.randint(100, 900_000 // len(digits))
    write(folder, tenants=TEXTS["tenants"].replace("weight: 2", f"weight: {number}"))


def large_amounts(rng: random.Random, folder: Path) -> None:
    amount = rng.choice(["9007199254740993", "999999999999", "1e308", "18446744073709551616m"])
    write(
        folder,
        room=TEXTS["room"].replace("n1: {cpu: 8", f"n1: {{cpu: {amount}").replace("16Gi", f"{amount}Ti"),
    )


def control_characters(rng: random.Random, folder: Path) -> None:
    file = _any(rng)
    odd = rng.choice("\0\x01\x07\x1b\x7f\x85\u2028\u202e\ufeff\ufffe")
    at = rng.randrange(len(TEXTS[file]))
    write(folder, **{file: TEXTS[file][:at] + odd * rng.randint(1, 3) + TEXTS[file][at:]})


def not_utf8(rng: random.Random, folder: Path) -> None:
    file = _any(rng)
    data = TEXTS[file].encode()
    at = rng.randrange(len(data))
    odd = rng.choice([b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf8\x88\x80\x80\x80", b"\xe3\x81"])
    write(folder, **{file: rng.choice([data[:at] + odd + data[at:], TEXTS[file].encode("utf-16")])})


def too_large(rng: random.Random, folder: Path) -> None:
    write(folder)
    with (folder / f"{_any(rng)}.yaml").open("r+b") as file:
        file.truncate(rng.choice([MEBI + 1, 5 * 2**30]))  # holes: what is not read costs nothing


def too_many_values(rng: random.Random, folder: Path) -> None:
    texts = ["k: [" + "a," * 400_000 + "]", "\n".join(f"k{i}: 1" for i in range(90_000))]
    write(folder, **{_any(rng): rng.choice(texts)})


def not_files(rng: random.Random, folder: Path) -> None:
    write(folder)
    path = folder / f"{_any(rng)}.yaml"
    path.unlink()
    makers: list[Callable[[], object]] = [
        path.mkdir, lambda: os.mkfifo(path), lambda: path.symlink_to(path), lambda: path.symlink_to("nowhere"),
        lambda: path.symlink_to("/dev/zero"), lambda: path.symlink_to(folder),
    ]  # fmt: skip
    rng.choice(makers)()


def not_a_bundle(rng: random.Random, folder: Path) -> None:
    makers: list[Callable[[], object]] = [
        folder.mkdir, lambda: folder.write_text("room: x"), lambda: os.mkfifo(folder), lambda: None,
        lambda: folder.symlink_to(folder),
    ]  # fmt: skip
    rng.choice(makers)()


def long_circle(rng: random.Random, folder: Path) -> None:
    count = rng.randint(2, 4_000)
    lines = [f"  t{i}: {{parent: t{(i + 1) % count}}}" for i in range(count)]
    write(folder, tenants="\n".join(["tenants:", *lines]))


def long_chain(rng: random.Random, folder: Path) -> None:
    lines = [f"  t{i}: {{parent: t{i + 1}}}" for i in range(rng.randint(50, 4_000))]
    write(folder, tenants="\n".join(["tenants:", *lines, "  ada: {}"]))


def strangers(rng: random.Random, folder: Path) -> None:
    what = rng.choice(["parent: u{}", "guarante{}: 1", "guarantee: {{gpus: {{a{}: 1}}}}", "weight: x{}"])
    lines = [f"  t{i}: {{{what.format(i)}}}" for i in range(rng.randint(1_100, 2_500))]
    write(folder, tenants="\n".join(["tenants:", *lines]))


def many_terms(rng: random.Random, folder: Path) -> None:
    lines = ["tenants:"]
    for number in range(1_500):
        first = f"{rng.randint(2000, 2100)}-0{rng.randint(1, 9)}-{rng.randint(10, 28)}"
        term = f"{{first_day: {first}, last_day: {rng.randint(2101, 2199)}-01-01}}"
        lines.append(f"  t{number}: {{guarantee: {{cpu: {rng.randint(1, 9)}}}, term: {term}}}")
    write(folder, tenants="\n".join(lines))


def many_windows(rng: random.Random, folder: Path) -> None:
    """As many sets of windows at once as there can be, each of which changes every sum, above all that there is."""
    count = rng.randint(100, 1_500)
    lines = [f"  t{i}: {{guarantee: {{cpu: 1}}, term: {{first_day: 20{i % 90 + 10}-01-01, last_day: 2199-01-01}}}}"
             for i in range(count)]  # fmt: skip
    tenants = "\n".join(["tenants:", *lines])
    windows = ["windows:"]
    for number in range(rng.choice([30, 30, 200])):
        hours = f'start: "{rng.randrange(24):02}:{rng.randrange(60):02}", end: "{rng.randrange(24):02}:30"'
        changes = ", ".join(f"t{rng.randrange(count)}: {{guarantee: {{cpu: {number}}}}}" for _ in range(2))
        days = "[mon, tue, wed, thu, fri, sat, sun]"
        windows.append(f"  w{number}: {{days: {days}, {hours}, tenants: {{{changes}}}}}")
    write(folder, tenants=tenants, calendar="\n".join(windows))


def many_who_yield(rng: random.Random, folder: Path) -> None:
    """Entries that overlap for ever, each given by many whose terms begin meanwhile."""
    count = rng.randint(100, 1_000)
    lines = [f"  t{i}: {{guarantee: {{cpu: 1}}, term: {{first_day: 20{i % 90 + 10}-01-01, last_day: 2199-01-01}}}}"
             for i in range(count)]  # fmt: skip
    entries = ["calendar:"]
    for number in range(rng.randint(50, 400)):
        yields = ", ".join(f"t{i}" for i in sorted({rng.randrange(count) for _ in range(90)}))
        times = f"start: 2000-01-{number % 28 + 1:02}, end: 2199-01-01"
        entries.append(
            f"  e{number}: {{{times}, tenants: [ada], resources: {{cpu: 16}}, yields: [{yields}]}}"
        )
    write(folder, tenants="\n".join(["tenants:", "  ada: {}", *lines]), calendar="\n".join(entries))


def one_long_line(rng: random.Random, folder: Path) -> None:
    quoted = '"' + "\\x41" * (MEBI // 4 - 9) + '"'
    text = rng.choice(["a" * (MEBI - 9), quoted, "? " * 300_000, "- " * 400_000])
    write(folder, **{_any(rng): text})


def directives(rng: random.Random, folder: Path) -> None:
    file = _any(rng)
    head = rng.choice(["%YAML 9.9\n---\n", "%TAG ! tag:x,2000:\n---\n", "---\n---\n", "--- !!map\n"])
    write(folder, **{file: head + TEXTS[file]})


DAMAGED: list[Maker] = [wrong_words, wrong_bytes, pieces, exchanged, punctuation]
BAD: list[Maker] = [
    deep_flow, deep_blocks, alias_bomb, endless_alias, huge_number, large_amounts, control_characters, not_utf8,
    too_large, too_many_values, not_files, not_a_bundle, long_circle, long_chain, strangers, many_terms,
    many_windows, many_who_yield, one_long_line, directives,
]  # fmt: skip
