"""The shapes of what is sent and answered."""

from __future__ import annotations

from typing import Any, Literal, TypedDict


class SyncResult(TypedDict):
    success: bool
    lead_id: int
    #: ``None`` while the lead has no ticket in HaloPSA.
    halopsa_ticket_id: int | None
    #: Such as ``lead_created``, ``lead_updated``, ``duplicate_skipped``, ``custom_fields_populated``, ``list_assigned``.
    actions_taken: list[str]


class BulkSuccess(TypedDict):
    index: int
    success: bool
    lead_id: int


class BulkFailure(TypedDict):
    index: int
    error: str


class BulkResult(TypedDict):
    total_processed: int
    successful: int
    failed: int
    results: list[BulkSuccess]
    errors: list[BulkFailure]


class Validation(TypedDict):
    valid: bool
    warnings: list[str]
    suggestions: list[str]


ProspectStatus = Literal["new", "contacted", "qualified", "disqualified", "converted"]
OpportunityStatus = Literal["open", "proposal", "negotiation", "won", "lost"]
ErrorLevel = Literal["error", "warning", "info"]


class Webhook(TypedDict):
    id: str
    url: str
    events: list[str]
    active: bool
    created_at: str


WebhookList = list[Webhook]


class Period(TypedDict):
    start: str
    end: str


class Totals(TypedDict):
    leads_imported: int
    prospects_created: int
    opportunities_won: int


class SourceStatistics(TypedDict):
    leads: int
    success_rate: float


class SyncStatistics(TypedDict):
    period: Period
    totals: Totals
    by_source: dict[str, SourceStatistics]


class ResponseTimes(TypedDict):
    """In milliseconds."""

    average: float
    p95: float
    p99: float


class ErrorRates(TypedDict):
    total: float
    by_endpoint: dict[str, float]


class Throughput(TypedDict):
    requests_per_minute: float
    data_processed_mb: float


class PerformanceMetrics(TypedDict):
    response_times: ResponseTimes
    error_rates: ErrorRates
    throughput: Throughput


class LoggedError(TypedDict):
    id: str
    timestamp: str
    level: ErrorLevel
    message: str
    source: str
    details: dict[str, Any]


class Pagination(TypedDict):
    total: int
    page: int
    limit: int


class ErrorPage(TypedDict):
    errors: list[LoggedError]
    pagination: Pagination


class Services(TypedDict):
    halopsa: Literal["connected", "disconnected", "not_configured"]
    apollo: Literal["connected", "disconnected", "not_configured"]
    database: Literal["connected", "disconnected", "not_configured"]


class Health(TypedDict):
    status: Literal["healthy", "degraded"]
    version: str
    timestamp: str
    services: Services
