import { spawn, spawnSync } from 'node:child_process';
import { BIN } from './program.ts';

/**
 * Runs a command on a terminal of its own. When the question stands there and the terminal has stopped to show what is
 * typed, the answer is typed. Prints JSON: exit code, all that was shown, and whether typing shows again in the end.
 */
const SCRIPT = `
import json, os, pty, select, sys, termios, time
question, answer, argv = sys.argv[1].encode(), json.loads(sys.argv[2]).encode(), sys.argv[3:]
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(argv[0], argv)
def shows():
    return bool(termios.tcgetattr(terminal)[3] & termios.ECHO)
shown, typed, end = b'', False, time.monotonic() + 20
while time.monotonic() < end:
    if select.select([terminal], [], [], 0.02)[0]:
        try:
            piece = os.read(terminal, 4096)
        except OSError:
            break
        if not piece:
            break
        shown += piece
    if not typed and question in shown and not shows():
        os.write(terminal, answer)
        typed = True
else:
    os.kill(pid, 9)
after = shows()
_, status = os.waitpid(pid, 0)
print(json.dumps({'code': os.waitstatus_to_exitcode(status), 'shown': shown.decode(), 'showsAfter': after}))
`;

/** How a run on a terminal ended. */
export interface TerminalEnding {
  /** Negative: the signal that killed it. */
  readonly code: number;
  readonly shown: string;
  /** Whether the terminal shows again what is typed. */
  readonly showsAfter: boolean;
}

/** Why there are no terminals to test with; undefined if there are. */
export const NO_TERMINAL: string | undefined =
  spawnSync('python3', ['-c', 'import pty, termios']).status === 0
    ? undefined
    : 'python3 with pty is missing: the prompt is not tested';

/** Runs the program on a terminal, and types an answer when it asks. */
export async function runOnTerminal(
  args: readonly string[],
  talk: { readonly question: string; readonly answer: string },
  env: NodeJS.ProcessEnv,
): Promise<TerminalEnding> {
  const words = ['-c', SCRIPT, talk.question, JSON.stringify(talk.answer), process.execPath, BIN, ...args];
  const child = spawn('python3', words, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'inherit'] });
  let out = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  await new Promise((resolve) => child.on('close', resolve));
  return JSON.parse(out) as TerminalEnding;
}
