import re
from pathlib import Path

from dure_policies import read_bundle
from tests.policies.small_bundle import refused

PAGE = Path(__file__).resolve().parents[2] / "docs/admin/policy.md"


def example(folder: Path, old: str = "", new: str = "") -> Path:
    """The worked example of the guide as a bundle: its blocks, each under the name of its file."""
    folder.mkdir()
    texts: dict[str, str] = {}
    for block in re.findall(r"```yaml\n(# \w+\.yaml\n.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL):
        name, _, text = block.partition("\n")
        texts[name] = texts.get(name, "") + text
    assert sorted(texts) == ["# calendar.yaml", "# prices.yaml", "# room.yaml", "# tenants.yaml"]
    for name, text in texts.items():
        (folder / name.removeprefix("# ")).write_text(text.replace(old, new) if old else text)
    return folder


def test_the_worked_example_is_fine_and_its_warning_is_the_one_shown(tmp_path: Path) -> None:
    """Whoever copies it has a bundle that is read."""
    folder = example(tmp_path / "b")
    [warning] = read_bundle(folder).warnings
    assert warning.removeprefix(f"{folder}/") in PAGE.read_text(encoding="utf-8")


def test_the_refusal_that_the_guide_shows_is_what_comes(tmp_path: Path) -> None:
    """Without those who yield, the demo day is too much by what the page says."""
    [line] = refused(example(tmp_path / "b", "    yields: [clinic]\n", ""))
    assert line in PAGE.read_text(encoding="utf-8")
