import type { Findings } from './findings.ts';

/**
 * Judges a value; how much of the schema it matched is returned, as kube-openapi counts it (Result.MatchCount), since
 * that decides which alternative of an anyOf is reported.
 *
 * `previous` is the value before an update where the two can be compared, else undefined.
 */
export type NodeCheck = (value: unknown, findings: Findings, previous: unknown) => number;
