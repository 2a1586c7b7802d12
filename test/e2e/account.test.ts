import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { execFile, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { NovaServer } from '../helpers/nova-server.ts';
import { API_KEY } from '../session/set-up.ts';
import { BIN, type Ending, scratchFolder, start } from './program.ts';

const exec = promisify(execFile);
const KEY_VARIABLES = { ASTROMETRY_API_KEY: '', AN_API_KEY: '', ASTROMETRY_API_KEY_FILE: '' };
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
});

/** Runs the program as a user with a home folder of their own and no key in the environment. */
async function solve(args: readonly string[], stdin = '', env: NodeJS.ProcessEnv = {}): Promise<Ending> {
  const { child, ending } = start(args, { env: { ...KEY_VARIABLES, HOME: home, XDG_CONFIG_HOME: '', ...env } });
  child.stdin?.on('error', () => {});
  child.stdin?.end(stdin);
  const ended = await ending;
  expect(ended.out + ended.err).not.toContain(API_KEY);
  return ended;
}

function storePath(): string {
  return join(home, '.config/starfix/credentials.json');
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
    ['a key that the server refuses', 'nosuchkeynosuchk', 4, 'LOGIN_FAILED', /refus|bad apikey/i],
    ['no key', '', 4, 'API_KEY_INVALID', /standard input: holds no key/],
    ['more than a key', 'two words', 4, 'API_KEY_INVALID', /standard input: holds 2 words/],
  ])('does not store %s', async (_what, text, exit, _code, message) => {
    const { code, notes } = await solve(['login', '--server', nova.url], text);
    expect(code).toBe(exit);
    expect(notes).toHaveLength(1);
    expect(notes[0]).toMatch(message);
    expect(existsSync(storePath())).toBe(false);
  });

  test('does not store a key that could not be tried', async () => {
    const { code, notes } = await solve(['login', '--timeout', '1', '--server', 'http://127.0.0.1:9'], API_KEY);
    expect(code).toBe(5);
    expect(notes[0]).toMatch(/127\.0\.0\.1:9/);
    expect(existsSync(storePath())).toBe(false);
  });

  test('refuses a key on the command line without repeating it', async () => {
    const { code, notes } = await solve(['login', API_KEY]);
    expect(code).toBe(2);
    expect(notes[0]).toContain('login takes no key as a word: it would stand in the history of the shell');
    expect(nova.requests).toEqual([]);
  });

  test('says when an environment variable goes before the stored key', async () => {
    const { notes } = await solve(['login', '--server', nova.url], API_KEY, { AN_API_KEY: 'anotherkeyanothe' });
    expect(notes).toEqual(['AN_API_KEY goes before the stored key: unset it, or it is used instead']);
  });

  test.skipIf(spawnSync('python3', ['--version']).status !== 0)(
    'asks on a terminal without showing the key; Ctrl-C leaves with 130',
    { timeout: 30_000 },
    async () => {
      // A real terminal: types into the prompt once it is there, and prints what was shown and the exit code.
      const script = `
import os, pty, sys, time
def talk(argv, typed):
    pid, fd = pty.fork()
    if pid == 0:
        os.execvp(argv[0], argv)
    shown = b''
    sent = False
    while True:
        try:
            piece = os.read(fd, 4096)
        except OSError:
            break
        if not piece:
            break
        shown += piece
        if not sent and b'API key for' in shown:
            time.sleep(0.2)
            os.write(fd, typed)
            sent = True
    _, status = os.waitpid(pid, 0)
    print(os.waitstatus_to_exitcode(status))
    print(repr(shown))
talk(sys.argv[2:], sys.argv[1].encode().decode('unicode_escape').encode())
`;
      const talk = async (typed: string): Promise<string[]> => {
        const args = ['-c', script, typed, process.execPath, BIN, 'login', '--server', nova.url];
        const env = { ...process.env, ...KEY_VARIABLES, HOME: home, XDG_CONFIG_HOME: '' };
        return (await exec('python3', args, { env })).stdout.split('\n');
      };
      expect((await talk('\\x03'))[0]).toBe('130');
      expect(existsSync(storePath())).toBe(false);
      const [exit, shown] = await talk(`${API_KEY}\\r`);
      expect(exit).toBe('0');
      expect(shown).not.toContain(API_KEY);
      expect(shown).toContain('logged in');
      expect(existsSync(storePath())).toBe(true);
    },
  );
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
  });
});

describe('solve whoami', () => {
  test('names source, masked key and server, and asks nobody', async () => {
    await solve(['login', '--server', nova.url], API_KEY);
    nova.requests.length = 0;
    const { code, out } = await solve(['whoami', '--server', nova.url]);
    expect(code).toBe(0);
    expect(out).toBe(`server  ${nova.url}\nkey     ****bcde, from ${storePath()}\n`);
    expect(nova.requests).toEqual([]);
    const checked = await solve(['whoami', '--check', '--json', '--server', nova.url]);
    expect(JSON.parse(checked.out)).toEqual({
      server: nova.url,
      key: '****bcde',
      source: { kind: 'config', name: storePath() },
      user: 'novatest@example.org',
    });
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
