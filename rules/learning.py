"""Learn what sentences mean from `rules/meanings/*.tsv`, and keep it in `model.npz` beside them.

    uv run --with scikit-learn python -m rules.learning            # train and write
    uv run --with scikit-learn python -m rules.learning --check    # cross-validate by file: each judged by the others

A line is `category<TAB>sentence`; category `none` is innocent. Each file has an author of its own. The steps of a
call, in `steps/`, are a subject with a model of its own.
"""

import argparse
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rules.meaning import FOLDERS, LONGEST, Meanings
from rules.text import normalise

INNOCENT = "none"

#: How freely weights may grow.
FREEDOM = 16.0


@dataclass(frozen=True, slots=True)
class Example:
    """One labelled sentence."""

    category: str
    chars: str  #: normalised
    file: str


def read_examples(folder: Path) -> list[Example]:
    """All examples, in order of file and line.

    Raises:
        ValueError: a line is not `category<TAB>sentence`.
    """
    examples = []
    for path in sorted(folder.glob("*.tsv")):
        for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
            if line and not line.startswith("#"):
                category, tab, sentence = line.partition("\t")
                if not tab or not sentence.strip():
                    raise ValueError(f"{path.name}:{number}: 应为 类别<TAB>句子")
                examples.append(Example(category, normalise(sentence).chars, path.name))
    return examples


def digest(examples: Iterable[Example]) -> str:
    """What a model was learned from, hex."""
    said = "\n".join(f"{example.category}\t{example.chars}" for example in examples)
    return hashlib.sha256(said.encode()).hexdigest()


def learn(examples: Sequence[Example]) -> Meanings:
    """A multinomial logistic regression on the pieces: which category a sentence is, or that it is none."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    reader = TfidfVectorizer(analyzer="char", ngram_range=(1, LONGEST), sublinear_tf=True, lowercase=False)
    read = reader.fit_transform([example.chars for example in examples])
    # Pieces of a single sentence are not learned. They stay in its length, as unseen pieces do when one is suspected.
    learned = np.flatnonzero(reader.idf_ < reader.idf_.max())
    fitted = LogisticRegression(C=FREEDOM, max_iter=1000).fit(read[:, learned], [one.category for one in examples])
    innocent = list(fitted.classes_).index(INNOCENT)
    # Against innocence: its own weights are then none, and need not be kept.
    weights = np.delete(fitted.coef_ - fitted.coef_[innocent], innocent, axis=0)
    bias = np.delete(fitted.intercept_ - fitted.intercept_[innocent], innocent)
    return Meanings(
        categories=tuple(np.delete(fitted.classes_, innocent).tolist()),
        pieces={piece: row for row, piece in enumerate(reader.get_feature_names_out()[learned])},
        rarity=np.append(reader.idf_[learned], reader.idf_.max()).astype(np.float32),
        weights=np.pad(weights.T, ((0, 1), (0, 0))).astype(np.float32),
        bias=bias.astype(np.float32),
    )


def write(model: Meanings, learned_from: str, path: Path) -> None:
    """Keep a model; half precision is plenty."""
    np.savez_compressed(
        path,
        categories=np.array(model.categories),
        pieces=np.frombuffer("\n".join(sorted(model.pieces, key=lambda piece: model.pieces[piece])).encode(), np.uint8),
        rarity=model.rarity.astype(np.float16),
        weights=model.weights.astype(np.float16),
        bias=model.bias,
        learned_from=np.array(learned_from),
    )


def check(examples: Sequence[Example], levels: Sequence[float] = (0.5, 0.6, 0.7, 0.8, 0.9)) -> None:
    """Print how each author's sentences are judged by a model that never saw that author."""
    print("file                 at least   found  right category   innocent suspected")
    for file in sorted({example.file for example in examples}):
        model = learn([example for example in examples if example.file != file])
        judged = [(example, model.suspect(example.chars)) for example in examples if example.file == file]
        guilty = [(example, seen) for example, seen in judged if example.category != INNOCENT]
        free = [seen for example, seen in judged if example.category == INNOCENT]
        for level in levels:
            found = [(example, seen) for example, seen in guilty if seen.probability >= level]
            right = sum(seen.category == one.category for one, seen in found)
            wrong = sum(seen.probability >= level for seen in free)
            print(
                f"{file:20} {level:8} {len(found) / max(len(guilty), 1):7.1%} {right / max(len(guilty), 1):12.1%}"
                f" {wrong:8} of {len(free)}"
            )


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--check", action="store_true", help="cross-validate by author instead of writing")
    wanted = parser.parse_args()
    for folder in FOLDERS.values():
        examples = read_examples(folder)
        if wanted.check:
            check(examples)
        else:
            write(learn(examples), digest(examples), folder / "model.npz")
            print(f"{len(examples)} sentences learned from {folder}")


if __name__ == "__main__":
    main()
