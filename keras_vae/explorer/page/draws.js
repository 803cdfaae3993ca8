import { row } from "./arrays.js";
import { showStrip } from "./kept.js";
import { byId, reveal, trying } from "./pages.js";
import { settled } from "./server.js";

const COUNT = 16;
const PAUSE = 250;

/** Draws from the prior. */
export function controlDraws(context) {
  const { data, decoder, server, state } = context;
  if (!data.model.prior) return;
  reveal("draws-card");
  const seed = byId("seed");
  const last = data.draws ? data.draws.seeds - 1 : 2 ** 31 - 1;
  seed.max = String(last);
  const draw = () => trying("draws-card", async () => {
    const given = Number(seed.value) || 0;
    const condition = state.condition;
    const { z, indices } = await server.draws(given, COUNT);
    const size = data.model.latentSize;
    const latents = Array.from({ length: COUNT }, (_, i) => ({
      code: row(z, i, size),
      indices: indices && row(indices, i, indices.length / COUNT),
    }));
    const decoded = await decoder.each(latents, condition);
    showStrip(byId("draws"), context, latents, decoded, (i) => `Draw ${i} of seed ${given}`, condition);
  }, () => byId("draws").replaceChildren());
  byId("draws-form").addEventListener("submit", (event) => {
    event.preventDefault();
    draw();
  });
  byId("next-seed").addEventListener("click", () => {
    seed.value = String(((Number(seed.value) || 0) + 1) % (last + 1));
    draw();
  });
  let drawn = JSON.stringify(state.condition);
  const drawAgain = settled(draw, PAUSE);
  state.on("code", () => {
    if (JSON.stringify(state.condition) === drawn) return;
    drawn = JSON.stringify(state.condition);
    drawAgain();
  });
  draw();
}
