"""What files of words, guards and lexicons define, for the packs that use them."""

from collections.abc import Container
from copy import copy
from dataclasses import dataclass, field, fields
from functools import cached_property
from pathlib import Path

from rules.guards import Guard
from rules.lexicon import Family, Lexicon
from rules.matcher import Group, Matcher
from rules.operators import Vocabulary
from rules.rule import Rule


@dataclass
class Library:
    """What some files define. Added to while they are read."""

    paths: dict[str, Path] = field(default_factory=dict)  #: of the files, by name
    contents: dict[str, bytes] = field(default_factory=dict)  #: of the files, by name
    words: dict[str, str] = field(default_factory=dict)
    guards: dict[str, Guard] = field(default_factory=dict)
    lexicons: dict[str, Lexicon] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)  #: the file in which each lexicon and guard is defined
    rules: list[tuple[str, Rule]] = field(default_factory=list)  #: with the file of each

    def copy(self) -> "Library":
        """Another one that begins with the same."""
        return Library(*[copy(getattr(self, one.name)) for one in fields(self)])

    @property
    def vocabulary(self) -> Vocabulary:
        """The names that rules may use."""
        return Vocabulary(self.words, self.lexicons, self.guards)

    @cached_property
    def matcher(self) -> Matcher:
        """Finds what the files define. Packs that share it share one scan of a call."""
        return Matcher(self.groups(self.contents))

    def groups(self, files: Container[str]) -> dict[Group, tuple[Family, ...]]:
        """The families of every lexicon and guard that these files define, under the names they are found by."""
        groups: dict[Group, tuple[Family, ...]] = {}
        for name, lexicon in self.lexicons.items():
            if self.origins[f"lexicons.{name}"] in files:
                groups |= {name: lexicon.families, f"{name}.unless_inside": lexicon.unless_inside}
        for name, guard in self.guards.items():
            if self.origins[f"guards.{name}"] in files:
                groups |= dict(guard.groups())
        return groups
