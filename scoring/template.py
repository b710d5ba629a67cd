"""A scoring template: which rules count for how much, what fails a call outright, pass mark and grades."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from rules import Pack

BUILT_IN = Path(__file__).parent / "templates"

#: What a template may be called: never a path.
_NAME = re.compile(r"\w[\w-]{0,63}")


class TemplateError(Exception):
    """A template cannot be used; the message lists every fault with its place."""


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Item(_Model):
    """One line of the scorecard: a rule, or all rules of a category together."""

    rule: str | None = None
    category: str | None = None
    points: Annotated[float, Field(ge=0)] = 0
    veto: bool | None = None  #: whether a failure fails the call; None: where the rule's severity is `veto`
    bonus: bool = False  #: adds points when passed, costs nothing otherwise
    dimension: str = ""

    @model_validator(mode="after")
    def _names_one_thing(self) -> Self:
        if (self.rule is None) == (self.category is None):
            raise ValueError("写 rule 或 category 其中一个")
        return self


class Grade(_Model):
    """A named band of scores."""

    name: str
    at_least: Annotated[float, Field(ge=0, le=100)]


class Template(_Model):
    """What a call is scored by. A change of meaning is a new version."""

    id: str
    version: Annotated[int, Field(ge=1)]
    title: str
    packs: Annotated[tuple[str, ...], Field(min_length=1)]
    pass_mark: Annotated[float, Field(ge=0, le=100)]
    grades: Annotated[tuple[Grade, ...], Field(min_length=1)]
    #: Categories and rules that send a call to a person whatever its score. Such a rule counts in no item's points.
    attention: tuple[str, ...] = ()
    items: Annotated[tuple[Item, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _packs_differ(self) -> Self:
        if len(set(self.packs)) != len(self.packs):
            raise ValueError("packs 里有重复")
        return self

    @model_validator(mode="after")
    def _grades_reach_zero(self) -> Self:
        bounds = [grade.at_least for grade in self.grades]
        if bounds != sorted(bounds, reverse=True) or bounds[-1] != 0:
            raise ValueError("grades 须由高到低排列，最后一档 at_least 为 0")
        return self

    def grade(self, score: float) -> str:
        """The name of the band that `score` (0 to 100) falls in."""
        return next(grade.name for grade in self.grades if score >= grade.at_least)

    def verify(self, packs: Iterable[Pack]) -> None:
        """Raise TemplateError naming every item that no rule of `packs` stands behind, or that counts one twice."""
        rules = {rule.id: rule.category for pack in packs for rule in pack.rules}
        single = [item.rule for item in self.items if item.rule]
        categories = [item.category for item in self.items if item.category]
        faults = [f"没有规则 {rule}" for rule in single if rule not in rules]
        known = set(rules.values())
        faults += [f"没有类别为 {name} 的规则" for name in categories if name not in known]
        faults += [f"没有规则或类别 {name}" for name in self.attention if name not in known | rules.keys()]
        faults += [f"{rule} 已计入类别 {rules[rule]}，会重复扣分" for rule in single if rules.get(rule) in categories]
        faults += [f"{name} 出现两次" for name in {*single, *categories} if (single + categories).count(name) > 1]
        if faults:
            raise TemplateError(f"评分模板 {self.id}: " + "；".join(faults))


def find_template(name: str, folders: Iterable[Path] = ()) -> Path:
    """The file of the template called `name`, the institution's `folders` before the built-in ones.

    Raises:
        TemplateError: there is none of that name.
    """
    candidates = [folder / f"{name}.yaml" for folder in (*folders, BUILT_IN)] if _NAME.fullmatch(name) else []
    for path in candidates:
        if path.is_file():
            return path
    raise TemplateError(f"没有名为 {name} 的评分模板")


def load_template(path: Path) -> Template:
    """Read and validate one template file.

    Raises:
        TemplateError: the file cannot be read or has faults, all of them listed.
    """
    try:
        template = Template.model_validate(yaml.safe_load(path.read_text("utf-8")))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise TemplateError(f"{path.name}: 无法读取：{error}") from error
    except ValidationError as error:
        faults = (f"{'.'.join(map(str, fault['loc'])) or '全文'}: {fault['msg']}" for fault in error.errors())
        raise TemplateError(f"{path.name}: " + "；".join(faults)) from error
    if template.id != path.stem:
        raise TemplateError(f"{path.name}: id 是 {template.id}，须与文件名一致")
    return template
