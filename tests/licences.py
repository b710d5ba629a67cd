"""What the product ships that others wrote, and under which licences: `python -m tests.licences` prints the list."""

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from importlib import metadata
from itertools import chain
from pathlib import Path
from typing import Any

from packaging.markers import Marker

_ROOT = Path(__file__).parent.parent

#: Names of licences that ask for the source of what uses them, or for changes to what is used.
COPYLEFT = re.compile(r"GPL|MPL|EPL|CDDL|EUPL|SSPL|OSL|Affero|General Public|Mozilla|Eclipse", re.IGNORECASE)


def shipped() -> Mapping[str, str]:
    """Name -> licence of every package that is installed with the product or bundled into its pages."""
    return dict(sorted([*_python(), *_javascript()]))


def _python() -> Iterator[tuple[str, str]]:
    locked = {each["name"]: each for each in tomllib.loads((_ROOT / "uv.lock").read_text("utf-8"))["package"]}
    wanted: list[dict[str, Any]] = [{"name": "tingjian", "extra": ["speakers"]}]
    for need in wanted:  # which grows meanwhile
        package = locked[need["name"]]
        optional = (package["optional-dependencies"].get(extra, []) for extra in need.get("extra", []))
        for other in chain(package.get("dependencies", []), *optional):
            if other not in wanted and ("marker" not in other or Marker(other["marker"]).evaluate()):
                wanted.append(other)
    names = {need["name"] for need in wanted} - {"tingjian"}
    yield from ((name, _licence(metadata.metadata(name))) for name in names)


def _licence(about: Any) -> str:
    named = [kind.rpartition(" :: ")[2] for kind in about.get_all("Classifier", []) if kind.startswith("License ::")]
    return about.get("License-Expression") or " AND ".join(named) or about.get("License") or ""


def _javascript() -> Iterator[tuple[str, str]]:
    packages = json.loads((_ROOT / "package-lock.json").read_text("utf-8"))["packages"]
    for path, about in packages.items():
        if path and not about.get("dev"):
            yield path.removeprefix("node_modules/"), about.get("license", "")


if __name__ == "__main__":
    for name, licence in shipped().items():
        print(f"{name}: {licence}")
