// Presses the buttons of the page for whoever has only a keyboard or a remote control in hand.

export default function ({ data: [data] }) {
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
  return () => document.removeEventListener("keydown", press, true);
}
