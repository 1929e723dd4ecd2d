import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '#dev/environment/temporary-folder';
import type { TemporaryFolder } from '#dev/environment/temporary-folder';
import { testApi } from '../../kit/api.ts';
import type { ApiAnswer, TestApi } from '../../kit/api.ts';
import { commandsFor } from '../../kit/command.ts';
import type { CommandOptions, CommandResult } from '../../kit/command.ts';
import { manifests, object } from '../../kit/manifests.ts';

/** Credentials in manifests, as people with unmodified kubectl and tools of GitOps see and write them. */

const KEY = 'sk-test-rotate-me-1';
const NEXT_KEY = 'sk-test-rotate-me-2';
const MASK = /masked:hmac-sha256:v1:[0-9a-f]{16}/;

let api: TestApi;
let folder: TemporaryFolder;

beforeAll(async () => {
  api = await testApi();
  folder = await temporaryFolder('credentials');
  // Ada may do with agents what `edit` allows, but not read credentials; Flo applies for Flux.
  await must(['create', 'rolebinding', 'editors', '--clusterrole=edit', '--user=ada', '--user=flux']);
});

afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

async function kubectl(args: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  const env = { HOME: folder.path, ...options.env };
  return commandsFor(api.kubeconfig).kubectl(args, { ...options, env });
}

async function must(args: readonly string[], options?: CommandOptions): Promise<string> {
  const { code, stdout, stderr } = await kubectl(args, options);
  if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}`);
  return stdout;
}

const ada = (...args: string[]): Promise<string> => must(['--as=ada', ...args]);

const model = (name: string, env: object = {}): object =>
  object('Model', name, {
    protocol: 'openai',
    modelConfig: { env: { model_id: 'gpt', base_url: 'https://models.example', api_key: KEY, ...env } },
  });

async function create(name: string): Promise<void> {
  await must(['apply', '-f', '-'], { stdin: manifests(model(name)) });
}

const stored = (name: string): Promise<string> =>
  must(['get', 'model', name, '-o', 'jsonpath={.spec.modelConfig.env.api_key}']);
const version = (name: string): Promise<string> =>
  must(['get', 'model', name, '-o', 'jsonpath={.metadata.resourceVersion}']);

describe('kubectl of somebody without the verb reveal', () => {
  it('shows masks, the copy of the last apply included', async () => {
    await create('seen');
    for (const output of ['yaml', 'json', 'jsonpath={@}', 'wide']) {
      expect(await ada('get', 'models', 'seen', '-o', output)).not.toContain(KEY);
    }
    const text = await ada('get', 'models', '-o', 'yaml');
    expect(text).toMatch(MASK);
    expect(text).not.toContain(KEY);
    expect(await ada('describe', 'model', 'seen')).not.toContain(KEY);
    expect(await ada('apply', 'view-last-applied', 'model', 'seen')).toMatch(MASK);
    expect(await must(['get', 'models', 'seen', '-o', 'yaml'])).toContain(KEY);
  });

  it('keeps the value: get and apply, replace, edit, label, server-side apply', async () => {
    await create('kept');
    const seen = await ada('get', 'model', 'kept', '-o', 'yaml');
    await must(['--as=ada', 'apply', '-f', '-'], { stdin: seen });
    const again = await ada('get', 'model', 'kept', '-o', 'yaml');
    await must(['--as=ada', 'replace', '-f', '-'], { stdin: again });
    await must(['--as=ada', 'apply', '--server-side', '--force-conflicts', '-f', '-'], {
      stdin: manifests(
        object(
          'Model',
          'kept',
          (JSON.parse(await ada('get', 'model', 'kept', '-o', 'json')) as { spec: object }).spec,
        ),
      ),
    });
    await ada('label', 'model', 'kept', 'a=b');
    const edit = { env: { KUBE_EDITOR: 'sed -i s/gpt/gpt-2/' } };
    await must(['--as=ada', 'edit', 'model', 'kept'], edit);
    expect(await must(['get', 'model', 'kept', '-o', 'jsonpath={.spec.modelConfig.env.model_id}'])).toBe(
      'gpt-2',
    );
    expect(await stored('kept')).toBe(KEY);
  });

  it('changes nothing by applying the same file again, and diff sees no difference', async () => {
    await create('same');
    const before = await version('same');
    const stdin = manifests(model('same'));
    await must(['--as=ada', 'apply', '-f', '-'], { stdin });
    expect(await version('same')).toBe(before);
    expect(await must(['apply', '-f', '-'], { stdin }), 'of somebody who sees values').toContain('unchanged');
    const { code, stdout } = await kubectl(['--as=ada', 'diff', '-f', '-'], { stdin });
    expect([code, stdout]).toEqual([0, '']);
    const rotated = await kubectl(['--as=ada', 'diff', '-f', '-'], {
      stdin: manifests(model('same', { api_key: NEXT_KEY })),
    });
    expect([rotated.code, rotated.stdout.includes(NEXT_KEY), MASK.test(rotated.stdout)]).toEqual([
      1,
      false,
      true,
    ]);
  });

  it('is told which field has a mask that stands for nothing', async () => {
    const seen = await ada('get', 'model', 'seen', '-o', 'yaml');
    const { code, stderr } = await kubectl(['--as=ada', 'create', '-f', '-'], {
      stdin: seen.replaceAll(/name: seen/g, 'name: copied').replaceAll(/resourceVersion: .*/g, ''),
    });
    expect([code, stderr]).toEqual([1, expect.stringContaining('spec.modelConfig.env.api_key: Forbidden')]);
  });

  it('cannot send the key to another address', async () => {
    await create('sent');
    const patch = JSON.stringify({ spec: { modelConfig: { env: { base_url: 'https://evil.example' } } } });
    const { code, stderr } = await kubectl([
      '--as=ada',
      'patch',
      'model',
      'sent',
      '--type=merge',
      '-p',
      patch,
    ]);
    expect([code, stderr]).toEqual([1, expect.stringContaining('is kept while')]);
  });
});

describe('the verb reveal', () => {
  it('by name shows one object, and no list', async () => {
    await create('named');
    await must([
      'create',
      'role',
      'revealer',
      '--verb=reveal',
      '--resource=models.agent.wecode.io',
      '--resource-name=named',
    ]);
    await must(['create', 'rolebinding', 'revealers', '--role=revealer', '--user=bea']);
    await must(['create', 'rolebinding', 'viewers', '--clusterrole=view', '--user=bea']);
    const bea = (...args: string[]): Promise<string> => must(['--as=bea', ...args]);
    expect(await bea('get', 'model', 'named', '-o', 'yaml')).toContain(KEY);
    expect(await bea('get', 'models', '-o', 'yaml')).not.toContain(KEY);
  });

  it('is of admins of a namespace, and not of those who edit', async () => {
    await must(['create', 'rolebinding', 'admins', '--clusterrole=admin', '--user=cem']);
    expect(await must(['--as=cem', 'get', 'models', '-o', 'yaml'])).toContain(KEY);
    expect(await must(['--as=cem', 'auth', 'can-i', 'reveal', 'models'])).toBe('yes\n');
    const { stdout } = await kubectl(['--as=ada', 'auth', 'can-i', 'reveal', 'models']);
    expect(stdout).toBe('no\n');
  });

  it('counts for what a watch sends from then on', async () => {
    await create('watched');
    await must(['create', 'rolebinding', 'dan', '--clusterrole=admin', '--user=dan']);
    await using lines = await api.lines(
      '/apis/agent.wecode.io/v1/namespaces/default/models?watch=true&fieldSelector=metadata.name=watched&resourceVersion=0',
      {
        'impersonate-user': 'dan',
      },
    );
    expect(await lines.next()).toContain(KEY);
    await must(['create', 'rolebinding', 'dan-views', '--clusterrole=view', '--user=dan']);
    await must(['delete', 'rolebinding', 'dan']);
    await must(['label', 'model', 'watched', 'seen=twice']);
    const later = await lines.next();
    expect(later).toContain('twice');
    expect(later).not.toContain(KEY);
  });
});

/** Writes an object as kustomize-controller does (fluxcd/pkg/ssa: Manager.Apply): a dry run, a comparison, an apply. */
describe('Flux', () => {
  const where = '/apis/agent.wecode.io/v1/namespaces/default/models/rotated';
  const headers = { 'impersonate-user': 'flux' };
  const apply = (body: object, dryRun: boolean): Promise<ApiAnswer> =>
    api.send(`${where}?fieldManager=kustomize-controller&force=true${dryRun ? '&dryRun=All' : ''}`, {
      method: 'PATCH',
      headers: { ...headers, 'content-type': 'application/apply-patch+yaml' },
      body,
    });

  interface Seen {
    metadata: { managedFields?: unknown; resourceVersion?: string; generation?: number; labels?: object };
    spec: object;
  }

  /** @returns whether it had to apply */
  async function reconcile(desired: object): Promise<'configured' | 'created' | 'unchanged'> {
    const dry = (await apply(desired, true)).json() as unknown as Seen;
    const live = await api.send(where, { headers });
    if (live.status === 404) {
      expect((await apply(desired, false)).status).toBe(201);
      return 'created';
    }
    const existing = live.json() as unknown as Seen;
    const compared = ({ metadata: { labels }, spec }: Seen): string => JSON.stringify([labels, spec]);
    if (compared(dry) === compared(existing)) return 'unchanged';
    const applied = await apply(desired, false);
    expect(applied.status).toBe(200);
    expect(applied.text).not.toContain(NEXT_KEY);
    return 'configured';
  }

  it('rotates a key: one difference, one apply, and nothing after', async () => {
    const first = model('rotated');
    const second = model('rotated', { api_key: NEXT_KEY });
    const said = [];
    for (const desired of [first, first, second, second]) said.push(await reconcile(desired));
    expect(said).toEqual(['created', 'unchanged', 'configured', 'unchanged']);
    expect(await stored('rotated')).toBe(NEXT_KEY);
    const { metadata } = (await api.send(where)).json() as unknown as Seen;
    expect(metadata.generation).toBe(2);
  });
});
