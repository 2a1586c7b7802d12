import type { Solver } from '../solution.ts';
import type { SolveSettings } from './solve-settings.ts';

/** What is asked of images, as far as it changes the answer: the journal tells questions apart by it. */
export function askedOf({ image, service }: SolveSettings, engines: readonly ('embedded' | Solver)[]): object {
  const { hints, headerHints, extension, downsample, tweakOrder, crpixCenter, indexDirs } = image;
  const servers = engines.flatMap((engine) => (engine === 'embedded' ? [] : [engine.server]));
  return {
    engines: engines.map((engine) => (engine === 'embedded' ? engine : engine.name)),
    ...(servers.length === 0 ? {} : { servers, upload: service.upload, isPublic: service.isPublic }),
    hints,
    headerHints,
    extension,
    downsample,
    tweakOrder,
    crpixCenter,
    indexDirs,
  };
}
