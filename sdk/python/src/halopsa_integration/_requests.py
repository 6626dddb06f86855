"""What each method sends."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Union

from ._exchange import Exchange, Rules, without_none

#: A date or time, or its ISO 8601 text.
When = Union[str, date]


def health(rules: Rules) -> Exchange:
    return rules.exchange("GET", "/health")


def sync_lead(rules: Rules, lead: Mapping[str, Any], options: dict[str, Any], idempotency_key: str | None) -> Exchange:
    data = _object(lead, "lead")
    body = {"source": data.pop("source", None), "data": data, "options": without_none(options)}
    return rules.exchange("POST", "/sync/leads", body=body, idempotency_key=idempotency_key)


def sync_leads(
    rules: Rules,
    leads: Iterable[Mapping[str, Any]],
    source: str,
    options: dict[str, Any],
    batch_options: dict[str, Any],
    idempotency_key: str | None,
) -> Exchange:
    body = {
        "source": source,
        "leads": [_object(lead, "each lead") for lead in leads],
        "options": without_none(options),
        "batch_options": without_none(batch_options),
    }
    return rules.exchange("POST", "/sync/leads/bulk", body=body, idempotency_key=idempotency_key)


def validate_lead(rules: Rules, lead: Mapping[str, Any]) -> Exchange:
    data = _object(lead, "lead")
    return rules.exchange("POST", "/validate/leads", body={"source": data.pop("source", None), "data": data})


def convert_lead(
    rules: Rules,
    lead_id: int,
    qualification_data: Mapping[str, Any] | None,
    conversion_options: Mapping[str, Any] | None,
    idempotency_key: str | None,
) -> Exchange:
    body = without_none({"qualification_data": qualification_data, "conversion_options": conversion_options})
    return rules.exchange(
        "POST", f"/prospects/convert/{_id(lead_id, 'lead_id')}", body=body, idempotency_key=idempotency_key
    )


def update_status(rules: Rules, prospect_id: int, change: Mapping[str, Any]) -> Exchange:
    return rules.exchange("PUT", f"/prospects/{_id(prospect_id, 'prospect_id')}/status", body=_object(change, "change"))


def create_opportunity(
    rules: Rules, prospect_id: int, opportunity_data: Mapping[str, Any], idempotency_key: str | None
) -> Exchange:
    body = {
        "prospect_id": _id(prospect_id, "prospect_id"),
        "opportunity_data": _object(opportunity_data, "opportunity_data"),
    }
    return rules.exchange("POST", "/opportunities", body=body, idempotency_key=idempotency_key)


def update_opportunity(rules: Rules, opportunity_id: int, change: Mapping[str, Any]) -> Exchange:
    return rules.exchange(
        "PUT", f"/opportunities/{_id(opportunity_id, 'opportunity_id')}", body=_object(change, "change")
    )


def register_webhook(rules: Rules, webhook: Mapping[str, Any], idempotency_key: str | None) -> Exchange:
    return rules.exchange("POST", "/webhooks", body=_object(webhook, "webhook"), idempotency_key=idempotency_key)


def list_webhooks(rules: Rules) -> Exchange:
    answer = yield from rules.exchange("GET", "/webhooks")
    return answer["webhooks"]


def get_config(rules: Rules) -> Exchange:
    return rules.exchange("GET", "/config")


def update_config(rules: Rules, change: Mapping[str, Any]) -> Exchange:
    return rules.exchange("PUT", "/config", body=_object(change, "change"))


def sync_statistics(rules: Rules, start_date: When | None, end_date: When | None, source: str | None) -> Exchange:
    query = {"start_date": start_date, "end_date": end_date, "source": source}
    return rules.exchange("GET", "/analytics/sync", query=query)


def performance(rules: Rules) -> Exchange:
    return rules.exchange("GET", "/analytics/performance")


def list_errors(
    rules: Rules, limit: int | None, page: int | None, level: str | None, start_date: When | None
) -> Exchange:
    query = {"limit": limit, "page": page, "level": level, "start_date": start_date}
    return rules.exchange("GET", "/errors", query=query)


def is_last(page: Mapping[str, Any]) -> bool:
    """Whether no further page of errors comes behind this one."""
    pagination = page["pagination"]
    return not page["errors"] or pagination["page"] * pagination["limit"] >= pagination["total"]


def _object(value: Mapping[str, Any], name: str) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise TypeError(f"{name} must be a mapping")
    return dict(value)


def _id(value: int, name: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{name} must be an integer")
    return value
