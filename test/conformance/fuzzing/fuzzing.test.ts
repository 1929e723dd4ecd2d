import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { schemathesis } from '#dev/environment/schemathesis';
import { testApi } from '../../kit/api.ts';
import { run } from '../../kit/command.ts';

/**
 * Every endpoint of every group, fuzzed from its own OpenAPI document: no answer is a server error, and each is one
 * that the document allows. The seed is fixed: a failure can be repeated.
 */
const CHECKS = [
  'not_a_server_error',
  'content_type_conformance',
  'response_schema_conformance',
  'status_code_conformance',
];
/** Documents with the plurals to fuzz: the kinds of a group have the same verbs, so some stand for all. */
const GROUPS: [string, string][] = [
  ['api/v1', 'namespaces|secrets|configmaps|events|serviceaccounts'],
  ['apis/agent.wecode.io/v1', 'ghosts|tasks'],
  ['apis/agent.wecode.io/v1alpha1', 'executors|sandboxes'],
  ['apis/apiextensions.k8s.io/v1', 'customresourcedefinitions'],
  ['apis/coordination.k8s.io/v1', 'leases'],
  ['apis/events.k8s.io/v1', 'events'],
];

let program: string;

beforeAll(async () => {
  program = await schemathesis();
});

interface Operation {
  parameters?: { name: string }[];
}

interface Document {
  paths: Record<string, Record<string, Operation>>;
}

describe.concurrent('no request that follows the document, or nearly does, breaks the server', () => {
  it.each(GROUPS)(
    '%s: %s',
    async (group, plurals) => {
      await using api = await testApi();
      const document = (await api.send(`/openapi/v3/${group}`)).json() as unknown as Document;
      const folder = path.join(api.dataDir, 'fuzzing');
      await mkdir(folder, { recursive: true });
      const file = path.join(folder, 'openapi.json');
      await writeFile(file, JSON.stringify(withoutStreams(document)));
      const result = await run(
        program,
        [
          ...[
            'run',
            file,
            '--url',
            api.url,
            '--include-path-regex',
            `/(${plurals})(/|$)`,
            '--header',
            `Authorization: Bearer ${api.token}`,
          ],
          ...['--tls-verify', path.join(api.dataDir, 'pki', 'ca.crt')],
          ...['--checks', CHECKS.join(',')],
          ...['--phases', 'coverage,fuzzing', '--mode', 'all', '--max-examples', '5', '--seed', '1'],
          ...['--generation-deterministic', '--suppress-health-check', 'all'],
          ...['--workers', '1', '--warnings', 'off', '--no-color', '--continue-on-failure'],
        ],
        { cwd: folder },
      );
      expect(result.code, `${result.stdout}\n${result.stderr}`).toBe(0);
    },
    600_000,
  );
});

/** Watches and followed logs do not end by themselves: what asks for one is left out. */
function withoutStreams(document: Document): Document {
  const dropped = new Set(['follow', 'timeoutSeconds', 'watch']);
  const kept = ({ parameters, ...operation }: Operation): Operation =>
    parameters === undefined
      ? operation
      : { ...operation, parameters: parameters.filter(({ name }) => !dropped.has(name)) };
  const paths = Object.entries(document.paths).map(([where, item]) => {
    const operations = Object.entries(item).map(([method, operation]) => [
      method,
      Array.isArray(operation) ? operation : kept(operation),
    ]);
    return [where, Object.fromEntries(operations) as Record<string, Operation>] as const;
  });
  return { ...document, paths: Object.fromEntries(paths) };
}
