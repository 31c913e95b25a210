import { defineConfig } from "vitest/config";

const limits = { testTimeout: 120_000, hookTimeout: 120_000 };
/** How smooth a page is can be told only when nothing else works. */
const alone = "e2e/burst.test.ts";

/** Tests in a real Chromium, against real servers. Most of the time they wait: two files are run at once. */
export default defineConfig({
  test: {
    projects: [
      { test: { name: "alone", include: [alone], maxWorkers: 1, sequence: { groupOrder: 0 }, ...limits } },
      {
        test: {
          name: "together",
          include: ["e2e/**/*.test.ts"],
          exclude: [alone],
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
          ...limits,
        },
      },
    ],
  },
});
