import type { Solver } from '../solution.ts';
import type { FrameSolverOptions } from './frame-solver.ts';

/**
 * What is asked of images, as far as it changes the answer: the journal tells questions apart by it. What is left out counts as
 * its default, so that whoever asks the same gets the same answer.
 *
 * @param more how engines that are not ours are asked; plain data
 */
export function askedOf(
  options: FrameSolverOptions,
  engines: readonly ('embedded' | Solver)[],
  more: object = {},
): object {
  const { hints = {}, headerHints = true, extension, downsample, tweakOrder, crpixCenter = false, indexDirs } = options;
  const others = engines.filter((engine) => engine !== 'embedded');
  const servers = others.flatMap(({ server }) => (server === undefined ? [] : [server]));
  return {
    engines: engines.map((engine) => (engine === 'embedded' ? engine : engine.name)),
    ...(others.length === 0 ? {} : more),
    ...(servers.length === 0 ? {} : { servers }),
    hints,
    headerHints,
    extension,
    downsample,
    tweakOrder,
    crpixCenter,
    indexDirs,
  };
}
