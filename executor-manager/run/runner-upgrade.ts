import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Clock } from '#api/machinery/clock';
import { StatusError } from '#api/machinery/status-error';
import type { RuntimeAddress } from '../drivers/driver.ts';

export interface RunnerUpgrade {
  address: RuntimeAddress;
  token: string;
  path: string;
  /** For the header Upgrade. */
  protocol: string;
  clock: Clock;
  /** Gives it up. */
  signal?: AbortSignal;
}

const ANSWER_MS = 10_000;
/** Of a refusal: what a runner says is input. */
const MAX_TEXT = 1000;

/**
 * Turns a connection to a runner into one of another protocol.
 * @throws StatusError NotFound for a runner without it, else ServiceUnavailable with the runner's own words
 */
export function upgradeRunner(upgrade: RunnerUpgrade): Promise<Duplex> {
  const { address, token, path, protocol, signal, clock } = upgrade;
  return new Promise((resolve, reject) => {
    const asking = request({
      ...{ host: address.host, port: address.port, path, agent: false, ...(signal && { signal }) },
      headers: { authorization: `Bearer ${token}`, connection: 'Upgrade', upgrade: protocol },
    });
    const cancel = clock.after(ANSWER_MS, () => asking.destroy(new Error('no answer in time')));
    asking.once('upgrade', (_, socket, head) => {
      cancel();
      if (head.length > 0) socket.unshift(head);
      resolve(socket);
    });
    asking.once('response', (answer) => {
      cancel();
      refusalOf(answer).then(reject, reject);
    });
    asking.on('error', (cause) => {
      cancel();
      reject(new StatusError('ServiceUnavailable', 'no answer', { cause }));
    });
    asking.end();
  });
}

async function refusalOf(answer: IncomingMessage): Promise<StatusError> {
  let text = '';
  answer.setEncoding('utf8');
  for await (const part of answer as AsyncIterable<string>) {
    text += part;
    if (text.length > MAX_TEXT) break;
  }
  const said = text === '' ? `the runner answered ${answer.statusCode}` : text.slice(0, MAX_TEXT);
  return new StatusError(answer.statusCode === 404 ? 'NotFound' : 'ServiceUnavailable', said);
}
