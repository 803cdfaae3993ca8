import { byId, element, isShortcut } from "./pages.js";

const NEAR = 10;

/** What the pointer and the keys do on the map. */
export function followGestures(overlay, scatter, points, handlers) {
  let mode = "look";
  let last = null;
  const hover = byId("hover");
  const place = (event) => {
    const box = overlay.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };

  for (const choice of document.querySelectorAll("#modes input")) {
    choice.addEventListener("change", () => {
      mode = choice.value;
      overlay.className = mode;
    });
  }

  const at = (px, py, isClick) => {
    const [x, y] = scatter.toMap(px, py);
    const { index, distance } = points.nearest(x, y);
    if (isClick && distance * scatter.unit < NEAR) {
      handlers.choose(index);
      return;
    }
    scatter.cross = [x, y];
    scatter.drawOverlay();
    handlers.visit(x, y);
  };

  overlay.addEventListener("pointerdown", (event) => {
    if (event.button > 0) return;
    overlay.setPointerCapture(event.pointerId);
    hover.hidden = true;
    last = place(event);
    if (mode === "look") at(...last, true);
    if (mode === "select") scatter.lasso = [last];
  });

  overlay.addEventListener("pointermove", (event) => {
    const now = place(event);
    if (!last) {
      if (event.pointerType === "mouse") showHover(now);
      return;
    }
    if (mode === "look" && Math.hypot(now[0] - last[0], now[1] - last[1]) > 2) {
      at(...now, false);
      last = now;
    } else if (mode === "select") {
      scatter.lasso.push(now);
      scatter.drawOverlay();
    } else if (mode === "move") {
      scatter.move(now[0] - last[0], now[1] - last[1]);
      last = now;
    }
  });

  const end = () => {
    if (last && mode === "select") {
      const line = scatter.lasso;
      scatter.lasso = [];
      const chosen = [];
      for (let i = 0; i < points.count; i++) {
        if (inside(scatter.toScreen(points.places[2 * i], points.places[2 * i + 1]), line)) chosen.push(i);
      }
      handlers.select(chosen);
    }
    last = null;
  };
  overlay.addEventListener("pointerup", end);
  overlay.addEventListener("pointercancel", end);
  overlay.addEventListener("pointerleave", () => {
    hover.hidden = true;
  });

  overlay.addEventListener("wheel", (event) => {
    if (mode !== "move" && !event.ctrlKey && !event.metaKey) return; // the wheel scrolls the page
    event.preventDefault();
    scatter.zoomBy(Math.exp(-event.deltaY / 300), ...place(event));
  }, { passive: false });

  overlay.addEventListener("keydown", (event) => {
    if (isShortcut(event)) return;
    const step = (event.shiftKey ? 40 : 8) / scatter.unit;
    const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
    if (event.key in moves) {
      const [x, y] = scatter.cross || scatter.center;
      const next = [x + step * moves[event.key][0], y + step * moves[event.key][1]];
      scatter.markPlace(...next);
      handlers.visit(...next);
    } else if (event.key === "Enter") {
      handlers.choose(points.nearest(...(scatter.cross || scatter.center)).index);
    } else if (event.key === "s" || event.key === "S") {
      handlers.toggle(points.nearest(...(scatter.cross || scatter.center)).index);
    } else if (event.key === "+" || event.key === "=") {
      scatter.zoomBy(1.4);
    } else if (event.key === "-") {
      scatter.zoomBy(1 / 1.4);
    } else if (event.key === "0") {
      scatter.all();
    } else {
      return;
    }
    event.preventDefault();
  });

  function showHover([px, py]) {
    const { index, distance } = points.nearest(...scatter.toMap(px, py));
    hover.hidden = distance * scatter.unit > NEAR;
    if (hover.hidden) return;
    if (hover.dataset.index !== String(index)) {
      hover.dataset.index = index;
      hover.replaceChildren(...handlers.describe(index).map((each) => (typeof each === "string" ? element("div", { textContent: each }) : each)));
    }
    const right = px > scatter.width - 220;
    const low = py > scatter.height - 160;
    hover.style.left = right ? "auto" : `${px + 14}px`;
    hover.style.right = right ? `${scatter.width - px + 14}px` : "auto";
    hover.style.top = low ? "auto" : `${py + 14}px`;
    hover.style.bottom = low ? `${scatter.height - py + 14}px` : "auto";
  }
}

/** Whether a place is inside a closed line, by the number of its crossings to the right. */
function inside([x, y], line) {
  let is = false;
  for (let i = 0, j = line.length - 1; i < line.length; j = i++) {
    const [xi, yi] = line[i];
    const [xj, yj] = line[j];
    if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) is = !is;
  }
  return is;
}
