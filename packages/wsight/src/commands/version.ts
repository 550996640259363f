import { readFile } from "node:fs/promises";
import { asFields, asText, parseJson } from "@wsight/protocol";
import type { Command } from "./command.ts";

/** `wsight version` */
export const versionCommand: Command = {
  name: "version",
  summary: "the version of wsight",
  flags: {},
  async run(_values, { stdout }) {
    const text = await readFile(new URL("../../package.json", import.meta.url), "utf8");
    const { version } = asFields("INTERNAL", "package.json", parseJson("INTERNAL", "package.json", text));
    stdout.write(`${asText("INTERNAL", "version", version)}\n`);
    return 0;
  },
};
