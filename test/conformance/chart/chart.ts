import path from 'node:path';
import { parseAllDocuments } from 'yaml';
import { projectRoot } from '#dev/environment/cache-folder';
import { mustRun, run } from '../../kit/command.ts';
import type { CommandResult } from '../../kit/command.ts';

export const CHART = path.join(projectRoot, 'charts/troupe');
/** Helm 3, built from the Go proxy, takes itself for one of Kubernetes 1.20. */
export const CLUSTER_VERSION = ['--kube-version', '1.36.0'];
const VALUES = path.join(import.meta.dirname, 'values');

/** Sets of values that cover the chart, by the names of their files. */
export const VALUE_SETS = ['mysql', 'sqlite', 'everything'] as const;

export const valuesFile = (name: (typeof VALUE_SETS)[number]): string => path.join(VALUES, `${name}.yaml`);

export interface ChartObject {
  apiVersion: string;
  kind: string;
  metadata: {
    name: string;
    namespace?: string;
    labels: Record<string, string>;
    annotations?: Record<string, string>;
  };
  spec?: Record<string, unknown>;
}

/** The manifests that helm makes of a set of values, as text. */
export function render(helm: string, name: (typeof VALUE_SETS)[number]): Promise<string> {
  const values = ['--values', valuesFile(name)];
  return mustRun(helm, ['template', 'troupe', CHART, '--namespace', 'troupe', ...CLUSTER_VERSION, ...values]);
}

export function tryRender(helm: string, ...sets: string[]): Promise<CommandResult> {
  return run(helm, [
    'template',
    'troupe',
    CHART,
    ...CLUSTER_VERSION,
    ...sets.flatMap((one) => ['--set-json', one]),
  ]);
}

export function objectsOf(text: string): ChartObject[] {
  const documents = parseAllDocuments(text) as { toJS(): unknown }[];
  return documents.map((one) => one.toJS() as ChartObject | null).filter((one) => one !== null);
}
