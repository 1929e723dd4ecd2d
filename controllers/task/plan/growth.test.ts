import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatTime } from '#api/machinery/clock';
import type { SandboxStatus } from '#api/types/generated/sandbox';
import { isFinalTaskStatus } from '#api/types/tasks/task';
import type { NeededEnd, PlannedNode, WaitNode } from '../graph/graph.ts';
import { node } from '../graph/made-up.ts';
import { readRecords } from '../node-record.ts';
import type { Programs } from '../unfold/unfold.ts';
import { PlanConflict, resolved, World } from './world.ts';
import type { Cache } from './world.ts';

/** Graphs that grow: edges on success and failure, nodes at which nothing runs, nodes that become known later. */

const CONTINUE = { requireConfirmation: false, onFailure: 'Continue' } as const;
const SUCCEEDED: SandboxStatus = { phase: 'Succeeded', reason: 'Succeeded', result: { value: 'x' } };
const FAILED: SandboxStatus = { phase: 'Failed', reason: 'AgentFailed', message: 'why' };

function pause(id: string, seconds: number, more: Partial<WaitNode> = {}): WaitNode {
  const { shell: _, agent: __, prompt: ___, ...rest } = node(id);
  return { ...rest, kind: 'wait', wait: { for: 'time', seconds }, workspace: { uses: false }, ...more };
}

/** A Task whose nodes are all known only by its program. */
function growing(grow: Programs[string]): World {
  const resolution = resolved();
  if (resolution.outcome !== 'resolved') throw new Error('not resolved');
  const world = new World({
    ...resolution,
    content: { ...resolution.content, program: { kind: 'made-up' } },
  });
  world.programs = { 'made-up': grow };
  return world;
}

const nameOf = (id: string): string => `fix-abcde-${id}-a1`;
const statuses = (world: World): Record<string, string | undefined> =>
  Object.fromEntries(readRecords(world.task().status).map((record) => [record.node, record.status]));

describe('a graph that grows', () => {
  it('gets a node when the answer of another one asks for it, and ends when none follows', () => {
    const world = growing(({ history }) => {
      const first = history.ended('n0');
      return { nodes: [node('n0'), ...(first === undefined ? [] : [node('n1', { needs: ['n0'] })])] };
    });
    world.settle();
    expect(world.names()).toEqual([nameOf('n0')]);
    world.change(nameOf('n0'), { status: SUCCEEDED });
    expect(world.settle().status).toMatchObject({ status: 'RUNNING', progress: 50 });
    world.change(nameOf('n1'), { status: SUCCEEDED });
    expect(world.settle().status).toMatchObject({ status: 'COMPLETED', progress: 100 });
  });

  it('a failure of the program stops what runs and ends the Task with its reason', () => {
    const world = growing(({ history }) => ({
      nodes: [node('n0'), node('n1')],
      ...(history.ended('n0') === undefined ? {} : { failure: 'RoundsExhausted: three rounds.' }),
    }));
    world.settle();
    world.change(nameOf('n0'), { status: SUCCEEDED });
    world.settle();
    expect(world.sandbox(nameOf('n1')).spec.cancel).toBe(true);
    world.change(nameOf('n1'), { status: { phase: 'Cancelled', reason: 'Cancelled' } });
    expect(world.settle().status).toMatchObject({
      status: 'FAILED',
      errorMessage: 'The Task failed: RoundsExhausted: three rounds.',
    });
  });

  it.each([
    {
      reason: 'a program that this version does not know',
      programs: {},
      want: 'The Task failed: UnsupportedMode: this version knows no program "made-up".',
    },
    {
      reason: 'a graph that goes round in circles',
      programs: { 'made-up': () => ({ nodes: [node('n0', { needs: ['n0'] })] }) },
      want: 'The Task failed: InvalidPlan: Node "n0" waits for itself.',
    },
    {
      reason: 'more nodes than a status can hold',
      programs: { 'made-up': () => ({ nodes: Array.from({ length: 1001 }, (_, n) => node(`n${n}`)) }) },
      want: 'The Task failed: TooManySteps: the Task would have more than 1000 steps.',
    },
  ])('$reason fails the Task', ({ programs, want }) => {
    const world = growing(() => ({ nodes: [] }));
    world.programs = programs;
    expect(world.settle().status).toMatchObject({ status: 'FAILED', errorMessage: want });
    expect(world.names()).toEqual([]);
  });

  it('a graph that can no longer be carried out keeps the records of its steps, and ends them', () => {
    const world = growing(({ history }) => ({
      nodes: [
        node('n0'),
        pause('n1', 90, { needs: ['n0'] }),
        ...(history.ended('n0') === undefined ? [] : [node('n2'), node('n2')]),
      ],
    }));
    world.settle();
    world.change(nameOf('n0'), { status: SUCCEEDED });
    expect(world.settle().status).toMatchObject({
      status: 'FAILED',
      errorMessage: 'The Task failed: InvalidPlan: Two nodes have the id "n2".',
    });
    expect(statuses(world)).toEqual({ n0: 'COMPLETED', n1: 'CANCELLED' });
  });

  const broken: Programs[string] = ({ history }) => ({
    nodes: [
      node('n0'),
      node('n1'),
      ...(history.ended('n0') === undefined ? [] : [node('n2', { needs: ['n2'] })]),
    ],
  });
  const many: Programs[string] = ({ history }) => ({
    nodes: [
      ...(history.ended('n0') === undefined ? [] : Array.from({ length: 1000 }, (_, n) => node(`m${n}`))),
      ...['n0', 'n1'].map((id) => node(id)),
    ],
  });

  it.each([
    { reason: 'that can no longer be carried out', grow: broken, later: broken, want: 'InvalidPlan' },
    { reason: 'that has too many steps', grow: many, later: many, want: 'TooManySteps' },
    {
      reason: 'that an older version does not know',
      grow: broken,
      later: undefined,
      want: 'UnsupportedMode',
    },
    {
      reason: 'that this version makes without a step that runs',
      ...{ grow: broken, later: () => ({ nodes: [node('n0')], failure: 'Odd: it is.' }), want: 'Odd' },
    },
  ])('a graph $reason stops what runs before the Task fails', ({ grow, later, want }) => {
    const world = growing(grow);
    world.settle();
    world.programs = later === undefined ? {} : { 'made-up': later };
    world.change(nameOf('n0'), { status: SUCCEEDED });
    const { status } = world.settle();
    expect(status?.message).toContain('is being stopped.');
    expect(isFinalTaskStatus(status?.status)).toBe(false);
    expect(world.sandbox(nameOf('n1')).spec.cancel).toBe(true);
    world.change(nameOf('n1'), { status: { phase: 'Cancelled', reason: 'Cancelled' } });
    expect(world.settle().status).toMatchObject({
      status: 'FAILED',
      errorMessage: expect.stringContaining(`The Task failed: ${want}`),
    });
    expect(statuses(world)['n1']).toBe('CANCELLED');
  });

  it('the answer of the Task is the one that the program names', () => {
    const world = growing(() => ({ nodes: [node('n0')], answer: 'forty-two' }));
    world.settle();
    world.change(nameOf('n0'), { status: SUCCEEDED });
    expect(world.settle().status?.result).toMatchObject({ value: 'forty-two' });
  });
});

describe('a node at which nothing runs', () => {
  it('waits for its time, says so, and lets others go on then', () => {
    const world = growing(() => ({
      nodes: [node('n0'), pause('n1', 90, { needs: ['n0'] }), node('n2', { needs: ['n1'] })],
    }));
    world.settle();
    expect(world.plan().wakeAt).toBeUndefined();
    world.change(nameOf('n0'), { status: SUCCEEDED });
    expect(world.settle().status).toMatchObject({
      status: 'RUNNING',
      message: 'Step 2 of 3 (n1): Waits until 2026-01-01T00:01:30Z.',
    });
    expect(world.plan().wakeAt).toBe('2026-01-01T00:01:30Z');
    world.now = '2026-01-01T00:01:30Z';
    world.settle();
    expect(statuses(world)).toEqual({ n0: 'COMPLETED', n1: 'COMPLETED', n2: 'PENDING' });
    expect(world.names()).toContain(nameOf('n2'));
  });

  it('is cancelled with its Task', () => {
    const world = growing(() => ({ nodes: [pause('n0', 90)] }));
    world.settle();
    world.edit({ cancel: true });
    expect(world.settle().status?.status).toBe('CANCELLED');
    expect(statuses(world)).toEqual({ n0: 'CANCELLED' });
  });
});

interface Trait {
  needs: Record<string, NeededEnd | undefined>;
  fails: boolean;
  waits: boolean;
  skips: boolean;
  /** Known only when this one has ended. */
  after: string | undefined;
}

const end = fc.constantFrom<NeededEnd | undefined>('success', 'failure', 'always', undefined);
const traits = fc
  .array(
    fc.record({
      needs: fc.array(fc.tuple(fc.nat({ max: 7 }), end), { maxLength: 3 }),
      fails: fc.boolean(),
      waits: fc.boolean(),
      skips: fc.boolean(),
      after: fc.option(fc.nat({ max: 7 }), { nil: undefined }),
    }),
    { minLength: 1, maxLength: 8, size: 'max' },
  )
  .map((all) =>
    all.map(({ needs, after, ...rest }, index): Trait => ({
      ...rest,
      needs: Object.fromEntries(
        needs.filter(([need]) => need < index).map(([need, on]) => [`n${need}`, on] as const),
      ),
      after: after !== undefined && after < index ? `n${after}` : undefined,
    })),
  );

function plannedNode({ needs, waits, skips }: Trait, index: number): PlannedNode {
  const ends = Object.entries(needs).flatMap(([id, on]) => (on === undefined ? [] : [[id, on] as const]));
  const more = {
    needs: Object.keys(needs),
    on: Object.fromEntries(ends),
    policy: CONTINUE,
    ...(skips ? { skip: 'for the test' } : {}),
  };
  return waits ? pause(`n${index}`, 60, more) : node(`n${index}`, more);
}

/** The reference: each node by itself, in the order of the list, which is one of the graph. A node that never becomes known is absent. */
function expectedEnds(all: readonly Trait[]): Record<string, string> {
  const ends: Record<string, string> = {};
  for (const [index, { needs, fails, waits, skips, after }] of all.entries()) {
    const isKnown = (id: string): boolean => ends[id] !== undefined;
    if (after !== undefined && !isKnown(after)) continue;
    if (!Object.keys(needs).every(isKnown)) continue;
    const isMet = ([id, on]: [string, NeededEnd | undefined]): boolean =>
      on === undefined || on === 'always' || ends[id] === { success: 'COMPLETED', failure: 'FAILED' }[on];
    const runs = Object.entries(needs).every(isMet) && !skips;
    ends[`n${index}`] = runs ? (fails && !waits ? 'FAILED' : 'COMPLETED') : 'SKIPPED';
  }
  return ends;
}

/** The nodes that are known by what has ended. */
function knownNodes(all: readonly Trait[]): Programs[string] {
  const nodes = all.map(plannedNode);
  return ({ history }) => {
    const known = new Set<string>();
    for (const [index, { after, needs }] of all.entries()) {
      const isKnown = after === undefined || history.ended(after) !== undefined;
      if (isKnown && Object.keys(needs).every((id) => known.has(id))) known.add(`n${index}`);
    }
    return { nodes: nodes.filter(({ id }) => known.has(id)) };
  };
}

/** Numbers from 0 to 99. */
type Chance = () => number;

/** The plan of a controller that may have an old cache, and may die between its two writes. */
function planOnce(world: World, cache: Cache, chance: Chance): void {
  const before = world.task().status?.progress ?? 0;
  try {
    world.step(cache, chance() < 15 ? 'status' : 'all');
  } catch (error) {
    if (!(error instanceof PlanConflict)) throw error;
  }
  expect(world.task().status?.progress ?? 0).toBeGreaterThanOrEqual(before);
}

function runsMayEnd(world: World, all: readonly Trait[], chance: Chance): void {
  for (const { metadata, spec, status } of world.sandboxes()) {
    if (status?.phase !== undefined || chance() < 50) continue;
    const fails = all[Number(spec.node?.slice(1))]?.fails === true;
    world.change(metadata.name, { status: fails ? FAILED : SUCCEEDED });
  }
}

describe('any graph that grows', () => {
  it('every node ends as the rules say, whichever controller plans, however old its cache is', () => {
    fc.assert(
      fc.property(traits, fc.infiniteStream(fc.nat({ max: 99 })), (all, chances) => {
        const chance: Chance = () => chances.next().value ?? 0;
        const world = growing(knownNodes(all));
        let old = world.cache();
        for (let round = 0; round < 400 && !isFinalTaskStatus(world.task().status?.status); round += 1) {
          planOnce(world, chance() < 30 ? old : world.cache(), chance);
          if (chance() < 30) old = world.cache();
          runsMayEnd(world, all, chance);
          if (chance() < 20) world.now = formatTime(Date.parse(world.now) + 30_000);
        }
        expect(world.task().status?.status).toBe('COMPLETED');
        expect(statuses(world)).toEqual(expectedEnds(all));
      }),
      { numRuns: 300 },
    );
  });
});
