import 'server-only';

/**
 * Writes the few messages of ONNX's protobuf schema (onnx.proto3) that a frozen encoder needs. Field numbers are those of
 * the specification; there is no reader here, ONNX Runtime is the reader.
 */

const VARINT = 0;
const BYTES = 2;
const FIXED32 = 5;

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

/** A field is a list of byte pieces, so that weights are copied once, at the end. */
type Pieces = Uint8Array[];

const encoder = new TextEncoder();

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  while (rest > 0x7fn) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
}

function tag(field: number, wire: number): Uint8Array {
  return varint(field * 8 + wire);
}

function int(field: number, value: number): Pieces {
  return [tag(field, VARINT), varint(value)];
}

function float(field: number, value: number): Pieces {
  return [tag(field, FIXED32), new Uint8Array(Float32Array.of(value).buffer)];
}

function bytes(field: number, value: Uint8Array): Pieces {
  return [tag(field, BYTES), varint(value.length), value];
}

function text(field: number, value: string): Pieces {
  return bytes(field, encoder.encode(value));
}

function message(field: number, content: Pieces): Pieces {
  return [tag(field, BYTES), varint(content.reduce((sum, piece) => sum + piece.length, 0)), ...content];
}

function attribute(name: string, value: number | { float: number }): Pieces {
  // AttributeProto: name 1, f 2, i 3, type 20 (1 = FLOAT, 2 = INT).
  if (typeof value === 'number') return message(5, [...text(1, name), ...int(3, value), ...int(20, 2)]);
  return message(5, [...text(1, name), ...float(2, value.float), ...int(20, 1)]);
}

function node(value: OnnxNode): Pieces {
  // NodeProto: input 1, output 2, op_type 4, attribute 5, domain 7. An empty input name is an omitted optional input.
  return message(1, [
    ...value.inputs.flatMap((name) => text(1, name)),
    ...value.outputs.flatMap((name) => text(2, name)),
    ...text(4, value.op),
    ...Object.entries(value.attributes ?? {}).flatMap(([name, item]) => attribute(name, item)),
    ...(value.domain === undefined ? [] : text(7, value.domain)),
  ]);
}

function tensor(value: Tensor): Pieces {
  // TensorProto: dims 1, data_type 2, name 8, raw_data 9.
  return message(5, [
    ...value.dims.flatMap((size) => int(1, size)),
    ...int(2, value.type),
    ...text(8, value.name),
    ...bytes(9, value.raw),
  ]);
}

function valueInfo(field: number, value: OnnxValue): Pieces {
  // ValueInfoProto: name 1, type 2 -> TypeProto.tensor_type 1 -> elem_type 1, shape 2 -> dim 1 -> dim_value 1 | dim_param 2.
  const shape = value.dims.flatMap((dim) => message(1, typeof dim === 'number' ? int(1, dim) : text(2, dim)));
  return message(field, [
    ...text(1, value.name),
    ...message(2, message(1, [...int(1, value.type), ...message(2, shape)])),
  ]);
}

/** The model file's bytes: IR version 8, standard operators 17, ONNX Runtime's own operators 1. */
export function encodeOnnx(model: OnnxModel): Uint8Array {
  const graph = [
    ...model.nodes.flatMap(node),
    ...text(2, 'plumbline'),
    ...model.tensors.flatMap(tensor),
    ...model.inputs.flatMap((value) => valueInfo(11, value)),
    ...model.outputs.flatMap((value) => valueInfo(12, value)),
  ];
  return Buffer.concat([
    ...int(1, 8),
    ...text(2, 'plumbline'),
    ...message(7, graph),
    ...message(8, [...text(1, ''), ...int(2, 17)]),
    ...message(8, [...text(1, 'com.microsoft'), ...int(2, 1)]),
  ]);
}
