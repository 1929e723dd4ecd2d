import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ensureImage } from '#executor-image/build';
import { temporaryFolder } from '#dev/environment/temporary-folder';
import { gitRepository } from '../../kit/git-repository.ts';
import type { GitRepository } from '../../kit/git-repository.ts';
import { mustRun } from '../../kit/command.ts';
import { httpGitServer } from '../../kit/http-git-server.ts';
import { modelService } from '../../kit/model-script.ts';
import type { ModelService } from '../../kit/model-script.ts';
import type { RunWithModel } from '../../kit/runner.ts';
import { startSandboxRunner } from '../../kit/sandbox-runner.ts';
import type { SandboxRunner } from '../../kit/sandbox-runner.ts';

const stack = new AsyncDisposableStack();
let image: string;
let model: ModelService;
let repository: GitRepository;

beforeAll(async () => {
  image = await ensureImage();
  model = stack.use(
    await modelService(
      `
- when: { contains: README }
  steps:
    - toolCall: { name: Read, input: { file_path: '{{cwd}}/README.md' } }
    - toolCall: { name: Edit, input: { file_path: '{{cwd}}/README.md', old_string: projcet, new_string: project } }
    - toolCall: { name: Bash, input: { command: git commit -qam 'Correct the spelling' && id -u, description: Commit } }
    - reply: 'Committed as {{toolResult}}'
- when: { contains: Commit it }
  steps:
    - toolCall: { name: exec_command, input: { cmd: 'sed -i s/projcet/project/ README.md && git commit -qam Spelling && id -u' } }
    - reply: '{{toolResult}}'
- when: { contains: look at the large file }
  steps:
    - toolCall: { name: Bash, input: { command: "cat a.bin; touch new; git status --short", description: Look } }
    - reply: '{{toolResult}}'
- when: { contains: Mend it }
  steps:
    - toolCall: { name: run_shell, input: { command: 'sed -i s/projcet/project/ README.md && git commit -qam Spelling && id -u' } }
    - reply: '{{toolResult}}'
- when: { contains: rights }
  steps:
    - toolCall: { name: Bash, input: { command: "grep -E '^(CapEff|NoNewPrivs)' /proc/self/status; touch /etc/x; touch /opt/troupe/x", description: Look } }
    - reply: '{{toolResult}}'
`,
      '0.0.0.0',
    ),
  );
  repository = stack.use(await gitRepository({ host: 'host.docker.internal', listen: '0.0.0.0' }));
}, 600_000);
afterAll(() => stack.disposeAsync());

const docker = (...args: string[]): Promise<string> => mustRun('docker', args);

const sandbox = (): Promise<SandboxRunner> => startSandboxRunner(image);

const openaiModel = () => ({
  protocol: 'openai' as const,
  baseURL: `http://host.docker.internal:${new URL(model.url).port}`,
  apiKey: 'no-key-needed',
});

const request = (prompt: string, more: Partial<RunWithModel> = {}): RunWithModel => ({
  shell: { type: 'ClaudeCode' },
  agent: { name: 'writer' },
  model: {
    protocol: 'anthropic',
    name: 'scripted-model',
    baseURL: `http://host.docker.internal:${new URL(model.url).port}`,
    apiKey: 'no-key-needed',
  },
  prompt,
  timeoutSeconds: 100,
  ...more,
});

describe('the image', () => {
  it('is not built again when nothing changed', async () => {
    const log: string[] = [];
    expect(await ensureImage({ log: (line) => log.push(line) })).toBe(image);
    expect(log).toEqual([]);
    const ids = await docker('image', 'inspect', '--format', '{{.Id}}', image, 'troupe-executor:latest');
    expect(new Set(ids.trim().split('\n')).size, 'latest is the same image').toBe(1);
  });

  it('runs Claude Code on a repository with everything taken away', async () => {
    await using box = await sandbox();
    const { state, events } = await box.finish(
      'run',
      request('Correct the README', {
        repository: { gitUrl: repository.url, branch: 'main', workBranch: 'fix', timeoutSeconds: 30 },
      }),
    );
    expect(state, JSON.stringify(events.slice(-3))).toMatchObject({
      phase: 'Succeeded',
      result: { value: 'Committed as 10001', workspace: { branch: 'fix', commits: 1, filesChanged: 1 } },
    });
  });

  it('runs Codex on a repository with everything taken away', async () => {
    await using box = await sandbox();
    const { state, events } = await box.finish(
      'run',
      request('Commit it', {
        shell: { type: 'Codex' },
        model: { ...openaiModel(), name: 'gpt-5.5' },
        repository: { gitUrl: repository.url, branch: 'main', workBranch: 'fix', timeoutSeconds: 30 },
      }),
    );
    expect(state, JSON.stringify(events.slice(-3))).toMatchObject({
      phase: 'Succeeded',
      result: { value: expect.stringContaining('10001'), workspace: { branch: 'fix', commits: 1 } },
    });
  });

  it('runs Agno on a repository with everything taken away', async () => {
    await using box = await sandbox();
    const { state, events } = await box.finish(
      'run',
      request('Mend it', {
        shell: { type: 'Agno' },
        model: { ...openaiModel(), name: 'scripted-model' },
        repository: { gitUrl: repository.url, branch: 'main', workBranch: 'fix', timeoutSeconds: 30 },
      }),
    );
    expect(state, JSON.stringify(events.slice(-3))).toMatchObject({
      phase: 'Succeeded',
      result: { value: expect.stringContaining('10001'), workspace: { branch: 'fix', commits: 1 } },
    });
  });

  it('has no capability, gains none, and writes nowhere but where it may', async () => {
    await using box = await sandbox();
    const { state } = await box.finish('run', request('Show your rights'));
    expect(state.result?.value).toMatch(/CapEff:\s+0000000000000000/);
    expect(state.result?.value).toMatch(/NoNewPrivs:\s+1/);
    expect(state.result?.value.match(/Read-only file system|Permission denied/g)).toHaveLength(2);
  });

  it('fetches the files of Git LFS, shows what changed in them, and no more', async () => {
    await using folder = await temporaryFolder('lfs');
    const content = Buffer.from('a large file\n');
    const oid = createHash('sha256').update(content).digest('hex');
    const project = path.join(folder.path, 'project.git');
    const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${oid}\nsize ${content.length}\n`;
    await mustRun('git', ['init', '--quiet', '--initial-branch=main', project]);
    await writeFile(path.join(project, '.gitattributes'), '*.bin filter=lfs diff=lfs merge=lfs -text\n');
    await writeFile(path.join(project, 'a.bin'), pointer);
    const identity = ['-c', 'user.name=Test', '-c', 'user.email=test@example.com'];
    await mustRun('git', ['-C', project, 'add', '.']);
    await mustRun('git', ['-C', project, ...identity, 'commit', '--quiet', '-m', 'Large']);
    const credential = { username: 'x-access-token', password: 'a-token-of-lfs' };
    await using server = await httpGitServer({
      ...{ folder: folder.path, ...credential, listen: '0.0.0.0', host: 'host.docker.internal' },
      largeFiles: new Map([[oid, content]]),
    });
    await using box = await sandbox();
    const { state, events } = await box.finish(
      'run',
      request('look at the large file', {
        repository: {
          ...{ gitUrl: server.url, branch: 'main', workBranch: 'w', timeoutSeconds: 30 },
          ...{ lfs: true, credential },
        },
      }),
    );
    expect(state, JSON.stringify(events.slice(-3))).toMatchObject({
      phase: 'Succeeded',
      result: { workspace: { filesChanged: 1, commits: 0 } },
    });
    expect(state.result?.value).toBe('a large file\n?? new');
  });

  it('wants its token for everything', async () => {
    await using box = await sandbox();
    for (const target of ['/v1/ready', '/v1/runs/x', '/v1/runs/x/events', '/']) {
      const response = await box.fetch(target, { headers: { authorization: 'Bearer wrong' } });
      expect(response.status, target).toBe(401);
    }
  });
});
