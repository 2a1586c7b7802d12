import type { Command } from './command.ts';

/** A command by name, loaded when it is called. */
export interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  /** Absent: announced, and refused with one line until it is there. */
  readonly load?: () => Promise<Command>;
}

/** All commands. `solve` itself has no word of its own: it is what the program does with images. */
export const COMMANDS: readonly CommandEntry[] = [
  {
    name: 'login',
    summary: 'store an API key and try it',
    load: async () => (await import('./login-command.ts')).loginCommand,
  },
  {
    name: 'logout',
    summary: 'forget the API key',
    load: async () => (await import('./logout-command.ts')).logoutCommand,
  },
  {
    name: 'whoami',
    summary: 'tell which API key is used and where it is from',
    load: async () => (await import('./whoami-command.ts')).whoamiCommand,
  },
  {
    name: 'status',
    summary: 'tell how a submission is doing, or the images of a folder',
    load: async () => (await import('./status-command.ts')).statusCommand,
  },
  {
    name: 'jobs',
    summary: 'list your jobs',
    load: async () => (await import('./jobs-command.ts')).jobsCommand,
  },
  {
    name: 'fetch',
    summary: 'fetch the files of a job',
    load: async () => (await import('./fetch-command.ts')).fetchCommand,
  },
  {
    name: 'index',
    summary: 'list, install, build or check index files',
    load: async () => (await import('./index-command.ts')).indexCommand,
  },
  {
    name: 'resume',
    summary: 'go on with what an interrupted run had begun',
    load: async () => (await import('./resume-command.ts')).resumeCommand,
  },
  {
    name: 'retry',
    summary: 'try again what failed',
    load: async () => (await import('./retry-command.ts')).retryCommand,
  },
  {
    name: 'watch',
    summary: 'solve images as they come into a folder',
    load: async () => (await import('./watch-command.ts')).watchCommand,
  },
  {
    name: 'worker',
    summary: 'solve what a queue holds',
    load: async () => (await import('./worker-command.ts')).workerCommand,
  },
  {
    name: 'submit',
    summary: 'put images into a queue, wait, and print the answers',
    load: async () => (await import('./submit-command.ts')).submitCommand,
  },
  { name: 'serve', summary: 'answer like nova.astrometry.net' },
  {
    name: 'doctor',
    summary: 'tell what is installed and which fields it covers',
    load: async () => (await import('./doctor-command.ts')).doctorCommand,
  },
  {
    name: 'explain',
    summary: 'tell how an image is solved, or why it is not',
    load: async () => (await import('./explain-command.ts')).explainCommand,
  },
  {
    name: 'completion',
    summary: 'print a completion script for a shell',
    load: async () => (await import('./completion-command.ts')).completionCommand,
  },
  {
    name: 'help',
    summary: 'explain a command',
    load: async () => (await import('./help-command.ts')).helpCommand,
  },
];

/** The command that solves images. */
export async function loadSolveCommand(): Promise<Command> {
  return (await import('./solve-command.ts')).solveCommand;
}

/**
 * A command by its name.
 *
 * @param name `solve` is the one without a word of its own
 */
export async function loadCommand(name: string): Promise<Command> {
  return (await COMMANDS.find((entry) => entry.name === name)?.load?.()) ?? (await loadSolveCommand());
}
