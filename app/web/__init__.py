"""The pages that people use: Jinja templates, one module per page."""

from fastapi import APIRouter

from app.web import account, call, calls, files, home, rules, statistics, upload, users, views

router = APIRouter(include_in_schema=False)
for module in (files, account, home, calls, call, upload, statistics, rules, views, users):
    router.include_router(module.router)
