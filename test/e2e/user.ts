import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { API_KEY } from '../session/set-up.ts';
import { type Ending, type Run, scratchFolder, start } from './program.ts';

const scratch = scratchFolder();

/** A user with a home folder of their own, in which they work, and no key unless the environment gives one. */
export interface User {
  readonly home: string;
  /** Starts the program. */
  begin(args: readonly string[], env?: NodeJS.ProcessEnv): Run;
  /** Runs the program to its end. Whatever it prints, it prints no key. */
  solve(args: readonly string[], env?: NodeJS.ProcessEnv): Promise<Ending>;
}

/** A new user. */
export function newUser(): User {
  const home = mkdtempSync(join(scratch, 'a home '));
  const begin = (args: readonly string[], env: NodeJS.ProcessEnv = {}): Run => {
    const none = { ASTROMETRY_API_KEY: '', AN_API_KEY: '', ASTROMETRY_API_KEY_FILE: '' };
    const run = start(args, {
      cwd: home,
      env: { ...none, HOME: home, XDG_CONFIG_HOME: '', XDG_CACHE_HOME: '', ...env },
    });
    run.child.stdin?.end();
    return run;
  };
  return {
    home,
    begin,
    async solve(args, env) {
      const ended = await begin(args, env).ending;
      expect(ended.out + ended.err).not.toContain(API_KEY);
      return ended;
    },
  };
}
