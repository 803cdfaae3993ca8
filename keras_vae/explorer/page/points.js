import { numbers, row } from "./arrays.js";

const NEIGHBOURS = 6;

/** The examples: their latents, conditions and places on the map. */
export class Points {
  constructor(data) {
    const points = data.points;
    this.codes = numbers(points.codes);
    this.size = data.model.latentSize;
    this.count = this.codes.length / this.size;
    this.indices = numbers(points.indices);
    this.indexSize = this.indices ? this.indices.length / this.count : 0;
    this.conditions = numbers(points.condition);
    this.conditionSize = this.conditions ? this.conditions.length / this.count : 0;
    this.isLabel = data.model.condition ? data.model.condition.kind === "label" : false;
    this.part = numbers(points.part);
    this.row = numbers(points.row);
    this.partNames = points.partNames;
    this.values = numbers(points.values);
    this.eventSize = data.model.eventShape.reduce((a, b) => a * b, 1);
    this.noise = numbers(data.noise);
    this.places = null;
  }

  code(i) {
    return row(this.codes, i, this.size);
  }

  condition(i) {
    if (!this.conditions) return null;
    return this.isLabel ? this.conditions[i] : Array.from(row(this.conditions, i, this.conditionSize));
  }

  value(i) {
    return this.values && row(this.values, i, this.eventSize);
  }

  name(i) {
    const part = this.partNames[this.part[i]];
    return `${part === "data" ? "Example" : `${part[0].toUpperCase()}${part.slice(1)} example`} ${this.row[i]}`;
  }

  /** What `State.show` takes for a point. */
  shown(i, caption) {
    return {
      code: Float32Array.from(this.code(i)),
      indices: this.indices && Int32Array.from(row(this.indices, i, this.indexSize)),
      condition: this.condition(i),
      point: i,
      caption,
    };
  }

  /** The point nearest to a place on the map, and its distance. */
  nearest(x, y) {
    let best = -1;
    let least = Infinity;
    for (let i = 0; i < this.count; i++) {
      const dx = this.places[2 * i] - x;
      const dy = this.places[2 * i + 1] - y;
      const apart = dx * dx + dy * dy;
      if (apart < least) {
        least = apart;
        best = i;
      }
    }
    return { index: best, distance: Math.sqrt(least) };
  }

  /** The latent at a place: the mean of those of the six nearest points, weighted by their squared distance. */
  between(x, y) {
    const near = [];
    for (let i = 0; i < this.count; i++) {
      const dx = this.places[2 * i] - x;
      const dy = this.places[2 * i + 1] - y;
      const apart = dx * dx + dy * dy;
      if (near.length < NEIGHBOURS || apart < near[near.length - 1].apart) {
        let at = near.length;
        while (at > 0 && near[at - 1].apart > apart) at--;
        near.splice(at, 0, { apart, i });
        if (near.length > NEIGHBOURS) near.pop();
      }
    }
    const code = new Float32Array(this.size);
    let total = 0;
    for (const { apart, i } of near) {
      const weight = 1 / (apart + 1e-12);
      total += weight;
      const own = this.code(i);
      for (let d = 0; d < this.size; d++) code[d] += weight * own[d];
    }
    for (let d = 0; d < this.size; d++) code[d] /= total;
    return { code, nearest: near[0].i };
  }

  mean(chosen) {
    const code = new Float32Array(this.size);
    for (const i of chosen) {
      const own = this.code(i);
      for (let d = 0; d < this.size; d++) code[d] += own[d] / chosen.length;
    }
    return code;
  }

  /** The points with the nearest latents, in units of the noise of the posterior, out of those of a part. */
  nearestCodes(code, count, part = null) {
    const found = [];
    for (let i = 0; i < this.count; i++) {
      if (part !== null && this.part[i] !== part) continue;
      const own = this.code(i);
      let apart = 0;
      for (let d = 0; d < this.size; d++) apart += ((own[d] - code[d]) / this.noise[d]) ** 2;
      found.push({ i, distance: Math.sqrt(apart) });
    }
    return found.sort((a, b) => a.distance - b.distance).slice(0, count);
  }
}
