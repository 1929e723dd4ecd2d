import { invalid, StatusError } from '../../machinery/status-error.ts';
import type { StatusCause } from '../../machinery/status-error.ts';
import { forbidden, unsupportedValue } from '../../structural-schema/field-error.ts';
import type { CollectionQuery, ListQuery } from '../requests.ts';

/** The rules of resourceVersion and resourceVersionMatch (apimachinery internalversion/validation). */

const LIST_OPTIONS = { group: 'meta.k8s.io', kind: 'ListOptions' };
const MATCH = 'resourceVersionMatch';

const MAX_UINT64 = 2n ** 64n - 1n;

/** Undefined for none; 0 for any. @throws StatusError BadRequest for what is no number */
export function parseRevision(text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined;
  const isNumber = /^\d{1,20}$/.test(text);
  // Revisions that no double can hold are as far in the future as any.
  if (isNumber && BigInt(text) <= MAX_UINT64) return Math.min(Number(text), Number.MAX_SAFE_INTEGER);
  const shown = JSON.stringify(text.slice(0, 256));
  const fault = /^\d+$/.test(text) ? 'value out of range' : 'invalid syntax';
  const cause = `Invalid value: ${shown}: strconv.ParseUint: parsing ${shown}: ${fault}`;
  throw new StatusError('BadRequest', `invalid resource version: resourceVersion: ${cause}`);
}

export interface WantedRevision {
  minRevision: number | undefined;
  /** This revision and no other. */
  exact: boolean;
}

/** @throws StatusError BadRequest, Invalid (apimachinery internalversion/validation ValidateListOptions) */
export function listRevision(query: ListQuery): WantedRevision {
  const causes = listCauses(query);
  if (causes.length > 0) throw invalid(LIST_OPTIONS, '', causes);
  const minRevision = parseRevision(query.resourceVersion);
  const { resourceVersionMatch: match = '', limit = 0 } = query;
  // Pages without a match are of the revision that was asked for (API concepts, "resourceVersion semantics").
  const paged = match === '' && limit > 0 && minRevision !== undefined && minRevision > 0;
  return { minRevision, exact: match === 'Exact' || paged };
}

function listCauses(query: ListQuery): StatusCause[] {
  const { resourceVersion = '', resourceVersionMatch: match = '', continue: token = '' } = query;
  const causes: StatusCause[] = [];
  const refuse = (why: string): unknown => causes.push(forbidden(MATCH, why));
  if (match !== '') {
    if (resourceVersion === '')
      refuse('resourceVersionMatch is forbidden unless resourceVersion is provided');
    if (token !== '') refuse('resourceVersionMatch is forbidden when continue is provided');
    if (match !== 'Exact' && match !== 'NotOlderThan') {
      causes.push(unsupportedValue(MATCH, match, ['Exact', 'NotOlderThan', '']));
    }
    if (match === 'Exact' && resourceVersion === '0') {
      refuse('resourceVersionMatch "exact" is forbidden for resourceVersion "0"');
    }
  }
  if (query.sendInitialEvents !== undefined) {
    causes.push(forbidden('sendInitialEvents', 'sendInitialEvents is forbidden for list'));
  }
  return causes;
}

/** @throws StatusError Invalid when sendInitialEvents and resourceVersionMatch do not go together */
export function checkInitialEvents(query: CollectionQuery): void {
  const { sendInitialEvents, resourceVersionMatch: match = '' } = query;
  const causes: StatusCause[] = [];
  if (sendInitialEvents !== undefined && match !== 'NotOlderThan') {
    const why = 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan';
    causes.push(forbidden(MATCH, why));
  }
  if (sendInitialEvents === undefined && match !== '') {
    const why = 'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided';
    causes.push(forbidden(MATCH, why));
  }
  if (match !== '' && match !== 'NotOlderThan') {
    causes.push(unsupportedValue(MATCH, match, ['NotOlderThan']));
  }
  if (causes.length > 0) throw invalid(LIST_OPTIONS, '', causes);
}
