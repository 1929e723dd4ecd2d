import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Demand } from '../binding/demand.ts';
import type { Wait } from '../binding/wait.ts';
import { Usage } from '../usage.ts';
import { SchedulingQueue } from './scheduling-queue.ts';
import type { Candidate } from './scheduling-queue.ts';

const demandFor = (executor: string): Demand => ({
  talks: false,
  earlier: [executor],
  selector: {},
  tolerations: [],
  use: { sandboxes: 1, cpu: 0n, memory: 0n },
});

interface Job {
  name: string;
  namespace: string;
  user: string;
  turn: number;
  isInteractive: boolean;
  /** The only Executor that it may have. */
  executor: string;
}

const key = ({ namespace, name }: Job): string => `${namespace}/${name}`;

/** Executors with so many places, and a queue for them. */
function hall(capacity: Record<string, number>, quota: Record<string, number> = {}) {
  const usage = new Usage();
  const queue = new SchedulingQueue(usage);
  const jobs = new Map<string, Job>();
  const changeHold = (job: Job, executorName: string | undefined): void => {
    const { namespace, user } = job;
    const { talks, use } = demandFor('');
    const hold =
      executorName === undefined ? undefined : { uid: '', executorName, namespace, user, talks, use };
    usage.set(key(job), hold);
    queue.shareChanged(false, namespace, user);
  };
  const full = (what: string): Wait => ({
    outcome: 'wait',
    reason: 'NoCapacity',
    message: `${what} is full`,
  });
  const refuse = (namespace: string): Wait | undefined =>
    usage.inNamespace(namespace).sandboxes < (quota[namespace] ?? Infinity) ? undefined : full(namespace);
  return {
    usage,
    queue,
    refuse,
    add(job: Job): void {
      jobs.set(key(job), job);
      const { namespace, user, turn, isInteractive } = job;
      queue.put({ key: key(job), namespace, user, turn }, { demand: demandFor(job.executor), isInteractive });
    },
    end: (job: Job): void => changeHold(job, undefined),
    /** Gives one place. */
    next(): Job | undefined {
      const found: Candidate | undefined = queue.next({
        place({ earlier: [name = ''] }) {
          const isFree = usage.onExecutor(name).others < (capacity[name] ?? 0);
          return isFree ? { outcome: 'bind', executorName: name } : full(name);
        },
        refuse,
      });
      const job = found && jobs.get(found.waiting.key);
      if (found === undefined || job === undefined) return undefined;
      queue.remove(found.waiting.key);
      changeHold(job, found.executorName);
      return job;
    },
  };
}

let count = 0;
function job(more: Partial<Job> = {}): Job {
  count += 1;
  const name = `j${count}`;
  return { name, namespace: 'a', user: 'u', turn: 0, isInteractive: false, executor: 'e', ...more };
}

/** Who gets the places of one Executor with a single place, one after the other. */
function order(jobs: readonly Job[]): string[] {
  const { add, next, end } = hall({ e: 1 });
  for (const one of jobs) add(one);
  const names: string[] = [];
  for (let one = next(); one !== undefined; one = next()) {
    names.push(one.name);
    end(one);
  }
  return names;
}

describe('the order', () => {
  it.each([
    {
      reason: 'as they came',
      jobs: [job({ name: '1' }), job({ name: '2' }), job({ name: '3' })],
      want: ['1', '2', '3'],
    },
    {
      reason: 'an earlier turn first',
      jobs: [job({ name: '1', turn: 5 }), job({ name: '2', turn: 3 })],
      want: ['2', '1'],
    },
    {
      reason: 'those for whom a person waits first',
      jobs: [job({ name: '1' }), job({ name: '2', turn: 9, isInteractive: true })],
      want: ['2', '1'],
    },
    {
      reason: 'one place in five for the others',
      jobs: [
        ...Array.from({ length: 6 }, (_, index) => job({ name: `i${index}`, isInteractive: true })),
        job({ name: 'b0' }),
        job({ name: 'b1' }),
      ],
      want: ['i0', 'i1', 'i2', 'i3', 'b0', 'i4', 'i5', 'b1'],
    },
  ])('$reason', ({ jobs, want }) => expect(order(jobs)).toEqual(want));

  it('the one with less goes first: namespaces, then users in them', () => {
    const { add, next } = hall({ e: 6 });
    for (const name of ['1', '2', '3']) add(job({ name: `a-x${name}`, user: 'x' }));
    add(job({ name: 'a-y1', user: 'y', turn: 50 }));
    for (const name of ['1', '2', '3']) add(job({ name: `b-x${name}`, namespace: 'b', turn: 99 }));
    expect(Array.from({ length: 6 }, () => next()?.name)).toEqual([
      'a-x1',
      'b-x1',
      'a-y1',
      'b-x2',
      'a-x2',
      'b-x3',
    ]);
  });

  it('a namespace over its quota does not hold up the others, and says so', () => {
    const { add, next, queue } = hall({ e: 9 }, { a: 1 });
    for (const name of ['1', '2']) add(job({ name }));
    add(job({ name: '3', namespace: 'b', turn: 99 }));
    expect(Array.from({ length: 3 }, () => next()?.name)).toEqual(['1', '3', undefined]);
    expect(queue.reasonOf('a/2')).toMatchObject({ message: 'a is full' });
  });

  it('others give way for one who could use the place', () => {
    const { add, next, end, queue, refuse } = hall({ e: 2 }, { a: 1 });
    const blocked = (): string[] => [...queue.blocked(refuse)].map(({ waiting }) => waiting.key);
    const other = job({ name: 'other', namespace: 'b' });
    for (const one of [job(), other]) add(one);
    expect([next(), next()]).toHaveLength(2);
    for (const namespace of ['a', 'b']) add(job({ name: 'late', namespace, turn: 9 }));
    expect([next(), blocked()], 'the quota of the first is used up').toEqual([undefined, ['b/late']]);
    queue.remove('b/late');
    end(other);
    expect([next(), blocked()], 'there is room, and no right to it').toEqual([undefined, []]);
  });

  it('says each reason once', () => {
    const { add, next, queue, end } = hall({ e: 1 });
    const [first, ...others] = [job(), job(), job()];
    for (const one of [first, ...others]) if (one) add(one);
    expect([next(), next()]).toEqual([first, undefined]);
    expect(queue.takeUnexplained()).toEqual(others.map(key));
    expect([next(), queue.takeUnexplained()]).toEqual([undefined, []]);
    if (first) end(first);
    expect([next(), next()], 'a place is taken at once: the others wait for the same reason').toEqual([
      others[0],
      undefined,
    ]);
    expect(queue.takeUnexplained()).toEqual([]);
  });
});

const aJob: fc.Arbitrary<Omit<Job, 'name'>> = fc.record({
  namespace: fc.constantFrom('a', 'b', 'c'),
  user: fc.constantFrom('u', 'v'),
  turn: fc.integer({ min: -1000, max: 1000 }),
  isInteractive: fc.boolean(),
  executor: fc.constantFrom('e', 'f'),
});
const steps = fc.array(fc.oneof(aJob, fc.constantFrom('next' as const, 'end' as const)), { maxLength: 80 });

describe('laws', () => {
  const capacity = { e: 2, f: 1 };
  /** Plays the steps; `check` sees each place that was given, and who waited then. */
  function play(
    moves: readonly (Omit<Job, 'name'> | 'next' | 'end')[],
    check: (given: Job | undefined, waiting: readonly Job[], running: readonly Job[]) => void,
  ): string[] {
    const room = hall(capacity);
    let waiting: Job[] = [];
    const running: Job[] = [];
    const given: string[] = [];
    moves.forEach((move, index) => {
      if (move === 'end') {
        const ended = running.shift();
        if (ended) room.end(ended);
      } else if (move === 'next') {
        const before = [...running];
        const one = room.next();
        check(one, waiting, before);
        if (one === undefined) return;
        given.push(one.name);
        waiting = waiting.filter((other) => other !== one);
        running.push(one);
      } else {
        const one = { ...move, name: `j${index}` };
        waiting.push(one);
        room.add(one);
      }
    });
    return given;
  }

  it('no place stays empty while somebody fits, and none is given twice', () => {
    fc.assert(
      fc.property(steps, (moves) => {
        play(moves, (given, waiting, running) => {
          const fits = ({ executor }: Job): boolean =>
            running.filter((other) => other.executor === executor).length < capacity[executor as 'e' | 'f'];
          expect(given === undefined).toBe(!waiting.some(fits));
          if (given !== undefined) expect(waiting.filter(fits)).toContainEqual(given);
        });
      }),
    );
  });

  it('nobody with more goes before somebody with less who fits and waits as urgently', () => {
    fc.assert(
      fc.property(steps, (moves) => {
        play(moves, (given, waiting, running) => {
          if (given === undefined) return;
          const taken = (namespace: string): number =>
            running.filter((other) => other.namespace === namespace).length;
          const rivals = waiting.filter(
            ({ executor, isInteractive }) =>
              executor === given.executor && isInteractive === given.isInteractive,
          );
          for (const rival of rivals) {
            expect(taken(given.namespace)).toBeLessThanOrEqual(taken(rival.namespace));
            if (rival.namespace === given.namespace && rival.user === given.user)
              expect(given.turn).toBeLessThanOrEqual(rival.turn);
          }
        });
      }),
    );
  });

  it('the same changes give the same order', () => {
    fc.assert(
      fc.property(steps, (moves) => {
        expect(play(moves, () => undefined)).toEqual(play(moves, () => undefined));
      }),
    );
  });

  it('nobody starves while others come without end', () => {
    const rival = fc.record({
      namespace: fc.constantFrom('a', 'b', 'c'),
      user: fc.constantFrom('u', 'v'),
      isInteractive: fc.boolean(),
    });
    fc.assert(
      fc.property(
        fc.array(rival, { minLength: 1, maxLength: 6 }),
        fc.integer({ min: 0, max: 60 }),
        (rivals, lead) => {
          const { add, next, end } = hall({ e: 1 });
          // It is behind by `lead` seconds of priority; a rival of each sort comes every second.
          const meek = job({ turn: lead * 1000 });
          add(meek);
          let places = 0;
          for (let second = 0; ; second += 1) {
            for (const other of rivals) add(job({ ...other, turn: second * 1000 }));
            const one = next();
            if (one === undefined) throw new Error('a place was left empty');
            if (one === meek) break;
            end(one);
            places += 1;
            // Those who came before its turn, of whom one in five places may be theirs, and the namespaces in turn.
            expect(places).toBeLessThan(5 * (lead + 2) * (rivals.length + 1));
          }
        },
      ),
      { numRuns: 50 },
    );
  });
});

it('a place that becomes free costs little, however many wait', () => {
  const { add, next, end, queue } = hall({ e: 1 });
  for (let index = 0; index < 10_000; index += 1)
    add(job({ namespace: `n${index % 50}`, user: `u${index % 7}`, turn: index }));
  const first = next();
  next();
  expect(queue.takeUnexplained()).toHaveLength(9_999);
  let served = 0;
  for (let one = first; one !== undefined && served < 1000; one = next(), served += 1) {
    end(one);
    expect(queue.takeUnexplained(), 'nobody else is told anything').toEqual([]);
  }
  expect(served).toBe(1000);
});
