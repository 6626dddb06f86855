'use strict';

/** Whatever this client throws, but for wrong arguments, which are a `TypeError`. */
class HaloError extends Error {
  constructor(message, options) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** No answer came: the server could not be reached, or the connection broke. `cause` tells why. */
class ConnectionError extends HaloError {}

/** No answer came in time. */
class TimeoutError extends ConnectionError {}

/** The server answered with an error. */
class ApiError extends HaloError {
  /**
   * @param {{ status: number, code: string, message: string, details?: object, requestId?: string, timestamp?: string, retryAfter?: number }} answer
   */
  constructor({ status, code, message, details, requestId, timestamp, retryAfter }) {
    super(message);
    this.status = status;
    this.code = code;
    this.details = details ?? {};
    this.requestId = requestId;
    this.timestamp = timestamp;
    this.retryAfter = retryAfter;
  }
}

/** What was sent is wrong: `details` names the field and the value. */
class ValidationError extends ApiError {}
/** The API key is missing, unknown, expired or revoked. */
class AuthenticationError extends ApiError {}
/** The API key may not do that. */
class AuthorizationError extends ApiError {}
/** No record has this id. */
class NotFoundError extends ApiError {}
/** Too many requests; `retryAfter` tells in how many seconds there is room again. */
class RateLimitError extends ApiError {}
/** A service behind the server failed. */
class ExternalApiError extends ApiError {}
/** The server failed. */
class InternalError extends ApiError {}

const BY_CODE = {
  VALIDATION_ERROR: ValidationError,
  AUTHENTICATION_ERROR: AuthenticationError,
  AUTHORIZATION_ERROR: AuthorizationError,
  RESOURCE_NOT_FOUND: NotFoundError,
  RATE_LIMIT_EXCEEDED: RateLimitError,
  EXTERNAL_API_ERROR: ExternalApiError,
  INTERNAL_ERROR: InternalError,
};

/** What stands between this client and the server answers in words of its own: the status tells as much. */
const BY_STATUS = {
  400: 'VALIDATION_ERROR',
  401: 'AUTHENTICATION_ERROR',
  403: 'AUTHORIZATION_ERROR',
  404: 'RESOURCE_NOT_FOUND',
  429: 'RATE_LIMIT_EXCEEDED',
  502: 'EXTERNAL_API_ERROR',
};

/**
 * The error that an answer tells.
 * @param {number} status
 * @param {unknown} body the answer's JSON, `undefined` where it had none
 * @param {number | undefined} retryAfter in seconds
 */
function errorOf(status, body, retryAfter) {
  const told = body && typeof body === 'object' && body.error && typeof body.error === 'object' ? body.error : {};
  const code = typeof told.code === 'string' ? told.code : (BY_STATUS[status] ?? 'INTERNAL_ERROR');
  const Class = Object.hasOwn(BY_CODE, code) ? BY_CODE[code] : ApiError;
  return new Class({
    status,
    code,
    message: typeof told.message === 'string' ? told.message : `The server answered with status ${status}`,
    details: told.details,
    requestId: told.request_id,
    timestamp: told.timestamp,
    retryAfter,
  });
}

module.exports = {
  HaloError,
  ConnectionError,
  TimeoutError,
  ApiError,
  ValidationError,
  AuthenticationError,
  AuthorizationError,
  NotFoundError,
  RateLimitError,
  ExternalApiError,
  InternalError,
  errorOf,
};
