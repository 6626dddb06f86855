"""Against a server on loopback that answers as it is told to: ``python -m unittest discover -s tests``."""

import asyncio
import hashlib
import hmac
import json
import pickle
import threading
import time
import unittest
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import halopsa_integration as sdk
from halopsa_integration import AsyncHaloIntegration, HaloIntegration

KEY = "halo_secret_key"


def error(status, code, **headers):
    told = {"code": code, "message": f"a {code}", "details": {"field": "email"}, "timestamp": "t", "request_id": "req_1"}
    return status, headers, {"error": told}


class Server:
    """Gives one answer a request, the last one for ever; keeps what it was sent."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.requests = []
        own = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self):
                length = int(self.headers.get("Content-Length") or 0)
                body = json.loads(self.rfile.read(length)) if length else None
                own.requests.append((f"{self.command} {self.path}", self.headers, body))
                answer = own.answers.pop(0) if len(own.answers) > 1 else own.answers[0]
                if answer == "reset":
                    self.close_connection = True
                    return
                if answer == "hang":
                    own.stopped.wait(10)
                    return
                status, headers, content = answer
                data = content.encode() if isinstance(content, str) else json.dumps(content).encode()
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name.replace("_", "-"), value)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = do_PUT = answer

            def log_message(self, *_):
                pass

        self.stopped = threading.Event()
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.http.serve_forever, args=(0.01,), daemon=True).start()
        self.base_url = f"http://127.0.0.1:{self.http.server_port}/api/v1"

    def client(self, **settings):
        return HaloIntegration(api_key=KEY, base_url=self.base_url, **settings)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stopped.set()
        self.http.shutdown()
        self.http.server_close()


class Client(unittest.TestCase):
    def test_a_flat_lead_is_split_into_its_source_and_its_data(self):
        lead = {"first_name": "John", "email": "j@acme.example", "source": "apollo"}
        with Server((200, {}, {"success": True, "lead_id": 7})) as server, server.client() as client:
            self.assertEqual(client.leads.sync(lead, update_existing=True)["lead_id"], 7)
        ((line, headers, body),) = server.requests
        self.assertEqual(line, "POST /api/v1/sync/leads")
        self.assertEqual(headers["Authorization"], f"Bearer {KEY}")
        data = {"first_name": "John", "email": "j@acme.example"}
        self.assertEqual(body, {"source": "apollo", "data": data, "options": {"update_existing": True}})
        self.assertIn("source", lead, "what was given stays as it is")

    def test_what_failed_in_passing_is_sent_again_with_the_same_idempotency_key(self):
        answers = ["reset", error(503, "INTERNAL_ERROR", Retry_After="0"), (200, {}, {})]
        with Server(*answers) as server, server.client() as client:
            client.leads.sync({"email": "j@acme.example", "source": "apollo"})
        keys = {headers["Idempotency-Key"] for _, headers, _ in server.requests}
        self.assertEqual((len(server.requests), len(keys)), (3, 1))

    def test_a_limit_is_waited_for_unless_that_takes_too_long(self):
        used = error(429, "RATE_LIMIT_EXCEEDED", X_RateLimit_Remaining="0", X_RateLimit_Reset=str(int(time.time())))
        with Server(used, (200, {}, {"webhooks": []})) as server, server.client() as client:
            self.assertEqual(client.webhooks.list(), [])
        with Server(error(429, "RATE_LIMIT_EXCEEDED", Retry_After="3600")) as server, server.client() as client:
            with self.assertRaises(sdk.RateLimitError) as raised:
                client.webhooks.list()
        self.assertEqual((raised.exception.retry_after, len(server.requests)), (3600.0, 1))

    def test_errors_are_classes(self):
        for status, code, kind in [
            (400, "VALIDATION_ERROR", sdk.ValidationError),
            (401, "AUTHENTICATION_ERROR", sdk.AuthenticationError),
            (403, "AUTHORIZATION_ERROR", sdk.AuthorizationError),
            (404, "RESOURCE_NOT_FOUND", sdk.NotFoundError),
            (409, "VALIDATION_ERROR", sdk.ValidationError),
            (502, "EXTERNAL_API_ERROR", sdk.ExternalApiError),
            (500, "INTERNAL_ERROR", sdk.InternalError),
            (418, "SOMETHING_ELSE", sdk.ApiError),
        ]:
            with self.subTest(code), Server(error(status, code)) as server, server.client(max_retries=0) as client:
                with self.assertRaises(sdk.ApiError) as raised:
                    client.config.get()
                told = raised.exception
                self.assertIs(type(told), kind)
                shown = (told.status, told.code, str(told), told.details, told.request_id)
                self.assertEqual(shown, (status, code, f"a {code}", {"field": "email"}, "req_1"))
                again = pickle.loads(pickle.dumps(told))
                self.assertEqual((type(again), str(again), again.details), (kind, str(told), told.details))

    def test_what_stands_between_is_an_error_by_its_status(self):
        with Server((404, {}, "<h1>nothing</h1>")) as server, server.client() as client:
            self.assertRaises(sdk.NotFoundError, client.config.get)
        with Server((200, {}, "<h1>Welcome</h1>")) as server, server.client() as client:
            self.assertRaisesRegex(sdk.HaloError, "not JSON", client.config.get)
        with Server((302, {"Location": "http://127.0.0.1:1/"}, "")) as server, server.client() as client:
            self.assertRaises(sdk.ApiError, client.config.get)

    def test_a_server_that_does_not_answer_is_given_up_in_time(self):
        with Server("hang") as server, server.client(timeout=0.05, max_retries=1) as client:
            self.assertRaises(sdk.TimeoutError, client.config.get)
            self.assertEqual(len(server.requests), 2)
        with self.assertRaises(sdk.ConnectionError):
            HaloIntegration(api_key=KEY, base_url="http://127.0.0.1:1", max_retries=0).health()

    def test_every_error_of_a_long_log_comes_once(self):
        def page(number, ids):
            return 200, {}, {"errors": [{"id": i} for i in ids], "pagination": {"total": 3, "page": number, "limit": 2}}

        with Server(page(1, ["err_3", "err_2"]), page(2, ["err_1"])) as server, server.client() as client:
            ids = [error["id"] for error in client.errors.all(limit=2, start_date=date(2024, 1, 1))]
        self.assertEqual(ids, ["err_3", "err_2", "err_1"])
        self.assertEqual(server.requests[1][0], "GET /api/v1/errors?limit=2&page=2&start_date=2024-01-01")

    def test_wrong_settings_and_arguments_are_told_at_once(self):
        for settings in [{"api_key": " ", "base_url": "http://a"}, {"api_key": "k", "base_url": "/api"}]:
            self.assertRaises(ValueError, HaloIntegration, **settings)
        self.assertRaises(ValueError, HaloIntegration, api_key="k", base_url="http://a", timeout=0)
        client = HaloIntegration(api_key="k", base_url="http://127.0.0.1:1")
        self.assertRaises(TypeError, client.leads.sync, "apollo")
        self.assertRaises(TypeError, client.prospects.convert, "../webhooks")

    def test_a_key_does_not_show(self):
        client = HaloIntegration(api_key=KEY, base_url="http://127.0.0.1:1")
        self.assertNotIn(KEY, repr(client) + repr(vars(client)) + repr(vars(client.leads)))

    def test_signatures_are_verified_over_the_bytes(self):
        body = '{"event_type":"lead.created","data":{"name":"Zoë"}}'.encode()
        signature = "sha256=" + hmac.new(b"s3cret", body, hashlib.sha256).hexdigest()
        self.assertTrue(sdk.verify_signature(body, signature, "s3cret"))
        self.assertTrue(sdk.verify_signature(body.decode(), signature, "s3cret"))
        for other in [None, "", "sha256=", signature[7:], signature[:-1] + "ü"]:
            self.assertFalse(sdk.verify_signature(body, other, "s3cret"))
        self.assertFalse(sdk.verify_signature(body, signature, "other"))
        self.assertRaises(ValueError, sdk.verify_signature, body, signature, "")


class AsyncClient(unittest.IsolatedAsyncioTestCase):
    async def test_it_does_the_same_without_blocking(self):
        answers = [error(503, "INTERNAL_ERROR"), (200, {}, {"success": True, "lead_id": 7})]
        with Server(*answers) as server:
            async with AsyncHaloIntegration(api_key=KEY, base_url=server.base_url) as client:
                synced = asyncio.create_task(client.leads.sync({"email": "j@acme.example", "source": "apollo"}))
                turns = 0
                while not synced.done():
                    await asyncio.sleep(0)
                    turns += 1
        self.assertEqual(synced.result()["lead_id"], 7)
        self.assertGreater(turns, 10)

    async def test_every_error_of_a_long_log_comes_once(self):
        pages = [{"errors": [{"id": n}], "pagination": {"total": 2, "page": n, "limit": 1}} for n in (1, 2)]
        with Server(*((200, {}, page) for page in pages)) as server:
            async with AsyncHaloIntegration(api_key=KEY, base_url=server.base_url) as client:
                self.assertEqual([error["id"] async for error in client.errors.all(limit=1)], [1, 2])

    async def test_both_clients_offer_the_same(self):
        sync = HaloIntegration(api_key=KEY, base_url="http://127.0.0.1:1")
        other = AsyncHaloIntegration(api_key=KEY, base_url="http://127.0.0.1:1")
        for name, resource in vars(sync).items():
            if not name.startswith("_"):
                self.assertEqual(methods(resource), methods(getattr(other, name)), name)


def methods(resource):
    return sorted(name for name in dir(resource) if not name.startswith("_"))


if __name__ == "__main__":
    unittest.main()
