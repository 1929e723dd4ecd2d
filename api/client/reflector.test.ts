import { createServer } from 'node:http';
import type { ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { Clock } from '../machinery/clock.ts';
import { silentLogger } from '../machinery/logger.ts';
import type { Logger } from '../machinery/logger.ts';
import type { KubeObject } from '../machinery/meta.ts';
import type { ResourceType } from '../machinery/resource-type.ts';
import type { Client } from './client.ts';
import { createHttpClient } from './http-client.ts';
import { runReflector } from './reflector.ts';
import { createTransport } from './transport.ts';

const WIDGETS: ResourceType = {
  group: 'x.io',
  version: 'v1',
  kind: 'Widget',
  plural: 'widgets',
  namespaced: true,
};

const widget = (name: string, revision: number): KubeObject => ({
  apiVersion: 'x.io/v1',
  kind: 'Widget',
  metadata: { name, namespace: 'a', resourceVersion: String(revision) },
});
const event = (type: string, object: unknown): string => `${JSON.stringify({ type, object })}\n`;
const list = (revision: number, items: KubeObject[] = [], token = ''): string =>
  JSON.stringify({
    apiVersion: 'x.io/v1',
    kind: 'WidgetList',
    metadata: { resourceVersion: String(revision), continue: token },
    items,
  });

/** One answer of the server; the request's path and query come with it. */
type Answer = (response: ServerResponse, query: URLSearchParams) => void;
const send =
  (text: string, code = 200): Answer =>
  (response) =>
    response.writeHead(code).end(text);
/** Says something and leaves the stream open. */
const open =
  (text: string): Answer =>
  (response) =>
    void response.writeHead(200).write(text);
const cut =
  (text = ''): Answer =>
  (response) =>
    void response.write(text === '' ? ' ' : text, () => setImmediate(() => response.socket?.destroy()));

const cleanup: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of cleanup.splice(0).reverse()) await end();
});

/**
 * Plays the answers in order over a real socket and returns what the target was told and what was asked, once
 * the last answer has been asked for and `until` appears in the story.
 */
async function play(answers: Answer[], until: string) {
  const story: string[] = [];
  const asked: string[] = [];
  const waits: number[] = [];
  const warnings: unknown[] = [];
  const logger: Logger = {
    ...silentLogger,
    warn: (_, fields) => void warnings.push(fields?.['failures']),
    with: () => logger,
  };
  const controller = new AbortController();
  const tell = (line: string): void => {
    story.push(line);
    if (line === until && asked.length >= answers.length) controller.abort(new Error('seen enough'));
  };
  const server = createServer((request, response) => {
    const { searchParams } = new URL(request.url ?? '', 'http://x');
    const answer = answers[asked.length];
    const watch = searchParams.get('watch') === 'true';
    asked.push(watch ? `watch ${searchParams.get('resourceVersion')}` : 'list');
    if (answer === undefined) response.writeHead(200).write('\n');
    else answer(response, searchParams);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const transport = createTransport({
    server: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    credentials: { current: () => Promise.resolve({ headers: {} }) },
  });
  cleanup.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  cleanup.push(() => transport.close());
  // Waits pass at once; only their length is of interest.
  const clock: Clock = {
    now: () => 0,
    after(ms, fn) {
      waits.push(ms);
      const immediate = setImmediate(fn);
      return () => clearImmediate(immediate);
    },
  };
  await runReflector({
    client: createHttpClient({ transport }),
    type: WIDGETS,
    signal: controller.signal,
    clock,
    random: () => 0.5,
    logger,
    target: {
      replace: (objects) => tell(`replace ${objects.map(({ metadata }) => metadata.name).join(',')}`),
      apply: (type, object) => tell(`${type} ${object.metadata.name}`),
    },
  });
  return { story, asked, waits, warnings };
}

const done = open(event('ADDED', widget('end', 1000)));

describe('runReflector', () => {
  it('lists in pages of one snapshot, then watches from its revision', async () => {
    const { story, asked } = await play(
      [
        send(list(5, [widget('a', 1)], 'more')),
        send(list(5, [widget('b', 2)])),
        open(
          event('MODIFIED', widget('a', 6)) +
            event('DELETED', widget('b', 7)) +
            event('ADDED', widget('end', 8)),
        ),
      ],
      'ADDED end',
    );
    expect(story).toEqual(['replace a,b', 'MODIFIED a', 'DELETED b', 'ADDED end']);
    expect(asked).toEqual(['list', 'list', 'watch 5']);
  });

  it('goes on from the last revision, bookmarks included, when the server ends the watch', async () => {
    const { asked } = await play(
      [send(list(5)), send(event('ADDED', widget('a', 6)) + event('BOOKMARK', widget('', 9))), done],
      'ADDED end',
    );
    expect(asked).toEqual(['list', 'watch 5', 'watch 9']);
  });

  const status = { kind: 'Status', status: 'Failure', message: 'no' };
  const gone = { ...status, reason: 'Expired', code: 410 };
  const begins = [send(list(5, [widget('a', 1)]))];
  const again = [send(list(20, [widget('b', 15)])), done];

  it.each<{ reason: string; failing: Answer; want: string[] }>([
    { reason: '410 as an event', failing: send(event('ERROR', gone)), want: ['list', 'watch 20'] },
    { reason: '410 as the answer', failing: send(JSON.stringify(gone), 410), want: ['list', 'watch 20'] },
    {
      reason: 'any other ERROR event',
      failing: send(event('ERROR', { ...status, reason: 'InternalError', code: 500 })),
      want: ['list', 'watch 20'],
    },
    { reason: 'a line that is no JSON', failing: send('{"type":\n'), want: ['list', 'watch 20'] },
    { reason: 'a line that is no event', failing: send('{"kind":"Status"}\n'), want: ['list', 'watch 20'] },
    {
      reason: 'an object without a revision',
      failing: send(event('ADDED', { metadata: { name: 'x' } })),
      want: ['list', 'watch 20'],
    },
    {
      reason: 'a revision that goes back: the server was restored from a backup',
      failing: send(event('ADDED', widget('x', 2))),
      want: ['list', 'watch 20'],
    },
    { reason: 'a watch that ends at once', failing: send(''), want: ['list', 'watch 20'] },
    {
      reason: 'a revision the server has not reached',
      failing: send(JSON.stringify({ ...status, reason: 'Timeout', code: 504 }), 504),
      want: ['list', 'watch 20'],
    },
    { reason: 'a kind that went away', failing: send('404 page not found', 404), want: ['list', 'watch 20'] },
  ])('lists anew after $reason', async ({ failing, want }) => {
    const { story, asked } = await play([...begins, failing, ...again], 'ADDED end');
    expect(asked).toEqual(['list', 'watch 5', ...want]);
    expect(story).toEqual(['replace a', 'replace b', 'ADDED end']);
  });

  it.each<{ reason: string; failing: Answer }>([
    { reason: 'a cut connection', failing: cut() },
    { reason: 'a server that is shutting down', failing: send('', 503) },
  ])('watches on from where it was after $reason', async ({ failing }) => {
    const { asked } = await play([...begins, failing, done], 'ADDED end');
    expect(asked).toEqual(['list', 'watch 5', 'watch 5']);
  });

  it('keeps what came before a cut, and takes nothing twice', async () => {
    const { story, asked } = await play(
      [...begins, cut(event('ADDED', widget('b', 6))), open(event('ADDED', widget('end', 7)))],
      'ADDED end',
    );
    expect(asked).toEqual(['list', 'watch 5', 'watch 6']);
    expect(story).toEqual(['replace a', 'ADDED b', 'ADDED end']);
  });

  it('backs off further and further, up to a bound, and begins anew after progress', async () => {
    const failures = Array.from({ length: 12 }, () => send('', 500));
    const { waits } = await play(
      [...failures, send(list(5)), send(event('ADDED', widget('b', 6))), send('', 503), done],
      'ADDED end',
    );
    expect(waits.slice(0, 4)).toEqual([75, 150, 300, 600]);
    expect(waits.slice(8, 12)).toEqual([2250, 2250, 2250, 2250]);
    expect(waits[12]).toBe(75);
  });

  it.each([
    ['a kind that is being removed', [send(list(5)), send(''), send('', 404)], []],
    ['a kind that is not there', [send('', 404), send('', 404), send('', 404)], [3]],
    ['a server that fails', [send('', 500), send('', 500)], [1, 2]],
    ['a server that is away', [send('', 503), send('', 503), send('', 503)], [1]],
  ])('warns of %s no more often than somebody can do something about it', async (_, failures, told) => {
    const { warnings } = await play([...failures, send(list(6)), done], 'ADDED end');
    expect(warnings).toEqual(told);
  });

  it('keeps of each object what is wanted before it asks for more', async () => {
    const story: string[] = [];
    const stop = new AbortController();
    const pages = [
      { metadata: { continue: 'more' }, items: [widget('a', 1)] },
      { metadata: { resourceVersion: '5' }, items: [widget('b', 2)] },
    ];
    const client = {
      list: () => {
        story.push('list');
        return Promise.resolve(pages.shift());
      },
      async *watch() {
        yield await Promise.resolve({ type: 'MODIFIED', object: widget('c', 6) });
        stop.abort();
      },
    } as unknown as Pick<Client, 'list' | 'watch'>;
    await runReflector({
      client,
      type: WIDGETS,
      signal: stop.signal,
      transform(object) {
        story.push(object.metadata.name);
        return { ...object, kind: 'Kept' };
      },
      target: {
        replace: (objects) => story.push(...objects.map(({ kind }) => kind)),
        apply: (_, { kind }) => story.push(kind),
      },
    });
    expect(story).toEqual(['list', 'a', 'list', 'b', 'Kept', 'Kept', 'c', 'Kept']);
  });

  it('leaves when it is aborted before it began', async () => {
    await runReflector({
      client: createHttpClient({
        transport: createTransport({
          server: 'http://127.0.0.1:1',
          credentials: { current: () => Promise.resolve({ headers: {} }) },
        }),
      }),
      type: WIDGETS,
      signal: AbortSignal.abort(),
      target: { replace: () => expect.unreachable(), apply: () => expect.unreachable() },
    });
  });
});
