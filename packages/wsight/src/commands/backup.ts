import { statSync } from "node:fs";
import { resolve } from "node:path";
import { WsightError } from "@wsight/protocol";
import { readEnvironment } from "../environment.ts";
import type { Command } from "./command.ts";
import { readSettings, SHARED_FLAGS } from "./flags.ts";

/** `wsight backup FILE` */
export const backupCommand: Command = {
  name: "backup",
  summary: "copy the history, alerts and jobs of a data directory, also while a hub runs",
  argument: "FILE",
  flags: { data: SHARED_FLAGS.data },
  async run(values, { environment, stderr }, file) {
    if (file === undefined) throw new WsightError("BAD_OPTION", "backup: expected a new file to write, got nothing");
    const { data = ".wsight" } = { ...readEnvironment(environment), ...readSettings(values, ["data"]) };
    if (data === null) throw new WsightError("BAD_OPTION", "--data: expected a directory, got none");
    const { backUp } = await import("@wsight/hub");
    const path = resolve(file);
    for (const copy of backUp(resolve(data), path)) {
      stderr.write(
        `wsight: ${statSync(copy.path).size.toLocaleString("en")} bytes to ${copy.path}; to go back to it, end the hub ` +
          `and put it in the place of ${copy.file} in ${resolve(data)} (without ${copy.file}-wal and -shm)\n`,
      );
    }
    return 0;
  },
};
