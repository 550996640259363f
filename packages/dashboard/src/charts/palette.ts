/** Colour tokens that canvases draw with. */
const CANVAS_TOKENS = [
  "surface",
  "sunken",
  "line",
  "line-strong",
  "text",
  "text-3",
  "accent",
  "ok-fill",
  "warn",
  "warn-fill",
  "crit-fill",
  "crit",
  "c1",
  "c2",
  "c3",
  "c4",
  "c5",
  "c6",
  "other",
  "p50",
  "p95",
  "p99",
  "heat-0",
  "heat-1",
  "heat-2",
  "heat-3",
  "heat-4",
  "heat-5",
  "hatch",
] as const;

/** Name of a colour token, as in the style sheet without `--`. */
export type ColorToken = (typeof CANVAS_TOKENS)[number];

/** Colours as the page resolves them now, as `rgb(...)` text. */
export type Palette = Readonly<Record<ColorToken, string>>;

/** Asks the browser what every token is in the current theme, contrast and forced-colours mode. */
export function readPalette(host: HTMLElement): Palette {
  const probe = document.createElement("i");
  probe.style.forcedColorAdjust = "none";
  host.append(probe);
  const entries = CANVAS_TOKENS.map((token) => {
    probe.style.color = `var(--${token})`;
    return [token, getComputedStyle(probe).color];
  });
  probe.remove();
  return Object.fromEntries(entries) as Palette;
}

/** The same colour with an opacity from 0 to 1. */
export function fade(color: string, alpha: number): string {
  const [red = "0", green = "0", blue = "0"] = color.match(/[\d.]+/g) ?? [];
  return `rgb(${red} ${green} ${blue} / ${alpha})`;
}
