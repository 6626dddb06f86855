'use strict';

const { errorOf, ...errors } = require('./errors.cjs');
const { Transport } = require('./transport.cjs');
const { verifySignature } = require('./webhooks.cjs');

/** A client of the HaloPSA integration API; see the README. */
class HaloIntegration {
  #transport;

  constructor(settings) {
    const transport = new Transport(settings);
    this.#transport = transport;
    this.leads = new Leads(transport);
    this.prospects = new Prospects(transport);
    this.opportunities = new Opportunities(transport);
    this.webhooks = new Webhooks(transport);
    this.config = new Config(transport);
    this.analytics = new Analytics(transport);
    this.errors = new Errors(transport);
    Object.freeze(this);
  }

  /** How the server is, and the services that it needs. Where the database is down it throws an `ApiError` with status 503. */
  health(options) {
    return this.#transport.request('GET', '/health', { options });
  }
}

class Resource {
  #transport;

  constructor(transport) {
    this.#transport = transport;
    Object.freeze(this);
  }

  request(method, path, request) {
    return this.#transport.request(method, path, request);
  }
}

class Leads extends Resource {
  /** Takes a lead over: its fields, with `source` beside them. */
  async sync(lead, { deduplication, updateExisting, customFields, ...options } = {}) {
    const { source, ...data } = object(lead, 'lead');
    const body = { source, data, options: given({ deduplication, update_existing: updateExisting, custom_fields: customFields }) };
    return this.request('POST', '/sync/leads', { body, options });
  }

  /** Takes 1 to 500 leads over. One that cannot be taken over fails alone, and stands in `errors` by its place. */
  async syncBulk(leads, { source, deduplication, updateExisting, customFields, batchSize, rateLimit, continueOnError, ...options } = {}) {
    if (!Array.isArray(leads)) throw new TypeError('leads must be an array');
    const body = {
      source,
      leads,
      options: given({ deduplication, update_existing: updateExisting, custom_fields: customFields }),
      batch_options: given({ batch_size: batchSize, rate_limit: rateLimit, continue_on_error: continueOnError }),
    };
    return this.request('POST', '/sync/leads/bulk', { body, options });
  }

  /** Tells what is wrong with a lead and what could be better; nothing is stored. */
  async validate(lead, options) {
    const { source, ...data } = object(lead, 'lead');
    return this.request('POST', '/validate/leads', { body: { data, source }, options });
  }
}

class Prospects extends Resource {
  /** Converts a lead to a prospect. */
  async convert(leadId, { qualificationData, conversionOptions, ...options } = {}) {
    const body = given({ qualification_data: qualificationData, conversion_options: conversionOptions });
    return this.request('POST', `/prospects/convert/${id(leadId, 'leadId')}`, { body, options });
  }

  /** Moves a prospect on in its life: `{ status, reason, next_action, next_action_date }`. */
  async updateStatus(prospectId, change, options) {
    const body = object(change, 'change');
    return this.request('PUT', `/prospects/${id(prospectId, 'prospectId')}/status`, { body, options });
  }
}

class Opportunities extends Resource {
  /** Makes an opportunity of a qualified prospect. */
  async create(prospectId, opportunityData, options) {
    const body = { prospect_id: id(prospectId, 'prospectId'), opportunity_data: object(opportunityData, 'opportunityData') };
    return this.request('POST', '/opportunities', { body, options });
  }

  /** Changes an opportunity: `{ status, value, probability, notes }`. */
  async update(opportunityId, change, options) {
    const body = object(change, 'change');
    return this.request('PUT', `/opportunities/${id(opportunityId, 'opportunityId')}`, { body, options });
  }
}

class Webhooks extends Resource {
  /** Registers a webhook: `{ url, events, secret, active }`. */
  async register(webhook, options) {
    return this.request('POST', '/webhooks', { body: object(webhook, 'webhook'), options });
  }

  /** Every webhook that was registered with this API. */
  async list(options) {
    return (await this.request('GET', '/webhooks', { options })).webhooks;
  }
}

class Config extends Resource {
  async get(options) {
    return this.request('GET', '/config', { options });
  }

  /** Changes what `change` names, and leaves the rest as it is. */
  async update(change, options) {
    return this.request('PUT', '/config', { body: object(change, 'change'), options });
  }
}

class Analytics extends Resource {
  /** What was taken over in a period, the current month when left out. */
  async sync({ startDate, endDate, source, ...options } = {}) {
    return this.request('GET', '/analytics/sync', { query: { start_date: startDate, end_date: endDate, source }, options });
  }

  /** How the last hour's requests went. */
  async performance(options) {
    return this.request('GET', '/analytics/performance', { options });
  }
}

class Errors extends Resource {
  /** A page of what went wrong, the newest first. */
  async list({ limit, page, level, startDate, ...options } = {}) {
    return this.request('GET', '/errors', { query: { limit, page, level, start_date: startDate }, options });
  }

  /** Everything that went wrong, page by page, the newest first. */
  async *all({ limit = 500, level, startDate, ...options } = {}) {
    for (let page = 1; ; page += 1) {
      const { errors, pagination } = await this.list({ limit, page, level, startDate, ...options });
      yield* errors;
      if (errors.length === 0 || page * pagination.limit >= pagination.total) return;
    }
  }
}

/** Without the members that nobody gave. */
function given(members) {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}

function object(value, name) {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) throw new TypeError(`${name} must be an object`);
  return value;
}

function id(value, name) {
  if (!Number.isSafeInteger(value)) throw new TypeError(`${name} must be an integer`);
  return value;
}

module.exports = { HaloIntegration, verifySignature, ...errors };
