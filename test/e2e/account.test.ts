import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { NovaServer } from '../helpers/nova-server.ts';
import { API_KEY } from '../session/set-up.ts';
import { type Ending, scratchFolder, start } from './program.ts';
import { NO_TERMINAL, runOnTerminal } from './pseudo-terminal.ts';

const scratch = scratchFolder();
let home: string;
let nova: NovaServer;
let count = 0;

beforeAll(async () => {
  nova = await NovaServer.start();
});
afterAll(() => nova.close());
beforeEach(() => {
  home = join(scratch, `a home ${count++}`);
  mkdirSync(home);
  nova.requests.length = 0;
  nova.answers.clear();
  nova.recover();
});

/** A user with a home folder of their own and no key in the environment. */
function user(env: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const none = { ASTROMETRY_API_KEY: '', AN_API_KEY: '', ASTROMETRY_API_KEY_FILE: '' };
  return { ...none, HOME: home, XDG_CONFIG_HOME: '', ...env };
}

/** Runs the program for such a user. Whatever it prints, it prints no key. */
async function solve(
  args: readonly string[],
  stdin: string | Uint8Array = '',
  env: NodeJS.ProcessEnv = {},
): Promise<Ending> {
  const { child, ending } = start(args, { env: user(env) });
  child.stdin?.on('error', () => {});
  child.stdin?.end(stdin);
  const ended = await ending;
  expect(ended.out + ended.err).not.toContain(API_KEY);
  return ended;
}

function storePath(): string {
  return join(home, '.config/starfix/credentials.json');
}

/** An address at which nobody listens. */
async function deadServer(): Promise<string> {
  const server = await NovaServer.start();
  const { url } = server;
  await server.close();
  return url;
}

describe('solve login', () => {
  test('tries a key from a pipe, stores it for its owner alone, and says so', async () => {
    const { code, out, err } = await solve(['login', '--server', nova.url], `  ${API_KEY}\n`);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toBe(
      `logged in at ${nova.url} as novatest@example.org\nthe key ****bcde is stored in ${storePath()}\n`,
    );
    expect(JSON.parse(readFileSync(storePath(), 'utf8'))).toEqual({ keys: { [nova.url]: API_KEY } });
    expect(statSync(storePath()).mode & 0o777).toBe(0o600);
    expect(nova.count('login')).toBe(1);
  });

  test('takes a key file, and prints JSON', async () => {
    const file = join(home, 'key.txt');
    writeFileSync(file, API_KEY, { mode: 0o600 });
    const { code, out } = await solve(['login', '--json', '--server', nova.url, '--api-key-file', file]);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toEqual({
      server: nova.url,
      user: 'novatest@example.org',
      key: '****bcde',
      stored: storePath(),
    });
  });

  test.each([
    [
      'a key that the server refuses',
      'nosuchkeynosuchk',
      /the server refused the API key: bad apikey; it is not stored/,
    ],
    ['no key', '', /standard input: holds no key/],
    ['more than a key', 'two words', /standard input: holds 2 words/],
    ['a picture', Buffer.alloc(1e6, 'SIMPLE  =  T  '), /standard input: holds more than a key/],
  ])('does not store %s', async (_what, text, message) => {
    const { code, out, notes } = await solve(['login', '--server', nova.url], text);
    expect({ code, out }).toEqual({ code: 4, out: '' });
    expect(notes).toHaveLength(1);
    expect(notes[0]).toMatch(message);
    expect(existsSync(storePath())).toBe(false);
  });

  test('does not store a key that could not be tried, and keeps the one that was there', async () => {
    await solve(['login', '--server', nova.url], API_KEY);
    nova.fail('login', { kind: 'status', status: 500, body: `<title>Error at {"apikey": "${API_KEY}"}</title>` }, 9);
    const broken = await solve(['login', '--server', nova.url], API_KEY);
    expect(broken.code).toBe(5);
    expect(broken.notes[0]).toMatch(/HTTP 500 .*; the key could not be tried, so it is not stored/);
    const server = await deadServer();
    const dead = await solve(['login', '--server', server], API_KEY);
    expect(dead.code).toBe(5);
    expect(dead.notes[0]).toMatch(/refused \(ECONNREFUSED\); the key could not be tried, so it is not stored/);
    const late = await solve(['login', '--timeout', '0.3', '--server', server], API_KEY);
    expect(late.notes[0]).toMatch(
      /not done after 0\.3 s; last: the connection was refused .*; the key could not be tried/,
    );
    expect(JSON.parse(readFileSync(storePath(), 'utf8'))).toEqual({ keys: { [nova.url]: API_KEY } });
  });

  test('strikes the key out of what the server says', async () => {
    nova.script('/api/login', { status: 'error', errormessage: `no such user: ${API_KEY}` });
    const { code, notes } = await solve(['login', '--server', nova.url], API_KEY);
    expect(code).toBe(5);
    expect(notes[0]).toContain('the server says: no such user: ****');
  });

  test.each([[API_KEY], [`--api-key=${API_KEY}`], ['--api-key', API_KEY], [`-k${API_KEY}`], [`--key=a'b${API_KEY}`]])(
    'refuses a key on the command line without repeating it: %s %s',
    async (...words: string[]) => {
      const { code, notes } = await solve(['login', ...words]);
      expect(code).toBe(2);
      expect(notes).toHaveLength(1);
      expect(notes[0]).toMatch(
        words[0] === API_KEY
          ? /login takes no key as a word: it would stand in the history of the shell/
          : /^solve: unknown option '-(k|-key|-api-key)'\./,
      );
      expect(nova.requests).toEqual([]);
    },
  );

  test('refuses an address that is none', async () => {
    const { code, notes } = await solve(['login', '--server', 'ftp://nova'], API_KEY);
    expect(code).toBe(2);
    expect(notes[0]).toContain('--server: ftp:// is neither https:// nor http://');
  });

  test('says when an environment variable goes before the stored key, be it good or not', async () => {
    const env = { AN_API_KEY: 'anotherkeyanothe' };
    const { notes } = await solve(['login', '--server', nova.url], API_KEY, env);
    expect(notes).toEqual(['AN_API_KEY goes before the stored key: unset it, or it is used instead']);
    const wrong = { ASTROMETRY_API_KEY_FILE: '/no/such/file' };
    const { code, out } = await solve(['login', '--json', '--server', nova.url], API_KEY, wrong);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ usedInstead: 'ASTROMETRY_API_KEY_FILE' });
  });

  describe('on a terminal', () => {
    const question = 'API key for';
    const asked = async (answer: string): Promise<{ code: number; shown: string; showsAfter: boolean }> =>
      await runOnTerminal(['login', '--server', nova.url], { question, answer }, user());

    test('asks for the key without showing it, and takes corrections', async (context) => {
      if (NO_TERMINAL !== undefined) context.skip(NO_TERMINAL);
      const { code, shown, showsAfter } = await asked(`wrong\u0015${API_KEY}x\u007f\r`);
      expect({ code, showsAfter }).toEqual({ code: 0, showsAfter: true });
      expect(shown).toContain(`${nova.url}/api_help shows the key`);
      expect(shown).toContain(`logged in at ${nova.url} as novatest@example.org`);
      // Not a letter, nor how many there are.
      expect(shown).not.toMatch(/wrong|novatestkey|\*{5}/);
      expect(existsSync(storePath())).toBe(true);
    });

    test.for([
      ['Ctrl-C', '\u0003', 130],
      ['Ctrl-C after half of the key', 'novatest\u0003', 130],
      ['Ctrl-D', '\u0004', 130],
      ['Enter', '\r', 4],
    ] as const)('%s stores nothing and leaves the terminal as it was', async ([_key, answer, exit], context) => {
      if (NO_TERMINAL !== undefined) context.skip(NO_TERMINAL);
      const { code, shown, showsAfter } = await asked(answer);
      expect({ code, showsAfter }).toEqual({ code: exit, showsAfter: true });
      expect(shown).not.toContain('novatest');
      expect(nova.requests).toEqual([]);
      expect(existsSync(storePath())).toBe(false);
    });
  });

  test('Ctrl-C while the server is asked ends it, and stores nothing', async () => {
    nova.fail('login', { kind: 'stall', read: true }, 9);
    const { child, ending } = start(['login', '--server', nova.url], { env: user() });
    child.stdin!.end(API_KEY);
    await expect.poll(() => nova.count('login'), { timeout: 10_000 }).toBe(1);
    child.kill('SIGINT');
    expect(await ending).toMatchObject({ code: 130, out: '', err: '' });
    expect(existsSync(storePath())).toBe(false);
  });
});

describe('solve logout', () => {
  test('forgets the key of one server, and says when there was none', async () => {
    await solve(['login', '--server', nova.url], API_KEY);
    expect((await solve(['logout', '--server', nova.url])).out).toBe(`the key for ${nova.url} is forgotten\n`);
    expect(existsSync(storePath())).toBe(false);
    const again = await solve(['logout', '--server', nova.url], '', { AN_API_KEY: 'anotherkeyanothe' });
    expect(again).toMatchObject({
      code: 0,
      out: `there was no key for ${nova.url}\n`,
      notes: ['AN_API_KEY still gives a key'],
    });
    const json = await solve(['logout', '--json', '--server', nova.url]);
    expect(JSON.parse(json.out)).toEqual({ server: nova.url, forgotten: false, still: [] });
  });
});

describe('solve whoami', () => {
  test('names source, masked key, server and config file, and asks nobody', async () => {
    await solve(['login', '--server', nova.url], API_KEY);
    nova.requests.length = 0;
    const { code, out } = await solve(['whoami', '--server', nova.url]);
    expect(code).toBe(0);
    expect(out.split('\n')).toEqual([
      `server    ${nova.url}`,
      `key       ****bcde, from ${storePath()}`,
      `config    ${storePath()}`,
      '',
    ]);
    expect(nova.requests).toEqual([]);
    const checked = await solve(['whoami', '--check', '--json', '--server', nova.url]);
    expect(JSON.parse(checked.out)).toEqual({
      server: nova.url,
      key: '****bcde',
      source: { kind: 'config', name: storePath() },
      config: storePath(),
      unused: [],
      user: 'novatest@example.org',
    });
  });

  test('names the sources that are not used, good or not, in their order', async () => {
    await solve(['login', '--server', nova.url], API_KEY);
    const env = { ASTROMETRY_API_KEY: 'anotherkeyanothe', AN_API_KEY: 'two words' };
    const { out } = await solve(['whoami', '--server', nova.url], '', env);
    expect(out.split('\n').slice(1)).toEqual([
      'key       ****othe, from ASTROMETRY_API_KEY',
      `config    ${storePath()}`,
      'not used  AN_API_KEY: holds 2 words, a key is one',
      `not used  ****bcde, from ${storePath()}`,
      '',
    ]);
  });

  test('a key that the server refuses is found out by --check', async () => {
    const { code, out, notes } = await solve(['whoami', '--check', '--server', nova.url], '', {
      AN_API_KEY: 'x'.repeat(16),
    });
    expect({ code, out }).toEqual({ code: 4, out: '' });
    expect(notes[0]).toContain('the server refused the API key');
  });

  test('without a key names every way to give one', async () => {
    const { code, notes } = await solve(['whoami']);
    expect(code).toBe(4);
    expect(notes).toHaveLength(1);
    for (const way of ['--api-key-file', 'ASTROMETRY_API_KEY', 'AN_API_KEY', 'ASTROMETRY_API_KEY_FILE', 'solve login'])
      expect(notes[0]).toContain(way);
  });

  test('warns of a key file that everybody can read', async () => {
    const file = join(home, 'open key.txt');
    writeFileSync(file, API_KEY);
    chmodSync(file, 0o644);
    const { code, notes } = await solve(['whoami', '--api-key-file', file]);
    expect(code).toBe(0);
    expect(notes).toEqual([`${file}: everybody on this machine can read the API key in it; chmod 600 keeps it to you`]);
  });
});
