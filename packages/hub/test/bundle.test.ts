import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { builtinModules } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, posix } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it, onTestFinished } from "vitest";
import { callOutdated } from "../build/call-outdated.ts";

const run = promisify(execFile);
const HUB: string = dirname(fileURLToPath(import.meta.resolve("@wsight/hub/package.json")));
const TSC = fileURLToPath(new URL("../../../node_modules/typescript/bin/tsc", import.meta.url));
const isBundled: boolean = (await readFile(join(HUB, "dist/index.js"), "utf8")).includes('from "./chunks/');

interface Packed {
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string }[];
}

interface Imported {
  readonly file: string;
  readonly name: string;
}

describe("a bundle over compiled files", () => {
  it("stays while its sources stay, and ends with the next change that is compiled", async () => {
    const { write, read, compile, record } = await createProject();
    await write("src/index.ts", 'export { one } from "./part.ts";\n');
    await write("src/part.ts", "export const one: number = 1;\n");
    await compile();
    const compiled = await read("dist/index.js");
    await write("dist/index.js", "bundle\n");
    callOutdated(record, ["../src/index.ts"]);

    await compile();
    expect(await read("dist/index.js")).toBe("bundle\n");
    await write("src/part.ts", "export const one: number = 1.5;\n");
    await compile();
    expect(await read("dist/index.js")).toBe(compiled);
    expect(await read("dist/part.js")).toContain("1.5");
  });

  it("does not hide what was changed before it was made, and not compiled", async () => {
    const { write, read, compile, record } = await createProject();
    await write("src/index.ts", "export const one: number = 1;\n");
    await compile();
    await write("src/index.ts", "export const one: number = 1.5;\n");
    callOutdated(record, ["../src/index.ts"]);
    await compile();
    expect(await read("dist/index.js")).toContain("1.5");
  });

  it("ends with the next compilation where the compiler's record can't be read", async () => {
    const { write, read, compile, record } = await createProject();
    await write("src/index.ts", "export const one: number = 1;\n");
    await compile();
    await write("dist/index.js", "bundle\n");
    callOutdated(record, ["../src/unheard-of.ts"]);
    await compile();
    expect(await read("dist/index.js")).toContain("one = 1");
  });
});

// After `tsc -b` alone nothing is bundled, and nothing that is published can be looked at.
describe.skipIf(!isBundled)("what is published of the hub", () => {
  it("has all that it imports, or names it as a dependency, and no source, map or compiled file beside", async () => {
    const { stdout } = await run("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], {
      cwd: HUB,
      maxBuffer: 16 * 1024 * 1024,
    });
    const [packed] = Object.values(JSON.parse(stdout) as Packed[] | Record<string, Packed>);
    const paths = packed?.files.map(({ path }) => path) ?? [];
    const code = paths.filter((path) => path.endsWith(".js"));
    console.log(`hub: ${code.length} files of code, ${((packed?.unpackedSize ?? 0) / 1e6).toFixed(2)} MB unpacked`);
    const { dependencies, exports, imports } = JSON.parse(
      await readFile(join(HUB, "package.json"), "utf8"),
    ) as Manifest;
    const named = [...Object.values(exports), ...Object.values(imports)].flatMap((target) =>
      typeof target === "string" ? [target] : Object.values(target),
    );
    expect(named.map((path) => posix.normalize(path)).filter((path) => !paths.includes(path))).toEqual([]);

    const known = [...Object.keys(dependencies), ...builtinModules.map((name) => `node:${name}`)];
    const imported = (await Promise.all(code.map(importsOf))).flat();
    expect(imported.length).toBeGreaterThan(100);
    const missing = imported.filter(({ file, name }) =>
      name.startsWith(".") ? !code.includes(posix.join(posix.dirname(file), name)) : !known.includes(name),
    );
    expect(missing).toEqual([]);

    const wanted = new Set(imported.map(({ file, name }) => posix.join(posix.dirname(file), name)));
    const unwanted = code.filter((path) => !wanted.has(path) && !named.includes(`./${path}`));
    expect(unwanted).toEqual([]);
    expect(paths.filter((path) => /^src\/|\.map$|tsbuildinfo$/.test(path))).toEqual([]);
  });

  it("says where it holds work of others", async () => {
    const others = ["chunks/promql-grammar.js", "chunks/yaml-document.js"];
    for (const path of ["index.js", "worker.js", "chunks/hub.js", ...others]) {
      const text = await readFile(join(HUB, "dist", path), "utf8");
      expect([path, text.includes("THIRD-PARTY.md"), /^\/\/ \S*node_modules\//m.test(text)]).toEqual([
        path,
        others.includes(path),
        others.includes(path),
      ]);
    }
  });
});

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
  readonly imports: Readonly<Record<string, string>>;
}

async function importsOf(file: string): Promise<Imported[]> {
  const text = await readFile(join(HUB, file), "utf8");
  const found = text.matchAll(/^(?:import|export) (?:[^;"]+ from )?"([^"]+)"|\bimport\("([^"]+)"\)/gm);
  return [...found].map(([, always, later]) => ({ file, name: always ?? later ?? "" }));
}

/** A project as the hub is one. */
async function createProject(): Promise<{
  readonly record: string;
  readonly write: (path: string, text: string) => Promise<void>;
  readonly read: (path: string) => Promise<string>;
  readonly compile: () => Promise<void>;
}> {
  const root = await mkdtemp(join(tmpdir(), "wsight-bundle-"));
  onTestFinished(() => rm(root, { recursive: true }));
  await mkdir(join(root, "src"));
  const write = (path: string, text: string): Promise<void> => writeFile(join(root, path), text);
  await write("package.json", '{ "type": "module" }');
  await write(
    "tsconfig.json",
    JSON.stringify({
      extends: fileURLToPath(new URL("../../../tsconfig.base.json", import.meta.url)),
      compilerOptions: { rootDir: "src", outDir: "dist", tsBuildInfoFile: "dist/.tsbuildinfo" },
      include: ["src"],
    }),
  );
  return {
    record: join(root, "dist/.tsbuildinfo"),
    write,
    read: (path) => readFile(join(root, path), "utf8"),
    compile: async () => {
      await run(process.execPath, [TSC, "-b", root]);
    },
  };
}
