import type { Strategy } from './strategy.ts';

/** That its spec never changes and that a decision is final are rules of the CRD; who may decide is admission's. */
export const approvalStrategy: Strategy = {
  // Field selectors find it at once, before a controller has seen it.
  prepareForCreate: (approval) => ({ ...approval, status: { phase: 'Pending' } }),
};
