// Sets the theme before the first paint. The page's own code takes over from here.
try {
  const kept = localStorage.getItem("wsight.theme");
  const dark = kept === "dark" || (kept !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.dataset.theme = dark ? "dark" : "light";
} catch {
  // Without storage the style sheet follows the system by itself.
}
