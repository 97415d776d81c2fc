// The cases as one list: click or arrow keys choose.

export default function ({ data, parentElement, setTriggerValue }) {
  const list = parentElement.querySelector(".worklist");
  const focused = list.contains(document.activeElement?.shadowRoot?.activeElement ?? document.activeElement);
  list.classList.toggle("short", data.short);
  const lines = [];
  let group = null;
  for (const { id, group: name, label, mark, said, thumbnail } of data.lines) {
    if (name !== group) lines.push(element("div", { className: "group", role: "presentation", textContent: (group = name) }));
    const chosen = id === data.chosen;
    const button = element("button", { type: "button", role: "option", tabIndex: chosen ? 0 : -1 });
    button.dataset.id = id;
    button.setAttribute("aria-selected", chosen);
    button.setAttribute("aria-label", `${label}${said && ", " + said}`);
    button.append(
      element("img", { src: thumbnail, alt: "", loading: "lazy" }),
      element("span", { className: "label", textContent: label }),
      element("span", { className: "mark", textContent: mark, title: said }),
    );
    button.onclick = () => setTriggerValue("chosen", id);
    lines.push(button);
  }
  const before = list.chosen;
  list.replaceChildren(...lines);
  list.chosen = data.chosen;
  const current = list.querySelector('[aria-selected="true"]');
  if (before !== data.chosen) current?.scrollIntoView({ block: "nearest" });
  if (focused) current?.focus();

  list.onkeydown = (event) => {
    const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
    if (["c", "r"].includes(event.key)) event.stopPropagation(); // Streamlit's own shortcuts
    if (!step) return;
    event.preventDefault();
    const buttons = [...list.querySelectorAll("button")];
    buttons[buttons.indexOf(event.target) + step]?.focus();
  };
}

function element(tag, properties) {
  return Object.assign(document.createElement(tag), properties);
}
