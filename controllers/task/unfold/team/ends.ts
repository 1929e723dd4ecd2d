import { valueOf } from '../../node-record.ts';
import type { NodeRecord } from '../../node-record.ts';
import type { History } from '../unfold.ts';

/** How a node has ended, for a program that works out what follows. A cancelled node ends its Task, so nothing follows. */
export type NodeEnd =
  | { end: 'open' }
  | {
      end: 'succeeded';
      /** Its answer; may be cut. */
      value: string;
      /** Its answer as a JSON value, where it was asked for one; whoever reads it checks it. */
      output: unknown;
      /** Whether another node can go on with its agent. */
      hasSession: boolean;
    }
  | {
      end: 'failed';
      /** `Reason: message` */
      why: string;
    };

export function endOf({ ended }: Pick<History, 'ended'>, id: string): NodeEnd {
  const record = ended(id);
  switch (record?.status) {
    case 'COMPLETED':
      return succeeded(record);
    case 'FAILED':
      return { end: 'failed', why: record.errorMessage ?? 'Unknown' };
    case 'SKIPPED':
      return { end: 'failed', why: `Skipped: ${record.message ?? ''}`.trim() };
    default:
      return { end: 'open' };
  }
}

function succeeded(record: NodeRecord): NodeEnd {
  const { output, sessionId } = record.result ?? {};
  return { end: 'succeeded', value: valueOf(record), output, hasSession: typeof sessionId === 'string' };
}

/** Whether the run failed since its answer is not as it was asked for. */
export function isInvalidOutput(why: string): boolean {
  return why === 'OutputInvalid' || why.startsWith('OutputInvalid:');
}
