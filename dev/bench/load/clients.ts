/** Requests that are under way at the same time, in every figure that does not say otherwise. */
export const CLIENTS = 16;
