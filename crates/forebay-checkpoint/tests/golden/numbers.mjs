// Prints numbers.txt: the bits of doubles, and how ECMAScript writes them.
//
// node numbers.mjs > numbers.txt

const view = new DataView(new ArrayBuffer(8));

function print(bits) {
  view.setBigUint64(0, BigInt.asUintN(64, bits));
  const number = view.getFloat64(0);
  if (Number.isFinite(number)) {
    console.log(view.getBigUint64(0).toString(16).padStart(16, "0"), JSON.stringify(number));
  }
}

function bitsOf(number) {
  view.setFloat64(0, number);
  return view.getBigUint64(0);
}

// Where the form changes, with the neighbours.
const edges = [0, 5e-324, 2.2250738585072014e-308, 1e-7, 1e-6, 0.1, 1, 10, 123, 1e15, 2 ** 53, 1e16,
  295147905179352830000, 1e20, 1e21, 1e22, 1e23, 1.7976931348623157e308, 333333333.3333333];
for (const edge of edges) {
  for (const step of [-2n, -1n, 0n, 1n, 2n]) {
    const bits = bitsOf(edge) + step;
    if (bits >= 0n) {
      print(bits);
      print(bits | (1n << 63n));
    }
  }
}

// And anywhere.
let state = 1n;
for (let count = 0; count < 300; count += 1) {
  state = BigInt.asUintN(64, state * 6364136223846793005n + 1442695040888963407n);
  print(state ^ (state >> 33n));
}
