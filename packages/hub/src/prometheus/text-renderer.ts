import { bucketBound, type Histogram } from "@wsight/protocol";
import type { Family, FamilySample, Renderer } from "./family.ts";
import { formatBound } from "./names.ts";

/** Text is put into bytes in pieces of about this size. */
const PIECE_CHARACTERS = 64 * 1024;

/** The two text formats: OpenMetrics 1.0, and the older one of Prometheus (0.0.4). */
export class TextRenderer implements Renderer {
  readonly #isOpen: boolean;
  readonly #pieces: Buffer[] = [];
  #bytes = 0;
  #text = "";
  #family: Family | null = null;
  /** `le="…"` of each bucket of the family. */
  #bounds: readonly string[] = [];

  constructor(format: "openmetrics" | "text") {
    this.#isOpen = format === "openmetrics";
  }

  get length(): number {
    return this.#bytes + this.#text.length;
  }

  family(family: Family): void {
    this.#family = family;
    this.#bounds = family.bounds.map((bound) => `le="${formatBound(bound)}"`);
    const { kind, unit, help } = family;
    // A counter's family has the name of its samples in the older format.
    const name = this.#isOpen ? family.name : valueName(family);
    this.#write(`# HELP ${name} ${this.#isOpen ? escapeQuoted(help) : escapeLine(help)}\n# TYPE ${name} ${kind}\n`);
    if (this.#isOpen && unit !== "") this.#write(`# UNIT ${name} ${unit}\n`);
  }

  sample({ labels, value }: FamilySample): void {
    const family = this.#family;
    if (family === null) return;
    const inner = labels.map(([name, text]) => `${name}="${escapeQuoted(text)}"`).join(",");
    if (typeof value === "number") this.#write(`${valueName(family)}${inner && `{${inner}}`} ${formatValue(value)}\n`);
    else this.#histogram(family, inner, value);
  }

  finish(): Uint8Array {
    if (this.#isOpen) this.#write("# EOF\n");
    this.#cut();
    return Buffer.concat(this.#pieces);
  }

  #histogram({ name, bounds }: Family, inner: string, histogram: Histogram): void {
    const counts = cumulativeCounts(histogram, bounds);
    const start = `${name}_bucket{${inner}${inner && ","}`;
    let text = "";
    for (let i = 0; i < counts.length; i++) text += `${start}${this.#bounds[i]}} ${counts[i]}\n`;
    const labels = inner && `{${inner}}`;
    text += `${start}le="+Inf"} ${histogram.count}\n`;
    text += `${name}_sum${labels} ${formatValue(histogram.sum)}\n${name}_count${labels} ${histogram.count}\n`;
    this.#write(text);
  }

  #write(text: string): void {
    this.#text += text;
    if (this.#text.length >= PIECE_CHARACTERS) this.#cut();
  }

  #cut(): void {
    const piece = Buffer.from(this.#text);
    this.#pieces.push(piece);
    this.#bytes += piece.length;
    this.#text = "";
  }
}

/** Values up to each bound. Exact, as the bounds are bounds of the distribution's own buckets. */
export function cumulativeCounts(histogram: Histogram, bounds: readonly number[]): readonly number[] {
  const counts: number[] = [];
  let total = histogram.zeroCount;
  histogram.forEachBucket((index, count) => {
    while (counts.length < bounds.length && bucketBound(index) >= (bounds[counts.length] as number)) counts.push(total);
    total += count;
  });
  while (counts.length < bounds.length) counts.push(total);
  return counts;
}

/** Name of the samples of a counter or gauge. */
export function valueName({ name, kind }: Pick<Family, "name" | "kind">): string {
  return kind === "counter" ? `${name}_total` : name;
}

function formatValue(value: number): string {
  return Number.isFinite(value) ? String(value) : value !== value ? "NaN" : value > 0 ? "+Inf" : "-Inf";
}

function escapeLine(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}

function escapeQuoted(text: string): string {
  return NEEDS_ESCAPE.test(text) ? escapeLine(text).replaceAll('"', '\\"') : text;
}

const NEEDS_ESCAPE = /[\\"\n]/;
