import { defineConfig } from "vitest/config";

/** "npm run screenshots" makes the pictures of the documentation. */
export default defineConfig({
  test: { include: ["e2e/screenshots.ts"], testTimeout: 60_000, hookTimeout: 60_000 },
});
