/** Builds the page's folder: bundles, networks, runtime, packed copies. `node build.ts FOLDER` */
import { createHash } from "node:crypto";
import { cp, mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import process from "node:process";
import { promisify } from "node:util";
import zlib from "node:zlib";
import * as esbuild from "esbuild";

const HERE = import.meta.dirname;
const RUNTIME = path.join(HERE, "node_modules/onnxruntime-web");
const MODELS = path.join(HERE, "models");
const PORTRAIT = path.join(HERE, "../deepflash/weights/portrait.onnx");
/** The plain runtime, and the one that also speaks WebGPU; a visitor loads one of them. */
const RUNTIME_FILES = ["ort-wasm-simd-threaded", "ort-wasm-simd-threaded.jspi"].flatMap((name) => [
  `${name}.mjs`,
  `${name}.wasm`,
]);
const PACKED = new Set([".css", ".html", ".js", ".mjs", ".onnx", ".svg", ".wasm", ".webmanifest"]);
/** One step further takes four times as long for two hundredths of the bytes. */
const BROTLI = { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 9 } };

const brotli = promisify(zlib.brotliCompress);
const gzip = promisify<zlib.InputType, zlib.ZlibOptions, Buffer>(zlib.gzip);

const BUNDLING = {
  bundle: true,
  format: "esm",
  target: "es2022",
  minify: true,
  legalComments: "none",
  // Without it the runtime brings a second copy of its loader, which is never used.
  conditions: ["onnxruntime-web-use-extern-wasm"],
  logLevel: "warning",
} as const satisfies esbuild.BuildOptions;

async function bundles(folder: string): Promise<void> {
  await esbuild.build({
    ...BUNDLING,
    entryPoints: {
      main: path.join(HERE, "src/page/main.ts"),
      "engine-worker": path.join(HERE, "src/engine/engine-worker.ts"),
      "row-worker": path.join(HERE, "src/engine/row-worker.ts"),
    },
    outdir: folder,
    // The runtime that is not chosen is never fetched.
    splitting: true,
    chunkNames: "parts/[name]-[hash]",
  });
}

async function copies(folder: string): Promise<void> {
  await cp(path.join(HERE, "public"), folder, { recursive: true });
  await mkdir(path.join(folder, "ort"));
  for (const name of RUNTIME_FILES) {
    await cp(path.join(RUNTIME, "dist", name), path.join(folder, "ort", name));
  }
  await mkdir(path.join(folder, "models"));
  await cp(PORTRAIT, path.join(folder, "models/portrait.onnx"));
  for (const name of await readdir(MODELS)) {
    if (name.endsWith(".onnx"))
      await cp(path.join(MODELS, name), path.join(folder, "models", name));
  }
  await writeFile(path.join(folder, "licences.txt"), await licences());
}

async function licences(): Promise<string> {
  const own = await readFile(path.join(HERE, "../LICENSE"), "utf8");
  const runtime = JSON.parse(await readFile(path.join(RUNTIME, "package.json"), "utf8"));
  const networks = await readFile(path.join(MODELS, "NOTICE.md"), "utf8");
  return [
    `DeepFlash\n\n${own}`,
    `ONNX Runtime Web ${runtime.version}, ${runtime.license} licence, (c) Microsoft Corporation`,
    networks,
  ].join("\n\n");
}

async function filesOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)))
    .sort();
}

/** Everything but the runtimes: which of them a visitor needs, only the browser knows. */
async function serviceWorker(folder: string): Promise<void> {
  const files = await filesOf(folder);
  const hash = createHash("sha256");
  for (const file of files) hash.update(file).update(await readFile(path.join(folder, file)));
  const kept = files.filter((file) => !file.startsWith("ort/"));
  await esbuild.build({
    ...BUNDLING,
    format: "iife",
    entryPoints: { "service-worker": path.join(HERE, "src/service-worker.ts") },
    outdir: folder,
    define: {
      FILES: JSON.stringify(["", ...kept]),
      VERSION: JSON.stringify(hash.digest("hex").slice(0, 16)),
    },
  });
}

async function pack(folder: string): Promise<void> {
  const files = (await filesOf(folder)).filter((file) => PACKED.has(path.extname(file)));
  await Promise.all(
    files.map(async (file) => {
      const content = await readFile(path.join(folder, file));
      const [small, smaller] = await Promise.all([
        gzip(content, { level: 9 }),
        brotli(content, BROTLI),
      ]);
      await writeFile(path.join(folder, `${file}.gz`), small);
      await writeFile(path.join(folder, `${file}.br`), smaller);
    }),
  );
}

async function packedBytes(folder: string, file: string): Promise<number> {
  const packed = path.join(folder, PACKED.has(path.extname(file)) ? `${file}.br` : file);
  return (await stat(packed)).size;
}

/** Bytes of a first visit with either runtime. */
async function firstLoads(folder: string): Promise<Record<string, number>> {
  const files = (await filesOf(folder)).filter((file) => !/\.(br|gz|txt)$/.test(file));
  const sizes = await Promise.all(files.map((file) => packedBytes(folder, file)));
  const sum = (wanted: (file: string) => boolean) =>
    files.reduce((total, file, at) => total + (wanted(file) ? sizes[at]! : 0), 0);
  const jspi = (file: string) => /\.jspi\./.test(file);
  const plain = (file: string) => /ort-wasm-simd-threaded\.(mjs|wasm)$/.test(file);
  return { wasm: sum((file) => !jspi(file)), webgpu: sum((file) => !plain(file)) };
}

async function build(target: string): Promise<void> {
  const folder = `${target}.new`;
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await bundles(folder);
  await copies(folder);
  await serviceWorker(folder);
  await pack(folder);
  // What was built before is replaced by a whole page only.
  await rm(target, { recursive: true, force: true });
  await rename(folder, target);
  const [wasm, webgpu] = Object.values(await firstLoads(target));
  const megabytes = (count: number) => `${(count / 1e6).toFixed(1)} MB`;
  console.log(
    `${target}: a first visit loads ${megabytes(wasm!)}, with WebGPU ${megabytes(webgpu!)}`,
  );
}

await build(path.resolve(process.argv[2] ?? path.join(HERE, "../build/web")));
