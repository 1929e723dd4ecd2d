import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '#dev/environment/temporary-folder';
import type { TemporaryFolder } from '#dev/environment/temporary-folder';
import { testApi } from '../../kit/api.ts';
import type { TestApi } from '../../kit/api.ts';
import { commandsFor, run } from '../../kit/command.ts';
import type { Commands } from '../../kit/command.ts';
import { bot, ghost, manifests, shell, task, team } from '../../kit/manifests.ts';

let api: TestApi;
let kubectl: Commands;
let folder: TemporaryFolder;

beforeAll(async () => {
  api = await testApi();
  folder = await temporaryFolder('kubectl');
  const commands = commandsFor(api.kubeconfig);
  // A home of its own: kubectl keeps what it learned of other servers in ~/.kube/cache.
  const env = { HOME: folder.path };
  kubectl = {
    ...commands,
    kubectl: (args, options) => commands.kubectl(args, { ...options, env: { ...env, ...options?.env } }),
    mustKubectl: (args, options) =>
      commands.mustKubectl(args, { ...options, env: { ...env, ...options?.env } }),
  };
});

afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

const must = (...args: string[]): Promise<string> => kubectl.mustKubectl(args);
const apply = (text: string, ...args: string[]): Promise<string> =>
  kubectl.mustKubectl(['apply', '-f', '-', ...args], { stdin: text });

async function file(name: string, text: string): Promise<string> {
  const at = path.join(folder.path, name);
  await mkdir(path.dirname(at), { recursive: true });
  await writeFile(at, text);
  return at;
}

describe('apply', () => {
  it('takes many documents from standard input, and says what changed', async () => {
    const text = manifests(ghost('many'), shell('many'), bot('many'));
    expect(await apply(text)).toBe(
      'ghost.agent.wecode.io/many created\nshell.agent.wecode.io/many created\nbot.agent.wecode.io/many created\n',
    );
    expect(await apply(text)).toContain('ghost.agent.wecode.io/many unchanged');
    expect(await apply(text.replace('careful', 'careless'))).toContain(
      'ghost.agent.wecode.io/many configured',
    );
    expect(
      await must('get', 'ghost', 'many', '-o', 'jsonpath={.spec.systemPrompt} {.metadata.generation}'),
    ).toBe('You are a careless programmer. 2');
  });

  it('takes a file, a folder and a kustomization', async () => {
    const one = await file('folder/one.yaml', manifests(ghost('from-file')));
    await file('folder/two.json', JSON.stringify(ghost('from-folder')));
    expect(await must('apply', '-f', one)).toContain('from-file created');
    expect(await must('apply', '-f', path.dirname(one))).toContain('from-folder created');
    const kustomization = await file('kustom/kustomization.yaml', 'resources: [g.yaml]\nnamePrefix: pre-\n');
    await file('kustom/g.yaml', manifests(ghost('fixed')));
    expect(await must('apply', '-k', path.dirname(kustomization))).toContain('pre-fixed created');
    expect(await must('delete', '-k', path.dirname(kustomization))).toContain('deleted');
  });

  it('keeps names and fields that people already have', async () => {
    const old = { ...shell('ClaudeCode'), spec: { runtime: 'ClaudeCode' }, status: { state: 'Available' } };
    expect(await apply(manifests(old))).toContain('shell.agent.wecode.io/ClaudeCode created');
    expect(await must('get', 'sh', 'ClaudeCode', '-o', 'name')).toBe('shell.agent.wecode.io/ClaudeCode\n');
  });

  it.each([
    ['a wrong type', { ...ghost('bad'), spec: { systemPrompt: 5 } }, 'spec.systemPrompt'],
    [
      'an unknown field',
      { ...ghost('bad'), spec: { systemPrompt: 'x', promt: 'y' } },
      'unknown field "spec.promt"',
    ],
    ['an unknown kind', { ...ghost('bad'), kind: 'Gohst' }, 'no matches for kind "Gohst"'],
    [
      'a Team without members',
      { ...team('bad'), spec: { collaborationModel: 'solo', members: [] } },
      'spec.members',
    ],
    [
      'a prompt of 2 MB',
      task({ name: 'bad', team: 't', prompt: 'x'.repeat(2_000_000) }),
      'spec.prompt: Too long',
    ],
    ['a name that is none', ghost('a/b'), "may not contain '/'"],
    [
      'a namespace that is not there',
      { ...ghost('bad'), metadata: { name: 'bad', namespace: 'nope' } },
      'namespaces "nope" not found',
    ],
  ])('refuses %s and says why', async (_name, manifest, text) => {
    // Not by a client-side apply: its annotation would be larger than the prompt.
    const result = await kubectl.kubectl(['create', '-f', '-'], { stdin: JSON.stringify(manifest) });
    expect([result.code, result.stderr]).toEqual([1, expect.stringContaining(text)]);
  });

  it('shows differences and replaces', async () => {
    const before = await file('diff.yaml', manifests(ghost('differs')));
    await must('apply', '-f', before);
    const after = await file('diff.yaml', manifests(ghost('differs')).replace('careful', 'bold'));
    const diff = await kubectl.kubectl(['diff', '-f', after]);
    expect([diff.code, diff.stdout]).toEqual([1, expect.stringContaining('+  systemPrompt: You are a bold')]);
    expect(await must('replace', '-f', after)).toContain('replaced');
    expect((await kubectl.kubectl(['replace', '--force', '-f', after])).stdout).toContain('replaced');
  });
});

describe('get', () => {
  beforeAll(async () => {
    await must(
      'create',
      '-f',
      await file('ns.yaml', 'apiVersion: v1\nkind: Namespace\nmetadata: {name: other}\n'),
    );
    const labelled = { ...ghost('shown'), metadata: { name: 'shown', labels: { app: 'web' } } };
    await apply(manifests(labelled, { ...ghost('there'), metadata: { name: 'there', namespace: 'other' } }));
  });

  it.each([
    [['get', 'ghosts', '-l', 'app=web', '-o', 'name'], /^ghost.agent.wecode.io\/shown\n$/],
    [['get', 'gh', 'shown'], /^NAME +READY +AGE\nshown +/],
    [['get', 'ghosts', '-A', '--no-headers'], /other +there/],
    [['get', 'gh', 'shown', '-o', 'wide'], /SKILLS +.*MESSAGE/],
    [['get', 'gh', 'shown', '-o', 'yaml'], /^apiVersion: agent.wecode.io\/v1\nkind: Ghost\n/],
    [['get', 'gh', 'shown', '-o', 'json'], /"kind": "Ghost"/],
    [['get', 'gh', '-o', 'jsonpath={.items[?(@.metadata.name=="shown")].metadata.labels.app}'], /^web$/],
    [
      ['get', 'gh', '-o', 'custom-columns=N:.metadata.name', '--field-selector', 'metadata.name=shown'],
      /^N\nshown\n$/,
    ],
    [['get', 'gh', '-L', 'app', '--sort-by=.metadata.name', '-l', 'app in (web,db),!no'], /web\n/],
    [['get', 'troupe', '-A'], /ghost.agent.wecode.io\/there/],
    [['get', 'ghosts.v1.agent.wecode.io', 'shown', '--show-labels'], /app=web/],
    [['get', 'gh', 'shown', '--subresource=status'], /shown/],
    [['get', 'ns'], /default +Active/],
    [['get', 'gh', '-n', 'nowhere', '--ignore-not-found'], /^$/],
    [['describe', 'gh', 'shown'], /Name: +shown[^]*Events: +<none>/],
    [['api-resources', '--api-group=agent.wecode.io'], /tasks +ta,tk +agent.wecode.io\/v1 +true +Task/],
    [['api-versions'], /agent.wecode.io\/v1alpha1\n/],
    [['explain', 'task.spec.prompt'], /FIELD: prompt <string>/],
    [
      ['explain', 'sandbox', '--api-version=agent.wecode.io/v1alpha1', '--recursive'],
      /executorName\t<string>/,
    ],
    [['version'], /Server Version: v1\.\d+\.\d+\+troupe/],
    [['get', '--raw', '/readyz?verbose'], /storage ok/],
  ])('%j', async (args, want) => {
    expect(await must(...args)).toMatch(want);
  });

  it('says what is not there', async () => {
    const result = await kubectl.kubectl(['get', 'task', 'none']);
    expect([result.code, result.stderr]).toEqual([
      1,
      'Error from server (NotFound): tasks.agent.wecode.io "none" not found\n',
    ]);
  });

  it('watches, and ends with the object', async () => {
    await apply(manifests(ghost('watched')));
    const stop = new AbortController();
    const watched = run('kubectl', ['get', 'gh', 'watched', '-w', '-o', 'name', '--output-watch-events'], {
      env: { KUBECONFIG: api.kubeconfig, HOME: folder.path },
      signal: stop.signal,
    }).catch(() => undefined);
    const waited = must('wait', 'gh/watched', '--for=delete', '--timeout=30s');
    await must('label', 'gh', 'watched', 'a=b');
    await must('delete', 'gh', 'watched');
    expect(await waited).toMatch(/condition met|deleted|^$/);
    stop.abort();
    await watched;
  });
});

describe('changes', () => {
  beforeAll(async () => {
    await apply(manifests(ghost('changed')));
  });

  it('labels, annotates and patches', async () => {
    expect(await must('label', 'gh', 'changed', 'a=b')).toContain('labeled');
    expect(await must('annotate', 'gh', 'changed', 'note=it')).toContain('annotated');
    expect(
      await must('patch', 'gh', 'changed', '--type=merge', '-p', '{"spec":{"systemPrompt":"m"}}'),
    ).toContain('patched');
    const operations = '[{"op":"replace","path":"/spec/systemPrompt","value":"j"}]';
    expect(await must('patch', 'gh', 'changed', '--type=json', '-p', operations)).toContain('patched');
    expect(await must('patch', 'gh', 'changed', '--type=json', '-p', operations)).toContain('(no change)');
    const status = '{"status":{"state":"Available"}}';
    await must('patch', 'gh', 'changed', '--subresource=status', '--type=merge', '-p', status);
    expect(
      await must(
        'get',
        'gh',
        'changed',
        '-o',
        'jsonpath={.spec.systemPrompt} {.status.state} {.metadata.generation}',
      ),
    ).toBe('j Available 3');
  });

  it('refuses a strategic merge with the hint kubectl knows', async () => {
    const result = await kubectl.kubectl(['patch', 'gh', 'changed', '-p', '{}']);
    expect([result.code, result.stderr]).toEqual([
      1,
      expect.stringContaining('strategic-merge-patch+json is not supported'),
    ]);
  });

  it('edits with an editor', async () => {
    const editor = await file(
      'editor.sh',
      '#!/bin/sh\nsed -i \'s/systemPrompt: .*/systemPrompt: edited/\' "$1"\n',
    );
    await run('chmod', ['+x', editor]);
    const result = await kubectl.mustKubectl(['edit', 'gh', 'changed'], { env: { EDITOR: editor } });
    expect(result).toContain('edited');
    expect(await must('get', 'gh', 'changed', '-o', 'jsonpath={.spec.systemPrompt}')).toBe('edited');
  });

  it('waits for a condition that is there and for one that comes', async () => {
    await apply(manifests(task({ name: 'waited', team: 't', prompt: 'p' })));
    const waited = must('wait', 'task/waited', '--for=condition=Finished', '--timeout=30s');
    const finished = {
      type: 'Finished',
      status: 'True',
      reason: 'Completed',
      message: '',
      lastTransitionTime: '2026-11-21T07:00:00Z',
    };
    const status = JSON.stringify({ status: { status: 'COMPLETED', conditions: [finished] } });
    await must('patch', 'task', 'waited', '--subresource=status', '--type=merge', '-p', status);
    expect(await waited).toContain('condition met');
    expect(await must('wait', 'task/waited', '--for=jsonpath={.status.status}=COMPLETED')).toContain(
      'condition met',
    );
  });

  it('creates built-in kinds from files', async () => {
    const secret = await file(
      's.yaml',
      'apiVersion: v1\nkind: Secret\nmetadata: {name: key}\nstringData: {a: b}\n',
    );
    expect(await must('create', '-f', secret)).toBe('secret/key created\n');
    expect(await must('apply', '-f', secret)).toContain('configured');
    expect(await must('get', 'secret', 'key', '-o', 'jsonpath={.data.a}')).toBe('Yg==');
    expect(await must('label', 'ns', 'default', 'x=y')).toContain('labeled');
  });

  it('creates built-in kinds by name, which kubectl sends as protobuf', async () => {
    expect(await must('create', 'secret', 'generic', 'typed', '--from-literal=a=b')).toBe(
      'secret/typed created\n',
    );
    expect(await must('get', 'secret', 'typed', '-o', 'jsonpath={.data.a} {.type}')).toBe('Yg== Opaque');
    expect(await must('create', 'ns', 'typed')).toBe('namespace/typed created\n');
    expect(await must('create', 'configmap', 'typed', '--from-literal=a=b', '-n', 'typed')).toContain(
      'created',
    );
    expect(await must('get', 'cm', 'typed', '-n', 'typed', '-o', 'jsonpath={.data.a}')).toBe('b');
    await must('delete', 'cm', 'typed', '-n', 'typed');
    // The API alone marks it; the controllers empty it.
    await must('delete', 'ns', 'typed', '--wait=false');
    expect(await must('get', 'ns', 'typed')).toMatch(/typed +Terminating/);
  });

  it('shows events of an object', async () => {
    const uid = await must('get', 'gh', 'changed', '-o', 'jsonpath={.metadata.uid}');
    const about = {
      kind: 'Ghost',
      namespace: 'default',
      name: 'changed',
      uid,
      apiVersion: 'agent.wecode.io/v1',
    };
    const now = new Date().toISOString();
    await apply(
      manifests({
        apiVersion: 'v1',
        kind: 'Event',
        metadata: { name: 'changed.1' },
        involvedObject: about,
        type: 'Normal',
        reason: 'Looked',
        message: 'Somebody looked',
        firstTimestamp: now,
        lastTimestamp: now,
        count: 1,
        source: { component: 'test' },
      }),
    );
    expect(await must('describe', 'gh', 'changed')).toMatch(/Looked[^]*Somebody looked/);
    expect(await must('events', '--for', 'ghost/changed')).toContain('Somebody looked');
    expect(await must('get', 'events')).toMatch(
      /^LAST SEEN +TYPE +REASON +OBJECT +MESSAGE\n[^]*ghost\/changed/,
    );
  });

  it('deletes one, some and all', async () => {
    const labelled = (name: string): object => ({
      ...ghost(name),
      metadata: { name, labels: { del: 'me' } },
    });
    await apply(manifests(labelled('d1'), labelled('d2')));
    expect(await must('delete', 'gh', '-l', 'del=me')).toMatch(/"d1" deleted[^]*"d2" deleted/);
    expect(await must('delete', 'gh', '--all')).toContain('deleted');
    expect(await must('delete', 'gh', 'none', '--ignore-not-found')).toBe('');
  });
});
