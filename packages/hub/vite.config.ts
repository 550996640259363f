import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig, type Plugin } from "vite";
import { callOutdated } from "./build/call-outdated.ts";

interface Manifest {
  readonly exports: Readonly<Record<string, string | { readonly default: string }>>;
  readonly imports: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
}

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const { exports, imports, dependencies } = JSON.parse(readFileSync(at("package.json"), "utf8")) as Manifest;
const DIST = "./dist/";
const CHUNKS = "chunks/";
/** All that is loaded by name, of others and of the hub itself, without ending: `store/process/store-process`. */
const ENTRIES = [...Object.values(exports), ...Object.values(imports)]
  .map((target) => (typeof target === "string" ? target : target.default))
  .filter((path) => path.startsWith(DIST))
  .map((path) => path.slice(DIST.length, -".js".length));

/**
 * Puts what a hub runs into few files, over those that the compiler wrote for
 * its entries: hundreds of small ones take longer to load than to run. Parsers
 * of PromQL and YAML are put in, so that who installs the hub needs none;
 * what is in `dependencies` stays outside.
 *
 * Without this step everything works, too, as long as the development
 * dependencies are there, and a change that is compiled ends the bundle: the
 * compiler writes the entries anew (see `callOutdated`).
 */
export default defineConfig({
  publicDir: false,
  plugins: [overCompiled()],
  build: {
    target: "node20",
    lib: { entry: Object.fromEntries(ENTRIES.map((entry) => [entry, `src/${entry}.ts`])), formats: ["es"] },
    outDir: "dist",
    emptyOutDir: false,
    // People read stack traces of it.
    minify: false,
    reportCompressedSize: false,
    rolldownOptions: {
      // Whoever builds from wherever: comments name sources from here.
      cwd: at("."),
      external: [/^node:/, ...Object.keys(dependencies).map((name) => new RegExp(`^${name}(/|$)`))],
      output: {
        entryFileNames: "[name].js",
        // The same names in each build: a hub that runs while another is built finds what it loads later.
        chunkFileNames: `${CHUNKS}[name].js`,
        minifyInternalExports: false,
        codeSplitting: {
          groups: [{ name: "promql-grammar", test: /[\\/](@lezer|lezer-promql)[\\/]|promql[\\/]grammar/ }],
        },
        banner: ({ moduleIds }) =>
          moduleIds.some((id) => id.includes("node_modules"))
            ? "/*! Holds work of others: see THIRD-PARTY.md of this package. */"
            : "",
      },
    },
  },
});

/** Keeps `dist` true while files of two makers lie in it. */
function overCompiled(): Plugin {
  return {
    name: "over-compiled",
    generateBundle() {
      const record = at("dist/.tsbuildinfo");
      if (!existsSync(record)) return;
      callOutdated(
        record,
        ENTRIES.map((entry) => `../src/${entry}.ts`),
      );
    },
    writeBundle(_options, bundle) {
      for (const name of readdirSync(at(`dist/${CHUNKS}`)))
        if (!(CHUNKS + name in bundle)) rmSync(at(`dist/${CHUNKS}${name}`));
    },
  };
}
