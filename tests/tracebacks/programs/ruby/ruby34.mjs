// Runs Ruby programs in WebAssembly and prints how each ends: node ruby34.mjs FOLDER PROGRAM, where the packages are.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { WASI } from "node:wasi";

const require = createRequire(process.cwd() + "/");
const { RubyVM } = require("@ruby/wasm-wasi");
const [, , folder, program] = process.argv;
const shown = "/srv/shop";
const file = require.resolve("@ruby/3.4-wasm-wasi/dist/ruby+stdlib.wasm");
const module = await WebAssembly.compile(await readFile(file));
const wasi = new WASI({ version: "preview1", args: ["ruby"], preopens: { [shown]: folder } });
const { vm } = await RubyVM.instantiateModule({ module, wasip1: wasi });
const path = JSON.stringify(`${shown}/${program}`);
const report = vm.eval(`
begin
  eval(File.read(${path}), TOPLEVEL_BINDING, ${path}, 1)
rescue Exception => e
  e.full_message(highlight: false)
end`);
console.log(report.toString());
