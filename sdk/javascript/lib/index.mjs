// The same module for both kinds of import: errors are instances of one class whichever way they came.
import sdk from './index.cjs';

export const {
  HaloIntegration,
  verifySignature,
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
} = sdk;
export default sdk;
