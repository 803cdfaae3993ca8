import { flat, nested, numbers } from "./arrays.js";

const MOST_ROWS = 32;

/** The endpoints of the model, as TensorFlow Serving has them, and the other routes of the explorer. */
export class Server {
  constructor(data) {
    this.predictUrl = data.predict;
    this.model = data.model;
    this.signatures = data.signatures || {};
    this.eventSize = data.model.eventShape.reduce((a, b) => a * b, 1);
  }

  /** Makes ready; returns what the reader should know. */
  async load() {
    return "";
  }

  has(signature) {
    return signature in this.signatures;
  }

  takesCondition(signature) {
    return this.has(signature) && this.signatures[signature].includes("condition");
  }

  /** The outputs of a signature by name, each a list of rows; `inputs` are lists of rows by name. */
  async predict(signature, inputs, only) {
    const body = JSON.stringify({ signature_name: signature, inputs });
    const answer = await ask(this.predictUrl, { method: "POST", body, headers: { "Content-Type": "application/json" } });
    const outputs = (await json(answer)).outputs;
    return Array.isArray(outputs) ? { [only]: outputs } : outputs;
  }

  /** Decodes latents (arrays of numbers) with one condition for all; returns an array of numbers for each. */
  decode(latents, condition) {
    const rows = latents.map((z) => nested(z, this.model.latentShape));
    return this.decodeRows("decode", "z", rows, condition);
  }

  /** Decodes indices of discrete codes in the same way. */
  decodeIndices(grids, condition) {
    const { positions, levels } = this.model.discrete;
    return this.decodeRows("decode_indices", "indices", grids.map((each) => nested(each, [...positions, levels])), condition);
  }

  async decodeRows(signature, name, rows, condition) {
    const found = [];
    for (let i = 0; i < rows.length; i += MOST_ROWS) {
      const part = rows.slice(i, i + MOST_ROWS);
      const inputs = { [name]: part, ...this.conditions(signature, condition, part.length) };
      const outputs = await this.predict(signature, inputs, "reconstruction");
      for (const each of outputs.reconstruction) found.push(flat(each, this.eventSize));
    }
    return found;
  }

  conditions(signature, condition, count) {
    return this.takesCondition(signature) ? { condition: Array(count).fill(condition) } : {};
  }

  /** The mean, the indices, the reconstruction and the scores of an example. */
  async measure(x, condition) {
    const inputs = (signature) => ({ x: [nested(x, this.model.eventShape)], ...this.conditions(signature, condition, 1) });
    const run = async (signature, only) => (this.has(signature) ? this.predict(signature, inputs(signature), only) : {});
    const [encoded, reconstructed, scored, judged] = await Promise.all([
      run("encode", "mean"), run("serving_default", "reconstruction"), run("score", "elbo"), run("anomaly", "combined"),
    ]);
    return {
      code: flat(encoded.mean, this.model.latentSize),
      indices: encoded.indices ? Int32Array.from(encoded.indices.flat(Infinity)) : null,
      reconstruction: flat(reconstructed.reconstruction, this.eventSize),
      elbo: scored.elbo ? scored.elbo[0] : null,
      anomaly: judged.combined ? judged.combined[0] : null,
      share: judged.p_value ? judged.p_value[0] : null,
      isAnomaly: judged.is_anomaly ? judged.is_anomaly[0] : null,
    };
  }

  async draws(seed, count) {
    const found = await json(await ask(`draws?seed=${seed}&count=${count}`));
    return { z: numbers(found.z), indices: numbers(found.indices) };
  }

  async map(kind) {
    const found = await json(await ask(`maps/${kind}`));
    return { places: numbers(found.places), note: found.note };
  }

  async read(file) {
    return numbers(await json(await ask("read", { method: "POST", body: file })));
  }
}

async function ask(url, options) {
  let answer;
  try {
    answer = await fetch(url, options);
  } catch {
    throw new Error("The server does not answer. Start keras-vae explore again, and reload the page.");
  }
  if (answer.ok) return answer;
  const text = await answer.text();
  let reason = text.slice(0, 300);
  try {
    reason = JSON.parse(text).error;
  } catch {
    // not JSON: the text itself is the reason
  }
  throw new Error(reason || `The server answered with the status ${answer.status}.`);
}

async function json(answer) {
  const text = await answer.text();
  try {
    return JSON.parse(text);
  } catch {
    return JSON.parse(text.replace(/\b(NaN|-?Infinity)\b/g, "null")); // TensorFlow Serving writes them
  }
}

/** Runs `task` for the newest arguments only: those that come while it runs replace each other. */
export function newestOnly(task) {
  let running = false;
  let waiting = null;
  return async (...given) => {
    waiting = given;
    if (running) return;
    running = true;
    try {
      while (waiting) {
        const next = waiting;
        waiting = null;
        await task(...next);
      }
    } finally {
      running = false;
    }
  };
}

/** Runs `task` once nothing has asked for it for some milliseconds. */
export function settled(task, milliseconds) {
  let timer = 0;
  return (...given) => {
    clearTimeout(timer);
    timer = setTimeout(() => task(...given), milliseconds);
  };
}
