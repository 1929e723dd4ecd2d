import { describe, expect, it } from 'vitest';
import {
  alreadyExists,
  conflict,
  expired,
  invalid,
  notFound,
  toStatusError,
  unavailable,
} from './status-error.ts';

const TASKS = { group: 'agent.wecode.io', plural: 'tasks' };

describe('the texts clients parse', () => {
  it.each([
    [notFound(TASKS, 't1'), 404, 'tasks.agent.wecode.io "t1" not found', 'a group qualifies the plural'],
    [
      notFound({ group: '', plural: 'events' }, 'e'),
      404,
      'events "e" not found',
      'the core group has no name',
    ],
    [alreadyExists(TASKS, 't1'), 409, 'tasks.agent.wecode.io "t1" already exists', 'create of a taken name'],
    [
      conflict(TASKS, 'u1'),
      409,
      'Operation cannot be fulfilled on tasks.agent.wecode.io "u1": the object has been modified; please apply your changes to the latest version and try again',
      'kubectl and client-go know this text',
    ],
    [expired('too old resource version: 1 (232)'), 410, 'too old resource version: 1 (232)', 'relist'],
  ])('%s', (error, code, message, reason) => {
    expect([error.code, error.message], reason).toEqual([code, message]);
    expect(error.toStatus()).toMatchObject({ kind: 'Status', status: 'Failure', code, message });
  });
});

describe('invalid', () => {
  const kind = { group: 'agent.wecode.io', kind: 'Task' };
  it.each([
    [
      [{ reason: 'FieldValueRequired', field: 'spec.prompt', message: 'Required value' }],
      'Task.agent.wecode.io "x" is invalid: spec.prompt: Required value',
      'one cause stands without brackets',
    ],
    [
      [
        { reason: 'FieldValueRequired', field: 'spec.prompt', message: 'Required value' },
        { reason: 'FieldValueInvalid', field: 'spec.title', message: 'Invalid value: 1' },
      ],
      'Task.agent.wecode.io "x" is invalid: [spec.prompt: Required value, spec.title: Invalid value: 1]',
      'several stand in brackets',
    ],
  ])('names every field', (causes, message, reason) => {
    const error = invalid(kind, 'x', causes);
    expect(error.message, reason).toBe(message);
    expect(error.details?.causes).toEqual(causes);
  });
});

describe('toStatusError', () => {
  it('keeps what is one', () => {
    const error = unavailable('database is away');
    expect(toStatusError(error)).toBe(error);
  });

  it('never lets the text of an unknown error out', () => {
    const error = toStatusError(new Error('connect mysql://root:secret@db'));
    expect(JSON.stringify(error.toStatus())).not.toContain('secret');
    expect(error.code).toBe(500);
  });

  it('names at most a hundred causes', () => {
    const causes = Array.from({ length: 5000 }, (_, index) => ({
      reason: 'FieldValueInvalid',
      message: 'no',
      field: `f${index}`,
    }));
    const error = invalid({ group: '', kind: 'Task' }, 'x', causes);
    expect(error.details?.causes).toHaveLength(100);
    expect(error.message).toMatch(/f99: no, and 4900 more\]$/);
  });
});
