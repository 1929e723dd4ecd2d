import type { NodeRecord } from '../../node-record.ts';
import { valueOf } from '../../node-record.ts';
import type { StepResult } from '#workflows/variables';
import { ended, failedResult } from './progress.ts';

/** The result of a node that has ended. */
export function resultOf(record: NodeRecord, hasOutput: boolean): StepResult {
  const value = valueOf(record);
  switch (record.status) {
    case 'COMPLETED':
      return hasOutput ? withOutput(value) : ended('Succeeded', { value });
    case 'SKIPPED':
      return ended('Omitted', { message: record.message ?? '' });
    default:
      return { ...failure(record.errorMessage ?? record.status ?? ''), value };
  }
}

/** Records say why in the form `Reason: message`. */
function failure(text: string): StepResult {
  const [, reason = 'Failed', message = text] = /^([A-Z]\w*)(?:: (.*))?$/s.exec(text) ?? [];
  return failedResult(reason, message);
}

/** The run has held the answer to its schema; only one that is too long for a status cannot be read. */
function withOutput(value: string): StepResult {
  try {
    return ended('Succeeded', { value, output: JSON.parse(value) as unknown });
  } catch {
    return failedResult('OutputInvalid', 'The answer is no JSON value, or too long for a status.', { value });
  }
}
