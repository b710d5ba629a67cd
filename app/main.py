"""The HTTP application."""

from importlib.metadata import version

from fastapi import FastAPI
from fastapi.responses import RedirectResponse
from fastapi_offline import FastAPIOffline

from app import errors
from app.api import audio, audit, calls, health, users
from app.api import rules as rules_api
from app.api import session as session_api
from app.api import texts as texts_api
from app.service import Service


def create_app(service: Service) -> FastAPI:
    """The application around the parts of one service."""
    # FastAPI's own /docs loads its scripts from the internet, which an intranet does not have.
    app = FastAPIOffline(title="听鉴 Tingjian", version=version("tingjian"), summary="催收通话智能质检")
    app.state.service = service
    errors.install(app)
    for routes in (session_api, users, audit, calls, texts_api, rules_api, audio, health):
        app.include_router(routes.router)

    @app.get("/", include_in_schema=False)
    def _home() -> RedirectResponse:
        return RedirectResponse("/docs")

    return app
