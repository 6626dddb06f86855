"""Receiving webhooks."""

from __future__ import annotations

import hashlib
import hmac


def verify_signature(body: bytes | str, signature: str | None, secret: str) -> bool:
    """Whether a delivery was signed with this secret.

    ``body`` is the body's bytes as they arrived, before anything parsed them; ``signature`` the header ``X-Webhook-Signature``.
    """
    if not secret:
        raise ValueError("secret must not be empty")
    if not signature:
        return False
    data = body.encode() if isinstance(body, str) else body
    expected = "sha256=" + hmac.new(secret.encode(), data, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected.encode(), signature.strip().encode())
