"""What the document's Python client uses of the package `requests`, on the standard library: the tests install nothing."""

import json as _json
import urllib.error
import urllib.parse
import urllib.request


class HTTPError(Exception):
    pass


class Response:
    def __init__(self, status_code, body):
        self.status_code = status_code
        self._body = body

    def raise_for_status(self):
        if self.status_code >= 400:
            raise HTTPError(f"{self.status_code} {self._body!r}")

    def json(self):
        return _json.loads(self._body)


def _request(method, url, params=None, json=None, headers=None):
    headers = dict(headers or {})
    if params:
        url = f"{url}?{urllib.parse.urlencode(params)}"
    body = None
    if json is not None:
        body = _json.dumps(json).encode()
        headers.setdefault("Content-Type", "application/json")
    request = urllib.request.Request(url, data=body, headers=headers, method=method)
    try:
        with urllib.request.urlopen(request) as answer:
            return Response(answer.status, answer.read())
    except urllib.error.HTTPError as error:
        return Response(error.code, error.read())


def post(url, **options):
    return _request("POST", url, **options)


def get(url, **options):
    return _request("GET", url, **options)
