import { VERSION } from '../../machinery/version.ts';
import type { StatusError } from '../../machinery/status-error.ts';
import type { RequestContext } from '../server-environment.ts';
import { formatTime } from '../../machinery/clock.ts';
import type { Clock } from '../../machinery/clock.ts';

/** Where the next page begins; absent on the last one. */
export interface Pagination {
  /** For `?continue=` of the next request. */
  continue?: string;
  /** Objects behind this page, where that is known. */
  remaining?: number;
}

interface Meta {
  /** RFC 3339. */
  timestamp: string;
  /** The id of the request in logs and audit, as the header Audit-Id has it. */
  request_id: string;
  /** Of the server. */
  version: string;
  pagination?: Pagination;
}

export interface Success {
  success: true;
  data: unknown;
  meta: Meta;
}

export interface Failure {
  success: false;
  error: { code: string; message: string; details: object };
  meta: Meta;
}

export interface EnvelopeOptions {
  c: RequestContext;
  clock: Clock;
}

function metaOf({ c, clock }: EnvelopeOptions): Meta {
  const id = c.env.outgoing.getHeader('audit-id');
  return {
    timestamp: formatTime(clock.now()),
    request_id: typeof id === 'string' ? id : '',
    version: VERSION,
  };
}

export function success(options: EnvelopeOptions, data: unknown, pagination?: Pagination): Success {
  const meta = metaOf(options);
  return { success: true, data, meta: pagination === undefined ? meta : { ...meta, pagination } };
}

/** `code` is the reason of the Status that the API proper would answer, such as `NotFound`. */
export function failure(options: EnvelopeOptions, error: StatusError): Failure {
  const { reason, message, details = {} } = error;
  return { success: false, error: { code: reason, message, details }, meta: metaOf(options) };
}
