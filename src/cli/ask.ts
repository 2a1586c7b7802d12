/**
 * Asks a question on the terminal that is answered by yes or no.
 *
 * @returns whether the answer was yes; no if there was none
 */
export async function askYes(question: string, signal: AbortSignal): Promise<boolean> {
  const answer = await ask(`${question} [y/N]`, false, signal);
  return /^y(es)?$/i.test(answer?.trim() ?? '');
}

/**
 * Asks for a line on the terminal without showing what is typed. The question goes to standard error, so that answers
 * stay alone on standard output.
 *
 * @returns undefined if there is none: Ctrl-C, Ctrl-D, or the signal
 */
export async function askSecret(question: string, signal: AbortSignal): Promise<string | undefined> {
  return await ask(question, true, signal);
}

async function ask(question: string, silent: boolean, signal: AbortSignal): Promise<string | undefined> {
  const { read } = await import('read');
  const { stdin, stderr } = process;
  let stop = (): void => {};
  const stopped = new Promise<undefined>((resolve) => {
    stop = () => resolve(undefined);
  });
  // `read` never answers after Ctrl-D: that it lets go of the terminal is the only sign. After Ctrl-Z and fg it has stopped
  // listening and still holds the terminal.
  const paused = (): void => {
    setImmediate(() => {
      if (stdin.isRaw) stdin.resume();
      else stop();
    });
  };
  stdin.on('pause', paused);
  signal.addEventListener('abort', stop);
  try {
    // A terminal even if the messages go to a file: it is reading that must not show the key.
    const typed = read({ prompt: question, silent, input: stdin, output: stderr, terminal: true });
    return await Promise.race([typed.catch(() => undefined), stopped]);
  } finally {
    signal.removeEventListener('abort', stop);
    stdin.off('pause', paused);
    stdin.setRawMode(false);
    stdin.pause();
    if (silent) stderr.write('\n');
  }
}
