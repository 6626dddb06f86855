"""The client that waits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import count
from typing import Any, cast

import httpx

from . import _requests as requests
from ._exchange import Exchange, Rules
from ._requests import When
from ._run import run
from .types import (
    BulkResult,
    ErrorLevel,
    ErrorPage,
    Health,
    LoggedError,
    PerformanceMetrics,
    SyncResult,
    SyncStatistics,
    Validation,
    Webhook,
    WebhookList,
)


class _Resource:
    def __init__(self, rules: Rules, http: httpx.Client) -> None:
        self._rules = rules
        self._http = http

    def _run(self, exchange: Exchange) -> Any:
        return run(self._http, exchange)


class Leads(_Resource):
    def sync(
        self,
        lead: Mapping[str, Any],
        *,
        deduplication: bool | None = None,
        update_existing: bool | None = None,
        custom_fields: bool | None = None,
        idempotency_key: str | None = None,
    ) -> SyncResult:
        """Takes a lead over: its fields, with ``source`` beside them."""
        exchange = requests.sync_lead(
            self._rules,
            lead,
            {"deduplication": deduplication, "update_existing": update_existing, "custom_fields": custom_fields},
            idempotency_key,
        )
        return cast("SyncResult", self._run(exchange))

    def sync_bulk(
        self,
        leads: Iterable[Mapping[str, Any]],
        *,
        source: str,
        deduplication: bool | None = None,
        update_existing: bool | None = None,
        custom_fields: bool | None = None,
        batch_size: int | None = None,
        rate_limit: int | None = None,
        continue_on_error: bool | None = None,
        idempotency_key: str | None = None,
    ) -> BulkResult:
        """Takes 1 to 500 leads over. One that cannot be taken over fails alone, and stands in ``errors`` by its place."""
        exchange = requests.sync_leads(
            self._rules,
            leads,
            source,
            {"deduplication": deduplication, "update_existing": update_existing, "custom_fields": custom_fields},
            {"batch_size": batch_size, "rate_limit": rate_limit, "continue_on_error": continue_on_error},
            idempotency_key,
        )
        return cast("BulkResult", self._run(exchange))

    def validate(self, lead: Mapping[str, Any]) -> Validation:
        """Tells what is wrong with a lead and what could be better; nothing is stored."""
        return cast("Validation", self._run(requests.validate_lead(self._rules, lead)))


class Prospects(_Resource):
    def convert(
        self,
        lead_id: int,
        *,
        qualification_data: Mapping[str, Any] | None = None,
        conversion_options: Mapping[str, Any] | None = None,
        idempotency_key: str | None = None,
    ) -> dict[str, Any]:
        """Converts a lead to a prospect."""
        exchange = requests.convert_lead(self._rules, lead_id, qualification_data, conversion_options, idempotency_key)
        return cast("dict[str, Any]", self._run(exchange))

    def update_status(self, prospect_id: int, change: Mapping[str, Any]) -> dict[str, Any]:
        """Moves a prospect on in its life: ``status``, ``reason``, ``next_action``, ``next_action_date``."""
        return cast("dict[str, Any]", self._run(requests.update_status(self._rules, prospect_id, change)))


class Opportunities(_Resource):
    def create(
        self,
        prospect_id: int,
        opportunity_data: Mapping[str, Any],
        *,
        idempotency_key: str | None = None,
    ) -> dict[str, Any]:
        """Makes an opportunity of a qualified prospect."""
        exchange = requests.create_opportunity(self._rules, prospect_id, opportunity_data, idempotency_key)
        return cast("dict[str, Any]", self._run(exchange))

    def update(self, opportunity_id: int, change: Mapping[str, Any]) -> dict[str, Any]:
        """Changes an opportunity: ``status``, ``value``, ``probability``, ``notes``."""
        return cast("dict[str, Any]", self._run(requests.update_opportunity(self._rules, opportunity_id, change)))


class Webhooks(_Resource):
    def register(self, webhook: Mapping[str, Any], *, idempotency_key: str | None = None) -> Webhook:
        """Registers a webhook: ``url``, ``events``, ``secret``, ``active``."""
        return cast("Webhook", self._run(requests.register_webhook(self._rules, webhook, idempotency_key)))

    def list(self) -> WebhookList:
        """Every webhook that was registered with this API."""
        return cast("WebhookList", self._run(requests.list_webhooks(self._rules)))


class Config(_Resource):
    def get(self) -> dict[str, Any]:
        """The settings of the integration."""
        return cast("dict[str, Any]", self._run(requests.get_config(self._rules)))

    def update(self, change: Mapping[str, Any]) -> dict[str, Any]:
        """Changes what ``change`` names, and leaves the rest as it is."""
        return cast("dict[str, Any]", self._run(requests.update_config(self._rules, change)))


class Analytics(_Resource):
    def sync(
        self,
        *,
        start_date: When | None = None,
        end_date: When | None = None,
        source: str | None = None,
    ) -> SyncStatistics:
        """What was taken over in a period, the current month when left out."""
        return cast("SyncStatistics", self._run(requests.sync_statistics(self._rules, start_date, end_date, source)))

    def performance(self) -> PerformanceMetrics:
        """How the last hour's requests went."""
        return cast("PerformanceMetrics", self._run(requests.performance(self._rules)))


class Errors(_Resource):
    def list(
        self,
        *,
        limit: int | None = None,
        page: int | None = None,
        level: ErrorLevel | None = None,
        start_date: When | None = None,
    ) -> ErrorPage:
        """A page of what went wrong, the newest first."""
        return cast("ErrorPage", self._run(requests.list_errors(self._rules, limit, page, level, start_date)))

    def all(
        self,
        *,
        limit: int = 500,
        level: ErrorLevel | None = None,
        start_date: When | None = None,
    ) -> Iterator[LoggedError]:
        """Everything that went wrong, page by page, the newest first."""
        for number in count(1):
            page = self.list(limit=limit, page=number, level=level, start_date=start_date)
            yield from page["errors"]
            if requests.is_last(page):
                return


class HaloIntegration(_Resource):
    """A client of the HaloPSA integration API.

    ``base_url`` is the API's address, ``/api/v1`` included. ``timeout`` is how many seconds the server may be silent; a request that failed in
    passing is sent again up to ``max_retries`` times, unless that means to wait longer than ``max_retry_wait`` seconds. ``http`` is a client of
    your own, with proxies or certificates; it is then yours to close.
    """

    def __init__(
        self,
        *,
        api_key: str,
        base_url: str,
        timeout: float = 30.0,
        max_retries: int = 3,
        max_retry_wait: float = 60.0,
        http: httpx.Client | None = None,
    ) -> None:
        rules = Rules(api_key, base_url, timeout, max_retries, max_retry_wait)
        self._owns_http = http is None
        http = httpx.Client() if http is None else http
        super().__init__(rules, http)
        self.leads = Leads(rules, http)
        self.prospects = Prospects(rules, http)
        self.opportunities = Opportunities(rules, http)
        self.webhooks = Webhooks(rules, http)
        self.config = Config(rules, http)
        self.analytics = Analytics(rules, http)
        self.errors = Errors(rules, http)

    def health(self) -> Health:
        """How the server is, and the services that it needs; an ``ApiError`` with status 503 where the database is down."""
        return cast("Health", self._run(requests.health(self._rules)))

    def close(self) -> None:
        """Closes the connections that this client has opened."""
        if self._owns_http:
            self._http.close()

    def __enter__(self) -> HaloIntegration:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
