"""Templates and packs by name: what was published first, then the institution's own files, then the built-in ones."""

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Literal

import rules
import scoring
from app.errors import NotFound
from rules import Pack, RuleError
from rules.pack import BUILT_IN
from scoring import Template, TemplateError
from scoring.template import BUILT_IN as BUILT_IN_TEMPLATES

#: Where a pack's text comes from.
Origin = Literal["published", "own", "built_in"]

#: Compiled packs that are kept: those in force, and some drafts that people work on.
_KEPT = 32

#: Files beside packs may hold words only, for packs to use.
_HAS_RULES = re.compile(r"^rules:", re.MULTILINE)


def _compiling() -> Callable[[Path | str, str | None], Pack]:
    return lru_cache(_KEPT)(rules.load_pack)


@dataclass(frozen=True)
class Rulebook:
    """What calls are judged by. It never changes; what is published later makes another one."""

    template_folder: Path | None = None
    pack_folder: Path | None = None
    published: Mapping[str, str] = field(default_factory=dict)  #: texts of packs
    edition: int = 0  #: how many versions had been published
    _compiled: Callable[[Path | str, str | None], Pack] = field(default_factory=_compiling, repr=False)

    def packs(self) -> list[str]:
        """The names of all packs."""
        own = self.pack_folder.glob("*.yaml") if self.pack_folder else ()
        files = {path.stem for path in own if _HAS_RULES.search(path.read_text("utf-8", errors="replace"))}
        return sorted(files | {path.stem for path in rules.built_in_packs()} | self.published.keys())

    def pack(self, name: str) -> Pack:
        """The pack of that name.

        Raises:
            rules.RuleError: it has faults, or there is none.
        """
        path, written = self._path(name), self.published.get(name)
        return self._compiled(name if written is None and not path.is_file() else path, written)

    def has_rule(self, rule: str) -> bool:
        """Whether any pack that can be used has a rule of that id."""
        return any(rule == one.id for name in self.packs() if self._loads(name) for one in self.pack(name).rules)

    def text(self, name: str) -> str:
        """What that pack says, as it is written.

        Raises:
            NotFound: there is no such pack.
        """
        if name not in self.packs():
            raise NotFound(f"没有规则包 {name}")
        return self.published.get(name) or self._path(name).read_text("utf-8", errors="replace")

    def file(self, name: str) -> str | None:
        """What the file of that name says, whether or not something was published in its place; None: there is none."""
        path = self._path(name)
        return path.read_text("utf-8", errors="replace") if path.is_file() else None

    def origin(self, name: str) -> Origin:
        """Where that text comes from."""
        if name in self.published:
            return "published"
        return "built_in" if self._path(name).parent == BUILT_IN else "own"

    def load(self, name: str) -> tuple[Template, tuple[Pack, ...]]:
        """A template and its packs.

        Raises:
            rules.RuleError, scoring.TemplateError: one of them cannot be used.
        """
        template = self._template(name)
        packs = tuple(self.pack(pack) for pack in template.packs)
        template.verify(packs)
        return template, packs

    def using(self, pack: str) -> list[Template]:
        """The templates that name a pack. One that cannot be read names none."""
        folders = [BUILT_IN_TEMPLATES, *([self.template_folder] if self.template_folder else [])]
        found: list[Template] = []
        for name in sorted({path.stem for folder in folders for path in folder.glob("*.yaml")}):
            with suppress(TemplateError):
                found.append(self._template(name))
        return [template for template in found if pack in template.packs]

    @cached_property
    def unusable(self) -> Mapping[str, str]:
        """The published packs that calls cannot be judged by, and why: another version of the service took them."""
        found = dict[str, str]()
        for name in sorted(self.published):
            try:
                self.pack(name)
                for template in self.using(name):
                    if all(map(self._loads, template.packs)):  # otherwise it is another pack's fault
                        self.load(template.id)
            except (RuleError, TemplateError) as error:
                found[name] = str(error)
        return found

    def _loads(self, pack: str) -> bool:
        try:
            self.pack(pack)
        except RuleError:
            return False
        return True

    def _template(self, name: str) -> Template:
        return scoring.load_template(
            scoring.find_template(name, [self.template_folder] if self.template_folder else [])
        )

    def _path(self, pack: str) -> Path:
        own = self.pack_folder / f"{pack}.yaml" if self.pack_folder else None
        return own if own and own.is_file() else BUILT_IN / f"{pack}.yaml"
