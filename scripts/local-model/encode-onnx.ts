import { join } from 'node:path';
import protobuf from 'protobufjs';

/** `TensorProto.DataType`. */
export const ELEMENT = { float: 1, uint8: 2, int64: 7 } as const;

export interface Tensor {
  name: string;
  dims: readonly number[];
  type: (typeof ELEMENT)[keyof typeof ELEMENT];
  /** Little-endian values. */
  raw: Uint8Array;
}

export interface OnnxNode {
  op: string;
  inputs: readonly string[];
  outputs: readonly string[];
  /** Empty: the standard operators. `com.microsoft`: ONNX Runtime's fused ones. */
  domain?: string;
  attributes?: Readonly<Record<string, number | { float: number }>>;
}

export interface OnnxValue {
  name: string;
  type: Tensor['type'];
  /** A string is a symbolic dimension. */
  dims: readonly (number | string)[];
}

export interface OnnxModel {
  nodes: readonly OnnxNode[];
  tensors: readonly Tensor[];
  inputs: readonly OnnxValue[];
  outputs: readonly OnnxValue[];
}

/** The model file's bytes: IR version 8, standard operators 17, ONNX Runtime's own operators 1. */
export async function encodeOnnx(model: OnnxModel): Promise<Uint8Array> {
  const root = await protobuf.load(join(import.meta.dirname, 'onnx.proto'));
  const type = root.lookupType('onnx.ModelProto');
  const message = {
    irVersion: 8,
    producerName: 'plumbline',
    graph: {
      name: 'plumbline',
      node: model.nodes.map(({ inputs, outputs, op, attributes = {}, domain = '' }) => ({
        input: inputs,
        output: outputs,
        opType: op,
        attribute: Object.entries(attributes).map(([name, value]) =>
          typeof value === 'number' ? { name, i: value, type: 2 } : { name, f: value.float, type: 1 },
        ),
        domain,
      })),
      initializer: model.tensors.map(({ name, dims, type: dataType, raw }) => ({ name, dims, dataType, rawData: raw })),
      input: model.inputs.map(valueInfo),
      output: model.outputs.map(valueInfo),
    },
    opsetImport: [
      { domain: '', version: 17 },
      { domain: 'com.microsoft', version: 1 },
    ],
  };
  return type.encode(type.fromObject(message)).finish();
}

function valueInfo({ name, type, dims }: OnnxValue) {
  const dim = dims.map((size) => (typeof size === 'number' ? { dimValue: size } : { dimParam: size }));
  return { name, type: { tensorType: { elemType: type, shape: { dim } } } };
}
