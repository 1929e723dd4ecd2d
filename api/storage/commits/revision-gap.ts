/**
 * How far numbers jump when commits were lost: further than a replica that nobody heard of could have got with them.
 */
export const REVISION_GAP = 1_000_000;
