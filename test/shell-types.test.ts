import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { Bot } from '#api/types/generated/bot';
import type { SandboxShell } from '#api/types/generated/sandbox';
import type { ShellSpec } from '#api/types/generated/shell';
import { ghostReady } from '#api/types/ghost';
import type { ModelProtocol } from '#api/types/models/model-config';
import { withReady } from '#api/types/ready';
import { SHELL_TYPES, requiresWorkspace, shellTypeOf } from '#api/types/shells/shell-types';
import type { ShellType } from '#api/types/shells/shell-types';
import { planBot } from '#controllers/bot/plan';
import { planShell } from '#controllers/shell/plan';
import { plannedMember } from '#controllers/task/configuration/planned-member';
import { adapterFor } from '#executor-image/adapters/adapters';
import { MODEL_PROTOCOLS, SHELL_TYPES as PROTOCOL_TYPES } from '#executor-manager/protocol/run';
import type { ModelProtocol as RunProtocol, ShellType as RunShellType } from '#executor-manager/protocol/run';

/** Everything that knows shell types and cannot import the table does what the table says. */

const types = Object.keys(SHELL_TYPES) as ShellType[];
const rows = types.map((type) => ({ type, ...SHELL_TYPES[type] }));

/** Parts of a Bot that it does not have. */
const none = { secondaryModel: undefined, skills: [] };

type Same<A, B> = [A, B] extends [B, A] ? true : never;
/** Compiles only while these are the same unions. */
const PROVEN: [
  Same<RunShellType, ShellType>,
  Same<SandboxShell['type'], ShellType>,
  Same<NonNullable<ShellSpec['runtime']>, ShellType>,
  Same<RunProtocol, ModelProtocol>,
] = [true, true, true, true];

interface Property {
  enum?: string[];
  properties?: Record<string, Property>;
}

/** The enum at a path of properties of a kind's schema. */
function enumOf(file: string, ...names: string[]): string[] | undefined {
  const text = readFileSync(path.join(import.meta.dirname, '..', 'crds', file), 'utf8');
  const crd = parse(text) as { spec: { versions: { schema: { openAPIV3Schema: Property } }[] } };
  let property: Property | undefined = crd.spec.versions[0]?.schema.openAPIV3Schema;
  for (const name of names) property = property?.properties?.[name];
  return property?.enum;
}

describe('the table of shell types', () => {
  it.each([
    { where: 'the protocol of the runner', list: PROTOCOL_TYPES },
    { where: 'Shell.spec.shellType', list: enumOf('shells.yaml', 'spec', 'shellType') },
    { where: 'Shell.spec.runtime', list: enumOf('shells.yaml', 'spec', 'runtime') },
    { where: 'Sandbox.spec.shell.type', list: enumOf('sandboxes.yaml', 'spec', 'shell', 'type') },
  ])('$where lists the same types', ({ list }) => {
    expect(list).toEqual(types);
    expect(PROVEN).not.toContain(false);
  });

  it.each(rows)('$type: a row does not contradict itself', (row) => {
    if (row.needsModel) expect(row.modelProtocols).not.toEqual([]);
    if (row.repository !== 'unused') expect(row.needsContainer).toBe(true);
    for (const protocol of row.modelProtocols) expect(MODEL_PROTOCOLS).toContain(protocol);
  });

  it.each(rows)('$type: the image has an adapter, which agrees', (row) => {
    const adapter = adapterFor(row.type);
    expect(adapter.capabilities.modelProtocols).toEqual(row.modelProtocols);
    expect(adapter.capabilities.files).toBe(row.needsContainer);
    expect(adapter.capabilities.steer).toBe(row.steer);
  });
});

const ready = withReady(undefined, ghostReady(), { now: '2026-01-01T00:00:00Z', generation: 1 });
const object = (spec: object) => ({ metadata: { name: 'x', generation: 1 }, spec, status: ready }) as never;
const shell = (spec: ShellSpec) => object(spec);
const model = (protocol: ModelProtocol) =>
  object({ modelConfig: { env: { model: protocol, model_id: 'm' } } });
const bot = (spec: object = {}): Bot => object({ ghostRef: { name: 'g' }, shellRef: { name: 's' }, ...spec });

describe.each(rows)('$type in the controllers', ({ type, ...row }) => {
  const spellings: ShellSpec[] = [{ shellType: type }, { runtime: type }];

  it('has one type in both spellings', () => {
    for (const spec of spellings) expect(shellTypeOf(spec)).toBe(type);
  });

  it('a Shell of it is ready', () => {
    const { condition } = planShell(object({ shellType: type }), () => false);
    expect(condition.reason).toBe('Valid');
  });

  it('can be the base of another Shell by its name, as in manifests that have no Shell of that name', () => {
    const { condition } = planShell(object({ shellType: 'Chat', baseShellRef: type }), () => false);
    expect(condition.reason).toBe('Valid');
  });

  it('a Bot of it needs a Model or none', () => {
    for (const spec of spellings) {
      const parts = { ghost: object({}), shell: shell(spec), model: undefined, ...none };
      expect(planBot(bot(), parts).reason).toBe(row.needsModel ? 'ModelRequired' : 'ReferencesResolved');
    }
  });

  it.each(MODEL_PROTOCOLS)(
    'a Bot of it takes a Model that speaks %s, or names those it takes',
    (protocol) => {
      const parts = {
        ghost: object({}),
        shell: shell({ shellType: type }),
        model: model(protocol),
        ...none,
      };
      const { reason, message } = planBot(bot({ modelRef: { name: 'm', namespace: 'ns' } }), parts);
      const fits = !row.needsModel || row.modelProtocols.includes(protocol);
      expect(reason).toBe(fits ? 'ReferencesResolved' : 'ModelNotSupported');
      if (fits) return;
      const wanted = row.modelProtocols.join(' or ');
      expect(message).toBe(`spec.modelRef: Model "ns/m" speaks ${protocol}; ${type} needs ${wanted}.`);
    },
  );

  it.each([
    { reason: 'by default', requires: undefined, required: row.repository === 'required' },
    { reason: 'where the Shell requires one', requires: true, required: true },
    { reason: 'where the Shell says that it needs none', requires: false, required: false },
  ])('a step of it uses a Workspace: $reason', ({ requires, required }) => {
    const spec = { shellType: type, ...(requires === undefined ? {} : { requiresWorkspace: requires }) };
    expect(requiresWorkspace(spec)).toBe(required);
    const step = plannedMember({
      member: { botRef: { name: 'b' } },
      bot: bot(),
      ghost: object({ systemPrompt: '' }),
      shell: shell(spec),
      base: undefined,
      model: undefined,
      skills: [],
      mcpServers: {},
    });
    expect(step.shell.type).toBe(type);
    expect(step.requiresWorkspace).toBe(required);
    expect(step.usesWorkspace).toBe(required || row.repository !== 'unused');
  });
});

it('no type requires a Workspace by default: manifests of ClaudeCode without one are in use', () => {
  for (const type of types) expect(requiresWorkspace({ shellType: type }), type).toBe(false);
});
