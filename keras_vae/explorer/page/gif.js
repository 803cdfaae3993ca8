const COLOURS = 256;
const CLEAR = 256;
const END = 257;
const MOST_CODES = 4096;
const HUNDREDTHS = 8;

/**
 * A GIF that plays frames back and forth, as a blob. Transparent pixels become white.
 * `frames` are `ImageData` of one size, each pixel of which becomes `scale` by `scale` pixels.
 */
export function animation(frames, scale) {
  const [width, height] = [scale * frames[0].width, scale * frames[0].height];
  const pixels = frames.map(({ data }) => opaque(data));
  const { colours, indexOf } = palette(pixels);
  const short = (value) => [value & 255, value >> 8];
  const table = new Uint8Array(3 * COLOURS);
  colours.forEach((colour, i) => table.set([colour >> 16, (colour >> 8) & 255, colour & 255], 3 * i));
  const repeat = [0x21, 0xff, 11, ...bytesOf("NETSCAPE2.0"), 3, 1, 0, 0, 0];
  const pause = [0x21, 0xf9, 4, 0, ...short(HUNDREDTHS), 0, 0];
  const images = pixels.map((frame) => {
    const indices = enlarged(Uint8Array.from(frame, indexOf), frames[0].width, scale);
    return [pause, [0x2c, 0, 0, 0, 0, ...short(width), ...short(height), 0, 8], blocks(packed(indices)), [0]];
  });
  const parts = [bytesOf("GIF89a"), short(width), short(height), [0xf7, 0, 0], table, repeat, ...images.flat(), ...images.slice(1, -1).reverse().flat()];
  return new Blob([...parts.map((part) => Uint8Array.from(part)), Uint8Array.of(0x3b)], { type: "image/gif" });
}

function bytesOf(text) {
  return Array.from(text, (letter) => letter.charCodeAt(0));
}

/** The pixels on white, each as a number of 24 bits. */
function opaque(data) {
  return Int32Array.from({ length: data.length / 4 }, (_, i) => {
    const share = data[4 * i + 3] / 255;
    const at = (c) => Math.round(255 + share * (data[4 * i + c] - 255));
    return (at(0) << 16) | (at(1) << 8) | at(2);
  });
}

function enlarged(values, width, scale) {
  const height = values.length / width;
  const found = new Uint8Array(values.length * scale * scale);
  for (let y = 0; y < height * scale; y++) {
    for (let x = 0; x < width * scale; x++) found[y * width * scale + x] = values[Math.floor(y / scale) * width + Math.floor(x / scale)];
  }
  return found;
}

/** At most 256 colours, and the function from a pixel to the index of its colour. */
function palette(frames) {
  const distinct = new Set();
  for (const frame of frames) for (const pixel of frame) distinct.add(pixel);
  if (distinct.size <= COLOURS) {
    const colours = [...distinct];
    const index = new Map(colours.map((colour, i) => [colour, i]));
    return { colours, indexOf: (pixel) => index.get(pixel) };
  }
  const index = new Map();
  const colours = medianCut([...distinct]).map((box, i) => {
    for (const colour of box) index.set(colour, i);
    const mean = (shift) => Math.round(box.reduce((sum, colour) => sum + ((colour >> shift) & 255), 0) / box.length);
    return (mean(16) << 16) | (mean(8) << 8) | mean(0);
  });
  return { colours, indexOf: (pixel) => index.get(pixel) };
}

/** Splits colours into 256 boxes, always the one with the widest range at its median (Heckbert, 1982). */
function medianCut(all) {
  const described = (box) => {
    const ranges = [16, 8, 0].map((shift) => {
      let [low, high] = [255, 0];
      for (const colour of box) {
        low = Math.min(low, (colour >> shift) & 255);
        high = Math.max(high, (colour >> shift) & 255);
      }
      return { shift, range: high - low };
    });
    return { box, widest: ranges.sort((a, b) => b.range - a.range)[0] };
  };
  const boxes = [described(all)];
  while (boxes.length < COLOURS) {
    const chosen = boxes.reduce((best, each, i) => (each.widest.range > boxes[best].widest.range ? i : best), 0);
    const { box, widest } = boxes[chosen];
    box.sort((a, b) => ((a >> widest.shift) & 255) - ((b >> widest.shift) & 255));
    boxes.splice(chosen, 1, described(box.slice(0, box.length / 2)), described(box.slice(box.length / 2)));
  }
  return boxes.map(({ box }) => box);
}

/** Indices of colours as LZW codes of 9 to 12 bits. */
function packed(indices) {
  const bytes = [];
  let held = 0;
  let bits = 0;
  let size = 9;
  const write = (code) => {
    held |= code << bits;
    for (bits += size; bits >= 8; bits -= 8) {
      bytes.push(held & 255);
      held >>>= 8;
    }
  };
  const codes = new Int16Array(MOST_CODES * COLOURS); // of a code followed by a colour; 0 if there is none
  let next = END + 1;
  write(CLEAR);
  let before = indices[0];
  for (const index of indices.subarray(1)) {
    const key = before * COLOURS + index;
    if (codes[key]) {
      before = codes[key];
      continue;
    }
    write(before);
    if (next === MOST_CODES) {
      write(CLEAR);
      codes.fill(0);
      next = END + 1;
      size = 9;
    } else {
      if (next === 2 ** size) size++;
      codes[key] = next++;
    }
    before = index;
  }
  write(before);
  write(END);
  if (bits) bytes.push(held & 255);
  return bytes;
}

/** Bytes in blocks of at most 255, each after its length. */
function blocks(bytes) {
  const found = [];
  for (let i = 0; i < bytes.length; i += 255) {
    const block = bytes.slice(i, i + 255);
    found.push(block.length, ...block);
  }
  return found;
}
