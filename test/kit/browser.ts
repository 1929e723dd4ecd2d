import { Agent, request } from 'undici';

/** A page that was loaded: its text, and where it came from in the end. */
export interface Page {
  url: string;
  status: number;
  text: string;
}

/** A browser as far as pages of a login need one: cookies, redirects and forms, without scripts. */
export interface Browser extends AsyncDisposable {
  open(url: string): Promise<Page>;
  /** Sends the form of a page, its hidden fields included. */
  submit(page: Page, fields?: Record<string, string>): Promise<Page>;
}

const MOST_REDIRECTS = 10;

/** `certificateAuthority` as PEM, trusted beside none. Cookies go to the host that set them, whatever their path. */
export function openBrowser(certificateAuthority: string): Browser {
  const agent = new Agent({ connect: { ca: certificateAuthority } });
  const cookies = new Map<string, Map<string, string>>();

  const load = async (url: URL, form?: URLSearchParams): Promise<{ page: Page; next?: URL }> => {
    const own = cookies.get(url.host) ?? new Map<string, string>();
    cookies.set(url.host, own);
    const answer = await request(url, {
      dispatcher: agent,
      method: form === undefined ? 'GET' : 'POST',
      headers: {
        cookie: [...own].map(([name, value]) => `${name}=${value}`).join('; '),
        ...(form === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
      },
      ...(form === undefined ? {} : { body: form.toString() }),
    });
    for (const line of [answer.headers['set-cookie'] ?? []].flat()) keep(own, line);
    const page = { url: url.href, status: answer.statusCode, text: await answer.body.text() };
    const { location } = answer.headers;
    return typeof location === 'string' ? { page, next: new URL(location, url) } : { page };
  };

  const follow = async (url: URL, form?: URLSearchParams): Promise<Page> => {
    let { page, next } = await load(url, form);
    for (let redirects = 0; next !== undefined; redirects++) {
      if (redirects === MOST_REDIRECTS) throw new Error(`too many redirects, the last to ${next.href}`);
      ({ page, next } = await load(next));
    }
    return page;
  };

  return {
    open: (url) => follow(new URL(url)),
    submit(page, fields = {}) {
      const form = formOf(page);
      for (const [name, value] of Object.entries(fields)) form.fields.set(name, value);
      return follow(new URL(form.action, page.url), form.fields);
    },
    [Symbol.asyncDispose]: () => agent.close(),
  };
}

function keep(cookies: Map<string, string>, line: string): void {
  const [pair = ''] = line.split(';');
  const [name = '', value = ''] = pair.split(/=(.*)/s);
  if (value === '') cookies.delete(name);
  else cookies.set(name, value);
}

function formOf({ url, text }: Page): { action: string; fields: URLSearchParams } {
  const action = /<form[^>]*\saction="([^"]*)"/.exec(text)?.[1];
  if (action === undefined) throw new Error(`no form at ${url}:\n${text}`);
  const fields = new URLSearchParams();
  for (const [, name = '', value = ''] of text.matchAll(
    /<input type="hidden" name="([^"]*)" value="([^"]*)"/g,
  )) {
    fields.set(name, value);
  }
  return { action, fields };
}
