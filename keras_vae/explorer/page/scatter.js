const EDGE = 16; // pixels between the cross and the edge of the map
const SMALL = 2; // radius in pixels below which points are squares, which are drawn several times as fast as discs

/** The points on a canvas, with zoom and shift. */
export class Scatter {
  constructor(canvas, overlay, points, colours) {
    Object.assign(this, { canvas, overlay, points, colours });
    this.zoom = 1;
    this.shift = [0, 0];
    this.cross = null;
    this.lasso = [];
    this.selection = new Set();
    this.waiting = new Set();
    new ResizeObserver(() => this.resize()).observe(canvas.parentElement);
  }

  /** Shows other places of the points. */
  setPlaces(places) {
    this.points.places = places;
    const low = [Infinity, Infinity];
    const high = [-Infinity, -Infinity];
    for (let i = 0; i < places.length; i++) {
      low[i % 2] = Math.min(low[i % 2], places[i]);
      high[i % 2] = Math.max(high[i % 2], places[i]);
    }
    this.center = [(low[0] + high[0]) / 2, (low[1] + high[1]) / 2];
    this.spans = [high[0] - low[0] || 1, high[1] - low[1] || 1];
    this.all();
  }

  all() {
    this.zoom = 1;
    this.shift = [0, 0];
    this.draw();
  }

  resize() {
    const { clientWidth, clientHeight } = this.canvas.parentElement;
    const ratio = window.devicePixelRatio || 1;
    for (const canvas of [this.canvas, this.overlay]) {
      canvas.width = Math.round(clientWidth * ratio);
      canvas.height = Math.round(clientHeight * ratio);
      canvas.getContext("2d").setTransform(ratio, 0, 0, ratio, 0, 0);
    }
    this.width = clientWidth;
    this.height = clientHeight;
    this.draw();
  }

  /** Screen pixels of one unit of the map. */
  get unit() {
    return 0.92 * this.zoom * Math.min(this.width / this.spans[0], this.height / this.spans[1]);
  }

  toScreen(x, y) {
    return [this.width / 2 + this.shift[0] + (x - this.center[0]) * this.unit, this.height / 2 + this.shift[1] - (y - this.center[1]) * this.unit];
  }

  toMap(px, py) {
    return [this.center[0] + (px - this.width / 2 - this.shift[0]) / this.unit, this.center[1] - (py - this.height / 2 - this.shift[1]) / this.unit];
  }

  zoomBy(factor, px = this.width / 2, py = this.height / 2) {
    const next = Math.min(200, Math.max(0.5, this.zoom * factor));
    const real = next / this.zoom;
    this.shift = [px - this.width / 2 - (px - this.width / 2 - this.shift[0]) * real, py - this.height / 2 - (py - this.height / 2 - this.shift[1]) * real];
    this.zoom = next;
    this.draw();
  }

  move(dx, dy) {
    this.shift = [this.shift[0] + dx, this.shift[1] + dy];
    this.draw();
  }

  /** Shows the cross at a place of the map, which moves into view. */
  markPlace(x, y) {
    this.cross = [x, y];
    const [px, py] = this.toScreen(x, y);
    const shift = (at, size) => Math.max(EDGE - at, 0) + Math.min(size - EDGE - at, 0);
    const [dx, dy] = [shift(px, this.width), shift(py, this.height)];
    if (dx || dy) this.move(dx, dy);
    else this.drawOverlay();
  }

  draw() {
    this.soon("points", () => this.drawPoints());
    this.drawOverlay();
  }

  drawOverlay() {
    this.soon("overlay", () => this.drawMarks());
  }

  /** Draws once before the next frame. */
  soon(name, task) {
    if (this.waiting.has(name)) return;
    this.waiting.add(name);
    requestAnimationFrame(() => {
      this.waiting.delete(name);
      if (this.width && this.points.places) task();
    });
  }

  drawPoints() {
    const context = this.canvas.getContext("2d");
    const { places, count } = this.points;
    const { unit } = this;
    const [left, top] = this.toScreen(0, 0);
    const radius = Math.min(5, (count > 4000 ? 1.6 : count > 1000 ? 2.2 : 3) * Math.sqrt(this.zoom));
    const isSquare = radius < SMALL;
    context.clearRect(0, 0, this.width, this.height);
    const some = this.selection.size > 0;
    for (const [colour, group] of this.colours.groups(count)) {
      for (const chosen of some ? [false, true] : [true]) {
        context.globalAlpha = chosen ? 0.85 : 0.15;
        context.fillStyle = colour;
        context.beginPath();
        for (const i of group) {
          if (some && this.selection.has(i) !== chosen) continue;
          const x = left + unit * places[2 * i];
          const y = top - unit * places[2 * i + 1];
          if (x < -5 || y < -5 || x > this.width + 5 || y > this.height + 5) continue;
          if (isSquare) {
            context.fillRect(x - radius, y - radius, 2 * radius, 2 * radius);
          } else {
            context.moveTo(x + radius, y);
            context.arc(x, y, radius, 0, 7);
          }
        }
        if (!isSquare) context.fill();
      }
    }
    context.globalAlpha = 1;
  }

  drawMarks() {
    const context = this.overlay.getContext("2d");
    const style = getComputedStyle(this.overlay);
    context.clearRect(0, 0, this.width, this.height);
    context.strokeStyle = style.color;
    context.lineWidth = 1.5;
    if (this.lasso.length > 1) {
      context.beginPath();
      for (const [x, y] of this.lasso) context.lineTo(x, y);
      context.stroke();
    }
    if (this.cross) {
      const [x, y] = this.toScreen(...this.cross);
      ring(context, x, y, 9);
      context.beginPath();
      for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
        context.moveTo(x + 5 * dx, y + 5 * dy);
        context.lineTo(x + 15 * dx, y + 15 * dy);
      }
      context.stroke();
    }
  }
}

function ring(context, x, y, radius) {
  context.beginPath();
  context.arc(x, y, radius, 0, 7);
  context.stroke();
}
