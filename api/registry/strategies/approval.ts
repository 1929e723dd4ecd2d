import { fieldsOf } from '../../machinery/json/json.ts';
import type { Strategy } from './strategy.ts';
import { oversizedTexts } from './text-sizes.ts';

/** In bytes, as the schema has them in characters. */
const TEXTS = { reason: 32_768, message: 65_536 };

/** That its spec never changes and that a decision is final are rules of the CRD; who may decide is admission's. */
export const approvalStrategy: Strategy = {
  // Field selectors find it at once, before a controller has seen it.
  prepareForCreate: (approval) => ({ ...approval, status: { phase: 'Pending' } }),
  validate: (approval, previous) =>
    oversizedTexts(
      { at: 'status', before: fieldsOf(previous?.['status']), after: fieldsOf(approval['status']) },
      TEXTS,
    ),
};
