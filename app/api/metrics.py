"""Metrics for Prometheus."""

import secrets

from fastapi import APIRouter, Request
from fastapi.responses import Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from app.api.access import ServiceDep
from app.errors import Unauthorized
from app.metrics import DatabaseMetrics, HttpMetrics

router = APIRouter(tags=["运行"])


@router.get("/metrics", response_class=Response)
def metrics(request: Request, service: ServiceDep) -> Response:
    """Counts without any personal data; with TINGJIAN_METRICS_TOKEN set, only for who has it."""
    token = service.settings.metrics_token
    given = request.headers.get("authorization", "").removeprefix("Bearer ")
    if token and not secrets.compare_digest(given.encode(), token.get_secret_value().encode()):
        raise Unauthorized("需要 TINGJIAN_METRICS_TOKEN 所设的令牌：Authorization: Bearer …")
    http: HttpMetrics = request.app.state.http_metrics
    asked = CollectorRegistry(auto_describe=False)
    asked.register(DatabaseMetrics(service.database))
    return Response(generate_latest(asked) + generate_latest(http.registry), media_type=CONTENT_TYPE_LATEST)
