import type { Retention } from '../contract/retention.ts';

/**
 * Retention in a database: each step is one transaction that takes no lock commits wait for. Events of a log are dropped
 * by their numbers, since a search for the first would pass all that were deleted just now (InnoDB removes them later).
 */
export type RetentionTables = Retention;
