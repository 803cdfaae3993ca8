import { numbers, row } from "./arrays.js";

/** Draws from the prior that were made beforehand, the same number for each seed. */
export class Drawn {
  constructor({ draws, model }) {
    this.seeds = draws ? draws.seeds : 0;
    this.z = numbers(draws && draws.z);
    this.indices = numbers(draws && draws.indices);
    this.size = model.latentSize;
  }

  /** As `Server.draws`; `count` is the number of draws of a seed. */
  draws(seed, count) {
    const of = (values) => values && row(values, seed, values.length / this.seeds);
    return { z: of(this.z), indices: of(this.indices) };
  }
}
