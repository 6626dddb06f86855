'use strict';

const { createHmac, timingSafeEqual } = require('node:crypto');

/**
 * Whether a delivery was signed with this secret.
 * @param {string | Uint8Array} body the body's bytes as they arrived, before anything parsed them
 * @param {string | undefined} signature the header `X-Webhook-Signature`
 * @param {string} secret the secret that the webhook was registered with
 */
function verifySignature(body, signature, secret) {
  if (typeof secret !== 'string' || secret === '') throw new TypeError('secret must be a string that is not empty');
  if (typeof signature !== 'string') return false;
  const expected = Buffer.from(`sha256=${createHmac('sha256', secret).update(body).digest('hex')}`);
  const given = Buffer.from(signature.trim());
  return given.length === expected.length && timingSafeEqual(given, expected);
}

module.exports = { verifySignature };
