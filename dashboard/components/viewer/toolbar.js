// The buttons, sliders and the help, made from the commands.

const GROUPS = [
  ["window", "pan", "zoom", "length", "rectangle", "area"],
  ["out", "fit", "in", "actual"],
  ["PRESETS", "invert", "MORE"],
  ["overlay", "contours", "cells", "tint", "OPACITY", "THRESHOLD", "MASS"],
  ["blink", "swipe", "LAYOUT", "full", "help"],
];
const MORE = ["right", "left", "mirror", "upside", "reset", "remove", "next"];
const LAYOUT = ["all", "pair", "pictures", "one"];
const TEXTS = { fit: "Fit", actual: "1:1", help: "?" };

class Toolbar {
  constructor(viewer) {
    this.viewer = viewer;
    this.buttons = new Map();
    const bar = viewer.root.querySelector(".tools");
    for (const names of GROUPS) {
      const group = element("div", { className: "group" });
      group.append(...names.map((name) => this.made(name)));
      bar.append(group);
    }
    this.help();
  }

  made(name) {
    if (name === "PRESETS") return this.presets();
    if (name === "MORE") return this.menu("more", "Rotate, flip, reset", MORE);
    if (name === "LAYOUT") return this.menu("all", "Which panes", LAYOUT);
    if (name === "OPACITY") return this.slider("opacity", "Opacity of the map", 0, 100);
    if (name === "THRESHOLD") return this.slider("threshold", "Hide the map below, in percent of its scale", 0, 95);
    if (name === "MASS") return this.slider("mass", "Outline the strongest places that hold this much of what the map shows, in percent", 5, 95);
    return this.button(name);
  }

  button(name, text = "") {
    const command = BY_NAME[name];
    const key = command.key ? ` (${KEY_NAMES[command.key] ?? command.key})` : "";
    const button = element("button", { type: "button", name, title: `${command.label}${key}` });
    button.setAttribute("aria-label", command.label);
    button.innerHTML = TEXTS[name] ?? icon(name) + text;
    button.onclick = () => this.viewer.run(command);
    this.buttons.set(command, button);
    return button;
  }

  presets() {
    const select = (this.select = element("select", { name: "preset", title: "Window (1 to 5)" }));
    select.setAttribute("aria-label", "Window preset");
    select.onchange = () => this.viewer.looking.preset(Number(select.value));
    return select;
  }

  menu(image, label, names) {
    const menu = element("details", { className: `menu ${image}` });
    const summary = element("summary", { title: label, innerHTML: icon(image) });
    summary.setAttribute("aria-label", label);
    const list = element("div", { className: "list" });
    list.append(...names.map((name) => this.button(name, `<span>${BY_NAME[name].label}</span>`)));
    menu.append(summary, list);
    list.onclick = () => {
      menu.open = false;
      this.viewer.grid.focus({ preventScroll: true });
    };
    menu.addEventListener("focusout", (event) => menu.contains(event.relatedTarget) || (menu.open = false));
    menu.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !menu.open) return;
      event.stopPropagation();
      menu.open = false;
      summary.focus();
    });
    return menu;
  }

  slider(name, label, min, max) {
    const holder = element("label", { title: label, innerHTML: icon(name) });
    const input = element("input", { type: "range", name, min, max, step: 1 });
    input.setAttribute("aria-label", label);
    input.oninput = () => this.viewer.set(name, Number(input.value));
    holder.append(input, element("output"));
    return holder;
  }

  update() {
    const { viewer } = this;
    for (const [command, button] of this.buttons) {
      if (command.on) button.setAttribute("aria-pressed", Boolean(command.on(viewer)));
      button.disabled = Boolean(command.can && !command.can(viewer));
    }
    for (const name of ["opacity", "threshold", "mass"]) {
      const input = viewer.root.querySelector(`input[name=${name}]`);
      input.value = viewer.settings[name];
      input.nextElementSibling.textContent = viewer.settings[name];
      input.setAttribute("aria-valuetext", `${viewer.settings[name]} %`);
      if (name !== "opacity") input.parentElement.hidden = (name === "mass") !== viewer.settings.contours;
    }
    const hide = (selector, hidden) => (viewer.root.querySelector(selector).hidden = hidden);
    hide("[name=area]", !viewer.scene.canSelect);
    for (const selector of [".menu.all", "[name=blink]", "[name=swipe]"]) hide(selector, Boolean(viewer.scene.columns));
    for (const row of viewer.root.querySelectorAll("dialog [data-step]")) {
      row.hidden = !viewer.scene.steps;
      row.lastChild.textContent = `${row.dataset.step} ${viewer.scene.steps}`;
    }
    this.choices();
  }

  choices() {
    const { viewer, select } = this;
    const presets = viewer.grays[0]?.window.presets ?? [];
    const names = presets.map(({ name }, index) => `${index + 1} ${name}`);
    const chosen = viewer.looking.presetShown;
    const options = names.map((name, index) => new Option(name, index, false, index === chosen));
    if (chosen < 0) options.unshift(new Option(presets.length ? "Window: own" : "Color", -1, true, true));
    select.replaceChildren(...options);
    select.disabled = !presets.length;
  }

  readout(text) {
    const button = this.buttons.get(BY_NAME.fit);
    if (button.textContent === text) return;
    button.textContent = text;
    button.setAttribute("aria-label", `${BY_NAME.fit.label}, now ${text}`);
  }

  help() {
    const rows = COMMANDS.filter(({ key, label }) => key && label).map(({ key, label, by }) => [KEY_NAMES[key] ?? key, label, by]);
    const list = this.viewer.root.querySelector("dialog dl");
    for (const [key, label, by] of [...rows, ...MORE_HELP]) {
      const row = element("div");
      if (by) row.dataset.step = label; // of what, says the scene
      row.append(element("dt", { textContent: key }), element("dd", { textContent: label }));
      list.append(row);
    }
    this.viewer.root.querySelector("dialog button").onclick = (event) => event.target.closest("dialog").close();
  }
}
