import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

/** The calld that "npm run dev" shows: by default that of "make demo". */
const calld = process.env["CALLD"] ?? "http://127.0.0.1:8080";

export default defineConfig({
  base: "./",
  plugins: [svelte()],
  build: {
    target: "es2023",
    modulePreload: { polyfill: false },
    // No data: URLs: the page loads nothing but its own files.
    assetsInlineLimit: 0,
  },
  server: {
    proxy: { "/api": calld, "/ws": { target: calld, ws: true }, "/sip": { target: calld, ws: true } },
  },
  // A machine that is busy otherwise is slow, and fails nothing.
  test: { include: ["src/**/*.test.ts"], testTimeout: 60_000 },
});
