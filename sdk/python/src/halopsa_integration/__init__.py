"""Client of the HaloPSA integration API.

    from halopsa_integration import HaloIntegration

    with HaloIntegration(api_key="halo_...", base_url="https://crm.example.com/api/v1") as client:
        client.leads.sync({"first_name": "John", "email": "john@acme.example", "source": "apollo"})

``AsyncHaloIntegration`` is the same for ``asyncio``.
"""

from ._async_client import AsyncHaloIntegration
from ._client import HaloIntegration
from ._errors import (
    ApiError,
    AuthenticationError,
    AuthorizationError,
    ConnectionError,
    ExternalApiError,
    HaloError,
    InternalError,
    NotFoundError,
    RateLimitError,
    TimeoutError,
    ValidationError,
)
from ._webhooks import verify_signature

__version__ = "1.0.0"

__all__ = [
    "ApiError",
    "AsyncHaloIntegration",
    "AuthenticationError",
    "AuthorizationError",
    "ConnectionError",
    "ExternalApiError",
    "HaloError",
    "HaloIntegration",
    "InternalError",
    "NotFoundError",
    "RateLimitError",
    "TimeoutError",
    "ValidationError",
    "verify_signature",
]
