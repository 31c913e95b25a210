import { writeFile } from "node:fs/promises";

/**
 * Writes a voice that is a tone with pauses: browsers take a steady one for
 * noise and suppress it.
 */
export async function writeVoice(path: string, hz: number): Promise<void> {
  const rate = 48_000;
  const samples = new Int16Array(rate * 6);
  for (let i = 0; i < samples.length; i++) {
    const speaks = (i / rate) % 0.9 < 0.6;
    samples[i] = speaks ? 16_384 * Math.sin((2 * Math.PI * hz * i) / rate) : 0;
  }
  const head = Buffer.alloc(44);
  head.write("RIFF", 0);
  head.writeUInt32LE(36 + samples.byteLength, 4);
  head.write("WAVEfmt ", 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20); // PCM
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(rate, 24);
  head.writeUInt32LE(2 * rate, 28);
  head.writeUInt16LE(2, 32);
  head.writeUInt16LE(16, 34);
  head.write("data", 36);
  head.writeUInt32LE(samples.byteLength, 40);
  await writeFile(path, Buffer.concat([head, Buffer.from(samples.buffer)]));
}
