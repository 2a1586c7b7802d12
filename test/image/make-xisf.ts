import type { Numbers } from './make-images.ts';
import { pack } from './make-images.ts';

export interface XisfSpec {
  readonly width: number;
  readonly height: number;
  readonly channels?: number;
  /** Name of the kind of numbers in the header: `UInt16`. */
  readonly format: string;
  /** How they are written. */
  readonly numbers: Numbers;
  /** In the order in which they are stored. */
  readonly values: readonly number[];
  /** Further attributes of the Image; they replace the usual ones. */
  readonly attributes?: Readonly<Record<string, string>>;
  /** XML within the Image. */
  readonly children?: string;
  /** The bytes attached, in place of the values. */
  readonly data?: Uint8Array;
  /** XML of the whole header, in place of what the rest makes. */
  readonly xml?: string;
}

/** Where the pixels stand: the header is shorter. */
const DATA_AT = 4096;

/** An XISF file of one image, attached unless the attributes say otherwise. */
export function xisf(spec: XisfSpec): Buffer {
  const { width, height, channels = 1, format, numbers, values } = spec;
  const data = spec.data ?? pack(values, numbers, spec.attributes?.['byteOrder'] !== 'big');
  const attributes = {
    geometry: `${width}:${height}:${channels}`,
    sampleFormat: format,
    colorSpace: channels >= 3 ? 'RGB' : 'Gray',
    location: `attachment:${DATA_AT}:${data.length}`,
    ...spec.attributes,
  };
  const list = Object.entries(attributes).map(([key, value]) => `${key}="${value}"`);
  const image = `<Image ${list.join(' ')}>${spec.children ?? ''}</Image>`;
  const xml =
    spec.xml ??
    `<?xml version="1.0" encoding="UTF-8"?>\n<!-- made -->\n<xisf version="1.0" xmlns="http://www.pixinsight.com/xisf">${image}</xisf>`;
  return wrapXml(xml, data);
}

function wrapXml(xml: string, data: Uint8Array): Buffer {
  const text = Buffer.from(xml);
  const head = Buffer.alloc(Math.max(DATA_AT, 16 + text.length));
  head.write('XISF0100', 0, 'latin1');
  head.writeUInt32LE(text.length, 8);
  head.set(text, 16);
  return Buffer.concat([head, data]);
}
