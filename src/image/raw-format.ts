import type { ImageFormat } from './image-format.ts';
import { readWhole } from './sharp-image.ts';

/** Raw files of cameras that are not built on TIFF: Fujifilm, Olympus, Panasonic, Minolta, Sigma, Canon CR3. */
export const RAW: ImageFormat = {
  matches: (head) => MARKS.some(([at, mark]) => mark.every((byte, i) => head[at + i] === byte)),
  async read(source, options) {
    const [bytes, { readRawFrame }] = await Promise.all([readWhole(source, options.signal), import('./raw-image.ts')]);
    return await readRawFrame(bytes, source.name, options);
  },
};

const MARKS: readonly (readonly [offset: number, mark: Uint8Array])[] = [
  [0, Buffer.from('FUJIFILMCCD-RAW')],
  [0, Buffer.from('IIRO')],
  [0, Buffer.from('IIRS')],
  [0, Buffer.from('MMOR')],
  [0, Buffer.from('IIU\0')],
  [0, Buffer.from('\0MRM')],
  [0, Buffer.from('FOVb')],
  [4, Buffer.from('ftypcrx ')],
];
