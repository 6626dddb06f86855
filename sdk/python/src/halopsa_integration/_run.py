"""The two ways to carry an exchange out."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import httpx

from ._exchange import Came, Exchange


def run(http: httpx.Client, exchange: Exchange) -> Any:
    """Carries an exchange out, and waits for it."""
    came: Came = None
    while True:
        try:
            step = exchange.send(came)
        except StopIteration as end:
            return end.value
        came = None
        if isinstance(step, float):
            time.sleep(step)
            continue
        try:
            came = http.send(step)
        except httpx.HTTPError as error:
            came = error


async def run_async(http: httpx.AsyncClient, exchange: Exchange) -> Any:
    """Carries an exchange out without blocking the event loop."""
    came: Came = None
    while True:
        try:
            step = exchange.send(came)
        except StopIteration as end:
            return end.value
        came = None
        if isinstance(step, float):
            await asyncio.sleep(step)
            continue
        try:
            came = await http.send(step)
        except httpx.HTTPError as error:
            came = error
