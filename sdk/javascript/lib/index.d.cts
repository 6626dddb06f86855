/** How a client reaches the server. */
export interface Settings {
  /** The API key: `halo_…`. */
  apiKey: string;
  /** The API's address, `/api/v1` included. */
  baseUrl: string;
  /** Milliseconds within which a request must be answered; 30,000 when left out. */
  timeout?: number;
  /** How often a request that failed in passing is sent again; 3 when left out. */
  maxRetries?: number;
  /** Milliseconds that the client waits at most before another attempt; who must wait longer gets the error. 60,000 when left out. */
  maxRetryWait?: number;
  /** What sends requests; the platform's own when left out. */
  fetch?: typeof globalThis.fetch;
}

/** What every method takes beside its arguments. */
export interface RequestOptions {
  /** Ends the request, and the waiting for another attempt. */
  signal?: AbortSignal;
  /** Milliseconds within which each attempt must be answered. */
  timeout?: number;
  /** By which the server knows a request that changes something again; made up for each call when left out. */
  idempotencyKey?: string;
}

/** A lead's own fields. Others that have the key of a custom field are its value there. */
export interface LeadData {
  first_name?: string;
  last_name?: string;
  email: string;
  company?: string;
  title?: string;
  phone?: string;
  [customField: string]: unknown;
}

/** A lead and where it comes from. */
export interface Lead extends LeadData {
  /** A slug such as `apollo`. */
  source: string;
}

/** What is done with leads. */
export interface SyncOptions {
  /** Whether a person who is there already, by email, is known again; true when left out. */
  deduplication?: boolean;
  /** Whether who is known again is updated; false when left out. */
  updateExisting?: boolean;
  /** Whether values of custom fields are taken over; true when left out. */
  customFields?: boolean;
}

export interface SyncResult {
  success: true;
  lead_id: number;
  /** `null` while the lead has no ticket in HaloPSA. */
  halopsa_ticket_id: number | null;
  /** Such as `lead_created`, `lead_updated`, `duplicate_skipped`, `custom_fields_populated`, `list_assigned`. */
  actions_taken: string[];
}

export interface BulkOptions extends SyncOptions {
  /** A slug such as `zoominfo`. */
  source: string;
  /** Leads that are committed together, 1 to 1,000. */
  batchSize?: number;
  /** Leads a second that are handed on to HaloPSA, 1 to 1,000. */
  rateLimit?: number;
  /** Whether the leads behind a failed one are taken over as well; true when left out. */
  continueOnError?: boolean;
}

export interface BulkResult {
  total_processed: number;
  successful: number;
  failed: number;
  results: { index: number; success: true; lead_id: number }[];
  errors: { index: number; error: string }[];
}

export interface Validation {
  valid: boolean;
  warnings: string[];
  suggestions: string[];
}

export interface Conversion {
  qualificationData?: { pain_points?: string; budget_range?: string; decision_maker?: boolean; fit_score?: number };
  conversionOptions?: { create_opportunity?: boolean; notify_team?: boolean };
}

export interface Converted {
  success: true;
  prospect_id: number;
  [member: string]: unknown;
}

export type ProspectStatus = 'new' | 'contacted' | 'qualified' | 'disqualified' | 'converted';

export interface ProspectChange {
  status: ProspectStatus;
  reason?: string;
  next_action?: string;
  /** `YYYY-MM-DD` */
  next_action_date?: string;
}

export interface OpportunityData {
  value?: number;
  probability?: number;
  /** `YYYY-MM-DD` */
  expected_close_date?: string;
  /** Names, separated by commas. */
  competitors?: string;
}

export type OpportunityStatus = 'open' | 'proposal' | 'negotiation' | 'won' | 'lost';

export interface OpportunityChange {
  status?: OpportunityStatus;
  value?: number;
  probability?: number;
  notes?: string;
}

export interface OpportunityResult {
  success: true;
  opportunity_id: number;
  [member: string]: unknown;
}

export type WebhookEvent =
  | 'lead.created'
  | 'lead.updated'
  | 'prospect.created'
  | 'prospect.qualified'
  | 'opportunity.created'
  | 'opportunity.won'
  | 'opportunity.lost';

export interface NewWebhook {
  url: string;
  events: WebhookEvent[];
  /** By which deliveries are signed; it is never shown. */
  secret: string;
  /** Whether it gets deliveries; true when left out. */
  active?: boolean;
}

export interface Webhook {
  id: string;
  url: string;
  events: WebhookEvent[];
  active: boolean;
  created_at: string;
}

export interface IntegrationConfig {
  halopsa: { base_url: string | null; custom_fields_enabled: boolean; [setting: string]: unknown };
  providers: Record<string, { enabled: boolean; rate_limit: number; [setting: string]: unknown }>;
}

/** Some members of something, at any depth. */
export type DeepPartial<T> = T extends object ? { [K in keyof T]?: DeepPartial<T[K]> } : T;

export interface SyncStatistics {
  period: { start: string; end: string };
  totals: { leads_imported: number; prospects_created: number; opportunities_won: number };
  by_source: Record<string, { leads: number; success_rate: number }>;
}

export interface PerformanceMetrics {
  /** In milliseconds. */
  response_times: { average: number; p95: number; p99: number };
  error_rates: { total: number; by_endpoint: Record<string, number> };
  throughput: { requests_per_minute: number; data_processed_mb: number };
}

export type ErrorLevel = 'error' | 'warning' | 'info';

export interface LoggedError {
  id: string;
  timestamp: string;
  level: ErrorLevel;
  message: string;
  source: string;
  details: Record<string, unknown>;
}

export interface ErrorFilter {
  /** At most so many a page. */
  limit?: number;
  level?: ErrorLevel;
  /** Only what happened then or later. */
  startDate?: string | Date;
}

export interface ErrorPage {
  errors: LoggedError[];
  pagination: { total: number; page: number; limit: number };
}

export type ServiceState = 'connected' | 'disconnected' | 'not_configured';

export interface Health {
  status: 'healthy' | 'degraded';
  version: string;
  timestamp: string;
  services: { halopsa: ServiceState; apollo: ServiceState; database: ServiceState };
}

/** A client of the HaloPSA integration API. */
export class HaloIntegration {
  constructor(settings: Settings);

  readonly leads: {
    /** Takes a lead over. */
    sync(lead: Lead, options?: SyncOptions & RequestOptions): Promise<SyncResult>;
    /** Takes 1 to 500 leads over. One that cannot be taken over fails alone, and stands in `errors` by its place. */
    syncBulk(leads: LeadData[], options: BulkOptions & RequestOptions): Promise<BulkResult>;
    /** Tells what is wrong with a lead and what could be better; nothing is stored. */
    validate(lead: Partial<LeadData> & { source: string }, options?: RequestOptions): Promise<Validation>;
  };

  readonly prospects: {
    /** Converts a lead to a prospect. */
    convert(leadId: number, options?: Conversion & RequestOptions): Promise<Converted>;
    updateStatus(prospectId: number, change: ProspectChange, options?: RequestOptions): Promise<Converted>;
  };

  readonly opportunities: {
    /** Makes an opportunity of a qualified prospect. */
    create(prospectId: number, opportunityData: OpportunityData, options?: RequestOptions): Promise<OpportunityResult>;
    update(opportunityId: number, change: OpportunityChange, options?: RequestOptions): Promise<OpportunityResult>;
  };

  readonly webhooks: {
    register(webhook: NewWebhook, options?: RequestOptions): Promise<Webhook>;
    list(options?: RequestOptions): Promise<Webhook[]>;
  };

  readonly config: {
    get(options?: RequestOptions): Promise<IntegrationConfig>;
    /** Changes what `change` names, and leaves the rest as it is. */
    update(change: DeepPartial<IntegrationConfig>, options?: RequestOptions): Promise<IntegrationConfig>;
  };

  readonly analytics: {
    /** What was taken over in a period, the current month when left out. */
    sync(
      options?: { startDate?: string | Date; endDate?: string | Date; source?: string } & RequestOptions,
    ): Promise<SyncStatistics>;
    /** How the last hour's requests went. */
    performance(options?: RequestOptions): Promise<PerformanceMetrics>;
  };

  readonly errors: {
    /** A page of what went wrong, the newest first. */
    list(options?: ErrorFilter & { page?: number } & RequestOptions): Promise<ErrorPage>;
    /** Everything that went wrong, page by page, the newest first. */
    all(options?: ErrorFilter & RequestOptions): AsyncGenerator<LoggedError, void, void>;
  };

  /** How the server is, and the services that it needs. Where the database is down it throws an `ApiError` with status 503. */
  health(options?: RequestOptions): Promise<Health>;
}

/**
 * Whether a delivery was signed with this secret: `body` as its bytes arrived, `signature` the header `X-Webhook-Signature`.
 */
export function verifySignature(body: string | Uint8Array, signature: string | undefined, secret: string): boolean;

/** Whatever this client throws, but for wrong arguments, which are a `TypeError`. */
export class HaloError extends Error {}
/** No answer came: the server could not be reached, or the connection broke. */
export class ConnectionError extends HaloError {}
/** No answer came in time. */
export class TimeoutError extends ConnectionError {}
/** The server answered with an error. */
export class ApiError extends HaloError {
  readonly status: number;
  /** Such as `VALIDATION_ERROR`. */
  readonly code: string;
  readonly details: Record<string, unknown>;
  /** Names the request in the server's log. */
  readonly requestId?: string;
  readonly timestamp?: string;
  /** In how many seconds to come back, where the server says so. */
  readonly retryAfter?: number;
}
/** What was sent is wrong: `details` names the field and the value. */
export class ValidationError extends ApiError {}
/** The API key is missing, unknown, expired or revoked. */
export class AuthenticationError extends ApiError {}
/** The API key may not do that. */
export class AuthorizationError extends ApiError {}
/** No record has this id. */
export class NotFoundError extends ApiError {}
/** Too many requests. */
export class RateLimitError extends ApiError {}
/** A service behind the server failed. */
export class ExternalApiError extends ApiError {}
/** The server failed. */
export class InternalError extends ApiError {}
