import { defineConfig } from "vitest/config";

/** Tests in a real Chromium, against real servers. They share one, so they run one after another. */
export default defineConfig({
  test: {
    include: ["e2e/**/*.test.ts"],
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
