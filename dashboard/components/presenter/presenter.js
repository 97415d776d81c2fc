// Presses the buttons of the page for whoever has only a keyboard or a remote control in hand.

let off; // a change of data calls again, without an end of what was called before

export default function ({ data: [data] }) {
  off?.();
  const press = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey || event.repeat) return;
    if (event.composedPath()[0].closest?.("input, textarea, select, dialog, [role=radiogroup]")) return;
    const name = data.keys[event.key];
    const button = name && document.querySelector(`.st-key-${name} :is(button, a)`);
    if (!button || button.disabled) return;
    event.preventDefault();
    event.stopPropagation(); // neither the viewer nor Streamlit gets it
    button.click();
  };
  document.addEventListener("keydown", press, true);
  off = () => document.removeEventListener("keydown", press, true);
  return off;
}
