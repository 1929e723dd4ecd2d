import type { SandboxResult, SandboxResultUsage } from '#api/types/generated/sandbox';

/** The tokens and the money that runs have used up. */
export interface Use {
  usage?: SandboxResultUsage;
  costUSD?: number;
  /** By the id of the model. */
  models?: Record<string, ModelUse>;
}

/** Tokens of all kinds, and US dollars; a field that is absent has no limit, or was not told. */
export interface Amount {
  tokens?: number;
  costUSD?: number;
}

type ModelUse = SandboxResultUsage & { costUSD?: number };

const TOKENS = ['inputTokens', 'outputTokens', 'cacheReadTokens', 'cacheWriteTokens'] as const;

/** The part of a result that says what it has cost. */
export function useOf(result: Pick<SandboxResult, keyof Use> | undefined): Use | undefined {
  if (result === undefined) return undefined;
  const { usage, costUSD, models } = result;
  if (usage === undefined && costUSD === undefined && models === undefined) return undefined;
  return {
    ...(usage === undefined ? {} : { usage }),
    ...(costUSD === undefined ? {} : { costUSD }),
    ...(models === undefined ? {} : { models }),
  };
}

/** The sum; a field that both lack is absent. */
export function addUse(one: Use | undefined, other: Use | undefined): Use | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  const usage = addTokens(one.usage, other.usage);
  const costUSD = addCosts(one.costUSD, other.costUSD);
  const names = new Set([...Object.keys(one.models ?? {}), ...Object.keys(other.models ?? {})]);
  const models = [...names].map(
    (name) => [name, addModel(one.models?.[name], other.models?.[name])] as const,
  );
  return {
    ...(usage === undefined ? {} : { usage }),
    ...(costUSD === undefined ? {} : { costUSD }),
    ...(models.length === 0 ? {} : { models: Object.fromEntries(models) }),
  };
}

function addModel(one: ModelUse | undefined, other: ModelUse | undefined): ModelUse {
  const costUSD = addCosts(one?.costUSD, other?.costUSD);
  return { ...addTokens(one, other), ...(costUSD === undefined ? {} : { costUSD }) };
}

function addTokens(
  one: SandboxResultUsage | undefined,
  other: SandboxResultUsage | undefined,
): SandboxResultUsage | undefined {
  if (one === undefined && other === undefined) return undefined;
  return Object.fromEntries(TOKENS.map((name) => [name, (one?.[name] ?? 0) + (other?.[name] ?? 0)]));
}

/** In whole millionths: sums of binary fractions end in noise, and no price is finer. */
function addCosts(one: number | undefined, other: number | undefined): number | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return Math.round((one + other) * 1e6) / 1e6;
}
