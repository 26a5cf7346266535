import { limits } from '@skyclaw/protocol'
import { isUtf8 } from 'node:buffer'

/** A part of a stream as a reader is told it: as text, or, where it is none, as base64. */
export interface TextPiece {
  readonly offset: number
  readonly bytes: number
  readonly text?: string
  readonly base64?: string
}

const maxPieceBytes = limits.logChunkBytes

/** Cuts a stream of bytes into pieces of text, never inside a character: the beginning of one is held back until the rest comes. */
export class TextPieces {
  #held = Buffer.alloc(0)
  #heldAt = 0

  push(offset: number, bytes: Uint8Array): TextPiece[] {
    const follows = this.#held.length > 0 && offset === this.#heldAt + this.#held.length
    // Where bytes are missing, the beginning of a character stays one.
    const before = follows ? [] : this.flush()
    const start = follows ? this.#heldAt : offset
    const all = follows ? Buffer.concat([this.#held, bytes]) : viewOf(bytes)
    const end = all.length - incompleteBytes(all)
    // A copy: the view would keep all of the page in memory.
    this.#held = Buffer.from(all.subarray(end))
    this.#heldAt = start + end
    return [...before, ...cut(start, all.subarray(0, end))]
  }

  /** What is held back, as it is: nothing follows. */
  flush(): TextPiece[] {
    const held = this.#held
    this.#held = Buffer.alloc(0)
    return held.length === 0 ? [] : [asBase64(this.#heldAt, held)]
  }
}

function cut(offset: number, bytes: Buffer): TextPiece[] {
  const pieces: TextPiece[] = []
  for (let at = 0; at < bytes.length;) {
    const most = bytes.subarray(at, at + maxPieceBytes)
    const isLast = at + most.length === bytes.length
    const piece = isLast ? most : most.subarray(0, most.length - incompleteBytes(most))
    pieces.push(...toPieces(offset + at, piece))
    at += piece.length
  }
  return pieces
}

/** Where bytes were left out before it, the end of a character can come first. */
function toPieces(offset: number, bytes: Buffer): TextPiece[] {
  if (isUtf8(bytes)) return [asText(offset, bytes)]
  let rest = 0
  while (rest < 3 && isContinuation(bytes[rest])) rest += 1
  if (rest === 0 || rest === bytes.length || !isUtf8(bytes.subarray(rest))) return [asBase64(offset, bytes)]
  return [asBase64(offset, bytes.subarray(0, rest)), asText(offset + rest, bytes.subarray(rest))]
}

/** How many bytes at the end are the beginning of a character that is longer. */
function incompleteBytes(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back += 1) {
    const byte = bytes[bytes.length - back]!
    if (isContinuation(byte)) continue
    return charBytes(byte) > back ? back : 0
  }
  return 0
}

/** By the first byte of a character. What begins none is by itself. */
function charBytes(first: number): number {
  if (first >= 0xf0 && first <= 0xf4) return 4
  if (first >= 0xe0 && first <= 0xef) return 3
  return first >= 0xc2 && first <= 0xdf ? 2 : 1
}

function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80
}

function viewOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function asText(offset: number, bytes: Buffer): TextPiece {
  return { offset, bytes: bytes.length, text: bytes.toString('utf8') }
}

function asBase64(offset: number, bytes: Buffer): TextPiece {
  return { offset, bytes: bytes.length, base64: bytes.toString('base64') }
}
