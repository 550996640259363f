/** How figures can be told to a scraper. */
export type ExpositionFormat = "openmetrics" | "text" | "protobuf";

/** One kind of media that a scraper may ask for. */
interface Offer {
  readonly format: ExpositionFormat;
  /** Whether it is what one entry of `Accept` asks for. */
  readonly matches: (type: string, parameters: ReadonlyMap<string, string>) => boolean;
}

/** In the order in which they are preferred among what a scraper likes equally. */
const OFFERS: readonly Offer[] = [
  {
    format: "protobuf",
    matches: (type, parameters) =>
      type === "application/vnd.google.protobuf" &&
      parameters.get("proto") === "io.prometheus.client.metricfamily" &&
      (parameters.get("encoding") ?? "delimited") === "delimited",
  },
  {
    format: "openmetrics",
    matches: (type, parameters) =>
      type === "application/openmetrics-text" && ["1.0.0", "0.0.1", undefined].includes(parameters.get("version")),
  },
  {
    format: "text",
    matches: (type) => type === "text/plain" || type === "text/*" || type === "*/*",
  },
];

/** Longest header that is looked at. */
const MAX_ACCEPT = 2048;

/** `Content-Type` of each format. */
export const CONTENT_TYPES: Readonly<Record<ExpositionFormat, string>> = {
  openmetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8",
  text: "text/plain; version=0.0.4; charset=utf-8",
  protobuf: "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited",
};

/** Chooses by `Accept`; who asks for nothing that is known gets plain text, as every scraper reads it. */
export function chooseFormat(accept: string | undefined): ExpositionFormat {
  let best: { readonly format: ExpositionFormat; readonly quality: number } = { format: "text", quality: 0 };
  for (const { format, matches } of OFFERS) {
    for (const { type, parameters, quality } of entriesOf(accept)) {
      if (quality > best.quality && matches(type, parameters)) best = { format, quality };
    }
  }
  return best.format;
}

/** True when `Accept-Encoding` takes gzip. */
export function takesGzip(acceptEncoding: string | undefined): boolean {
  return entriesOf(acceptEncoding).some(({ type, quality }) => (type === "gzip" || type === "*") && quality > 0);
}

interface Entry {
  readonly type: string;
  readonly parameters: ReadonlyMap<string, string>;
  readonly quality: number;
}

function entriesOf(header: string | undefined): readonly Entry[] {
  if (header === undefined || header.length > MAX_ACCEPT) return [];
  return header
    .toLowerCase()
    .split(",")
    .map((entry) => {
      const [type = "", ...rest] = entry.split(";").map((part) => part.trim());
      const parameters = new Map(rest.map((part) => splitOnce(part, "=")));
      const quality = Number(parameters.get("q") ?? 1);
      return { type, parameters, quality: quality >= 0 && quality <= 1 ? quality : 0 };
    });
}

function splitOnce(text: string, mark: string): readonly [string, string] {
  const at = text.indexOf(mark);
  return at < 0
    ? [text, ""]
    : [
        text.slice(0, at).trim(),
        text
          .slice(at + 1)
          .trim()
          .replace(/^"(.*)"$/, "$1"),
      ];
}
