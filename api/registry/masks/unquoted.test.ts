import { describe, expect, it } from 'vitest';
import type { Unstructured } from '../../machinery/meta.ts';
import { invalid } from '../../machinery/status-error.ts';
import type { StatusError } from '../../machinery/status-error.ts';
import { loadDefinitions } from '../../schema/load-crds.ts';
import { invalidValue } from '../../structural-schema/field-error.ts';
import type { Resource } from '../resource.ts';
import { unquoted } from './unquoted.ts';

const resource = loadDefinitions().find(({ kind }) => kind === 'MCPServer') as Resource;
const server = (url: string): Unstructured => ({
  apiVersion: 'agent.wecode.io/v1alpha1',
  kind: 'MCPServer',
  metadata: { name: 's' },
  spec: { transport: { http: { url } } },
});

/** The message that the client gets for a value that is wrong. */
function told(value: string, object = server(value)): StatusError {
  const error = invalid(resource, 's', [invalidValue('spec.transport.http.url', value, 'is wrong')]);
  return unquoted(error, { resource, objects: [undefined, object] }) as StatusError;
}

describe('an error', () => {
  it.each([
    ['a credential', 'https://user:s3cret-word@h/'],
    ['one that is cut off', `https://user:${'s3cret-word'.repeat(100)}@h/`],
    ['one with quotes in it', String.raw`https://user:s3cret-"word\@h/`],
  ])('does not quote %s', (_reason, url) => {
    const status = told(url).toStatus();
    expect(JSON.stringify(status)).not.toContain('s3cret');
    expect(status).toMatchObject({
      ...{ code: 422, reason: 'Invalid' },
      message: expect.stringContaining('spec.transport.http.url: Invalid value: "…') as string,
      details: { kind: 'MCPServer', causes: [{ field: 'spec.transport.http.url' }] },
    });
  });

  it('quotes everything else', () => {
    expect(told('ftp://h/').message).toContain('"ftp://h/"');
  });

  it('of another sort stays as it is', () => {
    const error = new Error('https://user:s3cret@h/');
    expect(unquoted(error, { resource, objects: [server('https://user:s3cret@h/')] })).toBe(error);
  });
});
