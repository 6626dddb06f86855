'use strict';

const { randomUUID } = require('node:crypto');
const { setTimeout: sleep } = require('node:timers/promises');

const { ConnectionError, HaloError, TimeoutError, errorOf } = require('./errors.cjs');
const { version } = require('../package.json');

/** What another attempt may get past. 409 only where the server says when: the first attempt is still under way there. */
const PASSING = new Set([408, 429, 500, 502, 503, 504]);
/** Before the second attempt, in milliseconds; doubles with each, and is shortened by chance so that clients do not come back together. */
const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 30_000;

/** Sends requests, and sends them again where that helps and does no harm. */
class Transport {
  #apiKey;
  #base;
  #timeout;
  #maxRetries;
  #maxRetryWait;
  #fetch;

  constructor({ apiKey, baseUrl, timeout = 30_000, maxRetries = 3, maxRetryWait = 60_000, fetch = globalThis.fetch } = {}) {
    if (typeof apiKey !== 'string' || apiKey.trim() === '') throw new TypeError('apiKey must be a string that is not empty');
    this.#base = parseBase(baseUrl);
    for (const [name, value] of Object.entries({ timeout, maxRetries, maxRetryWait })) {
      if (typeof value !== 'number' || !(value >= 0)) throw new TypeError(`${name} must be a number, 0 or more`);
    }
    if (typeof fetch !== 'function') throw new TypeError('fetch must be a function');
    this.#apiKey = apiKey.trim();
    this.#timeout = timeout;
    this.#maxRetries = maxRetries;
    this.#maxRetryWait = maxRetryWait;
    this.#fetch = fetch;
  }

  /**
   * Sends a request until it is answered, at most `maxRetries` times more. A request that changes something carries an idempotency key, by
   * which the server knows it again.
   * @param {string} method
   * @param {string} path below the base URL
   * @param {{ query?: object, body?: unknown, options?: { signal?: AbortSignal, timeout?: number, idempotencyKey?: string } }} [request]
   */
  async request(method, path, { query, body, options = {} } = {}) {
    const url = new URL(this.#base + path);
    for (const [name, value] of Object.entries(query ?? {})) {
      if (value !== undefined && value !== null) url.searchParams.set(name, value instanceof Date ? value.toISOString() : String(value));
    }
    const headers = {
      accept: 'application/json',
      authorization: `Bearer ${this.#apiKey}`,
      'user-agent': `halopsa-integration-sdk-javascript/${version}`,
    };
    if (body !== undefined) headers['content-type'] = 'application/json';
    if (method === 'POST') headers['idempotency-key'] = options.idempotencyKey ?? randomUUID();
    const init = { method, headers, body: body === undefined ? undefined : JSON.stringify(body), redirect: 'error' };

    for (let attempt = 0; ; attempt += 1) {
      options.signal?.throwIfAborted();
      let error;
      try {
        const answer = await this.#send(url, init, options);
        if (answer.ok) return answer.body;
        error = errorOf(answer.status, answer.body, answer.retryAfter);
      } catch (thrown) {
        if (!(thrown instanceof ConnectionError)) throw thrown;
        error = thrown;
      }
      const wait = waitBefore(error, attempt);
      if (wait === undefined || attempt >= this.#maxRetries || wait > this.#maxRetryWait) throw error;
      await sleep(wait, undefined, { signal: options.signal }).catch(() => options.signal.throwIfAborted());
    }
  }

  /** One attempt: the whole answer, within the time there is for it. */
  async #send(url, init, { signal, timeout = this.#timeout }) {
    const controller = new AbortController();
    const abort = () => controller.abort(signal.reason);
    signal?.addEventListener('abort', abort, { once: true });
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      controller.abort();
    }, timeout);
    try {
      const response = await this.#fetch(url, { ...init, signal: controller.signal });
      const text = await response.text();
      return { ok: response.ok, status: response.status, body: parse(response, text), retryAfter: retryAfter(response.headers) };
    } catch (cause) {
      if (cause instanceof HaloError) throw cause;
      signal?.throwIfAborted();
      if (isLate) throw new TimeoutError(`No answer from ${url.host} within ${timeout} ms`, { cause });
      throw new ConnectionError(`${url.host} could not be reached: ${cause.cause?.message ?? cause.message}`, { cause });
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
    }
  }
}

function parseBase(baseUrl) {
  let url;
  try {
    url = new URL(baseUrl);
  } catch {
    throw new TypeError('baseUrl must be an absolute URL, such as https://crm.example.com/api/v1');
  }
  if (!['http:', 'https:'].includes(url.protocol)) throw new TypeError('baseUrl must begin with https:// or http://');
  if (url.search || url.hash) throw new TypeError('baseUrl must have neither a query nor a fragment');
  return url.href.replace(/\/+$/, '');
}

/** An answer's JSON. A success that is none cannot come from the API. */
function parse(response, text) {
  try {
    return JSON.parse(text);
  } catch (cause) {
    if (response.ok) throw new HaloError(`The answer is not JSON: is this the API's base URL? (status ${response.status})`, { cause });
    return undefined;
  }
}

/** In how many seconds to come back, where the server says so: by `Retry-After`, or by the Unix time at which its limit is reset. */
function retryAfter(headers) {
  const given = headers.get('retry-after');
  if (given !== null) {
    const seconds = /^\d+$/.test(given.trim()) ? Number(given) : (Date.parse(given) - Date.now()) / 1000;
    if (Number.isFinite(seconds)) return Math.max(0, seconds);
  }
  const reset = Number(headers.get('x-ratelimit-reset') ?? NaN);
  const isUsedUp = headers.get('x-ratelimit-remaining') === '0';
  return isUsedUp && Number.isFinite(reset) ? Math.max(0, reset - Date.now() / 1000) : undefined;
}

/** How many milliseconds to wait before another attempt; `undefined` where none helps. */
function waitBefore(error, attempt) {
  const pause = Math.min(FIRST_PAUSE * 2 ** attempt, LONGEST_PAUSE) * (0.5 + Math.random() / 2);
  if (error instanceof ConnectionError) return pause;
  if (PASSING.has(error.status) || (error.status === 409 && error.retryAfter !== undefined)) {
    return error.retryAfter === undefined ? pause : Math.max(error.retryAfter * 1000, pause);
  }
  return undefined;
}

module.exports = { Transport };
