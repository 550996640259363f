import { readdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import { defineConfig, type Plugin } from "vite";

const COMPRESSIBLE = /\.(html|js|css|svg)$/;

/** Writes a `.br` and a `.gz` beside every text asset, so that the hub never compresses while serving. */
function precompress(): Plugin {
  let outDir = "";
  return {
    name: "wsight:precompress",
    apply: "build",
    configResolved(config) {
      outDir = resolve(config.root, config.build.outDir);
    },
    async closeBundle() {
      const names = await readdir(outDir, { recursive: true });
      await Promise.all(
        names
          .filter((name) => COMPRESSIBLE.test(name))
          .map(async (name) => {
            const path = join(outDir, name);
            const source = await readFile(path);
            const params = { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY };
            await writeFile(`${path}.br`, await promisify(brotliCompress)(source, { params }));
            await writeFile(`${path}.gz`, await promisify(gzip)(source, { level: 9 }));
          }),
      );
    },
  };
}

/** Fetches a part and its style sheets; a sheet that does not come is no reason to show nothing. */
const FETCH_PART = `
const sheet = (href) => new Promise((done) => {
  // The page's own sheet names itself by a relative address: fetched again it would come last, and win.
  if ([...document.querySelectorAll("link")].some((link) => link.href === href)) return done();
  const link = Object.assign(document.createElement("link"), { rel: "stylesheet", href, onload: done, onerror: done });
  document.head.append(link);
});
export const __vitePreload = (load, sheets, from) =>
  Promise.all([load(), ...(sheets ?? []).map((path) => sheet(new URL(path, from).href))]).then(([part]) => part);
`;

/** Lazy parts come with the style sheets they import, and nothing else: Vite's own helper is 0.7 KB of the first script. */
function plainImports(): Plugin {
  return {
    name: "wsight:plain-imports",
    enforce: "pre",
    load: (id) => (id.includes("vite/preload-helper") ? FETCH_PART : null),
  };
}

export default defineConfig({
  base: "./",
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    target: "es2022",
    // The style sheet relies on light-dark() and nesting; browsers since mid 2024 have both.
    cssTarget: ["chrome123", "firefox120", "safari17.5"],
    assetsDir: "assets",
    // A strict CSP allows no data: fonts, and everything else is better cached by its hash.
    assetsInlineLimit: 0,
    modulePreload: false,
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            // The metrics' names and meanings: the first view has none of them, what looks at the past has.
            { name: "past", test: /protocol\/dist\/(catalogue|history)/, priority: 2 },
            // All that the first view needs in one file: small files of their own compress worse.
            { name: "first", tags: ["$initial"], priority: 1 },
          ],
        },
      },
    },
    reportCompressedSize: false,
  },
  plugins: [plainImports(), precompress()],
});
