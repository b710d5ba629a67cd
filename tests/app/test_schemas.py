"""What comes in from outside is checked."""

from contextlib import AbstractContextManager, nullcontext

import pytest
from pydantic import ValidationError

from app.schemas import MAX_CHARACTERS, TextIn


@pytest.mark.parametrize(
    ("characters", "answer"),
    [
        (MAX_CHARACTERS, nullcontext()),
        (MAX_CHARACTERS + 1, pytest.raises(ValidationError, match="总字数")),
    ],
)
def test_texts_are_limited_in_all(characters: int, answer: AbstractContextManager[object]) -> None:
    whole, rest = divmod(characters, 20_000)
    texts = ["字" * 20_000] * whole + ["字" * rest]
    with answer:
        TextIn.model_validate({"utterances": [{"text": text} for text in texts]})
