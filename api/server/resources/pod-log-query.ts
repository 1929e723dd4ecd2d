import { badRequest, invalid } from '../../machinery/status-error.ts';
import type { StatusCause } from '../../machinery/status-error.ts';
import { POD_CONTAINER } from '../../registry/reading/pod-view.ts';
import { isTrue, wholeNumber } from '../request/query.ts';
import type { ResourceRequest } from '../request/resource-request.ts';

/** Which part of the log of a Pod is asked for (core/v1 PodLogOptions). */
export interface PodLogQuery {
  follow: boolean;
  previous: boolean;
  timestamps: boolean;
  /** Only the last lines of what there is, and what follows. */
  tailLines?: number;
  limitBytes?: number;
  /** Milliseconds before now. */
  sinceMs?: number;
  /** Milliseconds since the epoch. */
  sinceTime?: number;
}

const ONE_SINCE = 'Forbidden: at most one of `sinceTime` or `sinceSeconds` may be specified';

/** @throws StatusError BadRequest, Invalid as kubernetes pkg/apis/core/validation ValidatePodLogOptions has it */
export function podLogQuery(request: ResourceRequest): PodLogQuery {
  const { c, place } = request;
  checkContainer(c.req.query('container'), place.name);
  const flag = (name: string): boolean => isTrue(c.req.query(name));
  const causes: StatusCause[] = [];
  const number = (name: string, least: number): number | undefined => {
    const value = wholeNumber(c, name);
    const given = c.req.query(name) ?? '';
    if (value === undefined || (value >= least && !given.startsWith('-'))) return value;
    const must = least === 0 ? 'must be greater than or equal to 0' : 'must be greater than 0';
    causes.push({ reason: 'FieldValueInvalid', field: name, message: `Invalid value: ${given}: ${must}` });
    return undefined;
  };
  const tailLines = number('tailLines', 0);
  const limitBytes = number('limitBytes', 1);
  const sinceTime = timeOf(c.req.query('sinceTime'));
  if (sinceTime !== undefined && c.req.query('sinceSeconds') !== undefined) {
    causes.push({ reason: 'FieldValueForbidden', field: '', message: ONE_SINCE });
  }
  const sinceSeconds = number('sinceSeconds', 1);
  if (causes.length > 0) throw invalid({ group: '', kind: 'PodLogOptions' }, place.name, causes);
  return {
    ...{ follow: flag('follow'), previous: flag('previous'), timestamps: flag('timestamps') },
    ...(tailLines !== undefined && { tailLines }),
    ...(limitBytes !== undefined && { limitBytes }),
    ...(sinceSeconds !== undefined && { sinceMs: sinceSeconds * 1000 }),
    ...(sinceTime !== undefined && { sinceTime }),
  };
}

/** @throws StatusError BadRequest (kubernetes pkg/registry/core/pod/strategy.go LogLocation) */
export function checkContainer(container: string | undefined, pod: string): void {
  if (container === undefined || container === '' || container === POD_CONTAINER) return;
  throw badRequest(`container ${container.slice(0, 256)} is not valid for pod ${pod}`);
}

const RFC3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[-+]\d\d:\d\d)$/i;

function timeOf(text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined;
  const time = RFC3339.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(time)) throw badRequest(`sinceTime: cannot parse ${JSON.stringify(text.slice(0, 256))}`);
  return time;
}
