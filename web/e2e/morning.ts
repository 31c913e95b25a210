/** A morning in a small call centre, the same each time: for pictures. */
export const NOW = Date.parse("2026-03-02T10:24:36+09:00");

export const ago = (seconds: number): string => new Date(NOW - seconds * 1000).toISOString();

export const [SALES, TECH] = ["123456", "234567"];
