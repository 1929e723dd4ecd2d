import { describe, expect, it } from 'vitest';
import type { Sandbox, SandboxStatus } from './generated/sandbox.ts';
import { CHECK_REQUESTED_AT, findingOf, planProbe } from './probe.ts';
import type { ProbeInput, ProbeRecord, ProbeSpec } from './probe.ts';

const NOW = Date.parse('2026-11-29T12:00:00Z');
const SECOND = 1000;
const MINUTE = 60 * SECOND;
const owner = {
  apiVersion: 'agent.wecode.io/v1',
  kind: 'Shell',
  metadata: { name: 'own', namespace: 'a', uid: 'u-1' },
};
const spec: ProbeSpec = {
  shell: { type: 'ClaudeCode', image: 'x:1' },
  probe: { image: {} },
  timeoutSeconds: 30,
};
const input = (more: Partial<ProbeInput> = {}): ProbeInput => ({
  ...{ owner, spec, record: undefined, sandboxes: [], now: NOW },
  ...more,
});

/** The Sandbox that a first plan makes, with a status. */
function made(status?: SandboxStatus, more: Partial<ProbeInput> = {}): Sandbox {
  const { create } = planProbe(input(more));
  if (create === undefined) throw new Error('nothing was created');
  return status === undefined ? create : { ...create, status };
}

const answered = (ok: boolean): SandboxStatus => ({
  phase: 'Succeeded',
  probeResult: { ok, message: 'Said.' },
});

describe('planProbe', () => {
  it('makes one Sandbox that the owner controls, the same for whoever looks', () => {
    const { create, finding, remove } = planProbe(input());
    expect(create).toEqual(planProbe(input()).create);
    expect(create).toMatchObject({
      metadata: {
        namespace: 'a',
        ownerReferences: [{ kind: 'Shell', name: 'own', uid: 'u-1', controller: true }],
      },
      spec,
    });
    expect(create?.metadata.name).toMatch(/^shell-probe-[0-9a-f]{16}$/);
    expect(finding).toMatchObject({ state: 'pending' });
    expect(remove).toEqual([]);
  });

  it('waits for it, and says how it stands', () => {
    const sandbox = made({ phase: 'Starting', reason: 'Pulling', message: 'Pulling image x:1.' });
    expect(planProbe(input({ sandboxes: [sandbox] }))).toEqual({
      remove: [],
      finding: { state: 'pending', reason: 'Pulling', message: 'Pulling image x:1.' },
    });
  });

  const IMAGE_MISSING: SandboxStatus = { phase: 'Failed', reason: 'ErrImagePull', message: 'No such image.' };
  const LOST: SandboxStatus = { phase: 'Failed', reason: 'ExecutorLost', message: 'Lost.' };

  it.each<[SandboxStatus, string, number]>([
    [answered(true), 'answered', 60 * MINUTE],
    [answered(false), 'answered', 2 * SECOND],
    [IMAGE_MISSING, 'refused', 2 * SECOND],
    [LOST, 'lost', 2 * SECOND],
    [{ phase: 'Succeeded', message: 'Without an answer.' }, 'lost', 2 * SECOND],
  ])('notes the end %o, deletes the Sandbox afterwards and looks again later', (status, state, wait) => {
    const sandbox = made(status);
    const plan = planProbe(input({ sandboxes: [sandbox] }));
    expect(plan).toMatchObject({ finding: { state }, remove: [], recheckAfter: wait });
    const after = planProbe(input({ sandboxes: [sandbox], record: plan.record }));
    expect(after, 'the note is written').toEqual({
      ...{ remove: [sandbox], recheckAfter: wait, record: plan.record },
    });
    const later = planProbe(input({ record: plan.record, now: NOW + wait }));
    expect(later.create?.metadata.name).not.toBe(sandbox.metadata.name);
    expect(later.finding, 'what was found holds until then').toBeUndefined();
  });

  it.each<{ reason: string; ends: SandboxStatus[]; seconds: number[] }>([
    {
      reason: 'waits twice as long after each failure, 5 minutes at most',
      ends: Array.from({ length: 10 }, () => answered(false)),
      seconds: [2, 4, 8, 16, 32, 64, 128, 256, 300, 300],
    },
    {
      reason: 'waits a minute at most where nothing became known',
      ends: Array.from({ length: 7 }, () => LOST),
      seconds: [2, 4, 8, 16, 32, 60, 60],
    },
    {
      reason: 'begins with 2 seconds after a good check',
      ends: [answered(false), IMAGE_MISSING, answered(true), answered(false)],
      seconds: [2, 4, 3600, 2],
    },
  ])('$reason', ({ ends, seconds }) => {
    let record: ProbeRecord | undefined;
    let now = NOW;
    const waits = ends.map((status) => {
      const sandbox = made(status, { record, now });
      const { recheckAfter = 0, record: noted } = planProbe(input({ record, now, sandboxes: [sandbox] }));
      record = noted;
      now += recheckAfter;
      return recheckAfter / SECOND;
    });
    expect(waits).toEqual(seconds);
  });

  it('checks at once what is another thing than the one that was checked, and ends the check of that', () => {
    const sandbox = made();
    const { record } = planProbe(input({ sandboxes: [made(answered(true))] }));
    const other = { ...spec, shell: { type: 'ClaudeCode' as const, image: 'x:2' } };
    const plan = planProbe(input({ spec: other, record, sandboxes: [sandbox] }));
    expect(plan.remove).toEqual([sandbox]);
    expect(plan.create?.spec.shell?.image).toBe('x:2');
  });

  it('deletes the Sandbox of a check that ends in the second in which the one before has ended', () => {
    const { record } = planProbe(input({ sandboxes: [made(answered(true))] }));
    const asked = { ...owner, metadata: { ...owner.metadata, annotations: { [CHECK_REQUESTED_AT]: '1' } } };
    const second = made(answered(true), { owner: asked, record });
    const noted = planProbe(input({ owner: asked, record, sandboxes: [second] }));
    const after = planProbe(input({ owner: asked, record: noted.record, sandboxes: [second] }));
    expect(after.remove).toEqual([second]);
  });

  it('forgets the one that was checked, so that it is checked again when it comes back', () => {
    const { record } = planProbe(input({ sandboxes: [made(answered(true))] }));
    const other = { ...spec, shell: { type: 'ClaudeCode' as const, image: 'x:2' } };
    const meanwhile = planProbe(input({ spec: other, record }));
    expect(meanwhile.record).toBeUndefined();
    const back = planProbe(input({ record: meanwhile.record }));
    expect(back).toMatchObject({ create: { spec }, finding: { state: 'pending' } });
  });

  it('removes what there is when there is nothing to check', () => {
    const sandbox = made();
    expect(planProbe(input({ spec: undefined, sandboxes: [sandbox] }))).toEqual({ remove: [sandbox] });
  });
});

describe('findingOf', () => {
  it('has a sentence for a Sandbox that nobody has looked at', () => {
    expect(findingOf(made())).toMatchObject({ state: 'pending', message: 'It is going to be checked.' });
  });
});
