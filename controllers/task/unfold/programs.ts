import type { Programs } from './unfold.ts';

/** Those that graphs grow by. */
export const PROGRAMS: Programs = {};
