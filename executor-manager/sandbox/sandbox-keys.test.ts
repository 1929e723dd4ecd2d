import { describe, expect, it } from 'vitest';
import type { RunSandbox } from '#api/types/sandboxes/sandbox';
import { checkTaskUID, nodeOf, runtimeOf } from './sandbox-keys.ts';

const specOf = (spec: { uid: string; node?: string }): Pick<RunSandbox, 'spec'> => ({
  spec: {
    taskRef: { name: 't', uid: spec.uid },
    ...(spec.node === undefined ? {} : { node: spec.node }),
    ...{ step: 2, attempt: 1, timeoutSeconds: 60, prompt: 'Hi' },
    shell: { type: 'Chat' },
    agent: { botName: 'b' },
  },
});

describe('the keys of a Sandbox', () => {
  it.each([
    ['join', 'join', 'the id of the node'],
    [undefined, 's2', 'a Sandbox of an older version has only a step'],
  ])('node %s: %s', (node, want, reason) => {
    const sandbox = specOf({ uid: 'u', ...(node === undefined ? {} : { node }) });
    expect(nodeOf(sandbox), reason).toEqual({ taskUID: 'u', node: want });
  });

  it.each([
    ['rt-1', 'rt-1', 'ours'],
    ['4f5e6d7c8b9a', '4f5e6d7c8b9a', 'a container of an older version: no runtime of that id is ever found'],
    ['pid/123', undefined, 'a process of an older version'],
    ['../../etc', undefined, 'a status that somebody has edited'],
    [undefined, undefined, 'not claimed yet'],
  ])('runtime %s: %s', (runtimeID, want, reason) => {
    expect(runtimeOf({ status: runtimeID === undefined ? {} : { runtimeID } }), reason).toBe(want);
  });

  it.each(['../../etc', 'a/b', 'a?force=true', '', '-'])('the uid "%s" is refused', (uid) => {
    expect(() => checkTaskUID(specOf({ uid }))).toThrow('spec.taskRef.uid must be the uid of a Task');
  });
});
