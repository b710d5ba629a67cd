"""The HTTP application."""

from importlib.metadata import version

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline
from starlette.exceptions import HTTPException

from app import errors, web
from app.api import (
    audio,
    audit,
    calls,
    docs,
    drafts,
    events,
    exports,
    health,
    metrics,
    oidc,
    packs,
    publishing,
    purge,
    reconciliation,
    reviews,
    users,
    waveforms,
)
from app.api import rescoring as rescoring_api
from app.api import rules as rules_api
from app.api import session as session_api
from app.api import statistics as statistics_api
from app.api import texts as texts_api
from app.api.requests import Requests
from app.feed import Feed
from app.metrics import HttpMetrics
from app.middleware import BodyLimit, SecureHeaders
from app.service import Service
from app.throttle import Throttle, Throttles
from app.web import pages

#: Of a request body that FastAPI reads, in bytes.
_MAX_BODY = 1024 * 1024

#: Routes that read their bodies themselves, up to limits of their own, after the key is checked.
_COUNTING = frozenset({"/v1/calls", "/v1/cdr", "/v1/texts", "/v1/rules/try"})


#: What is served: of two routes that fit an address, the one that comes first.
_SERVED = (
    session_api,
    oidc,
    users,
    audit,
    purge,
    exports,
    calls,
    rescoring_api,
    reviews,
    reconciliation,
    statistics_api,
    waveforms,
    events,
    texts_api,
    packs,
    drafts,
    publishing,
    rules_api,
    audio,
    health,
    metrics,
    docs,
    web,
)


def create_app(service: Service) -> FastAPI:
    """The application around the parts of one service."""
    # FastAPI's own /docs loads its scripts from the internet, which an intranet does not have.
    title, summary = "听鉴 Tingjian", "催收通话智能质检"
    app = FastAPIOffline(None, None, title=title, version=version("tingjian"), summary=summary)
    app.state.service = service
    app.state.throttles = Throttles(
        requests=Throttle(service.settings.requests_per_minute),
        refusals=Throttle(1),
        failed_sign_ins=Throttle(service.settings.failed_sign_ins_per_minute),
    )
    app.state.readiness = health.Readiness(service)
    app.state.feed = Feed(service.database.url)
    oidc.install(app, service.settings)
    app.add_middleware(BodyLimit, limit=_MAX_BODY, counting=_COUNTING)
    app.state.http_metrics = HttpMetrics()
    app.add_middleware(Requests, metrics=app.state.http_metrics)
    app.add_middleware(SecureHeaders)
    errors.install(app)
    app.exception_handler(HTTPException)(pages.refused)
    for part in _SERVED:
        app.include_router(part.router)
    return app
