import { describe, expect, it } from 'vitest';
import type { MCPServer, MCPServerSpec, MCPServerStatus } from '#api/types/generated/mcpserver';
import type { Sandbox, SandboxStatus } from '#api/types/generated/sandbox';
import { changedTools } from './listed-tools.ts';
import { planMCPServer } from './plan.ts';
import type { MCPServerPlan } from './plan.ts';

const NOW = Date.parse('2026-11-29T12:00:00Z');
const HASH = `sha256:${'a'.repeat(64)}`;
const OTHER = `sha256:${'b'.repeat(64)}`;
const SPEC: MCPServerSpec = {
  transport: {
    http: {
      url: 'https://tools.example/mcp',
      headers: [
        { name: 'Authorization', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } },
        { name: 'X-Team', value: 'blue' },
      ],
    },
  },
};

const server = (spec: Partial<MCPServerSpec> = {}, status?: MCPServerStatus): MCPServer => ({
  apiVersion: 'agent.wecode.io/v1alpha1',
  kind: 'MCPServer',
  metadata: { name: 'tools', namespace: 'ns', uid: 'u1', generation: 1 },
  spec: { ...SPEC, ...spec },
  ...(status === undefined ? {} : { status }),
});

function plan(
  object: MCPServer,
  more: { sandboxes?: Sandbox[]; missing?: string[]; now?: number } = {},
): MCPServerPlan {
  return planMCPServer({ server: object, missing: [], secretVersion: '1', sandboxes: [], now: NOW, ...more });
}

const done = (sandbox: Sandbox, result: SandboxStatus['probeResult']): Sandbox => ({
  ...sandbox,
  status: {
    phase: 'Succeeded',
    reason: 'Succeeded',
    ...(result === undefined ? {} : { probeResult: result }),
  },
});

const withStatus = (object: MCPServer, status: MCPServerStatus): MCPServer => ({ ...object, status });

/** Checks again and again, each with the next of the answers; the last plan. */
function checked(
  object: MCPServer,
  answers: { ok: boolean; tools?: string }[],
): { plan: MCPServerPlan; object: MCPServer } {
  let current = object;
  let now = NOW;
  let last = plan(current);
  for (const { ok, tools } of answers) {
    const { create } = plan(current, { now }).probe;
    if (create === undefined) throw new Error('no check was due');
    const listed =
      tools === undefined
        ? {}
        : { tools: [{ name: 'read', hash: tools, proposedLevel: 'readOnly' as const }] };
    const sandbox = done(create, { ok, message: ok ? 'It answers.' : 'It answered HTTP 502.', ...listed });
    last = plan(current, { sandboxes: [sandbox], now });
    current = withStatus(current, last.status);
    now += 3_600_000;
  }
  return { plan: last, object: current };
}

describe('a server that was not checked', () => {
  it('is checked in a sandbox, without its credentials', () => {
    const { ready, probe } = plan(server());
    expect(ready).toMatchObject({ status: 'Unknown', reason: 'NotChecked' });
    expect(probe.create?.spec.probe).toEqual({
      mcpServer: {
        type: 'http',
        url: 'https://tools.example/mcp',
        headers: { Authorization: '', 'X-Team': '' },
        secretNames: ['Authorization'],
        serverRef: { name: 'tools', namespace: 'ns' },
        revision: '1/1',
      },
    });
  });

  it('is not checked while a Secret is missing', () => {
    const { ready, probe } = plan(server(), { missing: ['Authorization: Secret "s" not found.'] });
    expect(ready).toMatchObject({
      status: 'False',
      reason: 'SecretNotFound',
      message: 'Authorization: Secret "s" not found.',
    });
    expect(probe.create).toBeUndefined();
  });
});

describe('a server that was checked', () => {
  it('shows its tools, privileged whatever the server proposes', () => {
    const { plan: last } = checked(server(), [{ ok: true, tools: HASH }]);
    expect(last.ready).toMatchObject({ status: 'True', reason: 'Connected' });
    expect(last.status).toMatchObject({
      toolCount: 1,
      tools: [{ name: 'read', level: 'privileged', proposedLevel: 'readOnly', hash: HASH }],
      circuitBreaker: { state: 'Closed', failures: 0 },
    });
  });

  it.each([
    { reason: 'confirmed', hash: HASH, level: 'readOnly', changed: [] },
    { reason: 'changed since', hash: OTHER, level: 'privileged', changed: ['read'] },
  ])('a tool that is $reason is $level', ({ hash, level, changed }) => {
    const tools = [{ name: 'read', level: 'readOnly' as const, hash }];
    const { plan: last } = checked(server({ tools }), [{ ok: true, tools: HASH }]);
    expect(last.status.tools?.[0]?.level).toBe(level);
    expect(changedTools(tools, last.status.tools ?? [])).toEqual(changed);
  });

  it('opens its circuit after three checks that failed, tries again, and closes it', () => {
    const failing = { ok: false };
    const two = checked(server(), [failing, failing]);
    expect(two.plan.status.circuitBreaker).toEqual({ state: 'Closed', failures: 2 });
    const three = checked(server(), [failing, failing, failing]);
    expect(three.plan.ready).toMatchObject({
      status: 'False',
      reason: 'CheckFailed',
      message: 'It answered HTTP 502.',
    });
    expect(three.plan.status.circuitBreaker).toMatchObject({ state: 'Open', failures: 3 });
    const due = plan(three.object, { now: NOW + 4 * 3_600_000 });
    expect(due.status.circuitBreaker?.state).toBe('HalfOpen');
    const back = checked(server(), [failing, failing, failing, { ok: true }]);
    expect(back.plan.status.circuitBreaker).toEqual({ state: 'Closed', failures: 0 });
  });

  it('stays as it is while it is checked again, and keeps its tools when a check fails', () => {
    const { object } = checked(server(), [{ ok: true, tools: HASH }]);
    const known = {
      ...object,
      status: {
        ...object.status,
        conditions: [
          {
            type: 'Ready',
            status: 'True' as const,
            reason: 'Connected',
            message: '',
            lastTransitionTime: '',
          },
        ],
      },
    };
    const again = plan(known, { now: NOW + 2 * 3_600_000 });
    expect(again.probe.create).toBeDefined();
    expect(again.ready).toBeUndefined();
    expect(checked(server(), [{ ok: true, tools: HASH }, { ok: false }]).plan.status.toolCount).toBe(1);
  });
});
