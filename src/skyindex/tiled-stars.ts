import { type HealpixTile, tileNumber } from './healpix-tile.ts';
import { StarBuffer, type StarStore } from './sky-index.ts';

/** The stars of a file that covers one tile. */
export interface TileStars {
  readonly tile: HealpixTile;
  readonly stars: StarStore;
}

/**
 * The stars of neighbouring tiles as one store. Files repeat stars beyond their border: a star counts in the file whose tile
 * it lies in, and in the first file where no file here has that tile.
 *
 * @param tiles of one nside
 */
export function joinTiles(tiles: readonly TileStars[]): StarStore {
  const part = new StarBuffer();
  const first = tiles[0]!;
  const numbers = new Set(tiles.map(({ tile }) => tile.number));
  return {
    async open(centre, radius) {
      for (const { stars } of tiles) await stars.open(centre, radius);
    },
    collect(centre, radius, limit, out) {
      out.clear();
      for (const one of tiles) {
        one.stars.collect(centre, radius, limit, part);
        const { vectors, magnitude } = part;
        for (let i = 0; i < part.count; i++) {
          const [x, y, z] = [vectors[3 * i]!, vectors[3 * i + 1]!, vectors[3 * i + 2]!];
          const owner = tileNumber(x, y, z, one.tile.nside);
          if (owner !== one.tile.number && (numbers.has(owner) || one !== first)) continue;
          const place = out.grow();
          out.vectors.set(vectors.subarray(3 * i, 3 * i + 3), 3 * place);
          out.magnitude[place] = magnitude[i]!;
        }
      }
    },
  };
}
