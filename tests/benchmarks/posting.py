"""What benchmarks that post calls begin with: a service on a fresh database, and a dialer."""

from collections.abc import Iterator
from contextlib import contextmanager

from app.security import Principal
from app.service import Service, build_service
from app.settings import Settings
from app.store import users


@contextmanager
def posting(settings: Settings) -> Iterator[tuple[Service, Principal]]:
    """The service, its database brought up to date, and a dialer of it."""
    service = build_service(settings)
    service.database.upgrade()
    with service.database.transaction() as session:
        dialer = users.add(session, "dialer", "dialer")
    yield service, Principal(dialer.id, dialer.name, dialer.role)
    service.database.close()
