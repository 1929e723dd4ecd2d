import { describe, expect, it } from 'vitest';
import type { NewCondition } from '#api/machinery/condition';
import type { Shell, ShellSpec } from '#api/types/generated/shell';
import type { ProbeFinding } from '#api/types/probe';
import { imageCheckOf, imageCondition, readyWithImage } from './image-check.ts';

const shell = (spec: ShellSpec, status?: Shell['status']): Shell => ({
  apiVersion: 'agent.wecode.io/v1',
  kind: 'Shell',
  metadata: { name: 's', namespace: 'a', uid: 'u' },
  spec,
  ...(status === undefined ? {} : { status }),
});
const own = { shellType: 'ClaudeCode', baseImage: 'x:1' } as const;

describe('imageCheckOf', () => {
  it.each<[ShellSpec, object | undefined, string]>([
    [{ shellType: 'ClaudeCode' }, undefined, 'no image of its own'],
    [{ shellType: 'ClaudeCode', baseImage: '' }, undefined, 'as good as none'],
    [own, { probe: { image: {} }, shell: { type: 'ClaudeCode', image: 'x:1' } }, 'the image'],
    [
      { shellType: 'Command', baseImage: 'x:1', command: ['tool', '--fast'] },
      { probe: { image: { program: 'tool' } } },
      'the image with the program',
    ],
  ])('%j', (spec, expected, reason) => {
    const check = imageCheckOf(shell(spec));
    if (expected === undefined) expect(check, reason).toBeUndefined();
    else expect(check, reason).toMatchObject(expected);
  });
});

describe('what a check has found', () => {
  it.each<[ProbeFinding, string, string, string]>([
    [
      { state: 'answered', result: { ok: true, message: 'Fine.' } },
      'True Checked Fine.',
      'True',
      'The Shell can be used.',
    ],
    [
      { state: 'answered', result: { ok: false, message: 'No tool.' } },
      'False NotUsable No tool.',
      'False',
      'spec.baseImage: No tool.',
    ],
    [
      { state: 'refused', reason: 'ErrImagePull', message: 'No such image.' },
      'False ErrImagePull No such image.',
      'False',
      'spec.baseImage: No such image.',
    ],
    [
      { state: 'lost', message: 'Gone.' },
      'Unknown CheckFailed Gone.',
      'True',
      'The Shell can be used; its image was not checked yet.',
    ],
    [
      { state: 'pending', reason: 'NoExecutor', message: 'There is no Executor.' },
      'Unknown NoExecutor There is no Executor.',
      'True',
      'The Shell can be used; its image was not checked yet.',
    ],
    [
      { state: 'pending', reason: 'Pulling', message: 'Pulling image x:1: 3 of 80 MB.' },
      'Unknown Pulling The image is being pulled.',
      'True',
      'The Shell can be used; its image was not checked yet.',
    ],
  ])('%j', (finding, image, status, message) => {
    const condition = imageCondition(shell(own), finding);
    expect(`${condition?.status} ${condition?.reason} ${condition?.message}`).toBe(image);
    expect(readyWithImage(condition)).toMatchObject({ type: 'Ready', status, message });
  });

  it('holds until something else is found', () => {
    const at = { lastTransitionTime: '2026-11-29T12:00:00Z' };
    const before: NewCondition = {
      type: 'ImageReady',
      status: 'False',
      reason: 'NotUsable',
      message: 'No tool.',
    };
    expect(imageCondition(shell(own, { conditions: [{ ...before, ...at }] }), undefined)).toMatchObject(
      before,
    );
  });
});
