import { existsSync } from 'node:fs';
import { configFolder } from '../io/user-folders.ts';
import type { Solver } from '../solution.ts';
import { KEY_VARIABLES } from './key-variables.ts';
import type { SolveSettings } from './solve-settings.ts';

/**
 * The engines that the options ask for, in their order. Unless they say otherwise: the one of this package, then a server
 * where a key for it is configured.
 *
 * @param onWarning takes a line for people that is no fault
 * @throws {ApiKeyError} a server is asked for and there is no good key for it
 */
export async function openEngines(
  settings: SolveSettings,
  onWarning: (message: string) => void,
): Promise<readonly ('embedded' | Solver)[]> {
  const { engines, service } = settings;
  const names = engines ?? ['embedded', ...(service.keyFile !== undefined || mayHaveKey() ? ['nova' as const] : [])];
  const opened: ('embedded' | Solver)[] = [];
  for (const name of names) {
    if (name === 'embedded') {
      await lookAtIndexes(settings, onWarning);
      opened.push(name);
    } else if (name === 'solve-field') opened.push(await openSolveField(settings));
    else {
      const solver = await openNova(settings, onWarning, engines === undefined && service.keyFile === undefined);
      if (solver !== undefined) opened.push(solver);
    }
  }
  return opened;
}

/** Folders that are named must be there, and their broken files are told of: before the first image, not at each. */
async function lookAtIndexes({ image }: SolveSettings, onWarning: (message: string) => void): Promise<void> {
  if (image.indexDirs === undefined) return;
  const { listIndexFiles } = await import('../engines/index-folders.ts');
  const { broken } = await listIndexFiles(image.indexDirs, true);
  for (const { error } of broken) onWarning(`index file left out: ${error.message}`);
}

async function openSolveField({ image, service }: SolveSettings): Promise<Solver> {
  const { createSolveFieldSolver } = await import('../engines/solve-field.ts');
  const { extension, downsample, tweakOrder, indexDirs } = image;
  return createSolveFieldSolver({
    ...(indexDirs === undefined ? {} : { indexDirs }),
    ...(service.upload === undefined ? {} : { give: service.upload }),
    ...(extension === undefined ? {} : { extension }),
    ...(downsample === undefined ? {} : { downsample }),
    ...(tweakOrder === undefined ? {} : { tweakOrder }),
  });
}

/** Is there a trace of a key? Looked at before anything is loaded that would be needed to use it. */
function mayHaveKey(): boolean {
  return KEY_VARIABLES.some((name) => process.env[name]) || existsSync(configFolder());
}

/** @param optional no key is no fault, and a bad one is none before it is needed */
async function openNova(
  settings: SolveSettings,
  onWarning: (message: string) => void,
  optional: boolean,
): Promise<Solver | undefined> {
  const { server, keyFile, upload, isPublic, pollMs } = settings.service;
  const { downsample, tweakOrder, extension, crpixCenter } = settings.image;
  const open = async (): Promise<Solver> => {
    const [{ Session }, { createNovaSolver }] = await Promise.all([
      import('../session/session.ts'),
      import('../engines/nova.ts'),
    ]);
    const session = new Session({
      ...(server === undefined ? {} : { server }),
      ...(keyFile === undefined ? {} : { keyFile }),
      onWarning,
    });
    return createNovaSolver(session, {
      ...(upload === undefined ? {} : { upload }),
      ...(pollMs === undefined ? {} : { intervalMs: pollMs }),
      ...(downsample === undefined ? {} : { downsample }),
      ...(extension === undefined ? {} : { extension }),
      settings: {
        publiclyVisible: isPublic,
        ...(downsample === undefined ? {} : { downsampleFactor: downsample }),
        ...(tweakOrder === undefined ? {} : { tweakOrder }),
        ...(crpixCenter === true ? { crpixCenter } : {}),
      },
    });
  };
  if (!optional) return await open();
  const [{ findKey }, { PUBLIC_SERVER, parseServer }, { ApiKeyError }] = await Promise.all([
    import('../session/key-sources.ts'),
    import('../session/server-address.ts'),
    import('../session/faults.ts'),
  ]);
  const address = parseServer(server ?? PUBLIC_SERVER);
  try {
    findKey(address, {});
  } catch (error) {
    if (!(error instanceof ApiKeyError)) throw error;
    if (error.code === 'API_KEY_MISSING') return undefined;
  }
  let solver: Promise<Solver> | undefined;
  return { name: 'nova', server: address, solve: async (...args) => await (await (solver ??= open())).solve(...args) };
}
