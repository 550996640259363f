/**
 * Stable error codes with the message a person reads. Codes are never reused.
 * The same table serves thrown errors, HTTP replies and live-session replies.
 */
export const ERRORS = {
  BAD_FRAME: { status: 400, message: "The frame is not one this version understands" },
  BAD_SELECTOR: { status: 400, message: "The series selector is not valid" },
  BAD_REQUEST: { status: 400, message: "The request is not valid" },
  BAD_OPTION: { status: 400, message: "The option is not valid" },
  UNAUTHENTICATED: { status: 401, message: "Sign in first" },
  FORBIDDEN: { status: 403, message: "This principal may not do that" },
  BAD_HOST: { status: 403, message: "The Host header is not one this hub answers to" },
  BAD_ORIGIN: { status: 403, message: "The Origin is not allowed" },
  LISTEN_FAILED: { status: 500, message: "The hub could not listen on that address" },
  NOT_FOUND: { status: 404, message: "There is nothing at this address" },
  METHOD_NOT_ALLOWED: { status: 405, message: "The method is not allowed here" },
  CONFLICT: { status: 409, message: "Something else is under way" },
  PRECONDITION_FAILED: { status: 412, message: "Somebody else changed it meanwhile; load it again" },
  PRECONDITION_REQUIRED: { status: 428, message: "Say which version is changed: If-Match with its ETag" },
  TOO_LARGE: { status: 413, message: "The body or message is larger than allowed" },
  RATE_LIMITED: { status: 429, message: "Too many requests; try again later" },
  TOO_MANY_CONNECTIONS: { status: 429, message: "Too many connections from here" },
  NODE_AWAY: { status: 503, message: "The process does not answer" },
  TARGET_FAILED: { status: 502, message: "The server under test did not answer as it should" },
  INTERNAL: { status: 500, message: "The hub failed to answer" },
  STORE_UNAVAILABLE: { status: 503, message: "History is not available right now" },
} as const;

/** One of the stable codes of {@link ERRORS}. */
export type ErrorCode = keyof typeof ERRORS;

/** What every JSON error reply looks like. */
export interface ErrorBody {
  readonly error: { readonly code: ErrorCode; readonly message: string; readonly details?: unknown };
}

/** An error with a stable {@link ErrorCode}; `details` says what was expected and what was got. */
export class WsightError extends Error {
  override readonly name = "WsightError";
  readonly code: ErrorCode;
  readonly details: unknown;

  constructor(code: ErrorCode, message?: string, options: { cause?: unknown; details?: unknown } = {}) {
    super(message ?? ERRORS[code].message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.details = options.details;
  }

  /** HTTP status that belongs to the code. */
  get status(): number {
    return ERRORS[this.code].status;
  }

  /** The JSON reply for this error. */
  toBody(): ErrorBody {
    const { code, message, details } = this;
    return { error: details === undefined ? { code, message } : { code, message, details } };
  }
}
