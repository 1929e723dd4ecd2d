import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { systemClock } from '#api/machinery/clock';
import { silentLogger } from '#api/machinery/logger';
import { badRequest, conflict, notFound, StatusError, unavailable } from '#api/machinery/status-error';
import type {
  TaskEvent,
  TaskEventAppend,
  TaskEventAppended,
  TaskEventInput,
} from '#api/types/tasks/task-event';
import type { RunEvent, RunState } from '../protocol/run.ts';
import { appendEnding, relay } from './relay.ts';
import type { RelayOptions } from './relay.ts';

const TASKS = { group: 'agent.wecode.io', plural: 'tasks' };
const TIME = '2026-11-21T06:00:00.000000Z';
const forever = new AbortController().signal;
const fast = { ...systemClock, after: (_: number, fn: () => void) => systemClock.after(0, fn) };

function runOf(count: number): RunEvent[] {
  return Array.from({ length: count }, (_, index) => {
    const last = index === count - 1;
    const data = last ? { phase: 'Succeeded', result: { value: 'done' } } : { text: `${index + 1}` };
    return { seq: index + 1, time: TIME, type: last ? 'result' : 'text', data };
  });
}

/** A log of a Task in memory, with the promises of api/storage/contract/task-log.ts. */
function createLog() {
  const events: TaskEvent[] = [];
  const messages: string[] = [];
  return {
    events,
    messages,
    async append(_: unknown, { source, ...batch }: TaskEventAppend): Promise<TaskEventAppended> {
      const known = events.findLast((event) => event.source === source)?.sourceSeq ?? 0;
      const fresh = batch.events.filter((event) => event.sourceSeq > known);
      if (fresh[0] !== undefined && fresh[0].sourceSeq !== known + 1) throw conflict(TASKS, 't', 'gap');
      for (const event of fresh) events.push({ ...event, seq: events.length + 1, source });
      if (fresh.length > 0) messages.push(...(batch.messages ?? []).map(({ role }) => role));
      const last = events.findLast((event) => event.source === source);
      return {
        lastSeq: events.length,
        lastSourceSeq: last?.sourceSeq ?? 0,
        lastSourceEventSeq: last?.seq ?? 0,
      };
    },
    async *read(_: unknown, options: { after?: number } = {}): AsyncGenerator<TaskEvent> {
      yield* events.slice(options.after);
    },
  };
}

/** A run whose stream breaks after so many events, each time it is read. */
function createRun(events: readonly RunEvent[], breaks: number[] = []) {
  return {
    async *events(_: string, after: number) {
      let left = breaks.shift() ?? Number.POSITIVE_INFINITY;
      for (const event of events.slice(after)) {
        if (left === 0) throw unavailable('the stream broke');
        left -= 1;
        yield event;
      }
    },
    get: (id: string): Promise<RunState> =>
      Promise.resolve({ id, phase: 'Succeeded', lastSeq: events.length, result: { value: 'done' } }),
  };
}

function optionsFor(source: RelayOptions['source'], taskLog: RelayOptions['taskLog']): RelayOptions {
  return {
    source,
    taskLog,
    runID: 'r',
    task: { name: 't', namespace: 'default', uid: 'u' },
    sandboxName: 's',
    prompt: 'Hi',
    fresh: false,
    logger: silentLogger,
    clock: fast,
  };
}

const signals = { cut: forever, stop: forever };
const numbers = (events: readonly TaskEventInput[]): number[] => events.map((event) => event.sourceSeq);
const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

describe('relay', () => {
  it('brings every event once, in order, whatever breaks', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 150 }),
        fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 6 }),
        fc.array(fc.constantFrom('lose request', 'lose answer', 'work'), { maxLength: 8 }),
        fc.nat(150),
        async (count, breaks, faults, known) => {
          const log = createLog();
          const events = runOf(count);
          const before = events.slice(0, Math.min(known, count));
          await log.append({}, { source: 's', taskUID: 'u', events: before.map(toInput) });
          const flaky = {
            async append(task: unknown, batch: TaskEventAppend): Promise<TaskEventAppended> {
              const fault = faults.shift();
              if (fault === 'lose request') throw unavailable('lost');
              const answer = await log.append(task, batch);
              if (fault === 'lose answer') throw unavailable('lost');
              return answer;
            },
          };
          const end = await relay(optionsFor(createRun(events, breaks), flaky), signals);
          expect(end).toMatchObject({ kind: 'result', lastSeq: count, data: { phase: 'Succeeded' } });
          expect(numbers(log.events)).toEqual(upTo(count));
        },
      ),
      { numRuns: 60 },
    );
  });

  it('keeps both sides of the conversation, once', async () => {
    const log = createLog();
    await relay(optionsFor(createRun(runOf(3), [2, 0]), log), signals);
    expect(log.messages).toEqual(['USER', 'ASSISTANT']);
  });

  it('reads again what a log that was restored has forgotten', async () => {
    const log = createLog();
    const events = runOf(200);
    let restored = false;
    const forgetful = {
      append(task: unknown, batch: TaskEventAppend) {
        if (!restored && log.events.length > 60) {
          restored = true;
          log.events.length = 20;
        }
        return log.append(task, batch);
      },
    };
    await relay(optionsFor(createRun(events), forgetful), signals);
    expect(restored).toBe(true);
    expect(numbers(log.events)).toEqual(upTo(200));
  });

  it.each([
    [() => notFound(TASKS, 't'), 'the Task is gone'],
    [() => conflict(TASKS, 't', 'it has another uid'), 'another Task has its name'],
  ])('%o ends it', async (error, reason) => {
    const log = {
      async append(): Promise<never> {
        throw error();
      },
    };
    expect(await relay(optionsFor(createRun(runOf(3)), log), signals), reason).toEqual({ kind: 'task gone' });
    const options = { ...optionsFor(createRun([]), log), taskLog: { ...log, read: createLog().read } };
    expect(await appendEnding(options, {}, forever), reason).toBeUndefined();
  });

  it('replaces an event that the API does not take', async () => {
    const log = createLog();
    const picky = {
      append(task: unknown, batch: TaskEventAppend) {
        const bad = batch.events.some(({ sourceSeq, data }) => sourceSeq === 2 && data['text'] === '2');
        return bad ? Promise.reject(badRequest('no such text')) : log.append(task, batch);
      },
    };
    await relay(optionsFor(createRun(runOf(4)), picky), signals);
    expect(numbers(log.events)).toEqual([1, 2, 3, 4]);
    expect(log.events[1]?.data).toMatchObject({ refused: true, text: '' });
  });

  it.each([
    [new StatusError('Unauthorized', 'expired'), 'the credential is renewed'],
    [new StatusError('Forbidden', 'no rights'), 'the rights are given'],
  ])('%s loses nothing: it waits until %s', async (error) => {
    const log = createLog();
    const faults: Error[] = [error, error];
    const append: typeof log.append = async (...request) => {
      const fault = faults.pop();
      if (fault !== undefined) throw fault;
      return log.append(...request);
    };
    await relay(optionsFor(createRun(runOf(4)), { append }), signals);
    expect(log.events.map(({ data }) => data['refused'])).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });

  it('ends with what was read when the run is cut off', async () => {
    const cut = new AbortController();
    const log = createLog();
    const run = {
      ...createRun([]),
      async *events(_: string, after: number) {
        if (after === 0) yield* runOf(5).slice(0, 2);
        cut.abort(new Error('dead'));
        throw unavailable('the stream broke');
      },
    };
    const options = { ...optionsFor(run, log), taskLog: log };
    const end = await relay(options, { cut: cut.signal, stop: forever });
    expect(end).toEqual({ kind: 'cut', lastSeq: 2 });
    expect(await appendEnding(options, { phase: 'Failed' }, forever)).toEqual({ lastSeq: 3 });
    expect(log.events.at(-1)).toMatchObject({ sourceSeq: 3, type: 'result', data: { phase: 'Failed' } });
    expect(await appendEnding(options, { phase: 'Cancelled' }, forever), 'it is told once').toEqual({
      lastSeq: 3,
      recorded: { phase: 'Failed' },
    });
    expect(log.events).toHaveLength(3);
  });
});

describe('several runs of one Task at once', () => {
  const run = fc.record({
    count: fc.integer({ min: 1, max: 40 }),
    breaks: fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 4 }),
    faults: fc.array(fc.constantFrom('lose request', 'lose answer', 'work'), { maxLength: 6 }),
    /** The runner's last event: it was told, or the manager has to tell the end, once or again after a restart. */
    ending: fc.constantFrom('told', 'told and asked', 'lost', 'lost and asked twice'),
  });

  it('are each in the log without gaps, and each has one end, which is found', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(run, { minLength: 2, maxLength: 4 }), async (runs) => {
        const log = createLog();
        await Promise.all(
          runs.map(async ({ count, breaks, faults, ending }, index) => {
            const flaky = {
              read: log.read,
              async append(task: unknown, batch: TaskEventAppend): Promise<TaskEventAppended> {
                const fault = faults.shift();
                await new Promise(setImmediate);
                if (fault === 'lose request') throw unavailable('lost');
                const answer = await log.append(task, batch);
                if (fault === 'lose answer') throw unavailable('lost');
                return answer;
              },
            };
            const events = ending.startsWith('told') ? runOf(count) : runOf(count + 1).slice(0, count);
            const options = {
              ...optionsFor({ ...createRun(events, breaks), get: endedAt(events) }, flaky),
              sandboxName: `s${index}`,
              taskLog: flaky,
            };
            await relay(options, signals);
            if (ending === 'told') return;
            const ends = [await appendEnding(options, { phase: 'Failed' }, forever)];
            if (ending.endsWith('twice')) ends.push(await appendEnding(options, { phase: 'Late' }, forever));
            const recorded = ending === 'told and asked' ? 'Succeeded' : 'Failed';
            expect(ends.at(-1)?.recorded?.['phase'] ?? 'Failed').toBe(recorded);
          }),
        );
        for (const [index, { count, ending }] of runs.entries()) {
          const own = log.events.filter(({ source }) => source === `s${index}`);
          // Of a lost run nothing can be read again: its end comes after what had arrived.
          expect(numbers(own)).toEqual(upTo(ending.startsWith('told') ? count : own.length));
          expect(own.map(({ type }) => type).indexOf('result'), 'the one result is last').toBe(
            own.length - 1,
          );
        }
      }),
      { numRuns: 60 },
    );
  });
});

/** A runner that knows a run whose result it wrote, and has forgotten one that was cut off. */
const endedAt =
  (events: readonly RunEvent[]) =>
  (id: string): Promise<RunState | undefined> => {
    if (events.at(-1)?.type !== 'result') return Promise.resolve(undefined);
    return Promise.resolve({ id, phase: 'Succeeded', lastSeq: events.length });
  };

const toInput = ({ seq, time, type, data }: RunEvent): TaskEventInput => ({
  sourceSeq: seq,
  time,
  type,
  data,
});
