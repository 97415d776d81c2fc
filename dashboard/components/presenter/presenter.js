// Presses the buttons of the page for whoever has only a keyboard or a remote control in hand.

export default function ({ data }) {
  const press = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest?.("input, textarea, select")) return;
    const name = data.keys[event.key];
    if (!name) return;
    event.preventDefault();
    event.stopPropagation(); // neither the viewer nor Streamlit gets it
    document.querySelector(`.st-key-${name} :is(button, a)`)?.click();
  };
  document.addEventListener("keydown", press, true);
  return () => document.removeEventListener("keydown", press, true);
}
