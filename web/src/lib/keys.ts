/** What a key does anywhere on the page. */
export type Command =
  | { do: "available" }
  | { do: "away" }
  | { do: "memo" }
  | { do: "answer" }
  | { do: "decline" }
  | { do: "mute" }
  | { do: "search" }
  | { do: "help" }
  | { do: "screen"; index: number };

export interface Key {
  key: string;
  code: string;
  altKey: boolean;
  ctrlKey: boolean;
  metaKey: boolean;
  shiftKey: boolean;
}

/**
 * The command of a key. Function keys work while a memo is written; others go
 * by the place of the key (code), since with Hangul on the letters differ.
 */
export function command(e: Key, typing: boolean): Command | null {
  if (e.ctrlKey || e.metaKey) return null;
  if (e.altKey) {
    if (e.code === "KeyM") return { do: "mute" };
    const digit = /^Digit([1-7])$/.exec(e.code);
    return digit ? { do: "screen", index: Number(digit[1]) - 1 } : null;
  }
  if (e.key === "F9") return { do: e.shiftKey ? "decline" : "answer" };
  if (!e.shiftKey) {
    switch (e.key) {
      case "F2":
        return { do: "available" };
      case "F4":
        return { do: "away" };
      case "F8":
        return { do: "memo" };
    }
  }
  if (typing || e.code !== "Slash") return null;
  return { do: e.shiftKey ? "help" : "search" };
}
