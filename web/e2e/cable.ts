import { connect, createServer, type Server, type Socket } from "node:net";

/** A network cable between browser and server that can be cut: what is open breaks, and nothing new gets through. */
export class Cable {
  readonly #server: Server;
  readonly #open = new Set<Socket>();
  #cut = false;
  url = "";

  private constructor(target: URL) {
    this.#server = createServer((near) => {
      if (this.#cut) return near.destroy();
      const far = connect(Number(target.port), target.hostname);
      for (const s of [near, far]) {
        this.#open.add(s);
        s.on("error", () => s.destroy());
        s.on("close", () => {
          this.#open.delete(s);
          near.destroy();
          far.destroy();
        });
      }
      near.pipe(far);
      far.pipe(near);
    });
  }

  static lay(target: string): Promise<Cable> {
    const cable = new Cable(new URL(target));
    return new Promise((resolve) => {
      cable.#server.listen(0, "127.0.0.1", () => {
        const at = cable.#server.address();
        if (at && typeof at === "object") cable.url = `http://127.0.0.1:${at.port}/`;
        resolve(cable);
      });
    });
  }

  cut(): void {
    this.#cut = true;
    for (const s of this.#open) s.destroy();
  }

  mend(): void {
    this.#cut = false;
  }

  remove(): void {
    this.cut();
    this.#server.close();
  }
}
