/** Stands in drawings as the software that made them, and tells them from photographs. */
export const MAKER = 'starfix annotate';
