import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { temporaryFolder } from '#dev/environment/temporary-folder';
import { testApi } from './api.ts';
import type { ApiAnswer, TestApi } from './api.ts';

/** The fields of an event that the tests read. */
export interface AuditEvent {
  level: string;
  auditID: string;
  stage: string;
  requestURI: string;
  verb: string;
  user: { username?: string; groups?: string[] };
  impersonatedUser?: { username: string };
  sourceIPs: string[];
  objectRef?: Record<string, string>;
  responseStatus?: { code: number; reason?: string; message?: string };
  requestObject?: { metadata?: { name?: string; managedFields?: unknown } };
  responseObject?: { kind?: string; metadata?: { uid?: string; managedFields?: unknown }; items?: unknown[] };
  annotations?: Record<string, string>;
}

const POLICY = `
apiVersion: audit.k8s.io/v1
kind: Policy
omitManagedFields: true
rules:
- { level: None, nonResourceURLs: [/livez] }
- level: RequestResponse
`;

/** An API server whose audit log has everything. */
export interface AuditedApi extends AsyncDisposable {
  api: TestApi;
  /** For more files of a test. */
  folder: string;
  policyFile: string;
  logFile: string;
  /** Those of one request, by the id that its answer has. */
  eventsOf(answer: Pick<ApiAnswer, 'headers'>): AuditEvent[];
}

export async function auditedApi(): Promise<AuditedApi> {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await temporaryFolder('audit')).path;
  const policyFile = path.join(folder, 'policy.yaml');
  const logFile = path.join(folder, 'audit.log');
  writeFileSync(policyFile, POLICY);
  // Written before the answer, so that no test has to wait.
  const log = { file: logFile, mode: 'blocking' } as const;
  const api = stack.use(await testApi({ audit: { policyFile, log } }));
  const owned = stack.move();
  return {
    ...{ api, folder, policyFile, logFile },
    eventsOf: ({ headers }) => auditEvents(logFile).filter(({ auditID }) => auditID === headers['audit-id']),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** All events in a log. */
export const auditEvents = (file: string): AuditEvent[] =>
  readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as AuditEvent);
