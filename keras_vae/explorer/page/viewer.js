import { byId, decimals, tell } from "./pages.js";
import { newestOnly } from "./server.js";

/** The large picture of what is decoded, with the example beside it. */
export function showDecoded({ data, state, decoder, pictures, points }) {
  const frame = byId("decoded-frame");
  const isTable = pictures.hasBars;
  byId("viewer").classList.toggle("rows", isTable);
  if (isTable) Object.assign(frame, { className: "scroll", tabIndex: 0, role: "region", ariaLabel: "Decoded row" });

  const update = newestOnly(async () => {
    const { point, caption } = state;
    const start = performance.now();
    try {
      const values = await decoder.current();
      if (isTable) {
        frame.replaceChildren(pictures.bars(values, point === null ? null : points.value(point)));
      } else {
        frame.replaceChildren(pictures.picture(values, `Decoded: ${caption}`));
      }
      const milliseconds = performance.now() - start;
      frame.dataset.milliseconds = milliseconds.toFixed(1);
      frame.dataset.decoded = String(Number(frame.dataset.decoded || 0) + 1);
      if (!data.library) byId("speed").textContent = `Decoded in ${decimals(milliseconds, 0)} ms.`;
      tell(null);
    } catch (error) {
      tell(error);
    }
  });

  const place = byId("original");
  state.on("code", () => {
    byId("caption").textContent = state.caption;
    const picture = state.point === null ? null : pictures.thumbnail(state.point);
    place.hidden = !picture;
    place.querySelector("canvas")?.remove();
    if (picture) {
      picture.setAttribute("role", "img");
      picture.setAttribute("aria-label", points.name(state.point));
      place.append(picture);
    }
    update();
  });
}
