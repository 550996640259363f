import { defineConfig } from "vite";

/** Compiled files that the parser they ask for is put into, and their sources. */
const BUNDLED = {
  "promql/grammar": "src/promql/grammar.ts",
  "alerts/import/yaml-document": "src/alerts/import/yaml-document.ts",
};

/**
 * Puts the grammar of PromQL and the parser of YAML into the compiled files that
 * ask for them, over what the compiler wrote there: who installs the hub needs
 * no parser. Without this step everything works, too, as long as the
 * development dependencies are there.
 */
export default defineConfig({
  publicDir: false,
  build: {
    target: "node20",
    lib: { entry: BUNDLED, formats: ["es"], fileName: (_format, name) => `${name}.js` },
    outDir: "dist",
    emptyOutDir: false,
    minify: false,
    reportCompressedSize: false,
    rolldownOptions: { output: { banner: "/*! Holds work of others: see THIRD-PARTY.md of this package. */" } },
  },
});
