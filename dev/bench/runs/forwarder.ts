import { setTimeout as delay } from 'node:timers/promises';
import { request } from 'undici';
import { httpService } from '../../environment/http-service.ts';
import { modelWay } from '../../environment/model-way.ts';
import type { Figure } from '../load/figure.ts';
import { load, percentiles } from '../load/load.ts';

const CALLS = 500;
const WARM_UP = 50;
const EVENTS = 300;
const EVENT_PAUSE_MS = 3;
/** As large as a request of an agent that has worked for a while. */
const PROMPT = JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'x'.repeat(100_000) }] });

/** Where a client calls, and with what. */
interface Address {
  url: string;
  token: string;
}

/**
 * The time that the way over the runner and the executor manager adds to a call of a model: beside direct calls of the same
 * service, in turns, everything in one process. A service of the real world takes a hundred times as long.
 */
export async function measureForwarder(): Promise<Figure[]> {
  await using service = await startService();
  await using between = await modelWay();
  const credential = { value: 'sk-a-key-of-the-bench', form: 'key' } as const;
  const model = { protocol: 'anthropic', baseURL: service.url, credential, headers: {} } as const;
  const { baseURL, apiKey } = await between.run('run', () => model);
  const way = { url: baseURL, token: apiKey };
  const direct = { url: service.url, token: 'key' };
  const [bare, ours] = await callsInTurns(direct, way);
  const [bareEvents, ourEvents] = [await eventDelays(direct), await eventDelays(way)];
  const at = (address: Address) => load({ count: CALLS, concurrency: 100, call: () => callOnce(address) });
  const [bareMany, many] = [await at(direct), await at(way)];
  return [
    figure('model call of 100 kB', ours, bare),
    figure('event of a stream', ourEvents, bareEvents),
    {
      name: 'model calls, 100 at once',
      on: 'forwarder',
      value: `${Math.round(many.perSecond)}/s`,
      p50Ms: many.p50Ms,
      p99Ms: many.p99Ms,
      floor: `direct ${Math.round(bareMany.perSecond)}/s`,
      ratio: bareMany.perSecond / many.perSecond,
    },
  ];
}

function figure(name: string, samples: readonly number[], bare: readonly number[]): Figure {
  const [ours, least] = [percentiles(samples), percentiles(bare)];
  return {
    name,
    on: 'forwarder',
    value: `+${(ours.p50Ms - least.p50Ms).toFixed(2)} ms`,
    ...ours,
    floor: `direct p50 ${least.p50Ms.toFixed(2)}, p99 ${least.p99Ms.toFixed(2)} ms`,
    ratio: ours.p50Ms / least.p50Ms,
  };
}

async function callsInTurns(direct: Address, way: Address): Promise<[number[], number[]]> {
  const bare: number[] = [];
  const ours: number[] = [];
  for (let call = 0; call < CALLS + WARM_UP; call += 1) {
    const times = [await timed(() => callOnce(direct)), await timed(() => callOnce(way))] as const;
    if (call < WARM_UP) continue;
    bare.push(times[0]);
    ours.push(times[1]);
  }
  return [bare, ours];
}

async function timed(act: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await act();
  return performance.now() - start;
}

async function callOnce({ url, token }: Address): Promise<void> {
  const { body } = await request(`${url}/v1/messages`, {
    method: 'POST',
    headers: { 'x-api-key': token },
    body: PROMPT,
  });
  await body.dump();
}

/** Milliseconds from the write of each event at the service until the client has it. */
async function eventDelays({ url, token }: Address): Promise<number[]> {
  const { body } = await request(`${url}/v1/messages`, {
    method: 'POST',
    headers: { 'x-api-key': token, accept: 'text/event-stream' },
    body: '{}',
  });
  const delays: number[] = [];
  for await (const chunk of body as AsyncIterable<Buffer>) {
    const now = performance.now();
    for (const [, sent] of chunk.toString().matchAll(/data: ([\d.]+)/g)) delays.push(now - Number(sent));
  }
  return delays;
}

function startService(): Promise<AsyncDisposable & { url: string }> {
  return httpService((incoming, answer) => {
    incoming.resume().once('end', () => {
      if (incoming.headers.accept !== 'text/event-stream') return void answer.end('{"content":[]}');
      answer.writeHead(200, { 'content-type': 'text/event-stream' });
      void writeEvents((event) => answer.write(event)).then(() => answer.end());
    });
  });
}

async function writeEvents(write: (event: string) => void): Promise<void> {
  for (let event = 0; event < EVENTS; event += 1) {
    write(`data: ${performance.now()}\n\n`);
    await delay(EVENT_PAUSE_MS);
  }
}
