import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";

const run = promisify(execFile);
/** `ws` as it is installed, bytes. */
const WS_BYTES = 165_000;

interface Packed {
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string }[];
}

async function pack(name: string): Promise<Packed> {
  const cwd = dirname(fileURLToPath(import.meta.resolve(`${name}/package.json`)));
  const { stdout } = await run("npm", ["pack", "--dry-run", "--json"], { cwd, maxBuffer: 16 * 1024 * 1024 });
  const answer = JSON.parse(stdout) as Packed[] | Record<string, Packed>;
  const [packed] = Object.values(answer);
  if (packed === undefined) throw new Error(`npm packed nothing of ${name}`);
  return packed;
}

describe("what applications install to be measured", () => {
  it("is three packages of at most 2 MB, without what only this repository needs", async () => {
    const manifest = await readFile(fileURLToPath(import.meta.resolve("@wsight/probe/package.json")), "utf8");
    expect(Object.keys((JSON.parse(manifest) as { dependencies: object }).dependencies)).toEqual([
      "@wsight/protocol",
      "ws",
    ]);
    const packed = await Promise.all(["@wsight/probe", "@wsight/protocol"].map(pack));
    const bytes = packed.reduce((sum, { unpackedSize }) => sum + unpackedSize, WS_BYTES);
    console.log(`probe: ${(bytes / 1e6).toFixed(2)} MB installed, with all it needs`);
    expect(bytes).toBeLessThanOrEqual(2_000_000);
    const paths = packed.flatMap(({ files }) => files.map(({ path }) => path));
    expect(paths).toContain("dist/index.js");
    expect(paths.filter((path) => /^src\/|\.map$|tsbuildinfo$/.test(path))).toEqual([]);
  });
});
