// The slider moves over stops of unequal length; above each stop stands what is known there.

const HEIGHT = 64;
const EDGE = 8; // half a thumb: where the first and the last stop lie
const PAUSE = 110; // ms between two requests while it is dragged
const PATIENCE = 5000; // ms after which what was sent and never answered is forgotten
const TICKS = ["0", "0.1", "0.5", "1", "2", "4", "8", "16"];
const SAVED = new Map([[true, "Survives 8 bits"], [false, "Lost in 8 bits"]]);

export default function ({ data: [data], parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".dial");
  const find = (selector) => root.querySelector(selector);
  const slider = find("input[type=range]");
  const busy = root.dragging || root.timer || (root.sent !== undefined && root.sent !== data.value);
  if (root.sent === data.value) root.sent = undefined;
  root.data = busy ? { ...data, stops: root.data.stops } : data; // nothing moves under the hand of the reader
  if (!busy) {
    slider.max = data.stops.length - 1;
    slider.value = nearest(data.stops, data.value);
  }
  find(".meaning").textContent = data.meaning;
  find("[name=beyond]").checked = data.beyond;
  show(root);

  slider.oninput = () => {
    root.dragging = true;
    show(root);
    clearTimeout(root.timer);
    const wanted = root.data.stops[slider.value].epsilon;
    const wait = Math.max(0, PAUSE - (performance.now() - (root.asked ?? 0)));
    root.timer = setTimeout(() => {
      root.timer = 0;
      root.asked = performance.now();
      root.sent = wanted;
      setTimeout(() => root.sent === wanted && (root.sent = undefined), PATIENCE);
      setTriggerValue("chosen", wanted);
    }, wait);
  };
  slider.onchange = () => (root.dragging = false);
  slider.onkeydown = (event) => {
    if (["c", "r"].includes(event.key)) event.stopPropagation(); // Streamlit's own shortcuts
  };
  find("[name=beyond]").onchange = (event) => setTriggerValue("beyond", event.target.checked);
  root.watch ??= new ResizeObserver(() => show(root));
  root.watch.observe(root);
}

function show(root) {
  const { data } = root;
  const slider = root.querySelector("input[type=range]");
  const here = data.stops[Math.min(slider.value, data.stops.length - 1)];
  const known = data.known.find(({ epsilon }) => epsilon === here.epsilon);
  const answer = known ? `${data.finding} ${Math.round(100 * known.probability)} %` : "";
  root.querySelector("output").textContent = `${here.text}/255`;
  root.querySelector(".said").textContent = here.said;
  const saved = SAVED.get(known?.survives ?? (here.lost ? false : undefined));
  root.querySelector(".note").textContent = [here.named, saved].filter(Boolean).join(" · ");
  root.querySelector(".note").title = here.rounding;
  slider.setAttribute("aria-valuetext", [`${here.text} of 255`, here.said, here.rounding, answer].filter(Boolean).join(", "));
  ticks(root, here);
  curve(root, here);
}

function ticks(root, here) {
  const { stops } = root.data;
  root.querySelector(".ticks").replaceChildren(
    ...stops.flatMap(({ text }, i) => {
      if (!TICKS.includes(text)) return [];
      const tick = Object.assign(document.createElement("span"), { textContent: text });
      tick.style.left = `${(100 * i) / (stops.length - 1)}%`;
      tick.classList.toggle("set", text === here.text);
      return [tick];
    }),
  );
}

function curve(root, here) {
  const { stops, known, threshold } = root.data;
  const chart = root.querySelector("svg");
  const width = chart.clientWidth || 270;
  chart.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
  const x = (i) => EDGE + ((width - 2 * EDGE) * i) / (stops.length - 1);
  const y = (probability) => 6 + (HEIGHT - 12) * (1 - probability);
  const points = known
    .map((point) => ({ ...point, at: stops.findIndex(({ epsilon }) => epsilon === point.epsilon) }))
    .filter(({ at }) => at >= 0)
    .sort((a, b) => a.at - b.at);
  const lost = stops.findLastIndex((stop) => stop.lost);
  chart.replaceChildren(
    draw("rect", { class: "lost", x: 0, y: 0, width: lost < 0 ? 0 : x(lost + 0.5), height: HEIGHT }),
    line("edge", 0, width, y(1)),
    line("edge", 0, width, y(0)),
    line("threshold", 0, width, y(threshold)),
    draw("polyline", { points: points.map((p) => `${x(p.at)},${y(p.probability)}`).join(" ") }),
    ...points.map((p) =>
      draw("circle", {
        cx: x(p.at),
        cy: y(p.probability),
        r: p.epsilon === here.epsilon ? 5.5 : 3.5,
        class: `${p.flagged ? "flagged" : ""} ${p.epsilon === here.epsilon ? "here" : ""}`,
      }),
    ),
  );
}

function line(name, from, to, at) {
  return draw("line", { class: name, x1: from, x2: to, y1: at, y2: at });
}

function draw(tag, attributes) {
  const shape = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) shape.setAttribute(name, value);
  return shape;
}

function nearest(stops, value) {
  let best = 0;
  stops.forEach(({ epsilon }, i) => {
    if (Math.abs(epsilon - value) < Math.abs(stops[best].epsilon - value)) best = i;
  });
  return best;
}
