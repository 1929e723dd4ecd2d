import type { Clock } from '#api/machinery/clock';
import { isStatusError } from '#api/machinery/status-error';
import { CliError } from '../error-text.ts';
import { accountApi } from './account-api.ts';
import { loginFile, readLogin, withLoginLock, writeLogin } from './login-file.ts';
import type { Login, LoginPlace, LoginTokens } from './login-file.ts';

/** A token is renewed when it lasts for less: whoever gets it still has to use it. */
const SPARE_MS = 60_000;

export interface CurrentTokenOptions extends LoginPlace {
  /** Of logins. */
  folder: string;
  clock: Clock;
}

/** A token that is good now, renewed by one process at a time. @throws CliError when it is time to log in again */
export async function currentToken(options: CurrentTokenOptions): Promise<LoginTokens> {
  const file = loginFile(options.folder, options);
  const { tokens } = await loginOf(file, options);
  if (isGood(tokens, options.clock)) return tokens;
  return withLoginLock(file, options.clock, async () => {
    // Another process may have renewed it meanwhile.
    const login = await loginOf(file, options);
    if (isGood(login.tokens, options.clock)) return login.tokens;
    const renewed = await renew(login);
    await writeLogin(file, { ...login, tokens: renewed });
    return renewed;
  });
}

const isGood = ({ expiresAt }: LoginTokens, clock: Clock): boolean => expiresAt - clock.now() > SPARE_MS;

async function loginOf(file: string, place: LoginPlace): Promise<Login> {
  const login = await readLogin(file);
  if (login === undefined) throw logInAgain(place, 'nobody is logged in');
  return login;
}

async function renew(login: Login): Promise<LoginTokens> {
  const { refreshToken } = login.tokens;
  if (refreshToken === undefined) throw logInAgain(login, 'the login has ended');
  try {
    if (login.provider === undefined) return await accountApi(login).refresh(refreshToken);
    const { refreshAtProvider } = await import('./provider-login.ts');
    return await refreshAtProvider(login.provider, refreshToken);
  } catch (error) {
    if (isStatusError(error, 'Unauthorized')) throw logInAgain(login, 'the login has ended');
    throw error;
  }
}

function logInAgain({ server, user }: LoginPlace, why: string): CliError {
  return new CliError(`${why} as ${user} at ${server}: call troupe login`);
}
