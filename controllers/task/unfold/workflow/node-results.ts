import type { StepResult } from '#workflows/variables';
import { valueOf } from '../../node-record.ts';
import type { NodeRecord } from '../../node-record.ts';
import { ended, failedResult } from './progress.ts';

/** The result of a node that has ended. */
export function resultOf(record: NodeRecord): StepResult {
  const value = valueOf(record);
  switch (record.status) {
    case 'COMPLETED': {
      const output = record.result?.['output'];
      return ended('Succeeded', { value, ...(output === undefined ? {} : { output }) });
    }
    case 'SKIPPED':
      return ended('Omitted', { message: record.message ?? '' });
    default:
      return { ...failureOf(record.errorMessage ?? record.status ?? ''), value };
  }
}

/** Records say why in the form `Reason: message`. */
export function failureOf(text: string): StepResult {
  const [, reason = 'Failed', message = text] = /^([A-Z]\w*)(?:: (.*))?$/s.exec(text) ?? [];
  return failedResult(reason, message);
}
