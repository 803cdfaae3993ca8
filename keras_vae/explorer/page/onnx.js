import { numbers, row } from "./arrays.js";
import { Drawn } from "./drawn.js";

const ROWS = 8;

/** The decoder as ONNX, run in the page by onnxruntime-web, in place of a server. */
export class OnnxDecoder {
  constructor(data) {
    this.model = data.model;
    this.files = data.decoder;
    this.drawn = new Drawn(data);
    this.session = null;
    this.turn = Promise.resolve();
  }

  /** Starts onnxruntime-web, in one thread, which needs no further files. */
  async load() {
    const { env, InferenceSession } = globalThis.ort;
    env.wasm.numThreads = 1;
    try {
      env.wasm.wasmBinary = await unpacked(this.files.wasm);
      this.session = await InferenceSession.create(await unpacked(this.files.onnx), { executionProviders: ["wasm"] });
    } catch (error) {
      throw new Error(`The decoder does not start: ${error.message || error}. Open the page in a browser of 2023 or later.`);
    }
    this.files = null;
    return "This page needs no server: the decoder is in it.";
  }

  has(signature) {
    return signature === "decode_indices" && this.model.discrete !== null;
  }

  /** As `Server.decode`. */
  decode(latents, condition) {
    return this.run("z", "float32", latents, this.model.latentShape, condition);
  }

  /** As `Server.decodeIndices`. */
  decodeIndices(grids, condition) {
    return this.run("indices", "int32", grids, [...this.model.discrete.positions, this.model.discrete.levels], condition);
  }

  async run(name, type, rows, shape, condition) {
    const found = [];
    for (let i = 0; i < rows.length; i += ROWS) {
      if (i) await new Promise((resolve) => setTimeout(resolve)); // so that the page answers in between
      const part = rows.slice(i, i + ROWS);
      const inputs = { [name]: tensor(type, part, shape), ...this.conditions(condition, part.length) };
      const task = this.turn.then(() => this.session.run(inputs)); // a session runs one batch at a time
      this.turn = task.catch(() => null); // the caller of `task` is told
      const { data } = (await task).reconstruction;
      const size = data.length / part.length;
      for (let k = 0; k < part.length; k++) found.push(row(data, k, size));
    }
    return found;
  }

  conditions(condition, count) {
    if (!this.model.condition) return {};
    const isLabel = this.model.condition.kind === "label";
    const shape = isLabel ? [] : [this.model.condition.size];
    return { condition: tensor(isLabel ? "int32" : "float32", Array(count).fill(isLabel ? [condition] : condition), shape) };
  }

  async draws(seed, count) {
    return this.drawn.draws(seed, count);
  }
}

function tensor(type, rows, shape) {
  const values = new { float32: Float32Array, int32: Int32Array }[type](rows.length * rows[0].length);
  rows.forEach((each, i) => values.set(each, i * each.length));
  return new globalThis.ort.Tensor(type, values, [rows.length, ...shape]);
}

/** The bytes of an array that gzip has compressed. */
async function unpacked(array) {
  const stream = new Blob([numbers(array)]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
