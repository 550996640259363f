import { readFileSync } from "node:fs";
import { asFields, asText, parseJson } from "@wsight/protocol";

/** Version of this package. */
export const VERSION: string = readVersion();

function readVersion(): string {
  const text = readFileSync(new URL(import.meta.resolve("@wsight/hub/package.json")), "utf8");
  return asText(
    "INTERNAL",
    "version",
    asFields("INTERNAL", "package.json", parseJson("INTERNAL", "package.json", text)).version,
  );
}
