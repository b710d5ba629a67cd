"""What Prometheus is told: counts that workers keep in the database, states asked of it, and this process's HTTP.

Workers come and go on many machines, so they have no port of their own to be scraped at: what they count is added up
in the database, in the transaction that stores the result (see app.store.tallies), and any API process tells it. With
several of those, take `max` over instances, not `sum`, of all but the `tingjian_http_` series.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import accumulate

from prometheus_client import CollectorRegistry, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from app.database import Database
from app.store import tallies

HTTP_SECONDS = "tingjian_http_request_seconds"


class HttpMetrics:
    """Requests of one API process by route, method and status."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        labels = ("route", "method", "status")
        self._seconds = Histogram(
            HTTP_SECONDS, "HTTP 请求耗时（秒）", labels, registry=self.registry, buckets=_HTTP_BUCKETS
        )

    def count(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count one request; `route` is its template, never its path: that would be a series a call."""
        self._seconds.labels(route, method, str(status)).observe(seconds)


_HTTP_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 10, 60)


class DatabaseMetrics(Collector):
    """States and counts, asked of the database at every scrape."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def collect(self) -> Iterator[Metric]:
        """See prometheus_client."""
        with self._database.transaction() as session:
            states, queues = tallies.states(session), tallies.queues(session)
            workers, counts = tallies.workers(session), tallies.everything(session)
        yield _gauge("tingjian_calls", "未完成通话数，按状态", "status", states)
        depths, ages = ({name: getattr(queue, what) for name, queue in queues.items()} for what in ("depth", "oldest"))
        yield _gauge("tingjian_queue_depth", "排队任务数", "queue", depths)
        yield _gauge("tingjian_queue_oldest_seconds", "最早一个到期任务已等待的秒数", "queue", ages)
        yield GaugeMetricFamily("tingjian_workers", "有心跳的处理进程数", value=workers)
        yield _counter("tingjian_calls_finished", "完成的通话数", "status", counts["finished"])
        yield _counter("tingjian_findings_failed", "未通过的检查项数，按类别", "category", counts["finding"])
        yield _counter("tingjian_audio_seconds", "转写过的录音秒数", "stage", counts["audio"])
        yield _histogram("tingjian_stage_seconds", "每一步耗时（秒）", counts, "seconds", tallies.SECONDS)
        yield _histogram("tingjian_real_time_factor", "转写耗时与录音时长之比", counts, "rtf", tallies.FACTORS)


def _gauge(name: str, help_text: str, label: str, values: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(name, help_text, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family


def _counter(name: str, help_text: str, label: str, values: Mapping[str, float]) -> Metric:
    family = CounterMetricFamily(name, help_text, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family


def _histogram(
    name: str, help_text: str, counts: Mapping[str, Mapping[str, float]], kind: str, limits: tuple[float, ...]
) -> Metric:
    """A histogram from its tallies: `<kind>_sum` by stage, and `<kind>` by `stage le`."""
    stages: dict[str, dict[str, float]] = defaultdict(dict)
    for label, value in counts[kind].items():
        stage, limit = label.split(" ")
        stages[stage][limit] = value
    family = HistogramMetricFamily(name, help_text, labels=["stage"])
    for stage, found in stages.items():
        bounds = [*(f"{limit:g}" for limit in limits), "+Inf"]
        heights = accumulate(found.get(bound, 0.0) for bound in bounds)
        family.add_metric([stage], list(zip(bounds, heights, strict=True)), counts[f"{kind}_sum"].get(stage, 0.0))
    return family
