import { access } from "node:fs/promises";
import { join, resolve } from "node:path";
import { resolveSecret } from "@wsight/hub/secret";
import { WsightError } from "@wsight/protocol";
import { type Environment, readEnvironment } from "./environment.ts";

/** Where a secret is looked for, before the environment. */
export interface SecretPlace {
  readonly secret?: string | undefined;
  /** Data directory of the hub. */
  readonly data?: string | null | undefined;
}

/**
 * The secret of the hub whose tokens these are. One that no hub knows would be of no use, so none is made here.
 * @throws WsightError `BAD_OPTION` when there is none
 */
export async function findSecret({ secret, data }: SecretPlace, environment: Environment): Promise<string> {
  const known = readEnvironment(environment);
  const given = secret ?? known.secret;
  if (given !== undefined) return (await resolveSecret({ secret: given, dataDir: null })).value;
  const place = data === undefined ? (known.data ?? ".wsight") : data;
  const dataDir = place === null ? null : resolve(place);
  if (dataDir === null || !(await exists(join(dataDir, "secret")))) {
    throw new WsightError(
      "BAD_OPTION",
      `--data: expected the data directory of a hub that has run, got ${dataDir ?? "none"}. ` +
        "Start the hub there first, or set WSIGHT_SECRET to its secret",
    );
  }
  return (await resolveSecret({ dataDir })).value;
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
