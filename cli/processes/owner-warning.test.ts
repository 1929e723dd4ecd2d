import { expect, it } from 'vitest';
import type { Transport } from '#api/client/transport';
import type { Logger } from '#api/machinery/logger';
import { warnOfOwner } from './owner-warning.ts';

/** The lines of the log when the server knows the process by these groups. */
async function told(groups: string[] | Error): Promise<string[]> {
  const lines: string[] = [];
  const note = (message: string): void => void lines.push(message);
  const logger: Logger = { debug: note, info: note, warn: note, error: note, with: () => logger };
  const send = (): ReturnType<Transport['send']> => {
    if (groups instanceof Error) return Promise.reject(groups);
    const userInfo = { username: 'troupe-admin', groups };
    return Promise.resolve({ status: 201, text: JSON.stringify({ status: { userInfo } }) }) as ReturnType<
      Transport['send']
    >;
  };
  await warnOfOwner({ transport: { send }, logger, instead: 'Take another.' });
  return lines;
}

it('warns a process that may do everything, and no other', async () => {
  expect(await told(['system:masters', 'system:authenticated'])).toEqual([
    'this process may do everything, since its kubeconfig is that of the owner. Take another.',
  ]);
  expect(await told(['system:serviceaccounts', 'system:authenticated'])).toEqual([]);
});

it('keeps no process from starting', async () => {
  expect(await told(new Error('away'))).toEqual(['the server does not say as whom this process acts']);
});
