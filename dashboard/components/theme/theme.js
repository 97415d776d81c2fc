// Light or dark at once, without the server: style.css follows the color-scheme of the page, and Streamlit takes a theme
// from the page it is embedded in, which is this one (client.allowedOrigins). The choice is kept in this browser.

const KEPT = "second look theme";
const OTHER = { light: "dark", dark: "light" };
const COLORS = {
  primaryColor: "--accent",
  backgroundColor: "--base",
  secondaryBackgroundColor: "--raised",
  textColor: "--text",
  borderColor: "--line",
  linkColor: "--link",
  codeTextColor: "--code",
  codeBackgroundColor: "--raised",
};

export default function ({ data: [data], parentElement }) {
  const button = parentElement.querySelector("button");
  const root = document.documentElement;
  const chosen = () => (localStorage.getItem(KEPT) === "light" ? "light" : "dark");
  const show = () => {
    root.style.colorScheme = chosen();
    const themeInfo = { ...data.shapes, base: ["light", "dark"].indexOf(chosen()), ...colors(root) };
    window.postMessage({ stCommVersion: 1, type: "SET_CUSTOM_THEME_CONFIG", themeInfo }, location.origin);
  };
  const label = () => (button.title = button.ariaLabel = `Switch to the ${OTHER[chosen()]} theme`);
  button.onclick = () => {
    localStorage.setItem(KEPT, OTHER[chosen()]);
    show();
    label();
  };
  if (chosen() === "light" && !root.style.colorScheme) show();
  label();
}

// The colors of style.css as they are in the color-scheme of an element.
function colors(root) {
  const probe = root.appendChild(document.createElement("i"));
  const found = Object.entries(COLORS).map(([name, variable]) => {
    probe.style.color = `var(${variable})`;
    return [name, getComputedStyle(probe).color];
  });
  probe.remove();
  return Object.fromEntries(found);
}
