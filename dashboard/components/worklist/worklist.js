// The cases as one list: find, filter and sort here; click or arrow keys choose. The server is told the order that is
// seen, so that "next case" means the next one here, and how many steps were asked for so far: a message may come twice,
// or for several steps.

const KEPT = "second look worklist";
const QUIET = 300; // ms without a change, as while the reader types, after which the order is told
const SHOWN = {
  all: () => true,
  flagged: (line) => line.flagged === true,
  clear: (line) => line.flagged === false,
  flips: (line) => line.flags.includes("flips"),
  note: (line) => line.flags.includes("note"),
  refused: (line) => line.refused,
};
const ORDERS = {
  kind: null,
  high: (a, b) => (b.probability ?? -1) - (a.probability ?? -1),
  low: (a, b) => (a.probability ?? 2) - (b.probability ?? 2),
  name: (a, b) => a.label.localeCompare(b.label, undefined, { numeric: true }),
};

export default function ({ data: [data], parentElement, setStateValue, setTriggerValue }) {
  const list = parentElement.querySelector(".worklist");
  const sieve = parentElement.querySelector(".sieve");
  list.classList.toggle("short", data.short);
  list.data = data;
  list.choose = (id) => setTriggerValue("chosen", id);
  list.send = (order) => setStateValue("order", order);
  list.step = (by) => setStateValue("stepped", (list.stepped += by));
  list.ways ??= parentElement.querySelectorAll(".steps button");
  if (!list.settings) prepare(list, sieve);
  draw(list, sieve);
}

function prepare(list, sieve) {
  list.settings = { find: "", kind: "all", show: "all", sort: "kind", ...JSON.parse(sessionStorage.getItem(KEPT) ?? "{}") };
  list.buttons = new Map();
  list.stepped = list.data.stepped;
  for (const way of list.ways) {
    way.onclick = () => {
      tell(list);
      list.step(way.name === "next" ? 1 : -1);
    };
  }
  sieve.querySelector("[name=kind]").append(...list.data.kinds.map((kind) => new Option(kind)));
  for (const field of sieve.querySelectorAll("input, select")) {
    field.value = list.settings[field.name];
    field.addEventListener("input", () => {
      list.settings[field.name] = field.value;
      sessionStorage.setItem(KEPT, JSON.stringify(list.settings));
      draw(list, sieve);
    });
    field.addEventListener("change", () => tell(list)); // before what is clicked next
    field.addEventListener("keydown", (event) => {
      event.stopPropagation(); // Streamlit's own shortcuts
      if (event.key === "ArrowDown" && field.name === "find") list.querySelector("button")?.focus();
    });
  }
  list.addEventListener("keydown", (event) => {
    if (["c", "r"].includes(event.key)) event.stopPropagation(); // Streamlit's own shortcuts
    const buttons = [...list.querySelectorAll("button")];
    const here = buttons.indexOf(event.target);
    const last = buttons.length - 1;
    const next = { ArrowDown: here + 1, ArrowRight: here + 1, ArrowUp: here - 1, ArrowLeft: here - 1,
      PageDown: here + 8, PageUp: here - 8, Home: 0, End: last }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    if (next < 0 && event.key.startsWith("Arrow")) sieve.querySelector("input").focus();
    else buttons[Math.max(0, Math.min(last, next))]?.focus();
  });
}

function draw(list, sieve) {
  const { lines, chosen } = list.data;
  const { find, kind, show, sort } = list.settings;
  const words = find.toLowerCase().split(/\s+/).filter(Boolean);
  const kept = lines.filter((line) => {
    const text = `${line.label} ${line.group} ${line.said} ${line.flags.join(" ")}`.toLowerCase();
    return (kind === "all" || line.kind === kind) && SHOWN[show](line) && words.every((word) => text.includes(word));
  });
  if (ORDERS[sort]) kept.sort(ORDERS[sort]);

  const focused = list.contains(document.activeElement?.shadowRoot?.activeElement ?? document.activeElement);
  const rows = [];
  let group = null;
  for (const line of kept) {
    if (!ORDERS[sort] && line.group !== group) {
      rows.push(element("div", { className: "group", role: "presentation", textContent: (group = line.group) }));
    }
    rows.push(button(list, line, line.id === chosen));
  }
  if (!kept.length) {
    const why = lines.length ? "No case fits. Change what is shown." : "No case yet. Drop a file below.";
    rows.push(element("div", { className: "empty", role: "presentation", textContent: why }));
  }
  for (const gone of [...list.children].filter((row) => !rows.includes(row))) gone.remove();
  rows.forEach((row, i) => {
    if (list.children[i] !== row) list.insertBefore(row, list.children[i] ?? null); // what is being clicked stays
  });
  const all = `${lines.length} case${lines.length === 1 ? "" : "s"}`;
  sieve.querySelector(".count").textContent = kept.length === lines.length ? all : `${kept.length} of ${all}`;
  for (const way of list.ways) way.disabled = !kept.length;
  const current = list.querySelector('[aria-selected="true"]') ?? list.querySelector("button");
  if (current) current.tabIndex = 0;
  if (list.before !== chosen && current) reveal(list, current);
  list.before = chosen;
  if (focused) current?.focus();
  list.order = kept.map(({ id }) => id);
  clearTimeout(list.soon);
  list.soon = setTimeout(() => tell(list), QUIET);
}

// Without the page, which scrollIntoView would scroll too.
function reveal(list, row) {
  const [frame, box] = [list.getBoundingClientRect(), row.getBoundingClientRect()];
  list.scrollTop += Math.max(0, box.bottom - frame.bottom) + Math.min(0, box.top - frame.top);
  list.scrollLeft += Math.max(0, box.right - frame.right) + Math.min(0, box.left - frame.left);
}

// Only what the server does not know: before anything is told, that all cases are shown in their order.
function tell(list) {
  clearTimeout(list.soon);
  const known = list.told ?? list.data.order ?? list.data.lines.map(({ id }) => id);
  if (!list.isConnected || list.order.join() === known.join()) return;
  list.told = list.order;
  list.send(list.order);
}

// Buttons are kept between draws: hundreds of pictures are decoded once.
function button(list, line, chosen) {
  if (!list.buttons.has(line.id)) {
    const made = element("button", { type: "button", role: "option" });
    made.append(
      element("img", { src: line.thumbnail, alt: "", loading: "lazy" }),
      element("span", { className: "words" }),
      element("span", { className: "mark" }),
    );
    made.querySelector(".words").append(
      element("span", { className: "label" }),
      " ",
      element("span", { className: "flags" }),
    );
    made.dataset.id = line.id;
    made.onclick = () => list.choose(line.id);
    list.buttons.set(line.id, made);
  }
  const made = list.buttons.get(line.id);
  made.tabIndex = -1;
  made.setAttribute("aria-selected", chosen);
  made.setAttribute("aria-label", [line.label, ...line.flags, line.said].filter(Boolean).join(", "));
  const set = (name, text) => (made.querySelector(name).textContent = text);
  set(".label", line.label);
  set(".flags", line.flags.join(" · "));
  const mark = made.querySelector(".mark");
  mark.dataset.text = line.mark; // drawn by CSS: the name of the button says it in words
  mark.title = line.said;
  return made;
}

function element(tag, properties) {
  return Object.assign(document.createElement(tag), properties);
}
