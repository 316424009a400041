import { MillraceError, type MillraceErrorOptions } from '../base/error.js';

/** What is wrong with one part of a request. */
export interface ApiIssue {
  /** Where: the name of a parameter, or a path in the body. */
  readonly path: string;
  readonly message: string;
}

export type ApiStatus = 400 | 401 | 403 | 404 | 405 | 409 | 410 | 413 | 414 | 415 | 421 | 422 | 500 | 503;

/** A refusal, with its status. */
export class ApiError extends MillraceError {
  readonly status: ApiStatus;
  readonly issues: readonly ApiIssue[] | undefined;

  constructor(status: ApiStatus, code: string, message: string, options: MillraceErrorOptions & { readonly issues?: readonly ApiIssue[] } = {}) {
    super(code, message, options);
    this.status = status;
    this.issues = options.issues;
  }
}

/** The one shape of everything that went wrong. */
export interface ErrorBody {
  readonly error: { readonly code: string; readonly message: string; readonly hint?: string; readonly issues?: readonly ApiIssue[] };
}

/** Codes of Millrace's own, where they mean that the request was wrong, or that there is nothing to be had. */
const STATUS: Readonly<Record<string, ApiStatus>> = {
  RUN_UNKNOWN: 404,
  FLOW_UNKNOWN: 404,
  TASK_UNKNOWN: 404,
  TASK_RUN_UNKNOWN: 404,
  ARTIFACT_UNKNOWN: 404,
  RUN_RESULT_MISSING: 404,
  RUN_CODE_MISSING: 404,
  BACKFILL_INVALID: 422,
  SCHEDULE_UNKNOWN: 422,
  RUN_ID_INVALID: 400,
  JSON_INVALID: 400,
  LIMIT_INVALID: 400,
  TAG_INVALID: 422,
  NOTE_INVALID: 422,
  GRAPH_TOO_LARGE: 422,
  RECORD_READ_ONLY: 409,
  RESULT_MISSING: 410,
  RESULT_CORRUPTED: 410,
  STORE_UNKNOWN: 409,
  RECORD_BUSY: 503,
};

/** For who asked. Of what nobody foresaw, nothing but that it happened: what else is known of it belongs into the server's own log. */
export function errorBody(thrown: unknown): { readonly status: ApiStatus; readonly body: ErrorBody; readonly isUnforeseen: boolean } {
  const { code, message, hint, status, issues } = thrown as Partial<ApiError>;
  const known = thrown instanceof ApiError ? status : typeof code === 'string' ? STATUS[code] : undefined;
  if (known === undefined || code === undefined || message === undefined) {
    return {
      status: 500,
      body: { error: { code: 'INTERNAL', message: 'something went wrong in the server; its own output says what' } },
      isUnforeseen: true,
    };
  }
  const error = { code, message, ...(hint === undefined ? {} : { hint }), ...(issues === undefined ? {} : { issues }) };
  return { status: known, body: { error }, isUnforeseen: false };
}
