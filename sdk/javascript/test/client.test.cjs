'use strict';

const assert = require('node:assert/strict');
const { createHmac } = require('node:crypto');
const test = require('node:test');

const sdk = require('@halopsa/integration-sdk');
const { serve, error } = require('./server.cjs');

const { HaloIntegration } = sdk;
const client = (server, settings) => new HaloIntegration({ apiKey: 'halo_key', baseUrl: server.baseUrl, ...settings });

test('a flat lead is split into its source and its data', async (t) => {
  const server = await serve(t, { body: { success: true, lead_id: 7 } });
  const result = await client(server).leads.sync({ first_name: 'John', email: 'j@acme.example', source: 'apollo' }, { updateExisting: true });
  assert.equal(result.lead_id, 7);
  const [request] = server.requests;
  assert.deepEqual(request.body, {
    source: 'apollo',
    data: { first_name: 'John', email: 'j@acme.example' },
    options: { update_existing: true },
  });
  assert.equal(request.headers.authorization, 'Bearer halo_key');
  assert.equal(`${request.method} ${request.url}`, 'POST /api/v1/sync/leads');
});

test('what failed in passing is sent again, with the same idempotency key', async (t) => {
  const server = await serve(t, 'reset', error(503, 'INTERNAL_ERROR', { 'retry-after': '0' }), { body: { success: true } });
  await client(server).leads.sync({ email: 'j@acme.example', source: 'apollo' });
  const keys = new Set(server.requests.map((request) => request.headers['idempotency-key']));
  assert.equal(server.requests.length, 3);
  assert.equal(keys.size, 1);
  assert.match([...keys][0], /^[0-9a-f-]{36}$/);
});

test('a limit is waited for, unless that takes too long', async (t) => {
  const soon = Math.ceil(Date.now() / 1000);
  const used = { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(soon) };
  const server = await serve(t, error(429, 'RATE_LIMIT_EXCEEDED', used), { body: { webhooks: [] } });
  assert.deepEqual(await client(server).webhooks.list(), []);

  const later = await serve(t, error(429, 'RATE_LIMIT_EXCEEDED', { 'retry-after': '3600' }));
  await assert.rejects(client(later).webhooks.list(), (thrown) => {
    assert(thrown instanceof sdk.RateLimitError);
    assert.equal(thrown.retryAfter, 3600);
    return true;
  });
  assert.equal(later.requests.length, 1);
});

test('errors are classes', async (t) => {
  for (const [status, code, Class] of [
    [400, 'VALIDATION_ERROR', sdk.ValidationError],
    [401, 'AUTHENTICATION_ERROR', sdk.AuthenticationError],
    [403, 'AUTHORIZATION_ERROR', sdk.AuthorizationError],
    [404, 'RESOURCE_NOT_FOUND', sdk.NotFoundError],
    [409, 'VALIDATION_ERROR', sdk.ValidationError],
    [502, 'EXTERNAL_API_ERROR', sdk.ExternalApiError],
    [500, 'INTERNAL_ERROR', sdk.InternalError],
    [418, 'SOMETHING_ELSE', sdk.ApiError],
  ]) {
    const server = await serve(t, error(status, code));
    await assert.rejects(client(server, { maxRetries: 0 }).config.get(), (thrown) => {
      assert.equal(thrown.constructor, Class);
      assert(thrown instanceof sdk.ApiError && thrown instanceof sdk.HaloError);
      assert.deepEqual(
        [thrown.name, thrown.status, thrown.code, thrown.message, thrown.details, thrown.requestId],
        [Class.name, status, code, `a ${code}`, { field: 'email' }, 'req_1'],
      );
      return true;
    });
    assert.equal(server.requests.length, 1, `${status} is not sent again`);
  }
});

test('what stands between and answers in its own words is an error by its status', async (t) => {
  const server = await serve(t, { status: 404, headers: { 'content-type': 'text/html' }, body: '<h1>nothing</h1>' });
  await assert.rejects(client(server).config.get(), sdk.NotFoundError);
  const page = await serve(t, { headers: { 'content-type': 'text/html' }, body: '<h1>Welcome</h1>' });
  await assert.rejects(client(page).config.get(), /not JSON/);
  const moved = await serve(t, { status: 302, headers: { location: 'http://127.0.0.1:1/' } });
  await assert.rejects(client(moved, { maxRetries: 0 }).config.get(), sdk.ConnectionError);
});

test('a server that does not answer is given up in time', async (t) => {
  const server = await serve(t, 'hang');
  await assert.rejects(client(server, { timeout: 50, maxRetries: 1 }).config.get(), sdk.TimeoutError);
  assert.equal(server.requests.length, 2);
});

test('who asked can end it', async (t) => {
  const server = await serve(t, 'hang');
  const controller = new AbortController();
  const asked = client(server).leads.validate({ source: 'apollo' }, { signal: controller.signal });
  controller.abort(new Error('enough'));
  await assert.rejects(asked, /enough/);
});

test('every error of a long log comes once', async (t) => {
  const page = (page, ids) => ({ body: { errors: ids.map((id) => ({ id })), pagination: { total: 3, page, limit: 2 } } });
  const server = await serve(t, page(1, ['err_3', 'err_2']), page(2, ['err_1']));
  const ids = [];
  for await (const { id } of client(server).errors.all({ limit: 2, startDate: new Date(0) })) ids.push(id);
  assert.deepEqual(ids, ['err_3', 'err_2', 'err_1']);
  assert.equal(server.requests[1].url, '/api/v1/errors?limit=2&page=2&start_date=1970-01-01T00%3A00%3A00.000Z');
});

test('wrong settings and arguments are told at once', async () => {
  for (const settings of [undefined, {}, { apiKey: ' ', baseUrl: 'http://a' }, { apiKey: 'k' }, { apiKey: 'k', baseUrl: '/api' }]) {
    assert.throws(() => new HaloIntegration(settings), TypeError);
  }
  assert.throws(() => new HaloIntegration({ apiKey: 'k', baseUrl: 'http://a', timeout: -1 }), TypeError);
  const halo = new HaloIntegration({ apiKey: 'k', baseUrl: 'http://127.0.0.1:1' });
  await assert.rejects(halo.leads.sync(), TypeError);
  await assert.rejects(halo.prospects.convert('../webhooks'), TypeError);
});

test('a key does not show', () => {
  const halo = new HaloIntegration({ apiKey: 'halo_secret', baseUrl: 'http://127.0.0.1:1' });
  assert(!require('node:util').inspect(halo, { depth: 9, showHidden: true }).includes('halo_secret'));
});

test('signatures are verified over the bytes', () => {
  const body = Buffer.from('{"event_type":"lead.created","data":{"name":"Zoë"}}');
  const signature = `sha256=${createHmac('sha256', 's3cret').update(body).digest('hex')}`;
  assert(sdk.verifySignature(body, signature, 's3cret'));
  assert(sdk.verifySignature(body.toString(), signature, 's3cret'));
  for (const other of [undefined, '', 'sha256=', signature.slice(7), signature.replace(/.$/, 'g')]) {
    assert(!sdk.verifySignature(body, other, 's3cret'));
  }
  assert(!sdk.verifySignature(body, signature, 'other'));
  assert.throws(() => sdk.verifySignature(body, signature, ''), TypeError);
});

test('both kinds of import give the same classes', async () => {
  const module = await import('@halopsa/integration-sdk');
  for (const name of Object.keys(sdk)) assert.equal(module[name], sdk[name], name);
  assert.equal(module.default, sdk);
});
