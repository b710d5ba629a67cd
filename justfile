# The verbs of this repository; `just` lists them.

default:
    @just --list

# install everything into .venv
setup:
    uv sync --locked
    uv run pre-commit install

# lint, format, types, import rules: what CI checks before the tests
check:
    uv run ruff check
    uv run ruff format --check
    uv run mypy
    uv run lint-imports

# mend what can be mended by itself
fix:
    uv run ruff check --fix
    uv run ruff format

# the tests, on the real model, a real PostgreSQL and real processes
test *args:
    uv run pytest {{args}}

# HTTP, pages and workers on this machine
serve:
    uv run tingjian serve

# one more worker, against TINGJIAN_DATABASE_URL
worker *args:
    uv run tingjian worker {{args}}

# side-by-side measurements; they print ratios and never fail
bench name *args:
    uv run python -m tests.benchmarks.{{name}} {{args}}

# what the product is made of (CycloneDX), its licences, and known weaknesses
supply:
    mkdir -p build
    uv export --quiet --frozen --no-dev --format cyclonedx1.5 --output-file build/sbom.json
    uv run python -m tests.licences
    uv audit --frozen
