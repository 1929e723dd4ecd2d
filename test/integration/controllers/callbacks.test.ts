import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '#api/machinery/clock';
import { findCondition } from '#api/machinery/condition';
import type { TaskStatus } from '#api/types/generated/task';
import { SECRETS, TASKS } from '#api/types/resources';
import { playAlone } from './play.ts';
import type { Play } from './play.ts';
import { startWorld } from './world.ts';
import type { World } from './world.ts';

interface Received {
  id: string;
  type: string;
  data: { sequence: number; status: string; task: { status: TaskStatus; metadata: { name: string } } };
}

/** A receiver that knows nothing but the specification of the messages. */
class Receiver {
  readonly #server = createServer((request, response) => {
    void this.#take(request).then((code) =>
      response.writeHead(code, { location: '/elsewhere' }).end('a secret'),
    );
  });
  readonly received: Received[] = [];
  /** Codes of the next answers; 204 afterwards. */
  answers: number[] = [];
  key = '';

  async #take(request: AsyncIterable<Buffer> & { headers: Record<string, unknown> }): Promise<number> {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part);
    const text = Buffer.concat(parts).toString();
    const id = String(request.headers['webhook-id']);
    const signed = `${id}.${String(request.headers['webhook-timestamp'])}.${text}`;
    const wanted = `v1,${createHmac('sha256', this.key).update(signed).digest('base64')}`;
    if (this.key !== '' && request.headers['webhook-signature'] !== wanted) return 401;
    const code = this.answers.shift() ?? 204;
    this.received.push({ id, ...(JSON.parse(text) as Omit<Received, 'id'>) });
    return code;
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/hook`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

let world: World;
let p: Play;
/** Added to the clock of the controllers. */
let ahead = 0;
const clock = { ...systemClock, now: () => Date.now() + ahead };
const addresses = { allow: ['127.0.0.1'] };

beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

beforeEach(async () => {
  p = await playAlone(world.client);
});

const become = async (name: string, ...states: NonNullable<TaskStatus['status']>[]): Promise<void> => {
  for (const status of states) {
    const body = { status: { status, result: { value: `as ${status}` } } };
    await p.client.patch(TASKS, p.within(name), { type: 'merge', body, subresource: 'status' });
  }
};

const told = (receiver: Receiver): unknown[] => receiver.received.map(({ data }) => data.status);

describe('a callback', () => {
  it('tells of each state, once and in order, signed; also while no controllers were there', async () => {
    await using receiver = new Receiver();
    const url = await receiver.listen();
    receiver.key = 'a key';
    const secret = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'hook' },
      stringData: { secret: 'a key' },
    };
    await p.client.create(SECRETS, { ...secret, metadata: { ...p.within('hook') } });
    const events = ['RUNNING', 'PENDING_CONFIRMATION', 'COMPLETED'] as const;
    const callback = { url, secretRef: { name: 'hook' }, events: [...events] };
    await p.create.task('t', { teamRef: { name: 'nobody' }, callback });
    await become('t', 'PENDING', 'RUNNING', 'PENDING_CONFIRMATION', 'RUNNING', 'COMPLETED');
    const stop = await world.startControllers({ addresses });
    await p.there(TASKS, 't', ({ status }) => status?.callback?.delivered === 5);
    await stop();
    const again = await world.startControllers({ addresses });
    await p.client.patch(TASKS, p.within('t'), { type: 'merge', body: { spec: { title: 'later' } } });
    await again();
    expect(told(receiver)).toEqual(['RUNNING', 'PENDING_CONFIRMATION', 'RUNNING', 'COMPLETED']);
    expect(new Set(receiver.received.map(({ id }) => id)).size).toBe(4);
    expect(receiver.received.at(-1)).toMatchObject({
      type: 'task.completed',
      data: { sequence: 5, task: { metadata: { name: 't' }, status: { result: { value: 'as COMPLETED' } } } },
    });
  });

  it('that fails is tried again with the same id, says so, and keeps the order', async () => {
    await using receiver = new Receiver();
    const url = await receiver.listen();
    receiver.answers = [500, 302];
    const events = ['RUNNING', 'COMPLETED'] as const;
    await p.create.task('t', { teamRef: { name: 'nobody' }, callback: { url, events: [...events] } });
    await become('t', 'RUNNING', 'COMPLETED');
    const stop = await world.startControllers({ addresses });
    const failed = await p.there(TASKS, 't', ({ status }) => status?.callback?.failures === 1);
    expect(failed.status?.callback).toMatchObject({ message: 'The address answered with 500.' });
    await stop();
    ahead += 10_000;
    const second = await world.startControllers({ addresses, clock });
    await p.there(TASKS, 't', ({ status }) => status?.callback?.failures === 2);
    await second();
    ahead += 60_000;
    const third = await world.startControllers({ addresses, clock });
    await p.there(TASKS, 't', ({ status }) => status?.callback?.delivered === 2);
    await third();
    const ids = receiver.received.map(({ id }) => id);
    expect([ids[0] === ids[1], ids[1] === ids[2], ids[2] === ids[3]]).toEqual([true, true, false]);
    const task = await p.client.get(TASKS, p.within('t'));
    expect(task.status?.callback).toEqual({ delivered: 2 });
  });

  it('that does not come back is given up, and a change of the spec tries it again', async () => {
    await using receiver = new Receiver();
    const url = await receiver.listen();
    await p.create.task('t', { teamRef: { name: 'nobody' }, callback: { url } });
    await become('t', 'FAILED');
    const body = { status: { callback: { failures: 10 } } };
    await p.client.patch(TASKS, p.within('t'), { type: 'merge', body, subresource: 'status' });
    receiver.answers = [500];
    const stop = await world.startControllers({ addresses });
    const dead = await p.there(
      TASKS,
      't',
      ({ status }) => findCondition(status?.conditions, 'CallbackDelivered') !== undefined,
    );
    expect(findCondition(dead.status?.conditions, 'CallbackDelivered')).toMatchObject({
      status: 'False',
      reason: 'GivenUp',
      message:
        'The address was given up after 11 attempts: The address answered with 500. A change of the spec tries it again.',
    });
    const change = { spec: { callback: { url: `${url}?again` } } };
    await p.client.patch(TASKS, p.within('t'), { type: 'merge', body: change });
    await p.there(
      TASKS,
      't',
      ({ status }) => findCondition(status?.conditions, 'CallbackDelivered')?.status === 'True',
    );
    await stop();
    expect(told(receiver)).toEqual(['FAILED', 'FAILED']);
  });

  it('leads to no address of this machine, and not to the control plane', async () => {
    await using receiver = new Receiver();
    const url = await receiver.listen();
    await p.create.task('t', { teamRef: { name: 'nobody' }, callback: { url } });
    await p.create.task('unsigned', {
      teamRef: { name: 'nobody' },
      callback: { url, secretRef: { name: 'gone' } },
    });
    await become('t', 'FAILED');
    await become('unsigned', 'FAILED');
    const stop = await world.startControllers();
    const refused = await p.there(TASKS, 't', ({ status }) => status?.callback?.failures === 1);
    const without = await p.there(TASKS, 'unsigned', ({ status }) => status?.callback?.failures === 1);
    await stop();
    expect(refused.status?.callback?.message).toMatch(/^127.0.0.1 is refused/);
    expect(without.status?.callback?.message).toBe(
      'spec.callback.secretRef: Secret "gone" with the key "secret" not found.',
    );
    expect(receiver.received).toEqual([]);
  });
});
