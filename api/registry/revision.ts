import { invalid, StatusError } from '../machinery/status-error.ts';
import { forbidden, unsupportedValue } from '../schema/field-error.ts';
import type { CollectionQuery } from './requests.ts';

/** The rules of resourceVersion and resourceVersionMatch (apimachinery internalversion/validation). */

const LIST_OPTIONS = { group: 'meta.k8s.io', kind: 'ListOptions' };

/** Undefined for none; 0 for any. @throws StatusError BadRequest for what is no number */
export function parseRevision(text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined;
  const revision = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(revision)) return revision;
  const message = `resourceVersion: Invalid value: ${JSON.stringify(text)}: strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`;
  throw new StatusError('BadRequest', message);
}

export interface WantedRevision {
  minRevision: number | undefined;
  /** This revision and no other. */
  exact: boolean;
}

export function listRevision(query: CollectionQuery & { sendInitialEvents?: boolean }): WantedRevision {
  const minRevision = parseRevision(query.resourceVersion);
  const { resourceVersionMatch: match } = query;
  if (match === undefined || match === '') return { minRevision, exact: false };
  const field = 'resourceVersionMatch';
  if (minRevision === undefined) {
    throw invalid(LIST_OPTIONS, '', [
      forbidden(field, 'resourceVersionMatch is forbidden unless resourceVersion is provided'),
    ]);
  }
  if (match !== 'Exact' && match !== 'NotOlderThan') {
    throw invalid(LIST_OPTIONS, '', [unsupportedValue(field, match, ['Exact', 'NotOlderThan', ''])]);
  }
  if (match === 'Exact' && minRevision === 0) {
    throw invalid(LIST_OPTIONS, '', [
      forbidden(field, 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'),
    ]);
  }
  return { minRevision, exact: match === 'Exact' };
}

/** @throws StatusError Invalid when sendInitialEvents and resourceVersionMatch do not go together */
export function checkInitialEvents(query: CollectionQuery & { sendInitialEvents?: boolean }): void {
  const match = query.resourceVersionMatch ?? '';
  if (query.sendInitialEvents === undefined) {
    if (match === '') return;
    throw invalid(LIST_OPTIONS, '', [
      forbidden(
        'resourceVersionMatch',
        'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided',
      ),
    ]);
  }
  if (match === 'NotOlderThan') return;
  throw invalid(LIST_OPTIONS, '', [
    match === ''
      ? forbidden(
          'resourceVersionMatch',
          'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan',
        )
      : unsupportedValue('resourceVersionMatch', match, ['NotOlderThan']),
  ]);
}
