import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from '#api/client/connect';
import type { Connection } from '#api/client/connect';
import { silentLogger } from '#api/machinery/logger';
import type { TaskEventInput } from '#api/types/task-event';
import { startApi } from '#api/main';
import type { ApiOptions } from '#api/main';
import type { Task } from '#api/types/generated/task';
import { TASKS } from '#api/types/resources';

/** A real API server on a free port, its data in a folder of its own. */
export interface CliServer extends AsyncDisposable {
  kubeconfig: string;
  connection: Connection;
  /** Ends the server as a shutdown does, calls `meanwhile`, and starts it again on the same port and data. */
  restart(meanwhile?: () => Promise<void>): Promise<void>;
}

export async function startServer(options: Partial<ApiOptions> = {}): Promise<CliServer> {
  const folder = await mkdtemp(join(tmpdir(), 'troupe-cli-'));
  const start = (port: number) =>
    startApi({ ...options, listen: { host: '127.0.0.1', port }, dataDir: folder, logger: silentLogger });
  let api = await start(0);
  const kubeconfig = api.kubeconfigPath;
  const connection = await connect({ kubeconfig });
  return {
    kubeconfig,
    connection,
    async restart(meanwhile) {
      const port = Number(new URL(api.url).port);
      await api.close();
      await meanwhile?.();
      api = await start(port);
    },
    async [Symbol.asyncDispose]() {
      await connection.close();
      await api.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export const ghost = (name: string, systemPrompt = 'Be brief.', labels = ''): string =>
  `apiVersion: agent.wecode.io/v1\nkind: Ghost\nmetadata: {name: ${name}, labels: {${labels}}}\nspec: {systemPrompt: ${systemPrompt}}\n---\n`;

export function createTask(connection: Connection, name: string): Promise<Task> {
  return connection.client.create(TASKS, {
    apiVersion: 'agent.wecode.io/v1',
    kind: 'Task',
    metadata: { name, namespace: 'default' },
    spec: { prompt: 'Say hello', teamRef: { name: 'team' } },
  });
}

/** Plays a Sandbox: adds texts to the log of a Task, numbered from `first`. */
export async function say(connection: Connection, task: Task, texts: { first: number; words: string[] }) {
  const events: TaskEventInput[] = texts.words.map((text, index) => ({
    sourceSeq: texts.first + index,
    time: '2026-01-02T03:04:05.000000Z',
    type: 'text',
    data: { text },
  }));
  const ref = { namespace: 'default', name: task.metadata.name };
  await connection.taskLog.append(ref, { source: 'sandbox', taskUID: task.metadata.uid ?? '', events });
}

/** Plays the controller: writes a status. */
export async function setStatus(
  connection: Connection,
  name: string,
  status: NonNullable<Task['status']>,
): Promise<void> {
  const body = { status };
  await connection.client.patch(
    TASKS,
    { namespace: 'default', name },
    { type: 'merge', subresource: 'status', body },
  );
}
