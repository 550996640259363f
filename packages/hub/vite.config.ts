import { defineConfig } from "vite";

/**
 * Puts the grammar of PromQL into the compiled file that asks for it, over what
 * the compiler wrote there: who installs the hub needs no parser. Without this
 * step everything works, too, as long as the development dependencies are there.
 */
export default defineConfig({
  publicDir: false,
  build: {
    target: "node20",
    lib: { entry: "src/promql/grammar.ts", formats: ["es"], fileName: () => "grammar.js" },
    outDir: "dist/promql",
    emptyOutDir: false,
    minify: false,
    reportCompressedSize: false,
    rolldownOptions: { output: { banner: "/*! Holds work of others: see THIRD-PARTY.md of this package. */" } },
  },
});
