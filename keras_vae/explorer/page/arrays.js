const KINDS = { float32: Float32Array, int32: Int32Array, uint8: Uint8Array };

/** The numbers of an array of the payload, without its shape; null stays null. */
export function numbers(array) {
  if (!array) return null;
  const text = atob(array.bytes);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return new KINDS[array.dtype](bytes.buffer);
}

/** Row `i` of the numbers of a matrix. */
export function row(values, i, size) {
  return values.subarray(i * size, (i + 1) * size);
}

/** The numbers of nested lists, in one array. */
export function flat(lists, size) {
  const values = new Float32Array(size);
  let next = 0;
  const add = (item) => {
    if (Array.isArray(item)) for (const part of item) add(part);
    else values[next++] = item === null ? NaN : item;
  };
  add(lists);
  return values;
}

/** Nested lists of the shape that the server expects. */
export function nested(values, shape) {
  if (shape.length <= 1) return Array.from(values);
  const size = values.length / shape[0];
  return Array.from({ length: shape[0] }, (_, i) => nested(values.subarray(i * size, (i + 1) * size), shape.slice(1)));
}
